"""What is ordered and when it is drawn: tests follow from suspicion, so they are missing not at random.

The chances depend on the conditions and on the patient's own blood, never on what the ECG answers to.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.items import NEW_COUNTERS, places
from ecgkt.simulation.stays import Stay

Series = NDArray[np.float64]

_LEUCOCYTES = ("neutrophils", "lymphocytes", "monocytes", "eosinophils", "basophils")
PANELS: Mapping[str, tuple[str, ...]] = {
    "chemistry": (
        *("potassium", "sodium", "chloride", "bicarbonate", "creatinine", "urea_nitrogen", "glucose", "anion_gap"),
    ),
    "indices": ("haemolysis_index", "icterus_index", "lipaemia_index"),
    "filtration": ("estimated_gfr",),
    "minerals": ("calcium_total", "magnesium", "phosphate"),
    "count": (*("haematocrit", "haemoglobin", "white_cells", "platelets", "rdw", "red_cells", "mcv", "mch", "mchc"),),
    "new_count": ("rdw_sd",),
    "differential": _LEUCOCYTES,
    "new_differential": tuple(f"{name}_absolute" for name in _LEUCOCYTES),
    "microscopy": ("bands", "atypical_lymphocytes", "metamyelocytes", "myelocytes"),
    "smear": (
        *("anisocytosis", "poikilocytosis", "polychromasia", "microcytes", "hypochromia", "macrocytes"),
        "platelet_smear",
    ),
    "clotting": ("inr", "pt", "ptt"),
    "fibrinogen": ("fibrinogen",),
    "liver": ("alt", "ast", "alkaline_phosphatase", "bilirubin_total"),
    "direct": ("bilirubin_direct",),
    "albumin": ("albumin",),
    "ldh": ("lactate_dehydrogenase",),
    "lipase": ("lipase",),
    "troponin": ("troponin_t",),
    "ck_mb": ("ck_mb", "creatine_kinase"),
    "nt_probnp": ("nt_probnp",),
    "thyroid": ("tsh",),
    "crp": ("crp",),
    "d_dimer": ("d_dimer",),
    "ferritin": ("ferritin",),
    "a1c": ("haemoglobin_a1c",),
    "gas": ("specimen_type", "ph", "pco2", "po2", "base_excess", "total_co2"),
    "gas_calcium": ("calcium_ionised",),
    "gas_potassium": ("potassium_whole_blood",),
    "gas_salts": ("sodium_whole_blood", "chloride_whole_blood", "haemoglobin_whole_blood"),
    "gas_glucose": ("glucose_whole_blood",),
    "gas_saturation": ("oxygen_saturation",),
    "airway": ("intubated",),
    "carboxyhaemoglobin": ("carboxyhaemoglobin",),
    "lactate": ("lactate",),
    "held": ("held_plasma",),
    "held_too": ("held_coagulation",),
    "urine": (
        *("urine_colour", "urine_appearance", "urine_nitrite", "urine_leucocytes", "urine_blood", "urine_bilirubin"),
        *("urine_ketone", "urine_glucose", "urine_protein", "urine_bacteria", "urine_yeast", "urine_ph"),
        "urine_gravity",
    ),
}
"""Tests that are ordered together, by the items they bring."""

_ROWS = {panel: row for row, panel in enumerate(PANELS)}
_WITHIN = {
    "indices": "chemistry",
    "filtration": "chemistry",
    "minerals": "chemistry",
    "new_count": "count",
    "differential": "count",
    "new_differential": "differential",
    "microscopy": "differential",
    "smear": "microscopy",
    "fibrinogen": "clotting",
    "direct": "liver",
    "ldh": "liver",
    "gas_calcium": "gas",
    "gas_potassium": "gas",
    "gas_salts": "gas",
    "gas_glucose": "gas",
    "gas_saturation": "gas",
    "airway": "gas",
    "carboxyhaemoglobin": "gas",
}
"""Panels that come only with another, which stands before them."""

FIRST, MORNING, EXTRA, CLINIC = 0, 1, 2, 3
_MOST_DRAWS = 160


def draw_times(rng: np.random.Generator, stay: Stay, of_ecgs: bool, clock: float) -> tuple[Series, NDArray[np.int64]]:
    """Return hours (n,) and kinds (n,) of the draws of a stay; `clock` is the hour of the day at hour 0."""
    ill = stay.ill
    hours, kinds = _first_draws(rng, stay, of_ecgs, ill)
    if stay.is_admission:
        day = (5.6 - clock - stay.admitted) % 24 + stay.admitted
        mornings = np.arange(day, stay.discharged, 24.0)
        mornings = mornings[rng.random(len(mornings)) < min(0.72 + 0.07 * ill, 0.97)]
        mornings = mornings + rng.normal(0, 0.9, len(mornings))
        days = (stay.discharged - stay.admitted) / 24
        busy = (0.14 + 0.17 * min(ill, 5)) * (0.35 * days + 3.0 * (1 - np.exp(-days / 3.0)))
        extra = stay.admitted + (stay.discharged - stay.admitted) * rng.random(rng.poisson(busy)) ** 1.3
        hours = [*hours, *mornings.tolist(), *extra.tolist()]
        kinds = [*kinds, *[MORNING] * len(mornings), *[EXTRA] * len(extra)]
    kept = [(hour, kind) for hour, kind in sorted(zip(hours, kinds, strict=True)) if hour < stay.end]
    chosen = np.array(kept[:_MOST_DRAWS], dtype=np.float64).reshape(-1, 2)
    return np.round(chosen[:, 0] * 60) / 60, chosen[:, 1].astype(np.int64)


def _first_draws(rng: np.random.Generator, stay: Stay, of_ecgs: bool, ill: float) -> tuple[list[float], list[int]]:
    """Return the draws of the emergency department or on the day of a planned admission."""
    early, late, again, pause = rng.random(), rng.uniform(1.6, 6.0), rng.random(), rng.uniform(2.5, 7.0)
    if of_ecgs:
        near = float(np.clip(rng.normal(0.25, 0.6), stay.begin + 0.1, 3.0))
        times = [near if early < 0.6 + 0.03 * min(ill, 4) else late]
        if early > 0.9 and not stay.is_admission:
            return [], []
    else:
        times = [stay.begin + float(np.clip(rng.normal(0.6, 0.3), 0.1, 2.0))]
    if again < 0.3 + 0.1 * min(ill, 4):
        times.append(times[0] + pause)
    return times, [FIRST] * len(times)


def draw_panels(
    rng: np.random.Generator, stay: Stay, kinds: NDArray[np.int64], blood: Mapping[str, Series]
) -> NDArray[np.bool_]:
    """Return (draws, items): which results each draw brings. `blood` (draws,) per analyte is the truth behind it."""
    chances = _by_kind(stay)[:, kinds] + _by_blood(stay, kinds, blood)
    chosen = rng.random(chances.shape) < chances
    for panel, other in _WITHIN.items():
        chosen[_ROWS[panel]] &= chosen[_ROWS[other]]
    mask: NDArray[np.bool_] = chosen[_panel_of()].T
    return mask


@cache
def _panel_of() -> NDArray[np.int64]:
    """Return for each item the row of the panel that brings it."""
    rows = {place: _ROWS[panel] for panel, tests in PANELS.items() for place in map(places().__getitem__, tests)}
    return np.array([rows[place] for place in range(len(places()))])


def _by_blood(stay: Stay, kinds: NDArray[np.int64], blood: Mapping[str, Series]) -> Series:
    """Return what the patient's own blood adds to the chances (panels, draws): what is abnormal is looked at again."""
    added = np.zeros((len(PANELS), len(kinds)))
    inside = kinds != CLINIC
    salts = (np.abs(blood["potassium"] - 4.3) > 0.9) | (np.abs(blood["sodium"] - 139) > 7)
    sour = (blood["ph"] < 7.32) | (blood["bicarbonate"] < 18)
    added[_ROWS["chemistry"]] = 0.35 * salts
    added[_ROWS["minerals"]] = 0.15 * salts
    added[_ROWS["count"]] = 0.25 * (blood["haemoglobin"] < 8.0)
    added[_ROWS["differential"]] = 0.1 * (blood["white_cells"] > 14)
    added[_ROWS["microscopy"]] = 0.5 * (blood["white_cells"] > 13)
    added[_ROWS["direct"]] = 0.1 * (blood["bilirubin_total"] > 2)
    added[_ROWS["gas"]] = 0.2 * sour * inside
    added[_ROWS["lactate"]] = 0.2 * (blood["lactate"] > 2.2) * inside
    return added


def _by_kind(stay: Stay) -> Series:
    """Return the chances (panels, kinds): at first, in the morning, in between and at a clinic."""
    p, ill = stay.patient, stay.ill
    care = min(ill, 5) / 5
    heart = p.has("coronary_disease", "heart_failure", "atrial_fibrillation")
    acute = p.has("st_elevation_infarction", "non_st_elevation_infarction")
    new = float(stay.year >= NEW_COUNTERS)
    clots = 0.35 * (p.has("warfarin", "pulmonary_embolism", "cirrhosis") or acute)
    liver, again = 0.3 * p.has("cirrhosis", "sepsis"), 0.25 * acute
    shock = 0.35 * p.has("sepsis", "acidosis")
    thyroid = 0.25 * p.has("thyrotoxicosis") + 0.06 * p.has("hypothyroidism")
    iron, cirrhosis = 0.012 + 0.03 * p.has("anaemia"), p.has("cirrhosis")
    late_liver, late_gas = 0.1 + 0.35 * care + liver, 0.03 + 0.22 * care
    chances: dict[str, tuple[float, float, float, float] | float] = {
        "chemistry": (0.95, 0.97, 0.5, 0.92),
        "indices": 0.9 * new,
        "filtration": (0.5, 0.13, 0.1, 0.3),
        "minerals": (0.38 + 0.25 * care + 0.08 * heart, 0.88, 0.7, 0.2),
        "count": (0.93, 0.94, 0.5, 0.9),
        "new_count": new,
        "differential": (0.78, 0.14 + 0.2 * care, 0.1 + 0.15 * care, 0.7),
        "new_differential": new,
        "microscopy": 0.35,
        "smear": 0.9,
        "clotting": (0.42 + clots, 0.25 + 0.3 * care + clots, 0.2 + 0.25 * care, 0.12 + 0.5 * p.has("warfarin")),
        "fibrinogen": 0.02 + 0.16 * care + 0.06 * cirrhosis,
        "liver": (0.42 + liver, late_liver, late_liver, 0.35),
        "direct": 0.02,
        "albumin": (0.26 + 0.25 * cirrhosis, 0.05 + 0.1 * care + 0.25 * cirrhosis, 0.03, 0.25),
        "ldh": 0.2 + 0.5 * care,
        "lipase": (0.16, 0.005, 0.0, 0.0),
        "troponin": (0.9 if acute else 0.28 + 0.25 * heart, 0.03 + again, 0.05 + again, 0.0),
        "ck_mb": (0.6 if acute else 0.1 + 0.1 * heart, 0.02 + again, 0.04 + again, 0.0),
        "nt_probnp": (0.36 if p.has("heart_failure") else 0.07, 0.006, 0.004, 0.01),
        "thyroid": (0.06 + thyroid, 0.012 + 0.2 * thyroid, 0.0, 0.1 + thyroid),
        "crp": (0.35 if p.has("pericarditis") else 0.05, 0.01, 0.0, 0.03),
        "d_dimer": (0.5 if p.has("pulmonary_embolism") else 0.02, 0.001, 0.001, 0.0),
        "ferritin": (iron, iron, 0.0, 0.05 + iron),
        "a1c": (0.08 + 0.15 * p.has("diabetes"), 0.008, 0.0, 0.1 + 0.3 * p.has("diabetes")),
        "gas": (0.03 + 0.35 * care, late_gas, 0.22 + 0.6 * care, 0.0),
        "gas_calcium": 0.5,
        "gas_potassium": 0.32,
        "gas_salts": 0.13,
        "gas_glucose": 0.27,
        "gas_saturation": 0.23,
        "airway": 0.28,
        "carboxyhaemoglobin": 0.012,
        "lactate": (0.1 + 0.3 * care + shock, 0.03 + 0.25 * care, 0.1 + 0.45 * care, 0.0),
        "held": (0.35, 0.06, 0.09, 0.0),
        "held_too": (0.3, 0.06, 0.08, 0.0),
        "urine": (0.34, 0.06, 0.08, 0.25),
    }
    return np.array([value if isinstance(value, tuple) else (value,) * 4 for value in map(chances.__getitem__, PANELS)])
