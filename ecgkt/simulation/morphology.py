"""What structure, injury, drugs and blood do to the waves of a tracing: sizes and sources in docs/simulation.md.

Random numbers are drawn whether or not a cause acts, so that a patient without it differs in nothing else.
"""

from __future__ import annotations

import numpy as np

from ecgkt.simulation.blood import severity
from ecgkt.simulation.causes import Acts
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.tracing import Tracing

_USUAL_POTASSIUM = 4.15


def shape_structure(rng: np.random.Generator, t: Tracing, p: Patient, blood: dict[str, float], acts: Acts) -> None:
    """Set muscle mass, atria, axis, voltage and fragmentation."""
    z = p.ecg_latents
    failure = severity(p, z, "failure", "heart_failure")
    mass = -0.6 + 0.5 * z["hypertrophy"] + 0.5 * p.has("hypertension") + 0.4 * p.has("ckd") + 0.3 * p.has("dialysis")
    mass += 0.3 * failure + 1.1 * p.has("hypertrophic_cardiomyopathy") + 0.006 * (p.age - 60) + 0.12 * z["nt_probnp"]
    mass = float(np.clip(mass, 0, 2.2))
    strained, strain = rng.random() < 0.42 * min(mass, 1.3), float(rng.uniform(0.15, 0.8))
    if acts("left_ventricular_mass"):
        t.left_mass = mass
        t.strain = strain * mass * p.sensitivity["strain"] * strained
    right = 0.7 * p.has("pulmonary_hypertension") + 0.35 * severity(p, z, "embolism", "pulmonary_embolism")
    right = float(max(right * np.exp(rng.normal(0, 0.4)) + 0.1 * p.has("copd") * abs(rng.normal()), 0))
    t.right_mass = right * acts("right_ventricular_mass")
    atrium = -0.25 + 0.35 * failure + 0.3 * mass + 0.15 * p.has("hypertension") + 0.3 * rng.normal()
    t.left_atrium = float(np.clip(atrium, 0, 2.0)) * acts("left_atrium")
    t.p_ms = float(rng.normal(106, 13)) + 14 * t.left_atrium
    t.p_gain = float(np.exp(rng.normal(0, 0.28))) * (1 + 0.35 * p.has("copd"))
    axis = rng.normal(5, 12) - 0.24 * (p.age - 55) - 0.6 * (p.bmi - 27) - 7 * t.left_mass + 48 * min(t.right_mass, 1.6)
    t.axis_turn = float(np.clip(axis + 14 * p.has("copd"), -75, 120))
    voltage = np.exp(rng.normal(-0.06, 0.11)) * np.exp(-0.012 * (p.bmi - 28)) * (1.08 if p.male else 0.96)
    voltage *= 1 - 0.13 * severity(p, z, "sepsis", "sepsis") * acts("sepsis")
    voltage *= (1 - 0.13 * p.has("copd")) * (1 - 0.06 * (p.age > 75)) * (1 + 0.12 * max(40 - p.age, 0) / 20)
    voltage *= 1 - 0.14 * severity(p, z, "thyroid", "hypothyroidism") * acts("hypothyroidism")
    voltage *= 1 - 0.09 * max(3.5 - blood["albumin"], 0) * acts("low_albumin")
    effusion, loss = rng.random() < 0.025, float(rng.uniform(0.35, 0.6))
    if effusion and acts("effusion"):
        voltage *= loss
    t.voltage = float(max(voltage, 0.2))
    fragments = rng.exponential(0.08) + 0.14 * p.has("old_infarction") + 0.08 * p.has("dilated_cardiomyopathy")
    t.fragmentation = float(fragments)


def injure(rng: np.random.Generator, t: Tracing, p: Patient, blood: dict[str, float], acts: Acts) -> None:
    """Set scar, transmural injury, ischaemia, pericarditis and early repolarisation."""
    size, scarred, age = float(np.exp(rng.normal(0, 0.4))), rng.random() < 0.85, float(rng.uniform(0.2, 1))
    if p.has("old_infarction") and scarred and acts("old_infarction"):
        t.scar, t.scar_size, t.scar_age = p.conditions["old_infarction"], float(np.clip(0.85 * size, 0.25, 1.9)), age
    spread, stage = rng.normal(0, 0.35), float(rng.uniform(0, 1))
    if p.has("st_elevation_infarction") and acts("injury"):
        t.injury, t.injury_age = p.conditions["st_elevation_infarction"], stage
        t.injury_mv = float(np.clip(0.24 * np.exp(0.35 * p.ecg_latents["injury"] + spread), 0.08, 0.9))
    shown, spread = rng.random() < 0.7, rng.normal(0, 0.4)
    demand = 0.02 + 0.06 * p.has("coronary_disease") + 0.04 * (blood["haemoglobin"] < 8.5)
    wanted, amount = rng.random() < demand + 0.05 * (t.rate > 110), float(rng.uniform(0.04, 0.14))
    if p.has("non_st_elevation_infarction") and shown:
        if acts("ischaemia"):
            t.ischaemia = p.conditions["non_st_elevation_infarction"]
            t.ischaemia_mv = float(np.clip(0.11 * np.exp(0.35 * p.ecg_latents["injury"] + spread), 0.03, 0.4))
    elif wanted and acts("ischaemia"):
        t.ischaemia, t.ischaemia_mv = "diffuse", amount
    shown, amount = rng.random() < 0.8, float(rng.uniform(0.12, 0.32))
    if p.has("pericarditis") and shown and acts("pericarditis"):
        t.pericarditis = amount
    shown, amount = rng.random() < 0.16 * max(50 - p.age, 0) / 30 + 0.01, float(rng.uniform(0.06, 0.24))
    if p.male and shown and acts("early_repolarisation"):
        t.early_repolarisation = amount
    t.normal_st_mv = float((0.055 if p.male else 0.034) * np.exp(rng.normal(0, 0.35)))


def repolarise(rng: np.random.Generator, t: Tracing, p: Patient, acts: Acts) -> None:
    """Set QTc, T and U waves and their drugs."""
    z = p.ecg_latents
    t.qtc_ms = float(rng.normal(401 if p.male else 410, 20)) + 0.12 * (p.age - 50)
    t.qtc_ms += 6 * severity(p, z, "failure", "heart_failure") * acts("heart_failure") + 10 * p.has("cirrhosis")
    t.qtc_ms += 0.55 * max(t.qrs_ms - 100, 0) + 8 * (t.left_mass > 0.8)
    longer, amount, some, much = rng.uniform(8, 55), rng.uniform(0.04, 0.16), rng.random() < 0.01, rng.uniform(40, 110)
    if p.has("qt_drug") and acts("qt_drug"):
        t.qtc_ms += float(longer) * p.sensitivity["drug"]
    t.qtc_ms += float(much) * some
    if p.has("digoxin") and acts("digoxin"):
        t.scoop, t.qtc_ms = float(amount), t.qtc_ms - 14
    t.t_gain = float(np.exp(rng.normal(0.0, 0.29))) * (1.08 if p.male else 0.9) * (1 - 0.003 * max(p.age - 40, 0))
    t.t_gain *= 1 - 0.2 * severity(p, z, "thyroid", "hypothyroidism") * acts("hypothyroidism")
    t.t_width = float(np.exp(rng.normal(0, 0.14)))
    t.u_mv = float(abs(rng.normal(0.012, 0.016)))
    t.t_biphasic = float(rng.uniform(0.3, 1.0)) * (rng.random() < 0.06 + 0.08 * p.has("coronary_disease"))
    chance = 0.05 + 0.1 * p.has("coronary_disease") + 0.05 * p.has("hypertension")
    chance += 0.1 * p.has("dilated_cardiomyopathy")
    embolic, right, inverted = rng.random() < 0.33, rng.uniform(0.6, 1.7), rng.random() < chance
    where, size = str(rng.choice(["inferior", "anterior", "lateral", "diffuse"])), rng.uniform(0.4, 1.8)
    if not acts("t_inversion"):
        return
    if (p.has("pulmonary_embolism") and embolic) or t.right_mass > 0.6:
        t.t_inversion, t.t_inversion_size = "right", float(right)
    elif inverted:
        t.t_inversion, t.t_inversion_size = where, float(size)


def answer_to_potassium(t: Tracing, p: Patient, blood: dict[str, float], acts: Acts) -> None:
    """High: tented T, then flat P, long PR, wide QRS, sine wave. Low: flat T, U wave, ST sag (Surawicz; Mattu)."""
    potassium = blood["potassium"]
    ready = 1 + 0.15 * (blood["calcium_ionised"] < 1.05) + 0.1 * (blood["sodium"] < 130) + 0.15 * (blood["ph"] < 7.25)
    high = max(potassium - 5.1, 0) * p.sensitivity["high_potassium"] * ready
    late = max(high - 1.0, 0)
    t.pr_ms += 26 * late * acts("pr")
    taken = (potassium > 5.1 and not acts("high_potassium")) or (potassium < 3.45 and not acts("low_potassium"))
    t.t_gain *= 1 + 0.05 * np.clip((_USUAL_POTASSIUM if taken else potassium) - _USUAL_POTASSIUM, -0.6, 0.9)
    if taken:
        return
    t.t_peaking = 0.42 * min(high, 3.2)
    t.t_width *= 1 - 0.09 * min(high, 3.0)
    t.p_gain *= max(1 - 0.38 * late, 0.0)
    t.qrs_ms += 13 * late + 16 * max(high - 2.2, 0)
    t.sine_wave = float(min(max(high - 2.8, 0) * 0.6, 1.0))
    low = max(3.45 - potassium, 0) * p.sensitivity["low_potassium"] * (1 + 0.2 * (blood["magnesium"] < 1.6))
    t.t_gain *= max(1 - 0.45 * low, 0.12)
    t.u_mv += 0.10 * min(low, 2.0)
    t.st_sag_mv += 0.045 * min(low, 2.0)
    t.qtc_ms += 14 * min(low, 2.0)
    t.p_gain *= 1 + 0.12 * min(low, 2.0)


def answer_to_other_salts(
    rng: np.random.Generator, t: Tracing, p: Patient, blood: dict[str, float], vitals: dict[str, float], acts: Acts
) -> None:
    """Calcium stretches or shortens the ST segment only; cold stretches everything and adds J waves."""
    corrected = 9.3 + (blood["calcium_ionised"] - 1.2) / 0.118
    outside = max(8.7 - corrected, 0) - max(corrected - 10.3, 0)
    usual = float(np.clip(corrected - 9.4, -0.7, 0.9))
    if outside and not acts("calcium"):
        outside, usual = 0.0, 0.0
    t.st_length_ms = 14 * outside * p.sensitivity["calcium"] - 3.5 * usual
    t.qtc_ms += t.st_length_ms
    cold, size = max(33.5 - vitals["temperature"], 0), rng.uniform(0.3, 1.4)
    t.pr_ms += 9 * cold * acts("pr")
    t.rate -= 6 * cold * acts("rate")
    if acts("temperature"):
        t.osborn_mv = float(0.1 * cold * size)
        t.qrs_ms += 5 * cold
        t.qtc_ms += 14 * cold
