from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.signals.delineation import delineate


def from_onset(d, wave, part):
    """Return the median over beats of a global boundary, ms after the true QRS onset nearest to it."""
    return float(np.nanmedian((getattr(wave, part) - d.qrs.first) * 1000 / d.fs))


@pytest.mark.parametrize("fs", [250, 360, 500, 1000])
def test_known_boundaries_are_found_at_every_rate(heart, fs):
    one = heart()
    d = delineate(one.record(fs), fs)
    onsets = np.array(one.onsets) * fs
    assert len(d.beats) == len(onsets)
    np.testing.assert_allclose((d.qrs.first - onsets) * 1000 / fs, 0, atol=13)
    np.testing.assert_allclose((d.qrs.last - onsets) * 1000 / fs, one.qrs, atol=13)
    np.testing.assert_allclose(((d.p.first - onsets) * 1000 / fs)[1:], -one.pr, atol=16)
    np.testing.assert_allclose(((d.p.last - onsets) * 1000 / fs)[1:], -one.pr + one.p, atol=16)
    np.testing.assert_allclose(((d.t.last - onsets) * 1000 / fs)[:-1], one.qt, atol=25)


def test_peaks_lie_on_the_waves_in_every_lead(heart):
    one = heart()
    d = delineate(one.record(), 500)
    onsets = np.array(one.onsets)[:, None] * 500
    p, t = (np.nanmedian((wave.peak - onsets) * 2, axis=0) for wave in (d.p, d.t))
    np.testing.assert_allclose(p, -one.pr + one.p / 2, atol=15)
    np.testing.assert_allclose(t, one.qt - one.t / 2, atol=15)
    r = np.nanmedian((d.qrs.peak - onsets) * 2, axis=0)
    np.testing.assert_allclose(r[[LEADS.index("I"), LEADS.index("II"), LEADS.index("V5")]], one.qrs / 2, atol=5)


@pytest.mark.parametrize("rate", [32, 60, 110, 150, 200])
def test_every_beat_counts_once_from_32_to_200_per_minute(heart, rate):
    one = heart(every=60 / rate, qt=min(400, 0.62 * 60_000 / rate), pr=min(160, 0.3 * 60_000 / rate), t=120.0)
    d = delineate(one.record(), 500)
    inside = [onset for onset in one.onsets if onset < 9.85]
    assert len(d.beats) == len(inside)
    np.testing.assert_allclose(d.beats / 500 - 0.045, inside, atol=0.03)


def test_a_tall_t_wave_is_no_beat(heart):
    one = heart(t_mv=1.4, r_mv=0.8)
    assert len(delineate(one.record(), 500).beats) == len(one.onsets)


def test_low_voltage_is_still_found(heart):
    one = heart(r_mv=0.15, t_mv=0.05, p_mv=0.04)
    assert len(delineate(one.record(noise=0.003), 500).beats) == len(one.onsets)


def test_one_bad_electrode_changes_nothing_elsewhere(heart):
    clean = heart().record()
    spoilt = clean.copy()
    spoilt[8] += np.random.default_rng(0).normal(0, 1.5, spoilt.shape[1])
    before, after = delineate(clean, 500), delineate(spoilt, 500)
    assert len(before.beats) == len(after.beats)
    good = [lead for lead in range(12) if lead != 8]
    moved = (after.qrs.onset - before.qrs.onset)[:, good]
    assert np.abs(np.nanmedian(moved, axis=0)).max() <= 8


def test_flat_and_missing_leads_are_left_out(heart):
    signal = heart().record()
    signal[3], signal[7] = np.nan, 0.2
    signal[0, 1000:1040] = np.nan
    d = delineate(signal, 500)
    assert not d.usable[[3, 7]].any()
    assert d.usable.sum() == 10
    assert np.isnan(d.qrs.onset[:, [3, 7]]).all()
    assert np.isfinite(d.qrs.first).all()


def test_size_offset_and_polarity_do_not_move_a_boundary(heart):
    signal = heart().record()
    reference = delineate(signal, 500)
    for other in (2 * signal, signal + 1.5, -signal):
        d = delineate(other, 500)
        np.testing.assert_allclose(d.qrs.first, reference.qrs.first, atol=2)
        np.testing.assert_allclose(d.t.last, reference.t.last, atol=3)


def test_wander_does_not_move_a_boundary(heart):
    signal = heart().record()
    time = np.arange(5000) / 500
    before, after = delineate(signal, 500), delineate(signal + 0.4 * np.sin(2 * np.pi * 0.25 * time), 500)
    np.testing.assert_allclose(after.qrs.first, before.qrs.first, atol=3)
    assert from_onset(after, after.t, "last") == pytest.approx(from_onset(before, before.t, "last"), abs=20)


@pytest.mark.parametrize("fs", [500, 1000])
def test_pacing_spikes_are_found_and_do_not_become_the_qrs(heart, fs):
    one = heart(spike_mv=1.5, p_mv=0.0, qrs=150.0)
    d = delineate(one.record(fs), fs)
    np.testing.assert_allclose(d.spikes, [(onset - 0.006) * fs for onset in one.onsets], atol=2)
    assert len(d.beats) == len(one.onsets)
    assert from_onset(d, d.qrs, "last") == pytest.approx(150, abs=20)


def test_sharp_r_waves_and_noise_bursts_are_no_spikes(heart):
    assert len(delineate(heart(qrs=60.0, r_mv=2.5).record(), 500).spikes) == 0
    noisy = heart().record()
    at = np.random.default_rng(5).integers(100, 4900, 12)
    noisy[:, at] += 1.0
    assert len(delineate(noisy, 500).spikes) == 0


def test_a_premature_ventricular_beat_has_another_shape(heart):
    regular = heart(onsets=[0.5, 1.4, 2.3, 3.2, 5.0, 5.9, 6.8, 7.7, 8.6])
    early = heart(onsets=[3.75], qrs=160.0, p_mv=0.0, axis=-80.0, t_mv=-0.5, qt=450.0)
    d = delineate(regular.record() + early.record(noise=0), 500)
    assert len(d.beats) == 10
    assert np.flatnonzero(d.ectopic).tolist() == [4]
    assert np.isnan(d.p.peak[4]).all()


def test_sinus_rhythm_has_p_waves_and_fibrillation_has_none(simulated):
    sinus, fibrillating = simulated(), simulated(rhythm="atrial_fibrillation", rate=85.0)
    assert np.isfinite(delineate(sinus, 500).p.first).mean() > 0.7
    assert np.isnan(delineate(fibrillating, 500).p.peak).all()


@pytest.mark.parametrize("patient", range(1, 9))
def test_simulated_intervals_follow_the_truth(simulated, patient):
    short, long = (delineate(simulated(patient, pr_ms=pr, rate=65.0), 500) for pr in (140.0, 220.0))
    change = from_onset(short, short.p, "first") - from_onset(long, long.p, "first")
    assert change == pytest.approx(80, abs=14)


def test_a_recording_without_beats_is_empty_and_not_an_error():
    d = delineate(np.zeros((12, 5000)), 500)
    assert len(d.beats) == 0
    assert not d.usable.any()
    assert d.p.onset.shape == (0, 12)
    assert len(delineate(np.full((12, 5000), np.nan), 500).beats) == 0


@pytest.mark.parametrize(
    ("shape", "fs", "says"), [((8, 5000), 500, "12 leads"), ((12, 500), 500, "2 s"), ((12, 5000), 100, "rate")]
)
def test_what_cannot_be_delineated_is_refused(shape, fs, says):
    with pytest.raises(InvalidValue, match=says):
        delineate(np.zeros(shape), fs)
