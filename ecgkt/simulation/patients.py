"""A simulated patient: demographics, conditions, and the latent variables that blood and ECG answer to.

Prevalences are those of physiology in docs/simulation.md: about an emergency department's adults who get an ECG.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.settings import SimulationSettings, generator

ANALYTES = (
    *("potassium", "sodium", "chloride", "bicarbonate", "creatinine", "urea_nitrogen", "glucose", "calcium_total"),
    *("calcium_ionised", "magnesium", "phosphate", "troponin_t", "ck_mb", "nt_probnp", "haemoglobin", "white_cells"),
    *("platelets", "rdw", "lactate", "tsh", "inr", "albumin", "bilirubin_total", "crp", "d_dimer", "ph"),
)
"""The panel, as the catalogue names it."""

LATENTS = (
    *ANALYTES,
    *("rate", "temperature", "pressure", "oxygen", "breathing"),
    *("failure", "sepsis", "renal", "injury", "thyroid", "embolism", "lung", "hypertrophy", "acid", "frailty"),
)
"""Standard normal variables: one per analyte and vital sign, then the severities of the conditions.

`frailty` stands for the illness that is not among the conditions: surgery, cancer, other infections.
"""

SENSITIVITIES = ("high_potassium", "low_potassium", "calcium", "rate", "strain", "drug")

WAVES = 3
"""How many slow waves an analyte's wandering within a patient is made of (`course.wandering`)."""

TERRITORIES = ("inferior", "anterior", "lateral", "posterior")


class Maybe(Protocol):
    """Draws a condition: adds it with its kind by chance, and returns whether the patient has it."""

    def __call__(self, name: str, chance: float, kind: str = "", rare: bool = False) -> bool:
        """Draw one condition with a chance, its odds enriched where it is rare."""
        ...


@dataclass(frozen=True)
class Patient:
    """Who the ECG is of. `latents` make the blood; `ecg_latents` are what the ECG answers to.

    `wander` and `ecg_wander` (26 analytes, waves, 2) standard normal: how each analyte moves from day to day.
    """

    number: int
    age: float
    male: bool
    bmi: float
    conditions: Mapping[str, str]
    latents: Mapping[str, float]
    ecg_latents: Mapping[str, float]
    sensitivity: Mapping[str, float]
    wander: NDArray[np.float64] = field(compare=False)
    ecg_wander: NDArray[np.float64] = field(compare=False)

    def has(self, *names: str) -> bool:
        """Return whether the patient has any of these conditions."""
        return not self.conditions.keys().isdisjoint(names)


def draw_patient(seed: int, number: int, settings: SimulationSettings) -> Patient:
    """Draw one patient; the same for the same seed and number."""
    rng = generator(seed, "patient", number)
    male = bool(rng.random() < 0.51)
    age = float(np.clip(rng.normal(63, 18), 18, 95))
    bmi = float(np.clip(np.exp(rng.normal(np.log(28), 0.21)), 15, 60))
    conditions = _draw_conditions(rng, age, male, bmi, settings.enrichment)
    wander = generator(seed, "wander", number)
    own, twin = (np.append(rng.standard_normal(len(LATENTS) - 1), wander.standard_normal()) for _ in range(2))
    share = settings.shared_strength
    seen = share * own + np.sqrt(1 - share**2) * twin
    sensitivity = {name: float(np.exp(rng.normal(-0.1, 0.45))) for name in SENSITIVITIES}
    if rng.random() < 0.3:
        sensitivity["high_potassium"] *= 0.15
    mine, twins = wander.standard_normal((2, len(ANALYTES), WAVES, 2))
    return Patient(
        number,
        age,
        male,
        bmi,
        conditions,
        dict(zip(LATENTS, own.tolist(), strict=True)),
        dict(zip(LATENTS, seen.tolist(), strict=True)),
        sensitivity,
        mine,
        share * mine + np.sqrt(1 - share**2) * twins,
    )


def _draw_conditions(rng: np.random.Generator, age: float, male: bool, bmi: float, enrichment: float) -> dict[str, str]:
    """Draw the conditions in causal order; the value is a kind or a territory, or empty."""
    found: dict[str, str] = {}
    old = float(np.clip((age - 25) / 50, 0, 1.3))

    def maybe(name: str, chance: float, kind: str = "", rare: bool = False) -> bool:
        odds = chance / max(1 - chance, 1e-6) * (enrichment if rare else 1.0)
        if rng.random() < odds / (1 + odds):
            found[name] = kind
        return name in found

    maybe("hypertension", 0.08 + 0.5 * old + 0.006 * (bmi - 28))
    maybe("diabetes", 0.03 + 0.2 * old + 0.01 * max(bmi - 28, 0))
    maybe("coronary_disease", (0.01 + 0.26 * old**2) * (1.3 if male else 0.75) * (1.4 if "diabetes" in found else 1))
    ischaemic = "coronary_disease" in found
    maybe("old_infarction", 0.32 if ischaemic else 0.004, _territory(rng))
    _draw_acute_infarction(rng, maybe, age, ischaemic)
    maybe("ckd", 0.02 + 0.13 * old**2 + (0.08 if "diabetes" in found else 0) + (0.04 if "hypertension" in found else 0))
    maybe("dialysis", 0.12 if "ckd" in found else 0.0, rare=True)
    maybe("dilated_cardiomyopathy", 0.015 + (0.05 if "old_infarction" in found else 0), rare=True)
    maybe("hypertrophic_cardiomyopathy", 0.003, rare=True)
    weak = "dilated_cardiomyopathy" in found or "old_infarction" in found
    maybe("heart_failure", 0.02 + 0.16 * old**2 + (0.35 if weak else 0) + (0.12 if ischaemic else 0))
    if "heart_failure" in found:
        found["heart_failure"] = "reduced" if rng.random() < (0.8 if weak else 0.3) else "preserved"
    maybe("atrial_fibrillation", 0.01 + 0.16 * old**2 + (0.18 if "heart_failure" in found else 0))
    maybe("copd", 0.02 + 0.1 * old)
    maybe("pulmonary_hypertension", 0.012 + (0.06 if "copd" in found else 0), rare=True)
    maybe("cirrhosis", 0.03)
    maybe("sepsis", 0.05 + 0.03 * old)
    maybe("respiratory_failure", 0.03 + (0.2 if "sepsis" in found else 0) + (0.12 if "copd" in found else 0))
    maybe("acute_kidney_injury", 0.12 + (0.4 if "sepsis" in found else 0) + (0.15 if "ckd" in found else 0))
    maybe("anaemia", 0.14 + 0.1 * old + (0.3 if "ckd" in found else 0) + (0.2 if "sepsis" in found else 0))
    maybe("hypothyroidism", 0.03 + (0.06 if not male else 0) + 0.03 * old)
    maybe("thyrotoxicosis", 0.008, rare=True)
    maybe("pulmonary_embolism", 0.009, rare=True)
    _draw_derangements(maybe, found)
    maybe("pericarditis", 0.003, rare=True)
    maybe("qt_drug", 0.06)
    maybe("digoxin", 0.12 if "atrial_fibrillation" in found else 0.01)
    maybe("warfarin", 0.5 if "atrial_fibrillation" in found else 0.03)
    maybe("beta_blocker", 0.45 if found.keys() & {"coronary_disease", "heart_failure", "hypertension"} else 0.05)
    maybe("pacemaker", 0.002 + 0.03 * old**3 + (0.06 if "heart_failure" in found else 0))
    maybe("pre_excitation", 0.002, rare=True)
    maybe("hypothermia", 0.002, rare=True)
    return found


def _territory(rng: np.random.Generator) -> str:
    return str(rng.choice(TERRITORIES, p=[0.42, 0.38, 0.1, 0.1]))


def _draw_acute_infarction(rng: np.random.Generator, maybe: Maybe, age: float, ischaemic: bool) -> None:
    risk = (0.3 + max(age - 35, 0) / 30) * (1.8 if ischaemic else 0.8)
    if not maybe("st_elevation_infarction", 0.008 * risk, _territory(rng), rare=True):
        maybe("non_st_elevation_infarction", 0.02 * risk, _territory(rng), rare=True)


def _draw_derangements(maybe: Maybe, found: dict[str, str]) -> None:
    """Draw the salts that go wrong: high and low potassium exclude each other, so do high and low calcium."""
    renal = 0.06 * ("ckd" in found) + 0.15 * ("dialysis" in found) + 0.06 * ("acute_kidney_injury" in found)
    if not maybe("hyperkalaemia", 0.01 + renal, rare=True):
        maybe("hypokalaemia", 0.11 + 0.05 * ("cirrhosis" in found) + 0.03 * ("heart_failure" in found))
    if not maybe("hypocalcaemia", 0.015 + 0.6 * renal, rare=True):
        maybe("hypercalcaemia", 0.012, rare=True)
    maybe("hyponatraemia", 0.06 + 0.1 * ("cirrhosis" in found) + 0.06 * ("heart_failure" in found))
    maybe("acidosis", 0.04 + 0.3 * ("sepsis" in found) + 0.15 * ("dialysis" in found) + 0.02 * ("diabetes" in found))
