from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import Record
from ecgkt.signals.quality import assess, flat_leads


def noisy(seconds: float = 10, fs: float = 500) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (12, round(seconds * fs))).astype(np.float32)


def told(signal: np.ndarray, fs: float = 500) -> str | None:
    return assess(Record(signal, fs, "test")).refusal


def test_a_good_recording_is_not_refused():
    assert told(noisy()) is None


def test_two_seconds_are_too_few():
    assert told(noisy(2)) == "Wanted at least 5 s of ECG, got 2.0 s: record 10 s."


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda s: s.__setitem__((8, slice(None)), np.nan), "lead V3 is missing"),
        (lambda s: s.__setitem__((8, slice(None)), 0), "lead V3 is flat:"),
        (lambda s: s.__setitem__((8, slice(0, 1500)), 0.3), "lead V3 is flat for 3.0 s"),
        (lambda s: s.__setitem__((8, slice(0, 500)), np.nan), "lead V3 has a gap of 1.0 s"),
        (lambda s: s.__setitem__((8, 700), 900.0), "lead V3 leaves ±20 mV (check the unit)"),
    ],
)
def test_a_spoilt_lead_is_named_with_its_fault(spoil, says):
    signal = noisy()
    spoil(signal)
    assert says in str(told(signal))
    assert set(assess(Record(signal, 500, "test")).leads) == {"V3"}


def test_a_short_gap_and_a_short_pause_are_no_fault():
    signal = noisy()
    signal[2, 100:150] = np.nan
    signal[4, 1000:1800] = 0.0
    assert told(signal) is None


def test_what_lies_beyond_the_seconds_that_the_model_sees_does_not_matter():
    signal = noisy(14)
    signal[0, 5200:] = np.nan
    assert told(signal) is None


def test_a_slow_ramp_is_not_flat():
    signal = noisy()
    signal[1] = np.linspace(0, 1, 5000)
    assert told(signal) is None


def test_a_lead_that_spans_over_20_mv_and_stays_within_20_of_its_median_is_no_fault():
    signal = noisy()
    signal[8, 700], signal[8, 900] = 15.0, -15.0
    assert told(signal) is None
    signal[8, 900] = -25.0
    assert "leaves" in str(told(signal))


def test_slow_steps_of_more_than_5_microvolts_are_not_flat():
    signal = noisy()
    signal[3] = np.repeat(np.arange(10) % 2 * 0.006, 500)
    signal[5] = np.repeat(np.arange(10) % 2 * 0.004, 500)
    assert set(assess(Record(signal, 500, "test")).leads) == {"aVF"}


def test_flat_leads_are_named_and_a_gap_is_not_taken_for_one():
    signal = noisy()
    signal[8, 0:1500] = 0.3
    signal[1] = np.nan
    signal[2, 0:1500] = np.nan
    assert flat_leads(signal, 500) == ("V3",)


def test_numbers_beyond_all_sense_are_refused_in_words():
    signal = noisy()
    signal[8, 700], signal[8, 725] = 3e38, -3e38
    assert "lead V3 leaves" in str(told(signal))
