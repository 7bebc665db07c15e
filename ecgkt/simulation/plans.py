"""Everything about one recording before its samples are made: state, beat times, beats, artefacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.artefacts import Artefacts, draw_artefacts
from ecgkt.simulation.heartbeats import Beat, atrial_beat, ectopic_beat, ventricular_beat
from ecgkt.simulation.patients import Patient, draw_patient
from ecgkt.simulation.rhythms import Timing, draw_timing
from ecgkt.simulation.settings import FS, SimulationSettings, generator
from ecgkt.simulation.sources import SOURCES, torso
from ecgkt.simulation.tracing import FIBRILLATION, FLUTTER, Tracing, draw_tracing


@dataclass(frozen=True)
class AtrialActivity:
    """Waves of a fibrillating or fluttering atrium: `potential` (k, 9) mV, and what their course depends on."""

    potential: NDArray[np.float64]
    hz: float
    fibrillating: bool
    seed: int

    def waves(self, samples: int) -> NDArray[np.float32]:
        """Return the courses (k, samples)."""
        rng = np.random.default_rng(self.seed)
        time = np.arange(samples) / FS
        if not self.fibrillating:
            phase = 2 * np.pi * (self.hz * time + rng.random())
            shape = sum(np.sin(k * phase + 0.35 * (k - 1)) / k**1.25 for k in (1, 2, 3, 4))
            return np.stack([shape, 0.5 * np.cos(phase)]).astype(np.float32)
        rows = []
        for _ in range(len(self.potential)):
            knots = rng.normal(0, 1, (2, 34))
            grid = np.linspace(0, samples / FS, 34)
            hz = self.hz * rng.uniform(0.88, 1.15) * (1 + 0.12 * np.interp(time, grid, knots[0]))
            phase = 2 * np.pi * (np.cumsum(hz) / FS + rng.random())
            size = np.clip(1 + 0.45 * np.interp(time, grid, knots[1]), 0.1, 2.2)
            rows.append(size * (np.sin(phase) + 0.35 * np.sin(2 * phase + 1.0) + 0.12 * np.sin(3 * phase)))
        return np.stack(rows).astype(np.float32)


@dataclass(frozen=True)
class Plan:
    """One recording. `stretch` and `beat_gain` (beats,) are each beat's QT and amplitude against the template."""

    patient: Patient
    number: int
    tracing: Tracing
    timing: Timing
    beats: tuple[Beat, Beat]
    atrium: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    stretch: NDArray[np.float64]
    beat_gain: NDArray[np.float64]
    atrial_activity: AtrialActivity | None
    artefacts: Artefacts
    qt_ms: float
    rr_s: float


def plan_record(seed: int, patient_number: int, number: int, settings: SimulationSettings) -> Plan:
    """Plan recording `number` of a patient; the same for the same seed, patient and number."""
    patient = draw_patient(seed, patient_number, settings)
    hours = recording_hours(seed, patient, settings)[number]
    return plan_tracing(seed, patient, number, draw_tracing(seed, patient, number, settings, hours), settings)


def recording_hours(seed: int, patient: Patient, settings: SimulationSettings) -> tuple[float, ...]:
    """Return when the patient's ECGs were recorded, hours after the first."""
    rng = generator(seed, "recordings", patient.number)
    more = rng.random(settings.most_ecgs - 1) < 0.35
    return (0.0, *np.cumsum(rng.uniform(2.5, 16, settings.most_ecgs - 1)[more]).tolist())


def plan_tracing(seed: int, patient: Patient, number: int, tracing: Tracing, settings: SimulationSettings) -> Plan:
    """Plan a recording whose state is given: the torso stays the patient's, the rest is drawn for the recording."""
    leads = torso(generator(seed, "torso", patient.number))
    rng = generator(seed, "beats", patient.number)
    timing = draw_timing(generator(seed, "rhythm", patient.number, number), tracing)
    shown = timing.inside()
    rr = float(np.clip(timing.rr[shown].mean() if shown.any() else 60 / tracing.rate, 0.28, 2.4))
    qt = float(np.clip(tracing.qtc_ms * np.cbrt(rr), 210, 740))
    beats = (ventricular_beat(rng, tracing, leads, qt), ectopic_beat(rng, tracing, leads, qt))
    atrium = atrial_beat(rng, tracing, leads)
    recent = 0.5 * timing.rr + 0.5 * rr
    breath = np.sin(2 * np.pi * (timing.ventricular * tracing.breathing_rate / 60 + rng.random()))
    gain = 1 + rng.uniform(0.0, 0.09) * breath + rng.normal(0, 0.012, len(breath))
    return Plan(
        patient,
        number,
        tracing,
        timing,
        beats,
        atrium,
        np.clip(np.cbrt(recent / rr), 0.8, 1.2),
        gain,
        _atrial_activity(rng, tracing, timing, leads),
        draw_artefacts(generator(seed, "artefacts", patient.number, number), settings),
        qt,
        rr,
    )


def _atrial_activity(
    rng: np.random.Generator, t: Tracing, timing: Timing, leads: NDArray[np.float64]
) -> AtrialActivity | None:
    seen = leads[SOURCES.index("atrial")]
    seed = int(rng.integers(2**62))
    if t.rhythm == FIBRILLATION:
        size = 0.042 * np.exp(rng.normal(0, 0.6))
        vectors = rng.normal(0, 0.45, (3, 3)) + np.array([[0.1, 0.3, -0.9]])
        return AtrialActivity(size * vectors @ seen.T, float(rng.uniform(4.6, 8.0)), True, seed)
    if t.rhythm == FLUTTER:
        size = 0.095 * np.exp(rng.normal(0, 0.4))
        sign = -1.0 if rng.random() < 0.8 else 1.0
        main = size * (np.array([0.05, sign * 1.0, sign * 0.45]) + rng.normal(0, 0.15, 3))
        vectors = np.stack([main, size * rng.normal(0, 0.35, 3)])
        return AtrialActivity(vectors @ seen.T, timing.flutter_hz, False, seed)
    return None
