from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.calibration import expected_calibration_error, fit_platt, sigmoid
from ecgkt.evaluation.discrimination import auroc, auroc_estimate

RNG = np.random.default_rng(5)


def sample(n: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    labels = (RNG.random(n) < 0.3).astype(float)
    return labels, RNG.normal(labels * shift, 1)


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_equals_scikit_learns(ties):
    labels, scores = sample(400)
    if ties:
        scores = scores.round(0)
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_auroc_of_a_hand_made_case():
    assert auroc(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])) == pytest.approx(0.75)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    truth = 0.7602  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    hits = 0
    for seed in range(120):
        labels, scores = sample(200)
        estimate = auroc_estimate(labels, scores, np.arange(200), resamples=200, seed=seed)
        hits += estimate.low <= truth <= estimate.high
    assert 0.86 <= hits / 120 <= 1.0


def test_repeated_recordings_of_a_subject_do_not_narrow_the_interval():
    labels, scores = sample(150)
    once = auroc_estimate(labels, scores, np.arange(150))
    thrice = auroc_estimate(np.repeat(labels, 3), np.repeat(scores, 3), np.repeat(np.arange(150), 3))
    assert thrice.value == pytest.approx(once.value)
    assert (thrice.high - thrice.low) == pytest.approx(once.high - once.low, rel=0.15)


def test_unknown_labels_and_abstentions_are_left_out():
    labels, scores = sample(200)
    spoilt = np.concatenate([labels, [np.nan, 1.0]])
    estimate = auroc_estimate(spoilt, np.concatenate([scores, [9.0, np.nan]]), np.arange(202), resamples=50)
    assert estimate.n == 200
    assert estimate.value == pytest.approx(auroc(labels, scores))


def test_too_few_positives_give_no_figure_but_a_reason():
    labels = np.zeros(100)
    labels[:9] = 1
    estimate = auroc_estimate(labels, RNG.random(100), np.arange(100))
    assert (estimate.value, estimate.reason, estimate.positives) == (None, "fewer than 10 positives", 9)


def test_rows_that_do_not_align_are_refused():
    with pytest.raises(InvalidValue, match="align"):
        auroc_estimate(np.zeros(3), np.zeros(3), np.zeros(2, dtype=np.int64))


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
