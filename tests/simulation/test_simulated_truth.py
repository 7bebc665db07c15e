"""The truth of a simulated recording: what each cause did, where it did nothing, and where the waves lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.simulation import SimulationSettings, simulate_arrays, truth_of
from ecgkt.simulation.causes import CAUSES, TIMING_CAUSES, Acts
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.patients import draw_patient
from ecgkt.simulation.plans import plan_record, plan_tracing
from ecgkt.simulation.settings import FS
from ecgkt.simulation.truth import Truth, truth_of_plan, wave_times
from ecgkt.simulation.waveforms import clean_leads

QUIET = SimulationSettings(artefacts=0.0, faulty=0.0)
SEED = 5


def plan_with(cause_conditions: dict[str, str], latents: dict[str, float] | None = None):
    """A patient of 60 with these conditions alone and a heart of average size, in sinus rhythm."""
    patient = draw_patient(SEED, 3, QUIET)
    plain = dict.fromkeys(patient.ecg_latents, 0.0) | (latents or {})
    sensitive = dict.fromkeys(patient.sensitivity, 1.0)
    sick = replace(
        patient,
        age=60.0,
        bmi=27.0,
        conditions=cause_conditions,
        latents=plain,
        ecg_latents=plain,
        sensitivity=sensitive,
    )
    return plan_tracing(SEED, sick, 0, draw_tracing(SEED, sick, 0, QUIET), QUIET)


def truth_with(cause_conditions: dict[str, str], latents: dict[str, float] | None = None) -> tuple[Truth, object]:
    plan = plan_with(cause_conditions, latents)
    return truth_of_plan(SEED, plan, QUIET), plan


def by_lead(truth: Truth, cause: str) -> dict[str, float]:
    effect = truth.effects[truth.causes.index(cause)]
    return dict(zip(LEADS, np.abs(effect).max(axis=1).tolist(), strict=True))


def during(plan, effect, first_ms: float, last_ms: float):
    """The samples of an effect (12, n) from first to last ms after each QRS onset that lies well inside."""
    starts = plan.timing.ventricular[(plan.timing.ventricular > 1) & (plan.timing.ventricular < 8.5)]
    return np.concatenate(
        [effect[:, int((s + first_ms / 1000) * FS) : int((s + last_ms / 1000) * FS)] for s in starts], 1
    )


CASES = {
    "high_potassium": ({"hyperkalaemia": ""}, {"potassium": 1.0}),
    "low_potassium": ({"hypokalaemia": ""}, {"potassium": 1.5}),
    "calcium": ({"hypocalcaemia": ""}, {"calcium_total": 1.5}),
    "temperature": ({"hypothermia": ""}, {"temperature": 1.0}),
    "injury": ({"st_elevation_infarction": "anterior"}, {}),
    "digoxin": ({"digoxin": ""}, {}),
    "qt_drug": ({"qt_drug": ""}, {}),
    "hypothyroidism": ({"hypothyroidism": ""}, {}),
    "sepsis": ({"sepsis": ""}, {}),
}


@pytest.mark.parametrize("cause", CASES)
def test_a_cause_is_found_in_the_patient_who_has_it_and_in_no_other(cause):
    truth, _ = truth_with(*CASES[cause])
    assert cause in truth.causes
    assert max(by_lead(truth, cause).values()) > 0.01
    assert cause not in truth_with({})[0].causes


@pytest.mark.parametrize("cause", ["high_potassium", "low_potassium", "calcium", "qt_drug", "digoxin"])
def test_what_acts_on_repolarisation_leaves_p_and_the_start_of_qrs_alone(cause):
    truth, plan = truth_with(*CASES[cause])
    effect = truth.effects[truth.causes.index(cause)]
    if cause in ("qt_drug", "digoxin", "calcium"):
        assert np.abs(during(plan, effect, 5, 45)).max() < 2e-3
    assert np.abs(during(plan, effect, 120, 420)).max() > 0.02


def test_an_old_infarction_acts_on_qrs_and_t_of_its_territory():
    found = [truth_with({"old_infarction": where})[0] for where in ("inferior", "anterior")]
    inferior, anterior = (by_lead(truth, "old_infarction") for truth in found)
    assert min(inferior["III"], inferior["aVF"]) > 2 * inferior["V2"] * 0.5
    assert anterior["V2"] > 2 * anterior["III"]


def test_the_effects_and_their_interaction_add_up_to_all_that_the_causes_did():
    plan = plan_with({"hyperkalaemia": "", "hypocalcaemia": "", "old_infarction": "inferior"}, {"potassium": 1.0})
    truth = truth_of_plan(SEED, plan, QUIET)
    healed = draw_tracing(SEED, plan.patient, 0, QUIET, 0.0, frozenset(truth.causes))
    twin = plan_tracing(SEED, plan.patient, 0, healed, QUIET, plan.timing)
    whole, without = clean_leads([plan, twin]).numpy()
    np.testing.assert_allclose(truth.effects.sum(axis=0) + truth.interaction, whole - without, atol=1e-5)
    assert np.abs(truth.interaction).max() > 0.01


def test_a_single_cause_has_no_interaction():
    truth, _ = truth_with(*CASES["qt_drug"])
    others = [cause for cause in truth.causes if cause != "qt_drug"]
    assert not others
    assert np.abs(truth.interaction).max() == 0


def test_removing_a_cause_moves_no_beat_and_no_noise():
    loud = SimulationSettings(enrichment=6.0)
    for number in range(25):
        plan = plan_record(SEED, number, 0, loud)
        for cause in ("conduction", "left_ventricular_mass", "high_potassium"):
            twin = plan_record(SEED, number, 0, loud, frozenset({cause}))
            np.testing.assert_array_equal(plan.timing.ventricular, twin.timing.ventricular)
            np.testing.assert_array_equal(plan.timing.atrial, twin.timing.atrial)
            assert plan.artefacts.noise_seed == twin.artefacts.noise_seed
            assert plan.tracing.rate == twin.tracing.rate
            assert plan.tracing.pr_ms == twin.tracing.pr_ms


def test_a_cause_that_does_not_act_changes_nothing_at_all():
    for number in range(12):
        plan = plan_record(SEED, number, 0, QUIET)
        acting = truth_of(SEED, number, 0, QUIET).causes
        for cause in CAUSES.keys() - set(acting):
            twin = plan_record(SEED, number, 0, QUIET, frozenset({cause}))
            whole, without = clean_leads([plan, twin]).numpy()
            assert np.abs(whole - without).max() == 0, (number, cause)


def test_fever_is_told_as_a_change_of_rate_and_not_as_a_wave():
    truth, _ = truth_with({"sepsis": ""}, {"temperature": 2.0})
    assert truth.timing["rate"]["rate_per_min"] > 8
    assert set(truth.timing) <= set(TIMING_CAUSES)


def test_fibrillation_is_told_as_a_cause_of_timing():
    settings = SimulationSettings(enrichment=1.0, artefacts=0.0)
    plans = (plan_record(SEED, number, 0, settings) for number in range(300))
    plan = next(p for p in plans if p.tracing.rhythm == "atrial_fibrillation")
    assert truth_of_plan(SEED, plan, settings).timing["rhythm"]["rr_sd_ms"] > 40


def test_waves_lie_where_the_signal_has_them():
    arrays = simulate_arrays(12, SEED, QUIET)
    checked = 0
    for plan, signal in zip(arrays.plans, arrays.signals, strict=True):
        if plan.tracing.rhythm != "sinus" or plan.tracing.conduction != "normal":
            continue
        _, qrs, _ = wave_times(plan)
        lead = LEADS.index("V5")
        for onset, peak, offset in zip(qrs.onset[lead], qrs.peak[lead], qrs.offset[lead], strict=True):
            if np.isnan(onset):
                continue
            assert onset < peak < offset
            assert 0.04 < offset - onset < 0.14
            window = np.abs(np.diff(signal[lead, int(onset * FS) - 2 : int(offset * FS) + 2]))
            before = np.abs(np.diff(signal[lead, max(int(onset * FS) - 22, 0) : int(onset * FS) - 4]))
            assert len(before) == 0 or window.max() > 4 * before.max()
            checked += 1
    assert checked > 30


def test_p_waves_come_before_and_t_waves_after_their_qrs():
    plan = plan_with({})
    p, qrs, t = wave_times(plan)
    lead = LEADS.index("II")
    for onset in qrs.onset[lead][np.isfinite(qrs.onset[lead])][1:-1]:
        assert np.nanmin(np.abs(p.offset[lead] - onset)) < 0.16
        assert np.nanmin(np.where(t.onset[lead] > onset, t.onset[lead] - onset, np.nan)) < 0.35


def test_an_unknown_cause_is_refused():
    with pytest.raises(InvalidValue, match="a cause among"):
        Acts(frozenset({"bad luck"}))
