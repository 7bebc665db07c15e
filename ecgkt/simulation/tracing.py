"""The electrical state of one recording: rhythm, conduction, structure and repolarisation, as numbers.

Each number follows from the patient's conditions, from the blood that the ECG answers to, and from the heart's
own variation. What the tracing is labelled follows later, from the wave itself (`readings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ecgkt.simulation.blood import blood_values, course, severity, vital_signs
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.settings import SimulationSettings, generator

SINUS, FIBRILLATION, FLUTTER, PACED, COMPLETE_BLOCK = (
    "sinus",
    "atrial_fibrillation",
    "atrial_flutter",
    "paced",
    "complete_block",
)


@dataclass
class Tracing:
    """One recording's state; times in ms, voltages relative to 1, angles in degrees, filled in by stages."""

    rhythm: str = SINUS
    rate: float = 75.0
    atrial_rate: float = 75.0
    flutter_ratio: int = 2
    breathing_rate: float = 16.0
    sinus_variation: float = 0.02
    premature_atrial: float = 0.0
    premature_ventricular: float = 0.0
    conduction: str = "normal"
    fascicular: bool = False
    qrs_ms: float = 90.0
    pr_ms: float = 160.0
    p_ms: float = 105.0
    p_gain: float = 1.0
    left_atrium: float = 0.0
    axis_turn: float = 0.0
    voltage: float = 1.0
    left_mass: float = 0.0
    right_mass: float = 0.0
    fragmentation: float = 0.0
    scar: str = ""
    scar_size: float = 0.0
    scar_age: float = 1.0
    injury: str = ""
    injury_mv: float = 0.0
    injury_age: float = 0.0
    ischaemia: str = ""
    ischaemia_mv: float = 0.0
    pericarditis: float = 0.0
    early_repolarisation: float = 0.0
    qtc_ms: float = 415.0
    st_length_ms: float = 0.0
    t_gain: float = 1.0
    t_width: float = 1.0
    t_peaking: float = 0.0
    t_inversion: str = ""
    t_inversion_size: float = 0.0
    st_sag_mv: float = 0.0
    u_mv: float = 0.03
    scoop: float = 0.0
    strain: float = 0.0
    osborn_mv: float = 0.0
    sine_wave: float = 0.0

    @property
    def ventricular_divisor(self) -> float:
        """How many atrial waves there are to one ventricular beat: more than 1 in flutter only."""
        return (self.flutter_ratio or 2.85) if self.rhythm == FLUTTER else 1.0


def draw_tracing(seed: int, patient: Patient, number: int, settings: SimulationSettings, hours: float = 0.0) -> Tracing:
    """Draw recording `number` of a patient, `hours` after the first; the heart stays the same from one to the next."""
    rng = generator(seed, "heart", patient.number)
    blood = course(patient, blood_values(patient, patient.ecg_latents), hours)
    vitals = vital_signs(patient, patient.ecg_latents, blood)
    t = Tracing(breathing_rate=vitals["respiratory_rate"])
    _choose_rhythm(rng, t, patient, settings.enrichment)
    rate = ventricular_rate(t, patient, patient.ecg_latents)
    t.rate = rate * (1 + generator(seed, "rate", patient.number, number).normal(0, 0.04))
    _choose_conduction(rng, t, patient, settings.enrichment)
    _shape_structure(rng, t, patient)
    _injure(rng, t, patient)
    _repolarise(rng, t, patient)
    _answer_to_potassium(t, patient, blood)
    _answer_to_other_salts(rng, t, patient, blood, vitals)
    t.rate = float(np.clip(t.rate, 24, 350 if t.rhythm == FLUTTER else 215))
    t.pr_ms = float(np.clip(t.pr_ms, 75, 400))
    t.qrs_ms = float(np.clip(t.qrs_ms, 62, 230))
    return t


def _odds(chance: float, factor: float) -> float:
    odds = chance / max(1 - chance, 1e-6) * factor
    return odds / (1 + odds)


def _choose_rhythm(rng: np.random.Generator, t: Tracing, p: Patient, enrichment: float) -> None:
    old = max(p.age - 60, 0) / 30
    new_onset = 0.004 + 0.03 * p.has("sepsis") + 0.06 * p.has("thyrotoxicosis") + 0.01 * old
    draw = rng.random()
    if p.has("pacemaker") and rng.random() < 0.72:
        t.rhythm = PACED
    elif draw < (0.62 if p.has("atrial_fibrillation") else new_onset):
        t.rhythm = FIBRILLATION
    elif rng.random() < _odds(0.006 + 0.05 * p.has("atrial_fibrillation"), enrichment):
        t.rhythm = FLUTTER
    elif rng.random() < _odds(0.002 + 0.006 * old, enrichment):
        t.rhythm = COMPLETE_BLOCK
    t.flutter_ratio = int(rng.choice([2, 3, 4, 0], p=[0.45, 0.1, 0.25, 0.2]))
    young = max(45 - p.age, 0) / 30
    calm = rng.random() < 0.07 + 0.25 * young
    t.sinus_variation = float(rng.uniform(0.07, 0.16) if calm else rng.uniform(0.004, 0.035))
    if rng.random() < 0.06 + 0.06 * old:
        t.premature_atrial = float(rng.uniform(0.05, 0.25))
    if rng.random() < 0.06 + 0.06 * old + 0.05 * p.has("heart_failure"):
        t.premature_ventricular = float(rng.uniform(0.05, 0.3))


def ventricular_rate(t: Tracing, p: Patient, z: Mapping[str, float]) -> float:
    """Return the rate per minute that these latents give (of the atria in flutter); pulses are counted by it too."""
    blood = blood_values(p, z)
    vitals = vital_signs(p, z, blood)
    drive = 9 * (vitals["temperature"] - 36.8) * (vitals["temperature"] < 42) + 13 * severity(p, z, "sepsis", "sepsis")
    drive += 1.8 * max(10.5 - blood["haemoglobin"], 0) + 18 * severity(p, z, "thyroid", "thyrotoxicosis")
    drive += 14 * severity(p, z, "embolism", "pulmonary_embolism") + 5 * severity(p, z, "lung", "respiratory_failure")
    drive += 4 * severity(p, z, "failure", "heart_failure") - 9 * p.has("beta_blocker")
    drive -= 6 * severity(p, z, "thyroid", "hypothyroidism") + 4 * max(blood["potassium"] - 6.5, 0) ** 1.5
    drive *= p.sensitivity["rate"]
    if t.rhythm == FIBRILLATION:
        return float(np.clip(92 + 21 * z["rate"] + 0.9 * drive, 40, 190))
    if t.rhythm == FLUTTER:
        return 290 + 20 * z["rate"]
    if t.rhythm == PACED:
        return float(max(62 + 8 * abs(z["rate"]) + 0.3 * drive, 55))
    if t.rhythm == COMPLETE_BLOCK:
        return float(np.clip(39 + 6 * z["rate"], 24, 58))
    return float(np.clip(77 + 14.5 * z["rate"] + drive, 38, 175))


def _choose_conduction(rng: np.random.Generator, t: Tracing, p: Patient, enrichment: float) -> None:
    old = max(p.age - 40, 0) / 40
    reduced = p.conditions.get("heart_failure") == "reduced"
    failure = severity(p, p.ecg_latents, "failure", "heart_failure")
    left = 0.006 + 0.018 * old + 0.13 * reduced * failure + 0.03 * p.has("dilated_cardiomyopathy")
    right = 0.02 + 0.055 * old + 0.05 * p.has("pulmonary_embolism", "pulmonary_hypertension")
    chances = {"lbbb": left, "rbbb": right, "irbbb": 0.025, "ivcd": 0.012 + 0.03 * p.has("old_infarction")}
    draw = rng.random()
    for name, chance in chances.items():
        if draw < chance:
            t.conduction = name
            break
        draw -= chance
    if p.has("pre_excitation") and t.rhythm == SINUS and rng.random() < 0.75:
        t.conduction = "pre_excitation"
    t.fascicular = t.conduction in ("normal", "rbbb") and bool(
        rng.random() < 0.025 + 0.05 * old + 0.08 * (t.conduction == "rbbb")
    )
    base = float(rng.normal(90 if p.male else 84, 7.5)) + 3 * failure * (1 + 0.5 * p.ecg_latents["nt_probnp"])
    added = {"normal": 0, "irbbb": 18, "ivcd": 34, "rbbb": 50, "lbbb": 58, "pre_excitation": 40}[t.conduction]
    floor = {"irbbb": 110, "ivcd": 114, "rbbb": 121, "lbbb": 124, "pre_excitation": 112}.get(t.conduction, 64)
    t.qrs_ms = max(base + added * float(np.exp(rng.normal(0, 0.18))) + 5 * t.fascicular, floor)
    if t.conduction == "irbbb":
        t.qrs_ms = min(t.qrs_ms, 119)
    if t.rhythm == PACED:
        t.qrs_ms = float(np.clip(rng.normal(158, 16), 122, 205))
    t.pr_ms = (
        float(rng.normal(156 + 0.16 * (p.age - 50), 18)) - 0.12 * (t.rate - 75) + 8 * (t.conduction in ("lbbb", "rbbb"))
    )
    if rng.random() < 0.02 + 0.075 * old + 0.05 * p.has("beta_blocker"):
        t.pr_ms = max(t.pr_ms, 0) + float(rng.uniform(38, 120))
    if t.conduction == "pre_excitation":
        t.pr_ms = float(rng.uniform(82, 116))


def _shape_structure(rng: np.random.Generator, t: Tracing, p: Patient) -> None:
    z = p.ecg_latents
    failure = severity(p, z, "failure", "heart_failure")
    mass = -0.55 + 0.5 * z["hypertrophy"] + 0.45 * p.has("hypertension") + 0.35 * p.has("ckd") + 0.3 * p.has("dialysis")
    mass += 0.3 * failure + 1.1 * p.has("hypertrophic_cardiomyopathy") + 0.004 * (p.age - 60) + 0.12 * z["nt_probnp"]
    t.left_mass = float(np.clip(mass, 0, 2.2))
    if rng.random() < 0.42 * min(t.left_mass, 1.3):
        t.strain = float(rng.uniform(0.15, 0.8)) * t.left_mass * p.sensitivity["strain"]
    right = 0.9 * p.has("pulmonary_hypertension") + 0.35 * severity(p, z, "embolism", "pulmonary_embolism")
    t.right_mass = float(max(right * np.exp(rng.normal(0, 0.4)) + 0.1 * p.has("copd") * abs(rng.normal()), 0))
    atrium = 0.1 + 0.35 * failure + 0.35 * t.left_mass + 0.25 * p.has("hypertension") + 0.3 * rng.normal()
    t.left_atrium = float(np.clip(atrium, 0, 2.0))
    t.p_ms = float(rng.normal(103, 9)) + 12 * t.left_atrium
    t.p_gain = float(np.exp(rng.normal(0, 0.28))) * (1 + 0.35 * p.has("copd"))
    axis = rng.normal(0, 17) - 0.28 * (p.age - 55) - 0.6 * (p.bmi - 27) - 9 * t.left_mass + 48 * min(t.right_mass, 1.6)
    t.axis_turn = float(np.clip(axis + 14 * p.has("copd"), -90, 120))
    voltage = np.exp(rng.normal(0.06, 0.24)) * np.exp(-0.012 * (p.bmi - 28)) * (1.08 if p.male else 0.96)
    voltage *= 1 - 0.13 * severity(p, z, "sepsis", "sepsis") - 0.13 * p.has("copd") - 0.06 * (p.age > 75)
    voltage *= 1 - 0.14 * severity(p, z, "thyroid", "hypothyroidism")
    albumin = blood_values(p, z)["albumin"]
    voltage *= 1 - 0.09 * max(3.5 - albumin, 0)
    if rng.random() < 0.025:
        voltage *= rng.uniform(0.35, 0.6)
    t.voltage = float(max(voltage, 0.2))
    t.fragmentation = float(
        rng.exponential(0.10) + 0.25 * p.has("old_infarction") + 0.1 * p.has("dilated_cardiomyopathy")
    )


def _injure(rng: np.random.Generator, t: Tracing, p: Patient) -> None:
    size = float(np.exp(rng.normal(0, 0.35)))
    if p.has("old_infarction") and rng.random() < 0.8:
        t.scar, t.scar_size = p.conditions["old_infarction"], float(np.clip(0.85 * size, 0.25, 1.9))
        t.scar_age = float(rng.uniform(0.2, 1))
    if p.has("st_elevation_infarction"):
        t.injury = p.conditions["st_elevation_infarction"]
        t.injury_mv = float(np.clip(0.24 * np.exp(0.35 * p.ecg_latents["injury"] + rng.normal(0, 0.35)), 0.08, 0.9))
        t.injury_age = float(rng.uniform(0, 1))
    if p.has("non_st_elevation_infarction") and rng.random() < 0.7:
        t.ischaemia = p.conditions["non_st_elevation_infarction"]
        t.ischaemia_mv = float(np.clip(0.11 * np.exp(0.35 * p.ecg_latents["injury"] + rng.normal(0, 0.4)), 0.03, 0.4))
    demand = 0.02 + 0.06 * p.has("coronary_disease") + 0.04 * (blood_values(p, p.ecg_latents)["haemoglobin"] < 8.5)
    if not t.ischaemia and rng.random() < demand + 0.05 * (t.rate > 110):
        t.ischaemia, t.ischaemia_mv = "diffuse", float(rng.uniform(0.04, 0.14))
    if p.has("pericarditis") and rng.random() < 0.8:
        t.pericarditis = float(rng.uniform(0.12, 0.32))
    if p.male and rng.random() < 0.25 * max(50 - p.age, 0) / 30 + 0.02:
        t.early_repolarisation = float(rng.uniform(0.06, 0.24))


def _repolarise(rng: np.random.Generator, t: Tracing, p: Patient) -> None:
    t.qtc_ms = float(rng.normal(408 if p.male else 417, 17)) + 0.12 * (p.age - 50)
    t.qtc_ms += 6 * severity(p, p.ecg_latents, "failure", "heart_failure") + 10 * p.has("cirrhosis")
    t.qtc_ms += 0.55 * max(t.qrs_ms - 100, 0) + 8 * (t.left_mass > 0.8)
    if p.has("qt_drug"):
        t.qtc_ms += float(rng.uniform(8, 55)) * p.sensitivity["drug"]
    if rng.random() < 0.01:
        t.qtc_ms += float(rng.uniform(40, 110))
    if p.has("digoxin"):
        t.scoop, t.qtc_ms = float(rng.uniform(0.04, 0.16)), t.qtc_ms - 14
    t.t_gain = float(np.exp(rng.normal(0.0, 0.36))) * (1.08 if p.male else 0.9) * (1 - 0.003 * max(p.age - 40, 0))
    t.t_gain *= 1 - 0.2 * severity(p, p.ecg_latents, "thyroid", "hypothyroidism")
    t.t_width = float(np.exp(rng.normal(0, 0.14)))
    t.u_mv = float(abs(rng.normal(0.012, 0.016)))
    chance = (
        0.05 + 0.10 * p.has("coronary_disease") + 0.05 * p.has("hypertension") + 0.1 * p.has("dilated_cardiomyopathy")
    )
    if (p.has("pulmonary_embolism") and rng.random() < 0.33) or t.right_mass > 0.6:
        t.t_inversion, t.t_inversion_size = "right", float(rng.uniform(0.6, 1.7))
    elif rng.random() < chance:
        t.t_inversion = str(rng.choice(["inferior", "anterior", "lateral", "diffuse"]))
        t.t_inversion_size = float(rng.uniform(0.4, 1.8))


def _answer_to_potassium(t: Tracing, p: Patient, blood: dict[str, float]) -> None:
    """High: tented T, then flat P, long PR, wide QRS, sine wave. Low: flat T, U wave, ST sag (Surawicz; Mattu)."""
    ready = 1 + 0.15 * (blood["calcium_ionised"] < 1.05) + 0.1 * (blood["sodium"] < 130) + 0.15 * (blood["ph"] < 7.25)
    high = max(blood["potassium"] - 5.1, 0) * p.sensitivity["high_potassium"] * ready
    t.t_gain *= 1 + 0.05 * np.clip(blood["potassium"] - 4.15, -0.6, 0.9)
    t.t_peaking = 0.42 * min(high, 3.2)
    t.t_width *= 1 - 0.09 * min(high, 3.0)
    late = max(high - 1.0, 0)
    t.p_gain *= max(1 - 0.38 * late, 0.0)
    t.pr_ms += 26 * late
    t.qrs_ms += 13 * late + 16 * max(high - 2.2, 0)
    t.sine_wave = float(min(max(high - 2.8, 0) * 0.6, 1.0))
    low = max(3.45 - blood["potassium"], 0) * p.sensitivity["low_potassium"] * (1 + 0.2 * (blood["magnesium"] < 1.6))
    t.t_gain *= max(1 - 0.45 * low, 0.12)
    t.u_mv += 0.10 * min(low, 2.0)
    t.st_sag_mv += 0.045 * min(low, 2.0)
    t.qtc_ms += 14 * min(low, 2.0)
    t.p_gain *= 1 + 0.12 * min(low, 2.0)


def _answer_to_other_salts(
    rng: np.random.Generator, t: Tracing, p: Patient, blood: dict[str, float], vitals: dict[str, float]
) -> None:
    """Calcium stretches or shortens the ST segment only; cold stretches everything and adds J waves."""
    corrected = 9.3 + (blood["calcium_ionised"] - 1.2) / 0.118
    outside = max(8.7 - corrected, 0) - max(corrected - 10.3, 0)
    t.st_length_ms = 14 * outside * p.sensitivity["calcium"] - 3.5 * float(np.clip(corrected - 9.4, -0.7, 0.9))
    t.qtc_ms += t.st_length_ms
    cold = max(33.5 - vitals["temperature"], 0)
    if cold > 0:
        t.osborn_mv = float(0.1 * cold * rng.uniform(0.3, 1.4))
        t.pr_ms += 9 * cold
        t.qrs_ms += 5 * cold
        t.qtc_ms += 14 * cold
        t.rate -= 6 * cold
