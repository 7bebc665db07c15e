"""What the hospital's tables know of one patient, in hours relative to the first ECG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgkt.simulation.blood import blood_values, vital_signs
from ecgkt.simulation.causes import Acts
from ecgkt.simulation.clock import first_recorded
from ecgkt.simulation.coding import Code, emergency_codes, hospital_codes
from ecgkt.simulation.course import courses
from ecgkt.simulation.electrical import choose_rhythm, rate_drive, ventricular_rate
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.plans import recording_hours
from ecgkt.simulation.results import Results, draw_results
from ecgkt.simulation.settings import SimulationSettings, generator
from ecgkt.simulation.stays import History, draw_history
from ecgkt.simulation.tracing import Tracing

NEAR_HOURS = 1.5


@dataclass(frozen=True)
class Vitals:
    """One set of vital signs; missing ones are NaN. Temperature in deg C."""

    hours: float
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class Visit:
    """What the hospital's tables know of one patient; `true_blood` (at the first ECG) is what no table holds.

    `codes` and `emergency_codes` are by stay of the history, empty where there was no admission or no ED.
    """

    patient: Patient
    ecg_hours: tuple[float, ...]
    history: History
    results: Results
    vitals: tuple[Vitals, ...]
    codes: tuple[tuple[Code, ...], ...]
    emergency_codes: tuple[tuple[Code, ...], ...]
    true_blood: dict[str, float]

    @property
    def present_codes(self) -> tuple[Code, ...]:
        """The codes of the ECGs' stay: the hospital's, or the emergency department's where nobody was admitted."""
        return self.codes[0] or self.emergency_codes[0]

    def nearest(self, ecg_hours: float = 0.0) -> dict[str, int]:
        """Return by analyte the row of the unspoilt result drawn nearest an ECG, within 90 minutes."""
        return self.results.nearest(ecg_hours, NEAR_HOURS)

    def measured(self, ecg_hours: float = 0.0) -> dict[str, float]:
        """Return labs, vital signs and biometrics nearest an ECG by feature name; absent where not measured."""
        value = self.results.value
        values = {name: float(value[row]) for name, row in self.nearest(ecg_hours).items()}
        near = [one for one in self.vitals if abs(one.hours - ecg_hours) <= NEAR_HOURS]
        for one in sorted(near, key=lambda one: -abs(one.hours - ecg_hours)):
            values.update({name: value for name, value in one.values.items() if np.isfinite(value)})
        p = self.patient
        return {**values, "age": round(p.age), "sex_male": float(p.male), "bmi": round(p.bmi, 1)}


def draw_visit(seed: int, patient: Patient, tracing: Tracing, settings: SimulationSettings) -> Visit:
    """Draw what is known of a patient; the rhythm of the first tracing decides the pulse by `shared_strength`."""
    rng = generator(seed, "visit", patient.number)
    hours = recording_hours(seed, patient, settings)
    history = draw_history(seed, patient, hours)
    clock = first_recorded(seed, patient.number)
    hospital, emergency = [], []
    for stay in history.stays:
        blood = blood_values(stay.patient, stay.patient.latents)
        codes = hospital_codes(rng, stay, blood, settings)
        coarse = emergency_codes(rng, stay, settings)
        hospital.append(codes if stay.is_admission else ())
        emergency.append(coarse if np.isfinite(stay.arrival) else ())
    return Visit(
        patient,
        hours,
        history,
        draw_results(seed, patient, history, clock.hour + clock.minute / 60),
        _draw_vitals(rng, seed, patient, history, tracing, settings),
        tuple(hospital),
        tuple(emergency),
        blood_values(patient, patient.latents),
    )


def pulse_of(seed: int, patient: Patient, tracing: Tracing, settings: SimulationSettings) -> tuple[Tracing, float]:
    """Return the tracing whose rhythm the pulse is counted from, and how sensitive its rate is.

    With a chance of `shared_strength` they are the ECG's own; else those of a twin with the same conditions, drawn
    from the same distribution.
    """
    rng = generator(seed, "pulse", patient.number)
    if rng.random() < settings.shared_strength:
        return tracing, patient.sensitivity["rate"]
    twin = Tracing()
    choose_rhythm(rng, twin, patient, settings.enrichment, Acts())
    return twin, float(np.exp(rng.normal(-0.1, 0.45)))


def _draw_vitals(
    rng: np.random.Generator,
    seed: int,
    p: Patient,
    history: History,
    tracing: Tracing,
    settings: SimulationSettings,
) -> tuple[Vitals, ...]:
    """Return triage first, then a set every hour or two until the patient leaves the emergency department."""
    present = history.present
    times = [present.arrival + 0.08]
    while times[-1] + 0.5 < present.ed_out:
        times.append(times[-1] + float(rng.uniform(0.5, 2.5)))
    hours = np.array([hour for hour in times if hour < present.ed_out])
    blood = courses(p, p.latents, p.wander, hours)
    beating, sensitivity = pulse_of(seed, p, tracing, settings)
    noise = rng.normal(size=(len(hours), 6))
    cold = rng.random(len(hours)) < 0.3
    found = []
    for place, hour in enumerate(hours.tolist()):
        now = {name: float(values[place]) for name, values in blood.items()}
        signs = vital_signs(p, p.latents, now)
        drive = rate_drive(p, p.latents, now, signs) * sensitivity
        rate = ventricular_rate(beating, p.latents, drive) / beating.ventricular_divisor
        error = noise[place]
        signs = {"heart_rate": rate * float(np.exp(0.05 * error[0])), **signs}
        signs["systolic_pressure"] += 6 * error[1]
        signs["diastolic_pressure"] += 4 * error[2]
        signs["respiratory_rate"] += error[3]
        signs["oxygen_saturation"] = min(signs["oxygen_saturation"] + 0.7 * error[4], 100)
        signs["temperature"] += 0.12 * error[5]
        rounded = {name: round(float(value), 1 if name == "temperature" else 0) for name, value in signs.items()}
        if cold[place]:
            rounded["temperature"] = float("nan")
        found.append(Vitals(hour, rounded))
    return tuple(found)
