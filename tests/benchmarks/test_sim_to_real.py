"""What the pooled table adds to plain AUROC: pairs within collections, and infarction of either kind."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sim_to_real import Pool, with_any_infarction, within
from ecgkt.catalogue import tracing_labels
from ecgkt.evaluation.discrimination import auroc


def pool(truth: np.ndarray, logits: np.ndarray, source: np.ndarray) -> Pool:
    label = tracing_labels()["atrial_fibrillation"]
    return Pool((label,), logits[:, None], truth[:, None], np.arange(len(truth)), source)


def test_a_difference_between_collections_does_not_count_within_them():
    generator = np.random.default_rng(0)
    source = np.repeat([0, 1], 300)
    truth = (generator.random(600) < np.where(source == 0, 0.05, 0.6)).astype(float)
    logits = generator.normal(size=600) + 3.0 * source
    assert auroc(truth, logits) > 0.8
    assert within(pool(truth, logits, source), 0) == pytest.approx(0.5, abs=0.07)


def test_within_one_collection_it_is_the_usual_auroc():
    generator = np.random.default_rng(1)
    truth = (generator.random(200) < 0.3).astype(float)
    logits = generator.normal(size=200) + truth
    truth[:5] = np.nan
    found = within(pool(truth, logits, np.zeros(200, dtype=int)), 0)
    assert found == pytest.approx(auroc(truth[5:], logits[5:]))


def test_infarction_is_unknown_where_one_kind_is_unknown_and_the_other_absent():
    labels = tracing_labels()
    anterior, inferior = labels.positions(["anterior_infarction", "inferior_infarction"])
    truth = np.zeros((4, len(labels)))
    truth[1, anterior], truth[2, inferior], truth[3, inferior] = 1, np.nan, 1
    logits = np.zeros((4, len(labels)))
    logits[3, inferior] = 2.5
    made = with_any_infarction(labels, logits, truth, np.arange(4), np.zeros(4, dtype=int))
    np.testing.assert_array_equal(made.truth[:, -1], [0, 1, np.nan, 1])
    assert made.logits[3, -1] == 2.5
