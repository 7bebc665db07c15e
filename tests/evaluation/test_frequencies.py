"""Counted frequencies: literally counted, rising with the score, with intervals that hold, moved by Bayes' rule."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain.frequencies import Frequency, Observed
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.frequencies import FEWEST_ROWS, count_observed
from ecgkt.evaluation.resampling import clustered_share_interval


def drawn(n: int = 6000, seed: int = 0, rate: float = 0.1):
    """Probabilities that are right, and labels drawn from them; one row per subject."""
    generator = np.random.default_rng(seed)
    p = generator.beta(0.4, 0.4 * (1 - rate) / rate, n)
    return (generator.random(n) < p).astype(float), p, np.arange(n)


def test_each_range_holds_exactly_the_rows_whose_probability_lies_in_it():
    y, p, who = drawn()
    found = count_observed(y, p, who)
    assert found is not None
    assert sum(found.n) == len(y) and sum(found.positives) == y.sum()
    for place in range(len(found.n)):
        inside = np.ones(len(p), dtype=bool)
        if place:
            inside &= p >= found.edges[place - 1]
        if place < len(found.edges):
            inside &= p < found.edges[place]
        assert (inside.sum(), y[inside].sum()) == (found.n[place], found.positives[place])
        one = found.at(float(np.median(p[inside])))
        assert (one.n, one.value) == (inside.sum(), pytest.approx(y[inside].mean()))
        assert one.prevalence == pytest.approx(y.mean())


def test_shares_rise_with_the_score_and_no_range_is_small():
    for seed in range(5):
        y, p, who = drawn(1500, seed, 0.03)
        found = count_observed(y, p, who)
        assert found is not None
        shares = np.array(found.positives) / np.array(found.n)
        assert (np.diff(shares) > 0).all()
        assert min(found.n) >= FEWEST_ROWS
        assert len(found.n) >= 3


def test_a_rare_label_is_told_apart_where_its_scores_are_high():
    """Scores N(0, 1) without it and N(4, 1) with it, in 1 of 100: the posterior's logit is 4 x - 8 - log 99."""
    generator = np.random.default_rng(1)
    y = (generator.random(20_000) < 0.01).astype(float)
    p = 1 / (1 + np.exp(-(4 * (generator.normal(size=20_000) + 4 * y) - 8 - np.log(99))))
    found = count_observed(y, p, np.arange(20_000))
    assert found is not None
    assert found.at(0.99).value > 0.85
    assert found.at(0.4).value == pytest.approx(0.4, abs=0.25)
    assert found.at(0.0001).value < 0.001


def test_the_interval_holds_the_true_share_in_about_95_of_100_ranges():
    held = []
    for seed in range(60):
        y, p, who = drawn(4000, seed)
        found = count_observed(y, p, who)
        assert found is not None
        for place, (low, high) in enumerate(zip(found.low, found.high, strict=True)):
            inside = np.searchsorted(found.edges, p, side="right") == place
            held.append(low <= p[inside].mean() <= high)
    assert 0.92 < np.mean(held) <= 1.0


def test_rows_of_few_subjects_widen_the_interval():
    y = np.tile([1.0, 0, 0, 0], 50)
    alone = clustered_share_interval(y, np.arange(200))
    together = clustered_share_interval(np.repeat([1.0, 0, 0, 0] * 5, 10), np.repeat(np.arange(20), 10))
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    from scipy.stats import binomtest

    wilson = binomtest(50, 200).proportion_ci(method="wilson")
    assert alone == pytest.approx((wilson.low, wilson.high), abs=1e-6)


def test_too_few_of_a_class_are_not_counted_and_unknown_labels_are_left_out():
    y, p, who = drawn(400, 2)
    few = np.where(np.cumsum(y) > 9, 0, y)
    assert count_observed(few, p, who) is None
    half = y.copy()
    half[::2] = np.nan
    found = count_observed(half, p, who)
    assert found is None or sum(found.n) == 200


def test_equal_scores_fall_into_one_range():
    y = np.r_[np.zeros(300), np.ones(300)]
    found = count_observed(y, np.full(600, 0.5), np.arange(600))
    assert found == Observed((), (600,), (300,), found.low, found.high)


def test_another_prevalence_moves_a_frequency_as_a_two_by_two_table_does():
    """Sensitivity 0.8 and specificity 0.9 at prevalences of 0.12 and 0.02, counted by hand among 10,000."""
    here = Frequency(0.8 * 1200 / (0.8 * 1200 + 0.1 * 8800), 0.4, 0.7, 0.12)
    there = here.where_prevalence_is(0.02)
    assert there.value == pytest.approx(0.8 * 200 / (0.8 * 200 + 0.1 * 9800))
    assert there.low < there.value < there.high
    back = there.where_prevalence_is(0.12)
    assert (back.value, back.low, back.high) == pytest.approx((here.value, here.low, here.high))


def test_certain_frequencies_stay_certain_and_impossible_prevalences_are_refused():
    sure = Frequency(1.0, 0.9, 1.0, 0.3)
    assert sure.where_prevalence_is(0.01).value == 1.0
    for bad in (0.0, 1.0):
        with pytest.raises(InvalidValue):
            sure.where_prevalence_is(bad)
    with pytest.raises(InvalidValue):
        Frequency(0.5, 0.6, 0.7, 0.3)
    with pytest.raises(InvalidValue):
        Observed((0.5, 0.4), (1, 1, 1), (0, 0, 0), (0, 0, 0), (1, 1, 1))
