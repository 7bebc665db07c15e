"""One visit: its results, vital signs and codes, in hours relative to the first ECG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgkt.simulation.blood import blood_values, course, vital_signs
from ecgkt.simulation.coding import draw_codes
from ecgkt.simulation.electrical import ventricular_rate
from ecgkt.simulation.orders import Draw, draw_orders
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.plans import recording_hours
from ecgkt.simulation.settings import SimulationSettings, generator
from ecgkt.simulation.tracing import Tracing

NEAR_HOURS = 1.5


@dataclass(frozen=True)
class Vitals:
    """One set of vital signs; missing ones are NaN. Temperature in deg C."""

    hours: float
    values: dict[str, float]


@dataclass(frozen=True)
class Visit:
    """What the hospital's tables know of one patient; `true_blood` is what no table holds."""

    patient: Patient
    ecg_hours: tuple[float, ...]
    draws: tuple[Draw, ...]
    vitals: tuple[Vitals, ...]
    codes: tuple[str, ...]
    true_blood: dict[str, float]
    admitted: bool

    def nearest(self, ecg_hours: float = 0.0) -> dict[str, Draw]:
        """Return by analyte the unspoilt result drawn nearest an ECG, within 90 minutes."""
        best: dict[str, Draw] = {}
        for draw in self.draws:
            distance = abs(draw.drawn_hours - ecg_hours)
            if distance > NEAR_HOURS or "HEMOLYSIS" in draw.comment:
                continue
            if draw.analyte not in best or distance < abs(best[draw.analyte].drawn_hours - ecg_hours):
                best[draw.analyte] = draw
        return best

    def measured(self, ecg_hours: float = 0.0) -> dict[str, float]:
        """Return labs, vital signs and biometrics nearest an ECG by feature name; absent where not measured."""
        values = {name: draw.value for name, draw in self.nearest(ecg_hours).items()}
        near = [one for one in self.vitals if abs(one.hours - ecg_hours) <= NEAR_HOURS]
        for one in sorted(near, key=lambda one: -abs(one.hours - ecg_hours)):
            values.update({name: value for name, value in one.values.items() if np.isfinite(value)})
        p = self.patient
        return {**values, "age": round(p.age), "sex_male": float(p.male), "bmi": round(p.bmi, 1)}


def draw_visit(seed: int, patient: Patient, tracing: Tracing, settings: SimulationSettings) -> Visit:
    """Draw the visit around a patient's first tracing, whose rhythm decides the pulse that is counted."""
    rng = generator(seed, "visit", patient.number)
    blood = blood_values(patient, patient.latents)
    admitted = bool(rng.random() < 0.8 + 0.03 * min(len(patient.conditions), 6))
    hours = recording_hours(seed, patient, settings)
    return Visit(
        patient,
        hours,
        draw_orders(seed, patient),
        _draw_vitals(rng, patient, tracing, hours),
        draw_codes(rng, patient, blood, settings),
        blood,
        admitted,
    )


def _draw_vitals(
    rng: np.random.Generator, p: Patient, tracing: Tracing, ecg_hours: tuple[float, ...]
) -> tuple[Vitals, ...]:
    """Return triage first, then a set every hour or two while there are ECGs."""
    times = [float(-abs(rng.normal(0.3, 0.2)) - 0.05)]
    while times[-1] < ecg_hours[-1] + 2:
        times.append(times[-1] + float(rng.uniform(0.5, 2.5)))
    found = []
    for hours in times:
        blood = course(p, blood_values(p, p.latents), hours)
        signs = vital_signs(p, p.latents, blood)
        rate = ventricular_rate(tracing, p, p.latents) / tracing.ventricular_divisor
        signs = {"heart_rate": rate * np.exp(rng.normal(0, 0.05)), **signs}
        signs["systolic_pressure"] += rng.normal(0, 6)
        signs["diastolic_pressure"] += rng.normal(0, 4)
        signs["respiratory_rate"] += rng.normal(0, 1.0)
        signs["oxygen_saturation"] = min(signs["oxygen_saturation"] + rng.normal(0, 0.7), 100)
        signs["temperature"] += rng.normal(0, 0.12)
        rounded = {name: round(value, 1 if name == "temperature" else 0) for name, value in signs.items()}
        if rng.random() < 0.3:
            rounded["temperature"] = float("nan")
        found.append(Vitals(hours, rounded))
    return tuple(found)
