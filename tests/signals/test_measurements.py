from __future__ import annotations

import math

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.signals.delineation import delineate
from ecgkt.signals.measurements import measure, median_beats
from ecgkt.signals.rhythm import RhythmKind


def value(m, name):
    assert m.values[name].refusal is None, m.values[name]
    return m.values[name].value


def reason(m, name):
    assert m.values[name].value is None
    return m.values[name].refusal


@pytest.mark.parametrize("fs", [250, 500, 1000])
def test_the_intervals_of_a_known_heart(heart, fs):
    m = measure(heart(every=0.9).record(fs), fs)
    assert value(m, "heart_rate") == pytest.approx(60 / 0.9, abs=0.5)
    assert value(m, "rr") == pytest.approx(900, abs=3)
    assert value(m, "rr_sd") < 5
    assert value(m, "pr") == pytest.approx(160, abs=18)
    assert value(m, "p_duration") == pytest.approx(100, abs=20)
    assert value(m, "qrs") == pytest.approx(90, abs=22)
    assert value(m, "qt") == pytest.approx(400, abs=25)
    assert m.rhythm.kind == RhythmKind.P_BEFORE_QRS


def test_corrected_qt_are_the_formulas(heart):
    m = measure(heart(every=0.75).record(), 500)
    qt, seconds = value(m, "qt"), value(m, "rr") / 1000
    assert value(m, "qtc_fridericia") == pytest.approx(qt / seconds ** (1 / 3))
    assert value(m, "qtc_bazett") == pytest.approx(qt / math.sqrt(seconds))


def test_a_longer_interval_is_measured_longer_by_as_much(heart):
    base = measure(heart().record(), 500)
    for change, name, more in (({"pr": 230.0}, "pr", 70), ({"qrs": 140.0}, "qrs", 50), ({"qt": 460.0}, "qt", 60)):
        assert value(measure(heart(**change).record(), 500), name) - value(base, name) == pytest.approx(more, abs=14)


def test_jtc_is_given_for_a_wide_qrs_only(heart):
    assert "under 120 ms" in reason(measure(heart().record(), 500), "jtc")
    wide = measure(heart(qrs=160.0, qt=460.0).record(), 500)
    assert value(wide, "jtc") == pytest.approx(value(wide, "qtc_fridericia") - value(wide, "qrs"))


def test_bazett_is_refused_above_100_per_minute(heart):
    m = measure(heart(every=0.5, qt=280.0, t=120.0, pr=130.0, p=80.0).record(), 500)
    assert "overcorrects above 100/min" in reason(m, "qtc_bazett")
    assert value(m, "qtc_fridericia") > value(m, "qt")


@pytest.mark.parametrize("axis", [-60.0, 0.0, 75.0, 150.0])
def test_the_qrs_axis_is_the_heart_s(heart, axis):
    turned = value(measure(heart(axis=axis).record(noise=0.002), 500), "qrs_axis")
    assert (turned - axis + 180) % 360 - 180 == pytest.approx(0, abs=5)


def test_p_and_t_axes(heart):
    m = measure(heart().record(noise=0.002), 500)
    assert value(m, "p_axis") == pytest.approx(55, abs=6)
    assert value(m, "t_axis") == pytest.approx(45, abs=6)


@pytest.mark.parametrize("st", [-0.2, 0.0, 0.3])
def test_st_is_read_without_a_filter_s_distortion(heart, st):
    m = measure(heart(st_mv=st).record(noise=0.002), 500)
    for lead in LEADS:
        assert m.leads["st"][lead].value == pytest.approx(st, abs=0.06), lead


def test_st_survives_wander_and_an_offset(heart):
    time = np.arange(5000) / 500
    signal = heart(st_mv=0.2).record(noise=0.002) + 1.0 + 0.3 * np.sin(2 * np.pi * 0.2 * time)
    m = measure(signal, 500)
    assert np.mean([m.leads["st"][lead].value for lead in LEADS]) == pytest.approx(0.2, abs=0.05)


def test_amplitudes(heart):
    m = measure(heart(axis=60.0).record(noise=0.002), 500)
    assert m.leads["r"]["II"].value == pytest.approx(1.2, abs=0.06)
    assert m.leads["s"]["aVR"].value == pytest.approx(1.2 * math.cos(math.radians(30)), abs=0.06)
    assert m.leads["t"]["V2"].value == pytest.approx(0.8 * 0.35, abs=0.03)


def test_the_median_beat_is_the_clean_beat(heart):
    one = heart()
    noisy = one.record(noise=0.03)
    d = delineate(noisy, 500)
    beat = median_beats(noisy, 500, d)
    assert beat is not None
    assert beat.count == len(one.onsets)
    clean = one.record(noise=0)
    start = round(float(d.qrs.first[4])) - np.flatnonzero(beat.time_ms == 0)[0]
    error = beat.signal - clean[:, start : start + beat.signal.shape[1]]
    assert np.sqrt((error[:, 100:500] ** 2).mean()) < 0.02


def test_fibrillation_has_no_pr_and_a_mean_qt(simulated):
    m = measure(simulated(rhythm="atrial_fibrillation", rate=80.0), 500)
    assert m.rhythm.kind == RhythmKind.FIBRILLATION
    assert reason(m, "pr") == "The rhythm is atrial fibrillation, in which PR has no meaning."
    assert "no P wave" in reason(m, "p_duration")
    assert "P wave" in reason(m, "p_axis")
    lengths = (m.delineation.t.last - m.delineation.qrs.first)[~m.delineation.ectopic] * 2
    assert value(m, "qt") == pytest.approx(np.nanmean(lengths))


def test_fibrillation_with_few_beats_has_no_qt(simulated):
    m = measure(simulated(rhythm="atrial_fibrillation", rate=80.0)[:, :2600], 500)
    assert m.rhythm.kind == RhythmKind.FIBRILLATION
    assert "at least 8 beats" in reason(m, "qt")
    assert "QT is refused" in reason(m, "qtc_fridericia")


def test_ventricular_pacing_has_no_pr(heart):
    m = measure(heart(spike_mv=1.5, qrs=150.0, p_mv=0.0).record(), 500)
    assert m.rhythm.kind == RhythmKind.VENTRICULAR_PACING
    assert "ventricular pacing" in reason(m, "pr")
    assert len(m.spikes_s) == 11


def test_p_waves_on_their_own_clock_are_complete_block(heart):
    ventricles = heart(every=1.55, p_mv=0.0)
    atria = heart(every=0.67, r_mv=0.0, t_mv=0.0, p_mv=0.2)
    m = measure(ventricles.record() + atria.record(noise=0), 500)
    assert m.rhythm.kind == RhythmKind.COMPLETE_BLOCK
    assert m.rhythm.atrial_rate == pytest.approx(60 / 0.67, rel=0.05)
    assert "complete AV block" in reason(m, "pr")


def test_without_p_waves_there_is_no_pr(heart):
    m = measure(heart(p_mv=0.0).record(), 500)
    assert "No P wave" in reason(m, "pr")
    assert value(m, "qt") == pytest.approx(400, abs=25)


def test_flutter_has_no_pr(simulated):
    m = measure(simulated(rhythm="atrial_flutter", rate=290.0, flutter_ratio=4), 500)
    assert m.rhythm.kind == RhythmKind.FLUTTER
    assert m.rhythm.atrial_rate == pytest.approx(290, abs=10)
    assert "atrial flutter" in reason(m, "pr")


@pytest.mark.parametrize(("rate", "ratio"), [(273.0, 4), (285.0, 2), (310.0, 3)])
def test_flutter_whose_waves_keep_step_with_the_qrs_has_no_pr(simulated, rate, ratio):
    m = measure(simulated(rhythm="atrial_flutter", rate=rate, flutter_ratio=ratio), 500)
    assert m.rhythm.kind in (RhythmKind.FLUTTER, RhythmKind.P_OR_FLUTTER, RhythmKind.NO_P)
    for name in ("pr", "p_duration", "p_axis"):
        assert m.values[name].value is None


def test_a_sinus_rhythm_as_steady_as_a_clock_keeps_its_pr(heart):
    for every in (0.7, 0.75, 0.8, 0.85, 0.95):
        qt = 400 * np.sqrt(every) * 0.9
        m = measure(heart(every=every, qt=qt, t=160, pr=140).record(), 500)
        assert m.rhythm.kind == RhythmKind.P_BEFORE_QRS, every
        assert m.values["pr"].value is not None


@pytest.mark.parametrize(
    ("signal", "says"),
    [
        (np.zeros((12, 5000)), "No lead can be measured: each is flat, missing or nothing but noise."),
        (np.full((12, 5000), np.nan), "No lead can be measured: each is flat, missing or nothing but noise."),
        (np.zeros((12, 500)), "The recording lasts 1.0 s, and at least 2 s are needed."),
    ],
)
def test_nothing_to_measure_is_told_for_every_value(signal, says):
    m = measure(signal, 500)
    assert {v.refusal for v in m.values.values()} == {says}
    assert {v.refusal for by_lead in m.leads.values() for v in by_lead.values()} == {says}


def test_two_beats_are_too_few(heart):
    m = measure(heart().record(seconds=2.2), 500)
    assert "at least 3 are needed" in reason(m, "heart_rate")


def test_without_a_t_wave_there_is_no_qt(heart):
    m = measure(heart(t_mv=0.0).record(), 500)
    assert reason(m, "qt") == "The end of the T wave is not found in most beats."
    assert reason(m, "t_axis") == "No T wave is found."


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("drift", [False, True])
def test_noise_has_no_heartbeat(alike, drift):
    signal = np.random.default_rng(1).normal(0, 0.05, (12, 5000))
    signal = np.repeat(signal[:1], 12, axis=0) if alike else signal
    m = measure(np.cumsum(signal, axis=1) if drift else signal, 500)
    assert reason(m, "heart_rate") == "0 heartbeats were found, and at least 3 are needed."


def test_a_wrong_shape_is_an_error():
    with pytest.raises(InvalidValue):
        measure(np.zeros((3, 5000)), 500)


def test_a_missing_lead_is_refused_alone(heart):
    signal = heart().record()
    signal[LEADS.index("V3")] = np.nan
    m = measure(signal, 500)
    assert "V3" in str(m.leads["st"]["V3"].refusal)
    assert m.leads["st"]["V4"].refusal is None
    assert value(m, "qrs") == pytest.approx(90, abs=22)
    signal[LEADS.index("I")] = np.nan
    assert "aVF" in reason(measure(signal, 500), "qrs_axis")


def test_each_measurement_is_a_value_or_a_sentence(simulated):
    for changes in ({}, {"rhythm": "atrial_fibrillation"}, {"rhythm": "paced", "qrs_ms": 150.0}, {"voltage": 0.2}):
        m = measure(simulated(**changes), 500)
        every = [*m.values.values(), *(v for by_lead in m.leads.values() for v in by_lead.values())]
        for one in every:
            assert (one.value is None) != (one.refusal is None)
            assert one.value is None or math.isfinite(one.value)
            assert one.refusal is None or one.refusal.endswith(".")
