from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, filtfilt, resample

from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.signals.preprocessing import Preprocessing

PREPROCESSING = Preprocessing()


def beats(fs: float, seconds: float = 10) -> np.ndarray:
    """Twelve leads of narrow and broad Gaussian waves, band-limited well below 50 Hz."""
    time = np.arange(round(fs * seconds)) / fs
    phase = time % 0.8
    wave = np.exp(-(((phase - 0.3) / 0.02) ** 2)) + 0.3 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    return np.stack([(0.5 + 0.1 * lead) * wave for lead in range(12)])


def record(signal: np.ndarray, fs: float = 500) -> Record:
    return Record(signal, fs, "test")


def test_ten_seconds_become_a_thousand_samples_in_millivolts():
    out = PREPROCESSING.apply(record(beats(500)))
    assert (out.shape, out.dtype) == ((12, 1000), np.float32)
    assert np.ptp(out[11]) == pytest.approx(1.6, rel=0.1)


@pytest.mark.parametrize("fs", [250, 400, 1000, 257.0])
def test_the_sampling_rate_of_the_file_makes_no_difference(fs):
    reference = PREPROCESSING.apply(record(beats(500)))
    other = PREPROCESSING.apply(record(beats(fs), fs))
    n = min(reference.shape[1], other.shape[1])
    assert np.abs(reference[:, 20 : n - 20] - other[:, 20 : n - 20]).max() < 0.02


def test_an_offset_and_slow_wander_are_removed_but_a_beat_is_kept():
    time = np.arange(5000) / 500
    wandering = beats(500) + 2.0 + 0.5 * np.sin(2 * np.pi * 0.1 * time)
    difference = PREPROCESSING.apply(record(wandering)) - PREPROCESSING.apply(record(beats(500)))
    assert np.abs(difference[:, 200:800]).max() < 0.05


def test_the_high_pass_has_no_phase_and_equals_the_textbook_one():
    signal = resample(beats(500), 1000, axis=1)
    b, a = butter(2, 0.5, "highpass", fs=100)
    expected = filtfilt(b, a, signal, axis=1, padlen=600)
    out = PREPROCESSING.apply(record(signal, 100))
    np.testing.assert_allclose(out[:, 100:900], expected[:, 100:900], atol=1e-4)


def test_a_short_gap_is_bridged_and_a_missing_lead_is_zero():
    signal = beats(500)
    signal[3, 100:110] = np.nan
    signal[5] = np.nan
    out = PREPROCESSING.apply(record(signal))
    assert np.isfinite(out).all()
    assert (out[5] == 0).all()


def test_a_shorter_recording_is_not_padded_and_a_longer_one_is_cut():
    assert PREPROCESSING.apply(record(beats(500, 7))).shape == (12, 700)
    assert PREPROCESSING.apply(record(beats(500, 12))).shape == (12, 1000)


def test_every_setting_changes_the_fingerprint():
    prints = {Preprocessing(**change).fingerprint for change in ({}, {"fs": 200}, {"highpass_hz": 0.3}, {"seconds": 8})}
    assert len(prints) == 4


@pytest.mark.parametrize("wrong", [{"fs": 10}, {"highpass_hz": 0}, {"highpass_hz": 40}, {"seconds": 0}])
def test_a_nonsensical_setting_is_refused(wrong):
    with pytest.raises(InvalidValue):
        Preprocessing(**wrong)
