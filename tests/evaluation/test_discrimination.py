from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.discrimination import METRICS, auroc, auroc_estimate, estimate
from ecgkt.evaluation.resampling import percentile_interval, subject_weights

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
        found = auroc_estimate(labels, scores, np.arange(200), resamples=200, seed=seed)
        hits += found.low <= truth <= found.high
    assert 0.88 <= hits / 120 < 1.0


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


def sensitivity_by_roc_curve(labels, scores, weights=None):
    false, true, _ = roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    return true[false <= 0.1 + 1e-9].max()


REFERENCES = {
    "auroc": lambda y, s, w: roc_auc_score(y, s, sample_weight=w),
    "auprc": lambda y, s, w: average_precision_score(y, s, sample_weight=w),
    "sensitivity_at_90_specificity": sensitivity_by_roc_curve,
}


def test_every_metric_has_a_reference():
    assert METRICS.keys() == REFERENCES.keys()


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("decimals", [9, 1, 0])
@pytest.mark.parametrize("prevalence", [0.02, 0.3, 0.9])
def test_metrics_equal_scikit_learns_with_ties_and_weights(name, decimals, prevalence):
    labels = (RNG.random(500) < prevalence).astype(float)
    labels[:2] = 0, 1
    scores = RNG.normal(labels, 1).round(decimals)
    for weights in (np.ones(500), RNG.integers(0, 4, 500).astype(float), RNG.random(500)):
        weights[:2] = 1
        expected = REFERENCES[name](labels, scores, weights)
        assert METRICS[name](labels, scores, weights[None])[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_metrics_leave_unknown_labels_and_scores_out(name):
    labels, scores = sample(200)
    spoilt, missing = labels.copy(), scores.copy()
    spoilt[:20], missing[30:40] = np.nan, np.nan
    known = np.r_[20:30, 40:200]
    weights = RNG.integers(0, 3, (4, 200)).astype(float)
    expected = METRICS[name](labels[known], scores[known], weights[:, known])
    np.testing.assert_allclose(METRICS[name](spoilt, missing, weights), expected, rtol=1e-13)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_of_one_class_is_not_a_number(name):
    for labels in (np.zeros(5), np.ones(5), np.full(5, np.nan)):
        assert np.isnan(METRICS[name](labels, np.arange(5.0), np.ones((2, 5)))).all()
    drawn_without_positives = np.array([[0.0, 1, 1, 1]])
    assert np.isnan(METRICS[name](np.array([1.0, 0, 0, 0]), np.arange(4.0), drawn_without_positives)).all()


@pytest.mark.parametrize(
    ("name", "expected"), [("auroc", 3 / 4), ("auprc", 5 / 6), ("sensitivity_at_90_specificity", 1 / 2)]
)
def test_two_positives_and_two_negatives_by_hand(name, expected):
    labels, scores = np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1])
    assert METRICS[name](labels, scores, np.ones((1, 4)))[0] == pytest.approx(expected, abs=1e-15)


def test_a_score_equal_for_all_is_chance():
    labels, weights = np.array([1.0, 0, 0, 0]), np.ones((1, 4))
    values = {name: metric(labels, np.zeros(4), weights)[0] for name, metric in METRICS.items()}
    assert values == {"auroc": 0.5, "auprc": 0.25, "sensitivity_at_90_specificity": 0.0}


def newcombe(area, subjects, labels):
    """The Hanley-McNeil variance with both N - 1 terms set to their mean (Newcombe 2006, method 5)."""
    m, n = (len(np.unique(subjects[labels == y])) for y in (1, 0))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    each = (m + n) / 2 - 1
    return (area * (1 - area) + each * (q1 - area**2) + each * (q2 - area**2)) / (m * n)


@pytest.mark.parametrize("name", METRICS)
def test_an_interval_is_that_of_an_explicit_loop_over_resampled_subjects(name):
    labels, scores = sample(120)
    subjects = RNG.integers(0, 60, 120)
    unique, generator, values = np.unique(subjects), np.random.default_rng(3), []
    for _ in range(50):
        drawn = unique[generator.integers(0, len(unique), len(unique))]
        rows = np.concatenate([np.flatnonzero(subjects == subject) for subject in drawn])
        values.append(REFERENCES[name](labels[rows], scores[rows], None))
    drawn = METRICS[name](labels, scores, subject_weights(subjects, 50, 3))
    np.testing.assert_allclose(drawn, values, atol=1e-12)
    found = estimate(name, labels, scores, subjects, resamples=50, seed=3)
    if name == "auroc":
        error = np.std(values, ddof=1) / np.sqrt(newcombe(found.value, subjects, labels))
        quantile = t.ppf(0.975, len(np.unique(subjects[labels == 1])) - 1)
        for end in (found.low, found.high):
            distance = abs(end - found.value) / np.sqrt(newcombe(end, subjects, labels))
            assert distance == pytest.approx(quantile * error, rel=1e-6)
        return
    units = len(np.unique(subjects[labels == 1]))
    tail = norm.cdf(t.ppf(0.025, units - 1) * np.sqrt(units / (units - 1)))
    expected = np.quantile(values, [tail, 1 - tail])
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_ten_positives_of_two_subjects_give_no_figure():
    labels = np.r_[np.ones(20), np.zeros(80)]
    found = auroc_estimate(labels, RNG.random(100), np.r_[np.arange(20) % 2, np.arange(2, 82)])
    assert found.reason == "positives of fewer than 10 subjects"


def test_too_few_negatives_are_said():
    assert auroc_estimate(np.r_[np.zeros(9), np.ones(50)], RNG.random(59), np.arange(59)).reason == (
        "fewer than 10 negatives"
    )


def test_classes_that_are_told_apart_wholly_have_an_interval_all_the_same():
    labels = np.r_[np.ones(10), np.zeros(50)]
    scores = labels + RNG.random(60) / 2
    found, wrong = auroc_estimate(labels, scores, np.arange(60)), auroc_estimate(labels, -scores, np.arange(60))
    assert (found.value, found.high) == (1, 1)
    assert 0.7 < found.low < 0.97
    assert (wrong.low, wrong.value, wrong.high) == pytest.approx((0, 0, 1 - found.low))
    many = auroc_estimate(np.repeat(labels, 20), np.repeat(scores, 20), np.arange(1200))
    assert 0.98 < many.low < 1


@pytest.mark.parametrize("name", ["auprc", "sensitivity_at_90_specificity"])
def test_other_metrics_of_one_have_the_interval_of_a_share(name):
    labels = np.r_[np.ones(10), np.zeros(50)]
    found = estimate(name, labels, labels, np.arange(60), resamples=20)
    assert (found.low, found.high) == pytest.approx((0.6915, 1), abs=1e-4)  # Clopper and Pearson, 10 of 10


def test_an_interval_of_few_positives_is_wider_than_plain_percentiles_and_of_many_the_same():
    values = np.random.default_rng(1).normal(0.7, 0.05, 4000)
    few, many, plain = (percentile_interval(0.7, values, units) for units in (10, 100_000, np.inf))
    assert few[0] < plain[0] < plain[1] < few[1]
    assert many == pytest.approx(plain, abs=1e-4)


def test_infinite_scores_are_ties_like_any_other():
    labels = np.array([1.0, 0, 1, 0])
    infinite, finite = np.array([np.inf, np.inf, 0, -np.inf]), np.array([2.0, 2, 0, -2])
    for metric in METRICS.values():
        assert metric(labels, infinite, np.ones((1, 4))) == metric(labels, finite, np.ones((1, 4)))
