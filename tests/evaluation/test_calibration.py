from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ecgkt.evaluation.calibration import (
    calibration,
    expected_calibration_error,
    fit_platt,
    sigmoid,
)

RNG = np.random.default_rng(6)


def sample(n: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    labels = (RNG.random(n) < 0.3).astype(float)
    return labels, RNG.normal(labels * shift, 1)


def calibrated(n: int) -> tuple[np.ndarray, np.ndarray]:
    logits = RNG.normal(-1, 1.5, n)
    return (RNG.random(n) < sigmoid(logits)).astype(float), logits


def test_platt_scaling_is_logistic_regression():
    labels, logits = sample(3000)
    slope, intercept = fit_platt(labels, logits)
    reference = LogisticRegression(C=1e9).fit(logits[:, None], labels)
    assert slope == pytest.approx(reference.coef_[0, 0], abs=0.01)
    assert intercept == pytest.approx(reference.intercept_[0], abs=0.01)


def test_platt_scaling_mends_overconfident_scores():
    labels, logits = sample(3000)
    wild = 4 * logits + 2
    slope, intercept = fit_platt(labels, wild)
    before = expected_calibration_error(labels, sigmoid(wild))
    after = expected_calibration_error(labels, sigmoid(slope * wild + intercept))
    assert after < 0.03 < before


def test_a_label_with_one_class_is_left_as_it_is():
    assert fit_platt(np.zeros(50), RNG.normal(size=50)) == (1.0, 0.0)


def test_the_sigmoid_does_not_overflow():
    np.testing.assert_allclose(sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0, 0.5, 1])


def test_slope_and_intercept_equal_an_unpenalised_logistic_regression():
    labels, logits = calibrated(1500)
    found = calibration(labels, 2 * logits + 1, np.arange(1500), resamples=50)
    reference = LogisticRegression(C=1e12, tol=1e-12, max_iter=1000).fit((2 * logits + 1)[:, None], labels)
    assert found.slope.value == pytest.approx(reference.coef_[0, 0], abs=1e-4)
    shifted = sigmoid(2 * logits + 1 + found.intercept.value)
    assert shifted.mean() == pytest.approx(labels.mean(), abs=1e-9)


def test_frequencies_that_are_right_have_slope_one_and_intercept_zero():
    labels, logits = calibrated(6000)
    found = calibration(labels, logits, np.arange(6000))
    assert found.slope.low < 1 < found.slope.high
    assert found.intercept.low < 0 < found.intercept.high
    assert found.error < 0.03


def test_the_interval_of_the_slope_is_that_of_refitting_each_resample():
    labels, logits = calibrated(400)
    labels, logits, subjects = np.repeat(labels, 2), np.repeat(logits, 2), np.repeat(np.arange(400), 2)
    found = calibration(labels, logits, subjects, resamples=400)
    refitted = []
    for _ in range(150):
        rows = np.repeat(RNG.integers(0, 400, 400) * 2, 2)
        fit = LogisticRegression(C=1e12, tol=1e-8).fit(logits[rows][:, None], labels[rows])
        refitted.append(fit.coef_[0, 0])
    low, high = np.quantile(refitted, [0.025, 0.975])
    assert found.slope.high - found.slope.low == pytest.approx(high - low, rel=0.25)


def test_scaling_is_fitted_on_tuning_rows_and_mends_the_held_out_ones():
    labels, logits = calibrated(6000)
    wild = 3 * logits + 2
    tuning, held_out = slice(0, 3000), slice(3000, 6000)
    slope, intercept = fit_platt(labels[tuning], wild[tuning])
    before, after = (
        calibration(labels[held_out], scores[held_out], np.arange(3000), resamples=200)
        for scores in (wild, slope * wild + intercept)
    )
    assert after.slope.value == pytest.approx(before.slope.value / slope, abs=1e-6)
    assert before.slope.high < 0.5
    assert after.slope.value == pytest.approx(1, abs=0.2)
    assert after.error < 0.03 < before.error


def test_the_curve_counts_predicts_and_observes_by_bins_of_equal_size():
    labels, logits = calibrated(1000)
    curve = calibration(labels, logits, np.arange(1000), bins=5, resamples=10).curve
    assert [point.n for point in curve] == [200] * 5
    order = np.argsort(logits)[:200]
    assert curve[0].predicted == pytest.approx(sigmoid(logits[order]).mean())
    assert curve[0].observed == pytest.approx(labels[order].mean())
    assert all(point.low <= point.observed <= point.high for point in curve)


def test_rows_of_few_subjects_widen_the_curve():
    labels, logits = calibrated(400)
    once = calibration(labels, logits, np.arange(400), bins=4, resamples=10).curve
    thrice = calibration(*(np.repeat(x, 3) for x in (labels, logits, np.arange(400))), bins=4, resamples=10).curve
    assert [p.high - p.low for p in thrice] == pytest.approx([p.high - p.low for p in once], rel=0.1)


def test_a_bin_without_positives_has_an_interval_all_the_same():
    labels, logits = np.r_[np.zeros(100), np.tile([0, 1], 50)], np.r_[np.full(100, -3.0), np.full(100, 0.0)]
    first = calibration(labels, logits, np.arange(200), bins=2, resamples=10).curve[0]
    assert (first.observed, first.low) == (0, 0)
    assert first.high == pytest.approx(0.0370, abs=1e-4)  # Wilson: z^2 / (n + z^2)


def test_classes_that_one_score_parts_have_no_slope():
    labels = np.tile([0.0, 1], 50)
    found = calibration(labels, 8 * labels - 4, np.arange(100), resamples=10)
    assert found.slope.reason == "no finite slope: one score parts the classes"


def test_unknown_labels_and_too_few_positives():
    labels, logits = calibrated(300)
    spoilt = np.r_[labels, np.full(50, np.nan)]
    found = calibration(spoilt, np.r_[logits, np.full(50, 9.0)], np.arange(350), resamples=20)
    assert (found.slope.n, found.slope.value) == (
        300,
        pytest.approx(calibration(labels, logits, np.arange(300)).slope.value),
    )
    none = calibration(np.r_[np.ones(9), np.zeros(50)], np.arange(59.0), np.arange(59))
    assert (none.slope.reason, none.error, none.curve) == ("fewer than 10 positives", None, ())
