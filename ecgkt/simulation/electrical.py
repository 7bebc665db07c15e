"""How a recording's electrical state comes about: rhythm, rate and conduction here, the waves in `morphology`.

Each number follows from the patient's conditions, from the blood that the ECG answers to, and from the heart's
own variation. What the tracing is labelled follows later, from the wave itself (`readings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ecgkt.simulation import morphology
from ecgkt.simulation.blood import severity, vital_signs
from ecgkt.simulation.causes import Acts
from ecgkt.simulation.course import course
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.settings import SimulationSettings, generator
from ecgkt.simulation.tracing import (
    COMPLETE_BLOCK,
    ECTOPIC_ATRIAL,
    FIBRILLATION,
    FLUTTER,
    JUNCTIONAL,
    PACED,
    SECOND_DEGREE,
    SINUS,
    SUPRAVENTRICULAR,
    Tracing,
)


def draw_tracing(
    seed: int,
    patient: Patient,
    number: int,
    settings: SimulationSettings,
    hours: float = 0.0,
    without: frozenset[str] = frozenset(),
    given: Mapping[str, float] = MappingProxyType({}),
) -> Tracing:
    """Draw recording `number` of a patient, `hours` after the first; the heart stays the same from one to the next.

    `without` names causes (`causes.CAUSES`, `causes.TIMING_CAUSES`) that leave no mark. Every random number is drawn
    all the same, so that nothing else changes; a morphological cause never moves rhythm, rate or PR. `given` puts some
    of the blood (its analytes and units), the `temperature` or the `rate` at a value instead of what the patient has;
    a given rate is the rate, whatever drives it.
    """
    acts = Acts(without)
    blood = course(patient, patient.ecg_latents, patient.ecg_wander, hours)
    vitals = vital_signs(patient, patient.ecg_latents, blood)
    blood.update({name: value for name, value in given.items() if name in blood})
    vitals.update({name: value for name, value in given.items() if name in vitals})
    t = Tracing(breathing_rate=vitals["respiratory_rate"])

    def stream(name: str) -> np.random.Generator:
        return generator(seed, name, patient.number)

    choose_rhythm(stream("heart"), t, patient, settings.enrichment, acts)
    drive = rate_drive(patient, patient.ecg_latents, blood, vitals) * patient.sensitivity["rate"] * acts("rate")
    rate = ventricular_rate(t, patient.ecg_latents, drive)
    t.rate = rate * (1 + generator(seed, "rate", patient.number, number).normal(0, 0.04))
    t.rate = given.get("rate", t.rate)
    _choose_conduction(stream("conduction"), t, patient, settings.enrichment, acts)
    morphology.shape_structure(stream("structure"), t, patient, blood, acts)
    morphology.injure(stream("injury"), t, patient, blood, acts)
    morphology.repolarise(stream("repolarisation"), t, patient, acts)
    morphology.answer_to_potassium(t, patient, blood, acts)
    morphology.answer_to_other_salts(stream("salts"), t, patient, blood, vitals, acts)
    t.rate = given.get("rate", t.rate)
    t.rate = float(np.clip(t.rate, 24, 350 if t.rhythm == FLUTTER else 215))
    t.pr_ms = float(np.clip(t.pr_ms, 75, 400))
    t.qrs_ms = float(np.clip(t.qrs_ms, 62, 230))
    return t


def enriched(chance: float, factor: float) -> float:
    """Return a chance whose odds are multiplied by `factor`."""
    odds = chance / max(1 - chance, 1e-6) * factor
    return odds / (1 + odds)


def choose_rhythm(rng: np.random.Generator, t: Tracing, p: Patient, enrichment: float, acts: Acts) -> None:
    """Set what paces the heart, how its rhythm varies and how often a beat comes early."""
    old = max(p.age - 60, 0) / 30
    new_onset = 0.004 + 0.03 * p.has("sepsis") + 0.06 * p.has("thyrotoxicosis") + 0.01 * old
    draw = rng.random()
    rare = (
        (FLUTTER, 0.006 + 0.05 * p.has("atrial_fibrillation")),
        (COMPLETE_BLOCK, 0.002 + 0.005 * old),
        (SECOND_DEGREE, 0.002 + 0.004 * old),
        (SUPRAVENTRICULAR, 0.004),
        (JUNCTIONAL, 0.004),
        (ECTOPIC_ATRIAL, 0.012),
    )
    if p.has("pacemaker") and rng.random() < 0.72:
        t.rhythm = PACED
    elif draw < (0.62 if p.has("atrial_fibrillation") else new_onset):
        t.rhythm = FIBRILLATION
    else:
        t.rhythm = next((name for name, chance in rare if rng.random() < enriched(chance, enrichment)), SINUS)
    t.flutter_ratio = int(rng.choice([2, 3, 4, 0], p=[0.45, 0.1, 0.25, 0.2]))
    t.wenckebach = bool(rng.random() < 0.6)
    young = max(45 - p.age, 0) / 30
    calm = rng.random() < 0.07 + 0.25 * young
    t.sinus_variation = float(rng.uniform(0.07, 0.16) if calm else rng.uniform(0.004, 0.035))
    if rng.random() < enriched(0.05 + 0.05 * old, max(enrichment / 2, 1.0)):
        t.premature_atrial = float(rng.uniform(0.04, 0.3))
    if rng.random() < 0.06 + 0.06 * old + 0.05 * p.has("heart_failure"):
        t.premature_ventricular = float(rng.uniform(0.04, 0.3))
    if not acts("ectopy"):
        t.premature_atrial = t.premature_ventricular = 0.0
    if not acts("rhythm"):
        t.rhythm = SINUS


def rate_drive(p: Patient, z: Mapping[str, float], blood: Mapping[str, float], vitals: Mapping[str, float]) -> float:
    """Return by how many beats per minute fever, sepsis, anaemia, thyroid, lungs, drugs and potassium drive the rate.

    To be multiplied by the patient's sensitivity.
    """
    drive = 9 * (vitals["temperature"] - 36.8) * (vitals["temperature"] < 42) + 13 * severity(p, z, "sepsis", "sepsis")
    drive += 1.8 * max(10.5 - blood["haemoglobin"], 0) + 18 * severity(p, z, "thyroid", "thyrotoxicosis")
    drive += 14 * severity(p, z, "embolism", "pulmonary_embolism") + 5 * severity(p, z, "lung", "respiratory_failure")
    drive += 4 * severity(p, z, "failure", "heart_failure") - 9 * p.has("beta_blocker")
    drive -= 6 * severity(p, z, "thyroid", "hypothyroidism")
    return float(drive - 4 * max(blood["potassium"] - 6.5, 0) ** 1.5)


def ventricular_rate(t: Tracing, z: Mapping[str, float], drive: float) -> float:
    """Return the rate per minute that these latents and this drive give (of the atria in flutter)."""
    if t.rhythm == FIBRILLATION:
        return float(np.clip(90 + 22 * z["rate"] + 0.9 * drive, 40, 190))
    if t.rhythm == FLUTTER:
        return 290 + 20 * z["rate"]
    if t.rhythm == PACED:
        return float(max(62 + 8 * abs(z["rate"]) + 0.3 * drive, 55))
    if t.rhythm == COMPLETE_BLOCK:
        return float(np.clip(39 + 6 * z["rate"], 24, 58))
    if t.rhythm == SUPRAVENTRICULAR:
        return float(np.clip(172 + 18 * z["rate"], 130, 215))
    if t.rhythm == JUNCTIONAL:
        return float(np.clip(56 + 12 * z["rate"], 34, 100))
    if t.rhythm == SECOND_DEGREE:
        return float(np.clip(74 + 10 * z["rate"], 50, 110))
    return float(np.clip(76 + 14 * z["rate"] + 2.2 * z["rate"] ** 2 + drive, 38, 175))


def _choose_conduction(rng: np.random.Generator, t: Tracing, p: Patient, enrichment: float, acts: Acts) -> None:
    old = max(p.age - 40, 0) / 40
    reduced = p.conditions.get("heart_failure") == "reduced"
    failure = severity(p, p.ecg_latents, "failure", "heart_failure")
    more = max(enrichment / 2, 1.0)
    left = enriched(0.006 + 0.018 * old + 0.13 * reduced * failure + 0.03 * p.has("dilated_cardiomyopathy"), more)
    right = 0.02 + 0.045 * old + 0.05 * p.has("pulmonary_embolism", "pulmonary_hypertension")
    ivcd = enriched(0.010 + 0.03 * p.has("old_infarction"), more)
    draw = rng.random()
    for name, chance in {"lbbb": left, "rbbb": right, "irbbb": enriched(0.025, more), "ivcd": ivcd}.items():
        if draw < chance:
            t.conduction = name
            break
        draw -= chance
    early = rng.random() < 0.75
    if p.has("pre_excitation") and t.rhythm == SINUS and early:
        t.conduction = "pre_excitation"
    escape = rng.random()
    if t.rhythm == COMPLETE_BLOCK and t.rate < 43 and t.conduction == "normal":
        t.conduction = "ivcd" if escape < 0.3 else "rbbb" if escape < 0.6 else "lbbb" if escape < 0.85 else "normal"
    fascicular = rng.random() < 0.018 + 0.03 * old + 0.08 * (t.conduction == "rbbb")
    t.fascicular = t.conduction in ("normal", "rbbb") and bool(fascicular) and acts("fascicular_block")
    size = float(np.exp(rng.normal(0, 0.18)))
    base = float(rng.normal(91 if p.male else 85, 7.5)) + 3 * failure * (1 + 0.5 * p.ecg_latents["nt_probnp"])
    paced_ms, long, delay, short = rng.normal(152, 15), rng.random(), rng.uniform(38, 120), rng.uniform(82, 116)
    t.pr_ms = float(rng.normal(155 + 0.16 * (p.age - 50), 21)) - 0.12 * (t.rate - 75)
    t.pr_ms += 8 * (t.conduction in ("lbbb", "rbbb"))
    if acts("pr") and long < 0.015 + 0.055 * old + 0.03 * p.has("beta_blocker"):
        t.pr_ms = max(t.pr_ms, 0) + float(delay)
    if t.conduction == "pre_excitation" and acts("pr"):
        t.pr_ms = float(short)
    if t.conduction != "normal" and not acts("conduction"):
        t.conduction = "normal"
    added = {"normal": 0, "irbbb": 14, "ivcd": 34, "rbbb": 48, "lbbb": 52, "pre_excitation": 40}[t.conduction]
    floor = {"irbbb": 94, "ivcd": 114, "rbbb": 121, "lbbb": 124, "pre_excitation": 112}.get(t.conduction, 64)
    t.qrs_ms = max(base + added * size + 5 * t.fascicular, floor)
    if t.conduction == "irbbb":
        t.qrs_ms = min(t.qrs_ms, 119)
    if t.rhythm == PACED:
        t.qrs_ms = float(np.clip(paced_ms, 122, 205))
