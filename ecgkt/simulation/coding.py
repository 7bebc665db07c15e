"""ICD-10 codes of a visit, and the truth that the catalogue's rules give: codes follow from the patient, not the trace.

Coding is noisy: a condition may be left out, and a code of the past or of a suspicion may stand without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ecgkt.catalogue import lab_labels, visit_labels
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.settings import SimulationSettings

_INFARCTION = {"inferior": "I2119", "anterior": "I2109", "lateral": "I2129", "posterior": "I2129"}
_PLAIN = {
    "coronary_disease": "I2510",
    "old_infarction": "I252",
    "non_st_elevation_infarction": "I214",
    "pulmonary_embolism": "I2699",
    "dilated_cardiomyopathy": "I420",
    "hypertrophic_cardiomyopathy": "I421",
    "atrial_fibrillation": "I4891",
    "hypothyroidism": "E039",
    "thyrotoxicosis": "E0590",
    "diabetes": "E119",
    "acute_kidney_injury": "N179",
    "anaemia": "D649",
    "sepsis": "A419",
    "respiratory_failure": "J9601",
    "copd": "J449",
    "pulmonary_hypertension": "I2720",
    "cirrhosis": "K7460",
    "pericarditis": "I309",
    "pacemaker": "Z950",
    "warfarin": "Z7901",
    "pre_excitation": "I456",
    "hypothermia": "T68XXXA",
}
_SYMPTOMS = ("R079", "R0602", "R55", "R002", "R5383", "R42", "R109", "W19XXXA")


def draw_codes(
    rng: np.random.Generator, p: Patient, blood: Mapping[str, float], settings: SimulationSettings
) -> tuple[str, ...]:
    """Return the codes of the visit in order, the first the main reason."""
    noise = settings.coding_noise
    codes = [code for name, code in _PLAIN.items() if p.has(name) and rng.random() > noise]
    if p.has("st_elevation_infarction") and rng.random() > 0.3 * noise:
        codes.insert(0, _INFARCTION[p.conditions["st_elevation_infarction"]])
    if p.has("heart_failure") and rng.random() > noise:
        codes.insert(0, "I5023" if p.conditions["heart_failure"] == "reduced" else "I5033")
    if p.has("hypertension") and rng.random() > noise:
        codes.append("I110" if "I5023" in codes or "I5033" in codes else "I129" if p.has("ckd") else "I10")
    if p.has("ckd") and rng.random() > noise:
        codes.append("N186" if p.has("dialysis") else "N189")
    codes += _from_blood(rng, blood, noise)
    if rng.random() < 0.1 * noise:
        codes.append(str(rng.choice(["I4891", "I2510", "I5022", "E119", "D649", "I10"])))
    codes += [str(rng.choice(_SYMPTOMS))]
    return tuple(dict.fromkeys(codes))


def _from_blood(rng: np.random.Generator, blood: Mapping[str, float], noise: float) -> list[str]:
    """Return the codes that someone gave because of a value; mild ones are seldom coded."""
    corrected = blood["calcium_total"] + 0.8 * (4.0 - min(blood["albumin"], 4.6))
    chances = {
        "E875": (blood["potassium"] - 5.4) * 1.5,
        "E876": (3.4 - blood["potassium"]) * 1.6,
        "E871": (133 - blood["sodium"]) * 0.2,
        "E8351": (8.2 - corrected) * 0.8,
        "E8352": (corrected - 10.8) * 0.9,
        "E8720": max((7.33 - blood["ph"]) * 9, (19 - blood["bicarbonate"]) * 0.2),
    }
    return [code for code, chance in chances.items() if rng.random() < min(chance, 1 - noise)]


def visit_truth(codes: Sequence[str]) -> dict[str, float]:
    """Return 1 or 0 for each of the catalogue's visit labels."""
    return {
        label.name: float(any(code.startswith(tuple(label.codes["icd10"])) for code in codes))
        for label in visit_labels()
    }


def lab_truth(values: Mapping[str, tuple[float, float, float]]) -> dict[str, float]:
    """Return 1 or 0 for each lab label whose analyte has a (value, printed low, printed high)."""
    truth = {}
    for label in lab_labels():
        known = values.get(label.lab or "")
        if known is not None:
            value, low, high = known
            limit = label.threshold if label.threshold is not None else low if label.direction == "low" else high
            truth[label.name] = float(value < limit if label.direction == "low" else value > limit)
    return truth
