"""The score of a map against a known change, on maps whose answer is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.plausibility import FEWEST_PATIENTS, mean_difference, mean_score, on_change

CHANGE = np.zeros((12, 1000))
CHANGE[6, 100:120], CHANGE[7, 100:120] = 0.4, -0.2


def test_a_map_that_is_the_same_everywhere_scores_zero():
    found = on_change(np.ones((12, 1000)), CHANGE)
    assert found.share == pytest.approx((20 + 10) / 12_000)
    assert found.mass == pytest.approx(found.share) and found.score == pytest.approx(0)


def test_a_map_on_the_strongest_change_scores_one_whatever_its_sign():
    only = np.where(CHANGE == 0.4, -3.0, 0.0)
    assert on_change(only, CHANGE).score == pytest.approx(1)


def test_a_map_elsewhere_scores_below_chance():
    found = on_change(np.where(CHANGE == 0, 1.0, 0.0), CHANGE)
    assert found.mass == 0 and found.score == pytest.approx(-found.share / (1 - found.share))


def test_the_change_itself_is_below_one_where_it_is_of_several_sizes():
    found = on_change(CHANGE, CHANGE)
    assert found.mass == pytest.approx((20 * 1 + 20 * 0.25) / (20 + 10))


def test_neither_the_size_of_the_map_nor_that_of_the_change_matters():
    noise = np.random.default_rng(0).normal(size=(12, 1000))
    assert on_change(noise, CHANGE).score == pytest.approx(on_change(7 * noise, 0.01 * CHANGE).score)


def test_an_empty_map_counts_as_chance():
    assert on_change(np.zeros((12, 1000)), CHANGE).score == pytest.approx(0)


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (np.ones((12, 900)), CHANGE),
        (np.full((12, 1000), np.nan), CHANGE),
        (np.ones((12, 1000)), np.zeros((12, 1000))),
    ],
)
def test_what_cannot_be_scored_is_refused(found, change):
    with pytest.raises(InvalidValue):
        on_change(found, change)


def test_the_interval_of_a_mean_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        estimate = mean_score(rng.normal(0.3, 0.2, 40), np.arange(40))
        held += estimate.low <= 0.3 <= estimate.high
    assert 0.89 <= held / 200 <= 0.99


def test_groups_count_alike_whatever_their_size():
    values = np.array([0.0] * 40 + [1.0] * 10)
    estimate = mean_score(values, np.arange(50), ["many"] * 40 + ["few"] * 10)
    assert estimate.value == pytest.approx(0.5)
    assert mean_score(values, np.arange(50)).value == pytest.approx(0.2)


def test_one_patient_in_many_rows_is_one_patient():
    assert not mean_score(np.ones(50), np.zeros(50, dtype=np.int64)).defined
    assert mean_score(np.ones(FEWEST_PATIENTS), np.arange(FEWEST_PATIENTS)).defined


def test_a_difference_is_paired_so_that_what_differs_between_patients_cancels():
    rng = np.random.default_rng(2)
    patients = np.arange(30)
    hard = rng.normal(0, 1, 30)
    found = mean_difference(hard + 0.1 + rng.normal(0, 0.02, 30), hard, patients)
    assert found.estimate.low > 0.05 and found.estimate.high < 0.15
    assert found.p is not None and found.p < 1e-6
    none = mean_difference(rng.normal(0, 1, 30), rng.normal(0, 1, 30), patients)
    assert none.p is not None and none.p > 0.01


def test_scores_need_a_patient_each():
    with pytest.raises(InvalidValue):
        mean_score(np.ones(20), np.arange(19))
