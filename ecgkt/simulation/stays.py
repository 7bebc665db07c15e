"""The stays of a patient: emergency department, admission, discharge or death, and what came months before.

Hours are relative to the first ECG. Lengths depend on the illness, so that the sick make most of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, isfinite, log, nan

import numpy as np

from ecgkt.simulation.blood import illness, severity
from ecgkt.simulation.patients import LATENTS, Patient
from ecgkt.simulation.settings import generator

ACUTE = frozenset(
    (
        *("st_elevation_infarction", "non_st_elevation_infarction", "sepsis", "respiratory_failure", "pericarditis"),
        *("acute_kidney_injury", "pulmonary_embolism", "hyperkalaemia", "hypokalaemia", "hypocalcaemia"),
        *("hypercalcaemia", "hyponatraemia", "acidosis", "hypothermia"),
    )
)
"""Conditions of a stay; the others were there before."""

ICD10_FROM = 2015.75
"""ICD-10-CM has been coded in the United States since 1 October 2015."""

MOST_STAYS = 3
"""The stay of the ECGs and two earlier ones."""

_LONGEST_DAYS = 50.0


@dataclass(frozen=True)
class Stay:
    """One stay: `arrival` to `ed_out` in the ED, `admitted` to `discharged` in the hospital; NaN where there was none.

    `year` is the real year in which it would have been (MIMIC's dates are shifted); `patient` is the patient of then,
    and `ill` how ill (`blood.illness`).
    """

    patient: Patient
    arrival: float
    ed_out: float
    admitted: float
    discharged: float
    died: bool
    year: float
    ill: float

    @property
    def is_admission(self) -> bool:
        """Whether the patient was admitted."""
        return isfinite(self.admitted)

    @property
    def begin(self) -> float:
        """When the stay began."""
        return self.arrival if isfinite(self.arrival) else self.admitted

    @property
    def end(self) -> float:
        """When the patient left."""
        return self.discharged if self.is_admission else self.ed_out

    @property
    def icd_version(self) -> int:
        """Return 9 or 10: which ICD was coded then."""
        return 10 if self.year >= ICD10_FROM else 9


@dataclass(frozen=True)
class History:
    """A patient's `stays`, the one of the ECGs first, then earlier ones; `clinics` at which blood was drawn.

    `died` is the hour of death, NaN where none is known.
    """

    stays: tuple[Stay, ...]
    clinics: tuple[float, ...]
    died: float

    @property
    def present(self) -> Stay:
        """The stay in which the ECGs were recorded."""
        return self.stays[0]


def draw_history(seed: int, patient: Patient, ecg_hours: tuple[float, ...]) -> History:
    """Draw the stays of a patient; the first covers all ECGs."""
    rng = generator(seed, "stays", patient.number)
    year = float(rng.uniform(2008.2, 2019.9))
    present = _present(rng, patient, ecg_hours[-1], year)
    stays = [present]
    chronic = len(patient.conditions.keys() - ACUTE)
    while len(stays) < MOST_STAYS and rng.random() < min(0.16 + 0.045 * chronic, 0.5):
        days = float(rng.uniform(25, 420)) + 24 * stays[-1].patient.has("dialysis")
        begin = stays[-1].begin - 24 * days
        earlier = _earlier_self(rng, patient)
        stays.append(_earlier(rng, earlier, begin, year + begin / 24 / 365.25))
    clinics = tuple((-24 * rng.uniform(8, 400, int(rng.integers(1, 7)))).tolist()) if rng.random() < 0.68 else ()
    died = present.discharged if present.died else nan
    if not present.died and rng.random() < 0.04 + 0.05 * present.ill + 0.1 * (patient.age > 80):
        died = present.end + 24 * float(rng.exponential(170))
    return History(tuple(stays), clinics, died)


def _present(rng: np.random.Generator, p: Patient, last_ecg: float, year: float) -> Stay:
    ill = illness(p, p.latents)
    arrival = -float(np.clip(exp(rng.normal(log(0.5), 0.8)), 0.1, 6.0))
    ed_hours = float(np.clip(exp(rng.normal(log(5.6), 0.55)), 1.0, 40.0))
    stayed = rng.random() < 1 / (1 + exp(-(-0.9 + 1.25 * ill + 0.02 * (p.age - 60))))
    days, fate = _days(rng, ill), rng.random()
    if not stayed:
        return Stay(p, arrival, max(arrival + ed_hours, last_ecg + 0.4), nan, nan, False, year, ill)
    admitted = arrival + ed_hours
    discharged = max(admitted + 24 * days, last_ecg + 1.0)
    return Stay(p, arrival, admitted, admitted, discharged, fate < death_chance(p, ill), year, ill)


def _earlier(rng: np.random.Generator, p: Patient, begin: float, year: float) -> Stay:
    ill = illness(p, p.latents)
    days = _days(rng, ill)
    planned = rng.random() < 0.4
    ed_hours = float(np.clip(exp(rng.normal(log(5.6), 0.55)), 1.0, 40.0))
    if planned:
        return Stay(p, nan, nan, begin, begin + 24 * days, False, year, ill)
    return Stay(p, begin, begin + ed_hours, begin + ed_hours, begin + ed_hours + 24 * days, False, year, ill)


def _days(rng: np.random.Generator, ill: float) -> float:
    return float(np.clip(exp(rng.normal(log(1.9 + 1.2 * min(ill, 8)), 0.75)), 0.4, _LONGEST_DAYS))


def death_chance(p: Patient, ill: float) -> float:
    """Return the chance to die in the stay."""
    sepsis = severity(p, p.latents, "sepsis", "sepsis")
    return min(0.006 + 0.012 * ill + 0.03 * sepsis + 0.02 * (p.age > 75), 0.5)


def _earlier_self(rng: np.random.Generator, p: Patient) -> Patient:
    """Return the patient of an earlier stay: the lasting conditions, perhaps another acute one, partly other blood."""
    conditions = {name: kind for name, kind in p.conditions.items() if name not in ACUTE}
    acute: Mapping[str, float] = {
        "sepsis": 0.12,
        "acute_kidney_injury": 0.2 + 0.1 * p.has("ckd"),
        "hypokalaemia": 0.12,
        "hyponatraemia": 0.1,
        "acidosis": 0.08,
        "respiratory_failure": 0.06 + 0.1 * p.has("copd"),
    }
    draws = rng.random(len(acute))
    conditions.update({name: "" for (name, chance), draw in zip(acute.items(), draws, strict=True) if draw < chance})
    fresh = rng.standard_normal(len(LATENTS))
    latents = {name: 0.75 * p.latents[name] + 0.66 * other for name, other in zip(LATENTS, fresh, strict=True)}
    wander = rng.standard_normal(p.wander.shape)
    return replace(p, conditions=conditions, latents=latents, wander=wander)
