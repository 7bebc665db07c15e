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
    """Return the 26 analytes that these latents give."""
    values = _salts(patient, latents)
    values.update(_organs(patient, latents))
    values.update(_cells(patient, latents))
    return values


def illness(p: Patient, z: Mapping[str, float]) -> float:
    """Return how ill a patient is: 0 for a healthy one, about 1.5 in a ward, 4 and more in intensive care."""
    total = 2.0 * severity(p, z, "sepsis", "sepsis") + 1.4 * severity(p, z, "lung", "respiratory_failure")
    total += 0.9 * severity(p, z, "renal", "acute_kidney_injury") + 0.6 * severity(p, z, "failure", "heart_failure")
    total += 0.8 * severity(p, z, "acid", "acidosis") + 0.9 * severity(p, z, "embolism", "pulmonary_embolism")
    total += 1.2 * p.has("st_elevation_infarction") + 0.7 * p.has("non_st_elevation_infarction")
    total += 0.9 * p.has("cirrhosis") + 0.8 * p.has("dialysis") + 0.5 * p.has("anaemia") + 0.8 * p.has("hypothermia")
    return total + 0.3 * p.has("copd") + 0.3 * p.has("ckd") + 0.3 * p.has("hyponatraemia")


def _salts(p: Patient, z: Mapping[str, float]) -> dict[str, float]:
    renal = severity(p, z, "renal", "ckd", "dialysis") + 0.6 * severity(p, z, "renal", "acute_kidney_injury")
    acid = severity(p, z, "acid", "acidosis")
    bicarbonate = 25 + 2.4 * z["bicarbonate"] - 6.5 * acid - 1.3 * renal + 4 * p.has("copd")
    ph = 7.395 + 0.035 * z["ph"] - 0.09 * acid - 0.06 * severity(p, z, "lung", "respiratory_failure")
    potassium = 4.15 + 0.36 * z["potassium"] + 0.22 * renal + 0.1 * acid
    if p.has("hyperkalaemia"):
        potassium = 5.5 + tail(z["potassium"], 0.8)
    elif p.has("hypokalaemia"):
        potassium = 3.4 - tail(z["potassium"], 0.3)
    albumin = (
        4.1 + 0.38 * z["albumin"] - 0.5 * p.has("cirrhosis") - 0.5 * p.has("sepsis") - 0.3 * p.has("heart_failure")
    )
    corrected = 9.15 + 0.36 * z["calcium_total"] - 0.25 * renal
    if p.has("hypocalcaemia"):
        corrected = 8.1 - tail(z["calcium_total"], 0.7)
    elif p.has("hypercalcaemia"):
        corrected = 10.6 + tail(z["calcium_total"], 0.9)
    sodium = 139 + 2.8 * z["sodium"]
    if p.has("hyponatraemia"):
        sodium = 132 - tail(z["sodium"], 4)
    return {
        "potassium": min(max(potassium, 1.7), 9.5),
        "sodium": max(sodium, 105),
        "chloride": sodium - 37 - 0.35 * (bicarbonate - 25) + 2.2 * z["chloride"],
        "bicarbonate": min(max(bicarbonate, 4), 46),
        "ph": min(max(ph, 6.8), 7.65),
        "albumin": min(max(albumin, 1.2), 5.5),
        "calcium_total": min(max(corrected - 0.8 * (4.0 - min(albumin, 4.6)), 4.5), 17),
        "calcium_ionised": min(max(1.2 + 0.118 * (corrected - 9.3) + 0.025 * z["calcium_ionised"], 0.5), 2.4),
        "magnesium": max(2.0 + 0.25 * z["magnesium"] - 0.3 * p.has("hypokalaemia") + 0.15 * renal, 0.6),
        "phosphate": max(3.5 + 0.7 * z["phosphate"] + 0.8 * renal, 0.8),
    }


def _organs(p: Patient, z: Mapping[str, float]) -> dict[str, float]:
    chronic = severity(p, z, "renal", "ckd")
    acute = severity(p, z, "renal", "acute_kidney_injury")
    dialysis = 4.0 if p.has("dialysis") else 0.0
    creatinine = (
        exp(log(0.95 if p.male else 0.78) + 0.2 * z["creatinine"]) * (1 + 0.65 * chronic + 0.8 * acute) + dialysis
    )
    urea = exp(log(14 + 0.08 * (p.age - 50)) + 0.3 * z["urea_nitrogen"]) * (1 + 0.5 * chronic + 0.7 * acute)
    failure = severity(p, z, "failure", "heart_failure")
    bnp = 4.9 + 0.028 * (p.age - 50) + 0.65 * z["nt_probnp"] + 1.6 * failure + 0.55 * chronic
    bnp += 0.8 * p.has("atrial_fibrillation") + 0.7 * p.has("sepsis") + 0.9 * p.has("pulmonary_embolism")
    bnp += 0.5 * p.has("old_infarction") - 0.02 * (p.bmi - 28)
    embolism = severity(p, z, "embolism", "pulmonary_embolism")
    thyroid = severity(p, z, "thyroid", "hypothyroidism") - 2.2 * severity(p, z, "thyroid", "thyrotoxicosis")
    diabetes = p.has("diabetes")
    troponin = _true_troponin(p, z)
    return {
        "creatinine": min(creatinine, 16.0),
        "urea_nitrogen": min(urea + 6 * dialysis, 180.0),
        "glucose": min(exp(log(165 if diabetes else 112) + (0.38 if diabetes else 0.2) * z["glucose"]), 900.0),
        "nt_probnp": min(exp(bnp), 70_000.0),
        "troponin_t": troponin,
        "ck_mb": min(exp(log(2.6) + 0.45 * z["ck_mb"]) + 22 * troponin, 400.0),
        "tsh": min(exp(log(1.9) + 0.55 * z["tsh"] + 0.8 * thyroid), 100.0),
        "inr": exp(log(2.3) + 0.25 * z["inr"])
        if p.has("warfarin")
        else exp(log(1.12) + 0.1 * z["inr"]) + 0.45 * p.has("cirrhosis"),
        "bilirubin_total": exp(
            log(0.55) + 0.5 * z["bilirubin_total"] + 1.4 * p.has("cirrhosis") + 0.3 * p.has("sepsis")
        ),
        "d_dimer": exp(log(420) + 0.7 * z["d_dimer"] + 0.01 * (p.age - 60) + 0.9 * embolism + 0.6 * p.has("sepsis")),
    }


def _true_troponin(p: Patient, z: Mapping[str, float]) -> float:
    """Return conventional troponin T at its plateau, ng/mL; the draw's lag is applied when it is ordered."""
    level = -5.4 + 0.6 * z["troponin_t"] + 0.55 * severity(p, z, "renal", "ckd") + 0.4 * p.has("heart_failure")
    level += 0.6 * p.has("sepsis") + 0.7 * p.has("pulmonary_embolism")
    if p.has("st_elevation_infarction"):
        level = 0.6 + 0.9 * z["injury"] + 0.3 * z["troponin_t"]
    elif p.has("non_st_elevation_infarction"):
        level = -1.6 + 0.9 * z["injury"] + 0.3 * z["troponin_t"]
    return min(exp(level), 25.0)


def _cells(p: Patient, z: Mapping[str, float]) -> dict[str, float]:
    sepsis = severity(p, z, "sepsis", "sepsis")
    haemoglobin = (13.6 if p.male else 12.5) + 1.1 * z["haemoglobin"] - 0.012 * (p.age - 60)
    if p.has("anaemia"):
        haemoglobin = 10.6 - tail(z["haemoglobin"], 1.3)
    lactate = exp(log(1.35) + 0.3 * z["lactate"] + 0.38 * sepsis + 0.25 * severity(p, z, "acid", "acidosis"))
    crp = exp(log(4.5) + 1.0 * z["crp"] + 1.6 * min(sepsis, 2.0) + 1.0 * p.has("pericarditis"))
    return {
        "haemoglobin": min(max(haemoglobin, 3.5), 20.0),
        "white_cells": exp(log(8.0) + 0.3 * z["white_cells"] + 0.3 * sepsis),
        "platelets": max(exp(log(225) + 0.33 * z["platelets"] - 0.7 * p.has("cirrhosis") - 0.12 * sepsis), 4.0),
        "rdw": max(
            13.8 + 0.9 * z["rdw"] + 1.6 * p.has("anaemia") + 0.8 * p.has("heart_failure") + p.has("cirrhosis"), 10.8
        ),
        "lactate": min(lactate, 22.0),
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
