"""What was ordered, drawn and resulted, and when: tests follow from suspicion, so they are missing not at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ecgkt.catalogue import lab
from ecgkt.simulation.blood import blood_values, course
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.settings import generator

PANELS: Mapping[str, tuple[str, ...]] = {
    "chemistry": ("potassium", "sodium", "chloride", "bicarbonate", "creatinine", "urea_nitrogen", "glucose"),
    "count": ("haemoglobin", "white_cells", "platelets", "rdw"),
    "minerals": ("calcium_total", "magnesium", "phosphate"),
    "troponin": ("troponin_t",),
    "ck_mb": ("ck_mb",),
    "nt_probnp": ("nt_probnp",),
    "lactate": ("lactate",),
    "gas": ("ph", "calcium_ionised"),
    "coagulation": ("inr",),
    "liver": ("albumin", "bilirubin_total"),
    "thyroid": ("tsh",),
    "crp": ("crp",),
    "d_dimer": ("d_dimer",),
}
_DECIMALS = {
    "potassium": 1,
    "creatinine": 1,
    "calcium_total": 1,
    "calcium_ionised": 2,
    "magnesium": 1,
    "phosphate": 1,
    "troponin_t": 2,
    "haemoglobin": 1,
    "white_cells": 1,
    "rdw": 1,
    "lactate": 1,
    "tsh": 2,
    "inr": 1,
    "albumin": 1,
    "bilirubin_total": 1,
    "crp": 1,
    "ph": 2,
}
_ASSAY_SPREAD = {"potassium": 0.012, "sodium": 0.006, "calcium_total": 0.012, "calcium_ionised": 0.015, "ph": 0.0015}


@dataclass(frozen=True)
class Draw:
    """One result; hours are relative to the first ECG. `number` is NaN where the laboratory printed a bound."""

    analyte: str
    specimen: int
    drawn_hours: float
    stored_hours: float
    text: str
    number: float
    low: float
    high: float
    comment: str
    urgent: bool

    @property
    def value(self) -> float:
        """The number, or half the bound where only a bound was printed."""
        return self.number if np.isfinite(self.number) else 0.5 * float(self.text.strip("<"))

    @property
    def abnormal(self) -> bool:
        """Whether the laboratory flags it."""
        return not self.low <= self.value <= self.high


def draw_orders(seed: int, patient: Patient) -> tuple[Draw, ...]:
    """Return every result of the visit, in the order of the draws."""
    rng = generator(seed, "orders", patient.number)
    wide_range = bool(rng.random() < 0.09)
    found: list[Draw] = []
    for specimen, hours in enumerate(_draw_times(rng, patient)):
        blood = course(patient, blood_values(patient, patient.latents), hours)
        for panel, chance in _chances(patient, hours).items():
            if rng.random() >= chance:
                continue
            at = hours + rng.normal(0, 0.05)
            stored = at + float(np.exp(rng.normal(np.log(0.25 if panel in ("gas", "lactate") else 1.0), 0.4)))
            for analyte in PANELS[panel]:
                low, high = printed_range(analyte, patient, wide_range)
                found.append(_result(rng, analyte, specimen, at, stored, blood[analyte], low, high))
    return tuple(found)


def _draw_times(rng: np.random.Generator, p: Patient) -> list[float]:
    """Return hours of the blood draws relative to the first ECG: most within an hour and a half of it."""
    times = [float(np.clip(rng.normal(0.1, 0.6), -3.0, 2.5))]
    if rng.random() < 0.22:
        times.insert(0, float(rng.uniform(-20, -2.5)))
    if rng.random() < 0.55 or p.has("sepsis", "heart_failure", "st_elevation_infarction"):
        times += [times[-1] + float(rng.uniform(4, 9))]
        times += [times[-1] + float(rng.uniform(10, 20))]
    return times


def _chances(p: Patient, hours: float) -> dict[str, float]:
    heart = p.has("coronary_disease", "heart_failure", "atrial_fibrillation", "non_st_elevation_infarction")
    acute = p.has("st_elevation_infarction", "non_st_elevation_infarction")
    ill = p.has("sepsis", "respiratory_failure", "acidosis")
    later = 0.75 if hours > 3 else 1.0
    chances = {
        "chemistry": 0.94,
        "count": 0.92,
        "minerals": 0.55 + 0.25 * ill + 0.1 * heart,
        "troponin": 0.95 if acute else 0.40 + 0.25 * heart,
        "ck_mb": 0.6 if acute else 0.08,
        "nt_probnp": 0.65 if p.has("heart_failure") else 0.12,
        "lactate": 0.8 if ill else 0.16,
        "gas": 0.55 if ill else 0.06,
        "coagulation": 0.9 if p.has("warfarin") else 0.45,
        "liver": 0.7 if p.has("cirrhosis", "sepsis") else 0.35,
        "thyroid": 0.6 if p.has("thyrotoxicosis") else 0.3 if p.has("hypothyroidism") else 0.09,
        "crp": 0.45 if p.has("pericarditis") else 0.08,
        "d_dimer": 0.55 if p.has("pulmonary_embolism") else 0.05,
    }
    return {panel: min(chance * later, 0.99) for panel, chance in chances.items()}


def printed_range(analyte: str, p: Patient, other_bench: bool = False) -> tuple[float, float]:
    """Return the range that the laboratory prints: by sex for haemoglobin and creatinine, by age for NT-proBNP."""
    if analyte == "potassium" and other_bench:
        return 3.5, 5.4
    if analyte == "haemoglobin":
        return (13.7, 17.5) if p.male else (11.2, 15.7)
    if analyte == "creatinine":
        return (0.5, 1.2) if p.male else (0.4, 1.1)
    if analyte == "nt_probnp":
        return 0.0, 177.0 if p.age < 50 else 353.0 if p.age < 70 else 624.0
    low, high = lab(analyte).usual
    return low or 0.0, high if high is not None else float("inf")


def _result(
    rng: np.random.Generator,
    analyte: str,
    specimen: int,
    at: float,
    stored: float,
    true: float,
    low: float,
    high: float,
) -> Draw:
    value = true * (1 + _ASSAY_SPREAD.get(analyte, 0.025) * rng.normal())
    comment, urgent = "", bool(rng.random() < 0.6)
    if analyte == "potassium" and rng.random() < 0.02:
        value, comment = value + rng.uniform(0.3, 1.8), "HEMOLYSIS FALSELY ELEVATES K."
    number = float(round(value, _DECIMALS.get(analyte, 0)))
    text = f"{number:g}"
    if analyte == "troponin_t" and number < 0.01:
        text, number, comment = "<0.01", float("nan"), "<0.01.  cTropnT > 0.10 ng/mL suggests Acute MI."
    return Draw(analyte, specimen, at, stored, text, number, low, high, comment, urgent)
