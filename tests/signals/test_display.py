from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.errors import InvalidValue
from ecgkt.signals.display import FILTERS
from ecgkt.signals.preprocessing import Preprocessing

DRAWING = [one for one in FILTERS.values() if one.description]
CUTS = [
    ("0.5 Hz high-pass", 0.5, -3.01),
    ("40 Hz low-pass", 40.0, -3.01),
    ("0.5-40 Hz", 0.5, -3.01),
    ("0.5-40 Hz", 40.0, -3.01),
    ("0.5-40 Hz", 5.0, 0.0),
    ("50 Hz notch", 40.0, 0.0),
    ("60 Hz notch", 50.0, 0.0),
    ("60 Hz notch", 70.0, 0.0),
]


def wave(hz: float, fs: float = 500.0, seconds: float = 30.0) -> np.ndarray:
    return np.tile(np.sin(2 * np.pi * hz * np.arange(round(fs * seconds)) / fs), (12, 1)).astype(np.float32)


def left_of(name: str, hz: float) -> np.ndarray:
    """The middle 10 s of a sine of 1 mV after a filter."""
    return FILTERS[name].apply(Record(wave(hz), 500, "test")).signal[0, 5000:10000].astype(float)


@pytest.mark.parametrize(("name", "hz", "decibel"), CUTS)
def test_a_filter_weakens_a_sine_by_what_its_name_says(name, hz, decibel):
    inside = wave(hz)[0, 5000:10000].astype(float)
    filtered = left_of(name, hz)
    assert 20 * np.log10(filtered.std() / inside.std()) == pytest.approx(decibel, abs=0.15)
    assert np.corrcoef(filtered, inside)[0, 1] > 0.9999, "the sine was moved in time"


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_a_notch_takes_its_own_mains_frequency_out(hz):
    assert np.abs(left_of(f"{hz:g} Hz notch", hz)).max() < 0.001
    assert np.abs(left_of(f"{110 - hz:g} Hz notch", hz)).max() > 0.9


@pytest.mark.parametrize("one", DRAWING, ids=lambda one: one.name)
def test_no_filter_moves_a_wave(one):
    """A symmetric wave stays symmetric about its own peak."""
    time = np.arange(5000) / 500 - 5
    signal = np.tile(np.exp(-0.5 * (time / 0.02) ** 2), (12, 1)).astype(np.float32)
    filtered = one.apply(Record(signal, 500, "test")).signal[0].astype(float)
    assert np.argmax(filtered) == 2500
    np.testing.assert_allclose(filtered[2001:2500], filtered[2501:3000][::-1], atol=2e-3)


@pytest.mark.parametrize("one", FILTERS.values(), ids=lambda one: one.name)
def test_the_record_that_the_model_sees_is_not_touched(one):
    signal = np.random.default_rng(1).normal(0, 0.3, (12, 5000)).astype(np.float32)
    signal[LEADS.index("V3"), 700:900] = np.nan
    record = Record(signal, 500, "test")
    before, seen = record.signal.tobytes(), Preprocessing().apply(record).tobytes()
    drawn = one.apply(record)
    assert record.signal.tobytes() == before
    assert Preprocessing().apply(record).tobytes() == seen
    assert (drawn is record) == (one.description is None)
    assert not np.shares_memory(drawn.signal, record.signal) or drawn is record
    np.testing.assert_array_equal(np.isnan(drawn.signal), np.isnan(record.signal))


def test_no_filter_is_the_first_choice_and_every_other_says_that_it_is_zero_phase_and_its_price():
    assert next(iter(FILTERS.values())).description is None
    for one in DRAWING:
        assert "zero-phase (" in (one.description or "")


def test_a_filter_is_refused_where_the_rate_does_not_hold_its_frequencies():
    slow = Record(np.zeros((12, 1000), np.float32), 100, "test")
    assert not FILTERS["50 Hz notch"].works_at(100)
    assert FILTERS["0.5 Hz high-pass"].works_at(100)
    with pytest.raises(InvalidValue, match="choose another filter"):
        FILTERS["60 Hz notch"].apply(slow)


def test_a_lead_without_any_sample_stays_without():
    signal = np.zeros((12, 2000), np.float32)
    signal[4] = np.nan
    drawn = FILTERS["0.5-40 Hz"].apply(Record(signal, 500, "test"))
    assert np.isnan(drawn.signal[4]).all()
    assert not np.isnan(drawn.signal[[0, 1, 2, 3, 5]]).any()
