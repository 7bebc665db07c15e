from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.simulation import SimulationSettings, simulate_arrays
from ecgkt.simulation.blood import blood_values
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.patients import draw_patient
from ecgkt.simulation.plans import plan_record, plan_tracing
from ecgkt.simulation.readings import read_tracings
from ecgkt.simulation.tracing import FIBRILLATION, SECOND_DEGREE, Tracing
from ecgkt.simulation.waveforms import synthesise

QUIET = SimulationSettings(artefacts=0.0, faulty=0.0)
SEED = 3


def drawn(patient: int = 1, **changes: object):
    """One clean recording of a plain heart, changed in what is named, with everything random kept as it was."""
    tracing = replace(Tracing(), **changes)
    plan = plan_tracing(SEED, draw_patient(SEED, patient, QUIET), 0, tracing, QUIET)
    return plan, synthesise([plan])[0].numpy()


def moved(patient: int = 1, **changes: object) -> dict[str, float]:
    """Return by lead how far a change moves the recording, root mean square in mV."""
    before, after = drawn(patient)[1], drawn(patient, **changes)[1]
    return dict(zip(LEADS, np.sqrt(((after - before) ** 2).mean(axis=1)), strict=True))


def reading(patient: int = 1, **changes: object):
    return read_tracings([drawn(patient, **changes)[0]])[0]


def test_a_record_is_the_same_whatever_its_batch():
    plans = [plan_record(SEED, number, 0, SimulationSettings()) for number in range(20)]
    together = synthesise(plans)
    for row in (0, 7, 19):
        again = plan_record(SEED, row, 0, SimulationSettings())
        np.testing.assert_allclose(together[row], synthesise([again])[0], atol=2e-5, equal_nan=True)


def test_another_seed_or_patient_is_another_record():
    one, other = simulate_arrays(2, SEED).signals
    assert np.abs(one - other).max() > 0.1
    assert np.abs(one - simulate_arrays(1, SEED + 1).signals[0]).max() > 0.1


def test_einthoven_and_goldberger_hold_to_rounding_with_all_artefacts():
    signals = simulate_arrays(30, SEED, SimulationSettings(artefacts=2.0)).signals
    i, ii, iii, avr, avl, avf = (signals[:, LEADS.index(lead)] for lead in LEADS[:6])
    np.testing.assert_allclose(iii, ii - i, atol=1e-4)
    np.testing.assert_allclose(avr, -(i + ii) / 2, atol=1e-4)
    np.testing.assert_allclose(avl, i - ii / 2, atol=1e-4)
    np.testing.assert_allclose(avf, ii - i / 2, atol=1e-4)


def test_twelve_leads_are_not_of_rank_three():
    signal = drawn()[1]
    singular = np.linalg.svd(signal - signal.mean(axis=1, keepdims=True), compute_uv=False)
    assert singular[4] / singular[0] > 0.01


@pytest.mark.parametrize("patient", [1, 2, 5])
def test_high_potassium_raises_the_t_waves_and_not_the_qrs(patient):
    before, after = reading(patient), reading(patient, t_peaking=1.2)
    chest = [LEADS.index(lead) for lead in ("V2", "V3", "V4")]
    assert np.abs(after.t[chest]).mean() > 1.25 * np.abs(before.t[chest]).mean()
    np.testing.assert_allclose(after.r, before.r, atol=0.02)


def test_potassium_follows_its_dose_in_a_sensitive_patient():
    patient = draw_patient(SEED, 4, QUIET)
    sure = replace(patient, sensitivity={**patient.sensitivity, "high_potassium": 1.0})
    peaks, widths = [], []
    for latent in (0.0, 1.0, 2.5):
        sick = replace(sure, conditions={"hyperkalaemia": ""}, ecg_latents={**sure.ecg_latents, "potassium": latent})
        tracing = draw_tracing(SEED, sick, 0, QUIET)
        peaks.append(tracing.t_peaking)
        widths.append(tracing.qrs_ms)
    assert peaks == sorted(peaks)
    assert peaks[2] > peaks[0] + 0.2
    assert widths[2] > widths[0]


def test_an_inferior_injury_lifts_the_inferior_leads_and_lowers_avl():
    before, after = reading(), reading(injury="inferior", injury_mv=0.3)
    change = dict(zip(LEADS, after.st - before.st, strict=True))
    assert min(change["II"], change["III"], change["aVF"]) > 0.1
    assert change["aVL"] < -0.03
    assert after.labels["st_elevation"] == 1


def test_an_anterior_injury_acts_on_the_chest_leads_most():
    change = moved(injury="anterior", injury_mv=0.3)
    assert max(change["V2"], change["V3"], change["V4"]) > 3 * change["III"]


@pytest.mark.parametrize(("conduction", "label"), [("lbbb", "left"), ("rbbb", "right")])
def test_a_bundle_branch_block_is_wide_and_points_to_its_side(conduction, label):
    plain, blocked = reading(), reading(conduction=conduction, qrs_ms=145.0)
    assert blocked.qrs_ms >= 120 > plain.qrs_ms
    assert blocked.labels[f"{label}_bundle_branch_block"] == 1
    v1, v6 = LEADS.index("V1"), LEADS.index("V6")
    if conduction == "lbbb":
        assert blocked.s[v1] > blocked.r[v1]
        assert blocked.r[v6] > blocked.s[v6]
    else:
        assert blocked.r[v1] > 2 * plain.r[v1]


def test_calcium_stretches_the_qt_and_leaves_the_qrs_alone():
    before, after = drawn()[0], drawn(st_length_ms=60.0, qtc_ms=475.0)[0]
    assert after.qt_ms - before.qt_ms == pytest.approx(60 * np.cbrt(before.rr_s), rel=0.05)
    assert after.beats[0].qrs_ms == before.beats[0].qrs_ms


def test_fibrillation_is_irregular_and_has_no_p_wave_label():
    sinus, fibrillating = drawn()[0], drawn(rhythm=FIBRILLATION, rate=95.0)[0]
    spread = [np.std(plan.timing.rr[plan.timing.inside()]) / plan.rr_s for plan in (sinus, fibrillating)]
    assert spread[1] > 3 * spread[0]
    labels = read_tracings([fibrillating])[0].labels
    assert labels["atrial_fibrillation"] == 1
    assert labels["sinus_rhythm"] == labels["first_degree_av_block"] == 0


def test_voltage_scales_the_qrs_and_its_labels():
    small, large = reading(voltage=0.3), reading(voltage=1.5)
    np.testing.assert_allclose(large.r / np.maximum(small.r, 1e-6), 5, rtol=0.35)
    assert small.labels["low_qrs_voltage"] == 1
    assert large.labels["low_qrs_voltage"] == 0


def test_a_change_that_is_zero_moves_nothing():
    assert max(moved(t_peaking=0.0, injury="", u_mv=Tracing().u_mv).values()) == 0


def test_labels_follow_from_the_tracing():
    arrays = simulate_arrays(300, SEED, SimulationSettings(enrichment=6.0), signals=False)
    for plan, found in zip(arrays.plans, arrays.readings, strict=True):
        labels = found.labels
        sinus = labels["sinus_rhythm"]
        if plan.tracing.rhythm != SECOND_DEGREE:
            assert labels["sinus_tachycardia"] == (sinus and found.rate > 100)
            assert labels["sinus_bradycardia"] == (sinus and found.rate < 60)
        assert not (labels["first_degree_av_block"] and found.pr_ms <= 200)
        assert not (labels["long_qt"] and found.qtc_ms <= 450)
        assert not (labels["left_bundle_branch_block"] and found.qrs_ms < 120)
        assert not (labels["left_axis_deviation"] and labels["right_axis_deviation"])


def potassium_seen(shared: float) -> float:
    """Return the correlation between the patient's own potassium and the one that the ECG answers to."""
    settings = SimulationSettings(shared_strength=shared)
    people = [draw_patient(9, number, settings) for number in range(1500)]
    plain = [patient for patient in people if not patient.conditions]
    own = [blood_values(patient, patient.latents)["potassium"] for patient in plain]
    seen = [blood_values(patient, patient.ecg_latents)["potassium"] for patient in plain]
    return float(np.corrcoef(own, seen)[0, 1])


def test_without_shared_strength_the_ecg_knows_nothing_of_the_blood_beyond_the_conditions():
    assert potassium_seen(1.0) == pytest.approx(1.0)
    assert abs(potassium_seen(0.0)) < 0.15
    assert potassium_seen(0.6) == pytest.approx(0.6, abs=0.1)
