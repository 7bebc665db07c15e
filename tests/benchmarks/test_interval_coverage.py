from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import pearsonr

from benchmarks.interval_coverage import PLAIN, SHARED, Tally, draw, settings, trial, true_metric
from ecgkt.domain.estimates import Estimate
from ecgkt.evaluation.discrimination import METRICS

SMALL, LARGE = settings()


@pytest.fixture(scope="module")
def many():
    return draw(np.random.default_rng(2), replace(LARGE, subjects=30_000))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("arm", LARGE.distance)
def test_the_truth_is_what_a_very_large_sample_gives(many, arm, metric):
    table = many[arm][0]
    for i in range(len(LARGE.prevalence)):
        found = METRICS[metric](table.labels[:, i], table.scores[:, i], np.ones((1, len(table.labels))))[0]
        assert found == pytest.approx(true_metric(metric, LARGE.distance[arm][i], LARGE.prevalence[i]), abs=0.035)


def test_rows_of_a_subject_and_arms_are_correlated(many):
    baseline, transferred = many["baseline"][0], many["transferred"][0]
    negative = baseline.labels[:, 2] == 0
    same = (np.diff(baseline.subjects) == 0) & negative[1:] & negative[:-1]
    noise = baseline.scores[:, 2]
    assert pearsonr(noise[1:][same], noise[:-1][same])[0] == pytest.approx(SHARED, abs=0.05)
    assert pearsonr(noise[negative], transferred.scores[negative, 2])[0] > 0.5
    np.testing.assert_array_equal(baseline.labels, transferred.labels)


def test_a_tally_counts_on_which_side_the_truth_lies():
    tally = Tally()
    for truth in (0.1, 0.5, 0.6, 0.9):
        tally.add(Estimate(0.5, 0.4, 0.6, 10, 5), truth)
    tally.add(Estimate.undefined("too few", 10, 5), 0.5)
    assert tally.line() == "50.0 | 25.0 | 25.0 | 0.200 | 1"


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_trial_measures_every_kind_of_interval(seeds):
    found = [what for what, _, _ in trial(SMALL, 0, 50, 0, seeds)]
    kinds = {"macro difference", "share of the gap closed"}
    if seeds == 1:
        kinds |= {*METRICS, "macro auroc", "difference", f"macro difference: {PLAIN}"}
    assert all(any(what.startswith(kind) for what in found) for kind in kinds)
