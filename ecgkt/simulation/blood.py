"""Blood and vital signs of a patient: a deterministic function of conditions and latent variables.

Because it is deterministic, the same function gives the patient's own blood (from `latents`) and the blood that
the ECG answers to (from `ecg_latents`). Units are those of MIMIC-IV's laboratory. Centres and spreads were set
beside the marginals of the MIMIC-IV demo (docs/simulation.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import erf, exp, log, sqrt

from ecgkt.simulation.patients import Patient


def tail(latent: float, scale: float) -> float:
    """Return an exponential variable with mean `scale`, as a function of a standard normal one."""
    return -scale * log(max(0.5 * (1 - erf(latent / sqrt(2))), 1e-4))


def blood_values(patient: Patient, latents: Mapping[str, float]) -> dict[str, float]:
    """Return the 26 analytes that these latents give at the first ECG."""
    ill = min(illness(patient, latents), 7.0)
    values = _organs(patient, latents, ill)
    values.update(_cells(patient, latents, ill))
    values.update(_salts(patient, latents, ill, values))
    return values


def illness(p: Patient, z: Mapping[str, float]) -> float:
    """Return how ill a patient is: 0 for a healthy one, about 1.5 in a ward, 4 and more in intensive care."""
    total = 2.0 * severity(p, z, "sepsis", "sepsis") + 1.4 * severity(p, z, "lung", "respiratory_failure")
    total += 0.9 * severity(p, z, "renal", "acute_kidney_injury") + 0.6 * severity(p, z, "failure", "heart_failure")
    total += 0.8 * severity(p, z, "acid", "acidosis") + 0.9 * severity(p, z, "embolism", "pulmonary_embolism")
    total += 1.2 * p.has("st_elevation_infarction") + 0.7 * p.has("non_st_elevation_infarction")
    total += 0.9 * p.has("cirrhosis") + 0.8 * p.has("dialysis") + 0.5 * p.has("anaemia") + 0.8 * p.has("hypothermia")
    total += tail(z["frailty"] - 0.2, 0.9)
    return total + 0.3 * p.has("copd") + 0.3 * p.has("ckd") + 0.3 * p.has("hyponatraemia")


def _salts(p: Patient, z: Mapping[str, float], ill: float, values: Mapping[str, float]) -> dict[str, float]:
    """Return salts, acids and albumin; kidneys and lactate, in `values`, move them."""
    kidneys = log(values["creatinine"] / 0.9)
    lactic = log(values["lactate"] / 1.5)
    acid = severity(p, z, "acid", "acidosis")
    bicarbonate = 25.6 + 3.0 * z["bicarbonate"] - 5.5 * acid - 1.1 * kidneys - 2.6 * lactic + 4 * p.has("copd")
    ph = 7.398 + 0.04 * z["ph"] - 0.07 * acid - 0.05 * severity(p, z, "lung", "respiratory_failure")
    ph += 0.007 * (bicarbonate - 25) - 0.04 * lactic - 0.006 * ill
    sodium = 139.0 + (2.8 + 0.35 * ill) * z["sodium"] - 0.3 * ill
    if p.has("hyponatraemia"):
        sodium = 132 - tail(z["sodium"], 4)
    potassium = 4.12 + 0.38 * z["potassium"] + 0.19 * kidneys + 0.1 * acid - 0.02 * (sodium - 139)
    if p.has("hyperkalaemia"):
        potassium = 5.5 + tail(z["potassium"], 0.8)
    elif p.has("hypokalaemia"):
        potassium = 3.4 - tail(z["potassium"], 0.3)
    albumin = 4.08 + 0.42 * z["albumin"] - 0.5 * p.has("cirrhosis") - 0.2 * p.has("sepsis", "heart_failure")
    albumin -= 0.15 * ill
    corrected = 9.2 + 0.36 * z["calcium_total"] - 0.2 * kidneys
    if p.has("hypocalcaemia"):
        corrected = 8.1 - tail(z["calcium_total"], 0.7)
    elif p.has("hypercalcaemia"):
        corrected = 10.6 + tail(z["calcium_total"], 0.9)
    ionised = 1.2 + 0.118 * (corrected - 9.3) + 0.025 * z["calcium_ionised"] - 0.014 * ill
    return {
        "potassium": min(max(potassium, 1.7), 9.5),
        "sodium": max(sodium, 105),
        "chloride": sodium - 36.8 - 0.4 * (bicarbonate - 25) + 2.6 * z["chloride"],
        "bicarbonate": min(max(bicarbonate, 4), 46),
        "ph": min(max(ph, 6.8), 7.65),
        "albumin": min(max(albumin, 1.3), 5.5),
        "calcium_total": min(max(corrected - 0.8 * (4.0 - min(albumin, 4.6)), 4.5), 17),
        "calcium_ionised": min(max(ionised, 0.5), 2.4),
        "magnesium": max(1.98 + 0.25 * z["magnesium"] - 0.3 * p.has("hypokalaemia") + 0.13 * kidneys, 0.6),
        "phosphate": max(3.3 + 0.72 * z["phosphate"] + 0.85 * kidneys, 0.8),
    }


def _organs(p: Patient, z: Mapping[str, float], ill: float) -> dict[str, float]:
    chronic = severity(p, z, "renal", "ckd")
    acute = severity(p, z, "renal", "acute_kidney_injury")
    filtered = exp(log(0.9 if p.male else 0.72) + 0.25 * z["creatinine"]) * (1 + 1.25 * chronic + 1.4 * acute)
    creatinine = filtered + (3.6 if p.has("dialysis") else 0.0)
    urea = exp(log(13.2 + 0.09 * (p.age - 50)) + 0.3 * z["urea_nitrogen"] + 0.04 * ill)
    urea *= (creatinine / (0.9 if p.male else 0.72)) ** 0.72
    glucose = log(172) + 0.4 * z["glucose"] if p.has("diabetes") else log(110) + 0.2 * z["glucose"]
    thyroid = severity(p, z, "thyroid", "hypothyroidism") - 2.2 * severity(p, z, "thyroid", "thyrotoxicosis")
    embolism = severity(p, z, "embolism", "pulmonary_embolism")
    troponin = _true_troponin(p, z, ill)
    bilirubin = log(0.39) + 0.7 * z["bilirubin_total"] + 2.0 * p.has("cirrhosis") + 0.13 * ill
    clotting = log(1.09) + 0.1 * z["inr"] + 0.03 * ill + 0.1 * max(bilirubin + 0.6, -0.4)
    return {
        "creatinine": min(creatinine, 16.0),
        "urea_nitrogen": min(urea, 180.0),
        "glucose": min(exp(glucose + 0.02 * ill), 900.0),
        "nt_probnp": min(_brain_peptide(p, z, ill, chronic), 120_000.0),
        "troponin_t": troponin,
        "ck_mb": min(exp(log(2.9) + 0.8 * z["ck_mb"] + 0.05 * ill) + 22 * troponin, 400.0),
        "tsh": min(exp(log(1.95) + 0.72 * z["tsh"] + 0.9 * thyroid), 100.0),
        "inr": exp(max(log(2.3) + 0.25 * z["inr"], clotting) if p.has("warfarin") else clotting),
        "bilirubin_total": exp(bilirubin),
        "d_dimer": exp(log(430) + 0.8 * z["d_dimer"] + 0.01 * (p.age - 60) + 0.9 * embolism + 0.3 * ill),
    }


def _brain_peptide(p: Patient, z: Mapping[str, float], ill: float, chronic: float) -> float:
    level = 5.3 + 0.028 * (p.age - 50) + 0.8 * z["nt_probnp"] + 1.5 * severity(p, z, "failure", "heart_failure")
    level += 0.65 * chronic + 0.8 * p.has("atrial_fibrillation") + 0.9 * p.has("pulmonary_embolism")
    return exp(level + 0.5 * p.has("old_infarction") - 0.02 * (p.bmi - 28) + 0.3 * ill)


def _true_troponin(p: Patient, z: Mapping[str, float], ill: float) -> float:
    """Return conventional troponin T at its plateau, ng/mL; its lag is in `course`."""
    level = (
        -6.0 + 1.15 * z["troponin_t"] + 0.9 * severity(p, z, "renal", "ckd", "dialysis") + 0.4 * p.has("heart_failure")
    )
    level += 0.7 * p.has("pulmonary_embolism") + 0.2 * ill
    if p.has("st_elevation_infarction"):
        level = 0.6 + 0.9 * z["injury"] + 0.3 * z["troponin_t"]
    elif p.has("non_st_elevation_infarction"):
        level = -1.6 + 0.9 * z["injury"] + 0.3 * z["troponin_t"]
    return min(exp(level), 25.0)


def _cells(p: Patient, z: Mapping[str, float], ill: float) -> dict[str, float]:
    sepsis, acid = severity(p, z, "sepsis", "sepsis"), severity(p, z, "acid", "acidosis")
    haemoglobin = (13.9 if p.male else 12.6) + 1.2 * z["haemoglobin"] - 0.012 * (p.age - 60) - 0.42 * ill
    if p.has("anaemia"):
        haemoglobin = min(10.4 - tail(z["haemoglobin"], 1.2), haemoglobin)
    crp = exp(log(4.5) + 1.5 * z["crp"] + 0.6 * min(ill, 5.0) + 1.0 * p.has("pericarditis"))
    platelets = log(240) + 0.44 * z["platelets"] - 0.65 * p.has("cirrhosis") - 0.08 * ill
    rdw = 13.6 + 1.35 * z["rdw"] + 1.2 * p.has("anaemia") + 0.6 * p.has("heart_failure") + p.has("cirrhosis")
    return {
        "haemoglobin": min(max(haemoglobin, 3.5), 20.0),
        "white_cells": exp(log(7.7) + 0.47 * z["white_cells"] + 0.15 * sepsis + 0.05 * ill),
        "platelets": max(exp(platelets), 4.0),
        "rdw": max(rdw + 0.38 * ill, 10.8),
        "lactate": min(exp(log(1.32) + 0.42 * z["lactate"] + 0.25 * sepsis + 0.3 * acid + 0.05 * ill), 22.0),
        "crp": min(crp, 450.0),
    }


def severity(p: Patient, z: Mapping[str, float], latent: str, *conditions: str) -> float:
    """Return how severe a condition is, about 0.2 to 2.5; 0 for a patient without it."""
    if not p.has(*conditions):
        return 0.0
    return min(max(1.0 + 0.5 * z[latent], 0.2), 2.5)


def vital_signs(patient: Patient, latents: Mapping[str, float], blood: Mapping[str, float]) -> dict[str, float]:
    """Return pressures, breathing, oxygen, temperature (deg C) and BMI; the rate follows from the rhythm."""
    p, z = patient, latents
    sepsis = severity(p, z, "sepsis", "sepsis")
    lung = severity(p, z, "lung", "respiratory_failure") + 0.5 * p.has("copd") + 0.8 * p.has("pulmonary_embolism")
    temperature = 36.75 + 0.35 * z["temperature"] + 0.7 * sepsis * (1 if z["sepsis"] > -0.8 else -0.6)
    if p.has("hypothermia"):
        temperature = 31.8 - 1.6 * abs(z["temperature"])
    systolic = 118 + 0.25 * (p.age - 40) + 16 * z["pressure"] + 16 * p.has("hypertension") - 20 * sepsis
    systolic -= 10 * p.has("heart_failure") + 8 * (p.has("pulmonary_embolism"))
    systolic = min(max(systolic, 62), 245)
    acid = max(22 - blood["bicarbonate"], 0)
    breathing = 17.2 + 1.9 * z["breathing"] + 2.6 * sepsis + 2.6 * lung + 0.45 * acid
    return {
        "systolic_pressure": systolic,
        "diastolic_pressure": min(max(0.5 * systolic + 10 + 7 * z["chloride"], 30), 150),
        "respiratory_rate": min(max(breathing, 8), 50),
        "oxygen_saturation": min(max(98.4 - 0.9 * abs(z["oxygen"]) - 3.2 * lung, 62), 100),
        "temperature": min(max(temperature, 26), 41.8),
    }
