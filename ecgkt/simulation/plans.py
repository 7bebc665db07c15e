"""Everything about one recording before its samples are made: state, beat times, beats, artefacts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.artefacts import Artefacts, draw_artefacts
from ecgkt.simulation.causes import TIMING_CAUSES
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.heartbeats import Beat, PWave, atrial_beats, ectopic_beat, ventricular_beat
from ecgkt.simulation.patients import Patient, draw_patient
from ecgkt.simulation.rhythms import Timing, draw_timing
from ecgkt.simulation.settings import FS, SimulationSettings, generator
from ecgkt.simulation.sources import SOURCES, torso
from ecgkt.simulation.tracing import FIBRILLATION, FLUTTER, Tracing


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
    """One recording. `stretch` (beats,), `beat_gain` (beats, 9): each beat's QT and amplitudes against the template."""

    patient: Patient
    number: int
    tracing: Tracing
    timing: Timing
    beats: tuple[Beat, Beat]
    p_waves: tuple[PWave, PWave]
    stretch: NDArray[np.float64]
    beat_gain: NDArray[np.float64]
    atrial_activity: AtrialActivity | None
    artefacts: Artefacts
    qt_ms: float
    rr_s: float


def plan_record(
    seed: int,
    patient_number: int,
    number: int,
    settings: SimulationSettings,
    without: frozenset[str] = frozenset(),
) -> Plan:
    """Plan recording `number` of a patient; the same for the same seed, patient and number.

    `without` names causes to take away: artefacts and all other random numbers stay the same, and, unless a timing
    cause is among them, so does every beat's place.
    """
    patient = draw_patient(seed, patient_number, settings)
    hours = recording_hours(seed, patient, settings)[number]
    tracing = draw_tracing(seed, patient, number, settings, hours, without)
    if without.isdisjoint(TIMING_CAUSES) and without:
        whole = draw_tracing(seed, patient, number, settings, hours)
        return plan_tracing(seed, patient, number, tracing, settings, beat_times(seed, patient, number, whole))
    return plan_tracing(seed, patient, number, tracing, settings)


def without_causes(seed: int, plan: Plan, hours: float, settings: SimulationSettings, causes: frozenset[str]) -> Plan:
    """Return the plan with the waves that these causes did not shape; times, artefacts and atrial activity stay."""
    tracing = draw_tracing(seed, plan.patient, plan.number, settings, hours, causes)
    beats, p_waves, qt = _waves(seed, plan.patient, tracing, plan.rr_s)
    return replace(plan, tracing=tracing, beats=beats, p_waves=p_waves, qt_ms=qt)


def _waves(
    seed: int, patient: Patient, tracing: Tracing, rr_s: float
) -> tuple[tuple[Beat, Beat], tuple[PWave, PWave], float]:
    """Return the dominant and the ectopic beat, both kinds of P wave, and the QT at this RR."""
    leads = torso(generator(seed, "torso", patient.number))
    qt = float(np.clip(tracing.qtc_ms * np.cbrt(rr_s), 210, 740))
    beats = tuple(
        make(generator(seed, name, patient.number), tracing, leads, qt)
        for name, make in (("beat", ventricular_beat), ("ectopic", ectopic_beat))
    )
    return (beats[0], beats[1]), atrial_beats(generator(seed, "atrium", patient.number), tracing, leads), qt


def beat_times(seed: int, patient: Patient, number: int, tracing: Tracing) -> Timing:
    """Return when this recording's atria and ventricles beat."""
    return draw_timing(generator(seed, "rhythm", patient.number, number), tracing)


def recording_hours(seed: int, patient: Patient, settings: SimulationSettings) -> tuple[float, ...]:
    """Return when the patient's ECGs were recorded, hours after the first."""
    rng = generator(seed, "recordings", patient.number)
    more = rng.random(settings.most_ecgs - 1) < 0.35
    return (0.0, *np.cumsum(rng.uniform(2.5, 16, settings.most_ecgs - 1)[more]).tolist())


def plan_tracing(
    seed: int,
    patient: Patient,
    number: int,
    tracing: Tracing,
    settings: SimulationSettings,
    timing: Timing | None = None,
) -> Plan:
    """Plan a recording whose state is given: the torso stays the patient's, the rest is drawn for the recording.

    With `timing` the beats are put where it says.
    """

    def stream(name: str) -> np.random.Generator:
        return generator(seed, name, patient.number)

    leads = torso(stream("torso"))
    timing = timing or beat_times(seed, patient, number, tracing)
    shown = timing.inside()
    rr = float(np.clip(timing.rr[shown].mean() if shown.any() else 60 / tracing.rate, 0.28, 2.4))
    beats, p_waves, qt = _waves(seed, patient, tracing, rr)
    rng = stream("variation")
    recent = 0.5 * timing.rr + 0.5 * rr
    breath = np.sin(2 * np.pi * (timing.ventricular * tracing.breathing_rate / 60 + rng.random()))
    swing = rng.uniform(0.0, 0.09) + rng.normal(0, 0.035, 9)
    gain = 1 + breath[:, None] * swing + rng.normal(0, 0.012, len(breath))[:, None]
    return Plan(
        patient,
        number,
        tracing,
        timing,
        beats,
        p_waves,
        np.clip(np.cbrt(recent / rr), 0.8, 1.2),
        gain,
        _atrial_activity(stream("atrial activity"), tracing, timing, leads),
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
        size = 0.032 * np.exp(float(np.clip(rng.normal(0, 0.5), -1.5, 0.9)))
        vectors = rng.normal(0, 0.35, (3, 3)) + np.array([[0.1, 0.25, -1.0]])
        return AtrialActivity(size * vectors @ seen.T, float(rng.uniform(4.6, 8.0)), True, seed)
    if t.rhythm == FLUTTER:
        size = 0.125 * np.exp(rng.normal(0, 0.35))
        sign = -1.0 if rng.random() < 0.8 else 1.0
        main = size * (np.array([0.05, sign * 1.0, sign * 0.45]) + rng.normal(0, 0.15, 3))
        vectors = np.stack([main, size * rng.normal(0, 0.35, 3)])
        return AtrialActivity(vectors @ seen.T, timing.flutter_hz, False, seed)
    return None
