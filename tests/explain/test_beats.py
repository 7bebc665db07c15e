"""The mean map of a beat against a map that is the same in every beat, and against the median beat itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgkt import readers
from ecgkt.domain import LEADS, Explanation
from ecgkt.explain.beats import FROM_MS, TO_MS, explain_beat, mean_beat
from ecgkt.signals.delineation import delineate
from ecgkt.signals.median_beats import median_beats

SINUS = Path(__file__).resolve().parents[2] / "assets/samples/files/p1990/p19900001/s49900001/49900001.hea"
TIME = np.arange(FROM_MS, TO_MS, 10.0)


def test_what_lies_at_the_same_place_of_each_beat_lies_there_in_the_mean(marked):
    attribution = np.zeros((12, 1000))
    attribution[LEADS.index("V3"), 50 + 30 :: 100] = 2.0
    mean, count = mean_beat(attribution, 100.0, marked(), 5000)
    assert count == 10
    assert np.flatnonzero(mean[LEADS.index("V3")]) == pytest.approx(np.flatnonzero(np.isclose(TIME, 300)))
    assert mean[LEADS.index("V3"), 60] == pytest.approx(2.0)
    assert mean.sum() == pytest.approx(2.0)


def test_one_beat_of_ten_counts_a_tenth(marked):
    attribution = np.zeros((12, 1000))
    attribution[0, 450 + 5] = 1.0
    mean, _ = mean_beat(attribution, 100.0, marked(), 5000)
    assert mean[0, np.isclose(TIME, 50)] == pytest.approx(0.1)


def test_beyond_the_recording_only_the_beats_that_reach_there_count(marked):
    mean, count = mean_beat(np.ones((12, 1000)), 100.0, marked(), 5000)
    assert count == 10
    np.testing.assert_allclose(mean, 1.0)
    short, fewer = mean_beat(np.ones((12, 500)), 100.0, marked(), 5000)
    assert fewer == 5
    np.testing.assert_allclose(short, 1.0)


def test_an_onset_between_two_samples_is_met_by_both(marked):
    delineation = marked()
    delineation.qrs.first[:] += 2.5
    attribution = np.zeros((12, 1000))
    attribution[0, 50::100] = 1.0
    mean, _ = mean_beat(attribution, 100.0, delineation, 5000)
    near = np.isclose(TIME, 0) | np.isclose(TIME, -10)
    assert mean[0, near] == pytest.approx([0.4, 0.6])


def test_without_a_beat_within_the_map_there_is_no_mean(marked):
    assert mean_beat(np.ones((12, 40)), 100.0, marked(), 5000) is None


def test_a_map_made_of_the_signal_has_the_median_beats_shape():
    """The signal itself, taken for a map, must give the beat that `median_beats` finds by another way."""
    record = readers.read_record(SINUS)
    delineation = delineate(record.signal, record.fs)
    beats = median_beats(record.signal, record.fs, delineation)
    every_tenth = record.signal[:, ::5].astype(np.float32)
    explanation = Explanation(every_tenth, 100.0, "gradients", "x", "none", 0.0, float("nan"), None, "id")
    found = explain_beat(explanation, delineation, record.signal.shape[1])
    assert found.method == f"gradients, mean of {beats.count} beats"
    expected = np.stack([np.interp(TIME, beats.time_ms, lead) for lead in beats.signal])
    for mine, its in zip(found.attribution, expected, strict=True):
        assert np.corrcoef(mine, its)[0, 1] > 0.97
