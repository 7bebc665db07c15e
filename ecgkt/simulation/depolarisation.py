"""The QRS complex as a sequence of regional activations, by conduction pattern.

Each activation is (centre, width) as fractions of the QRS duration, a vector in Frank's axes (mV) and a source.
Directions follow the order of activation (Durrer 1970; Surawicz 2009); sizes were set beside PTB-XL's amplitudes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.sources import SOURCES, turn_frontal
from ecgkt.simulation.tracing import PACED, Tracing

Activation = tuple[float, float, tuple[float, float, float], str]

_NORMAL: tuple[Activation, ...] = (
    (0.19, 0.070, (-0.13, 0.00, -0.15), "septal"),
    (0.36, 0.085, (0.34, 0.22, -0.10), "anterior"),
    (0.40, 0.090, (-0.08, 0.02, -0.08), "right"),
    (0.46, 0.085, (0.24, 0.30, 0.14), "inferior"),
    (0.52, 0.090, (0.86, 0.12, 0.44), "lateral"),
    (0.64, 0.090, (0.16, 0.00, 0.78), "posterior"),
    (0.82, 0.065, (-0.10, -0.13, 0.24), "posterior"),
)
_LEFT_BLOCK: tuple[Activation, ...] = (
    (0.14, 0.060, (0.02, 0.06, -0.12), "right"),
    (0.28, 0.090, (0.36, 0.18, 0.52), "septal"),
    (0.42, 0.095, (0.44, 0.20, 0.55), "anterior"),
    (0.50, 0.100, (0.28, 0.14, 0.45), "inferior"),
    (0.62, 0.105, (0.66, 0.06, 0.55), "lateral"),
    (0.72, 0.090, (0.15, 0.00, 0.50), "posterior"),
    (0.81, 0.080, (0.58, -0.10, 0.18), "lateral"),
)
_PACED_APEX: tuple[Activation, ...] = (
    (0.16, 0.080, (0.10, -0.25, 0.25), "right"),
    (0.34, 0.110, (0.22, -0.60, 0.60), "septal"),
    (0.50, 0.110, (0.30, -0.60, 0.55), "inferior"),
    (0.64, 0.110, (0.45, -0.45, 0.50), "lateral"),
    (0.80, 0.085, (0.30, -0.30, 0.35), "posterior"),
)
_PACED_BOTH: tuple[Activation, ...] = (
    (0.20, 0.080, (-0.45, -0.30, -0.20), "lateral"),
    (0.40, 0.110, (-0.35, -0.55, -0.30), "inferior"),
    (0.58, 0.110, (0.20, -0.50, 0.20), "septal"),
    (0.78, 0.090, (0.10, -0.35, 0.40), "posterior"),
)

_TOWARDS = {
    "inferior": (-0.05, 1.0, 0.15),
    "anterior": (0.35, -0.05, -0.95),
    "lateral": (0.95, -0.35, 0.10),
    "posterior": (0.10, 0.20, 0.97),
    "right": (-0.5, 0.1, -0.85),
    "diffuse": (0.72, 0.58, -0.30),
}


def towards(territory: str) -> NDArray[np.float64]:
    """Return the unit vector (3,) from the heart's centre to a territory."""
    vector = np.array(_TOWARDS[territory])
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


@dataclass(frozen=True)
class Waves:
    """Gaussian waves: centres and left and right widths (c,) in ms after QRS onset, vectors (c, 3) mV, sources (c,)."""

    centre: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    vector: NDArray[np.float64]
    source: NDArray[np.intp]

    @property
    def area(self) -> NDArray[np.float64]:
        """The time integral (3,) of the summed dipole, mV ms."""
        area = self.vector * ((self.left + self.right) * np.sqrt(np.pi / 2))[:, None]
        total: NDArray[np.float64] = area.sum(axis=0)
        return total


def waves_of(activations: list[Activation], duration_ms: float) -> Waves:
    """Return activations as waves of a QRS complex of this duration."""
    fractions = np.array([[a[0], a[1]] for a in activations]) * duration_ms
    return Waves(
        fractions[:, 0],
        fractions[:, 1],
        fractions[:, 1],
        np.array([a[2] for a in activations], dtype=float),
        np.array([SOURCES.index(a[3]) for a in activations]),
    )


def depolarise(rng: np.random.Generator, t: Tracing) -> tuple[Waves, Waves]:
    """Return the QRS complex of the tracing, and what it would be with normal conduction (for the T wave)."""
    personal = np.exp(rng.normal(0, 0.24, len(_NORMAL)))
    swing = rng.normal(0, 0.07, (len(_NORMAL), 3))
    normal = _grow(waves_of(_vary(list(_NORMAL), personal, swing), min(t.qrs_ms, 96.0)), t)
    activations = _conducted(rng, t)
    if activations is None:
        return _finish(rng, waves_of(_vary(list(_NORMAL), personal, swing), t.qrs_ms), t), normal
    size = len(activations)
    drawn = np.exp(rng.normal(0, 0.2, size))
    varied = _vary(activations, drawn, rng.normal(0, 0.06, (size, 3)))
    return _finish(rng, waves_of(varied, t.qrs_ms), t), normal


def _vary(activations: list[Activation], gain: NDArray[np.float64], swing: NDArray[np.float64]) -> list[Activation]:
    varied = []
    for (centre, width, vector, source), g, s in zip(activations, gain, swing, strict=True):
        x, y, z = np.array(vector) * g + s * (np.linalg.norm(vector) + 0.25)
        varied.append((centre, width, (float(x), float(y), float(z)), source))
    return varied


def _conducted(rng: np.random.Generator, t: Tracing) -> list[Activation] | None:
    """Return the activations of an abnormal conduction, or None where the ventricles are reached normally."""
    if t.rhythm == PACED:
        return list(_PACED_BOTH if rng.random() < 0.2 else _PACED_APEX)
    if t.conduction == "lbbb":
        return list(_LEFT_BLOCK)
    if t.conduction in ("rbbb", "irbbb"):
        return _right_block(rng, t)
    if t.conduction == "pre_excitation":
        away = {0: (0.45, 0.35, 0.30), 1: (0.35, -0.40, -0.35), 2: (-0.30, 0.40, -0.50)}[int(rng.integers(3))]
        late = [(0.28 + 0.72 * c, 0.78 * w, v, s) for c, w, v, s in _NORMAL]
        return [(0.20, 0.105, away, "septal"), (0.33, 0.100, away, "lateral"), *late]
    return None


def _right_block(rng: np.random.Generator, t: Tracing) -> list[Activation]:
    full = t.conduction == "rbbb"
    keep = 0.62 if full else 0.84
    size = float(rng.uniform(0.7, 1.5)) * (1.0 if full else 0.55)
    early = [(c * keep, w * keep, v, s) for c, w, v, s in _NORMAL[:-1]]
    late: list[Activation] = [(0.84, 0.070, (-0.26 * size, -0.06, -0.28 * size), "right")]
    if full:
        late = [
            (0.68, 0.085, (-0.40 * size, 0.02, -0.46 * size), "right"),
            (0.85, 0.070, (-0.34 * size, -0.10, -0.30 * size), "right"),
        ]
    return early + late


def _grow(waves: Waves, t: Tracing) -> Waves:
    """Scale by voltage and muscle mass: the left ventricle to the left and back, the right to the right and front."""
    gain = np.full(len(waves.centre), t.voltage)
    left = np.isin(waves.source, [SOURCES.index(s) for s in ("lateral", "posterior")])
    gain[left] *= 1 + 0.62 * t.left_mass
    vector = waves.vector * gain[:, None]
    right = waves.source == SOURCES.index("right")
    vector[right] += t.voltage * t.right_mass * np.array([-0.34, 0.06, -0.36])
    vector[left] *= 1 - 0.28 * min(t.right_mass, 1.5)
    if t.fascicular:
        late = waves.centre > 0.33 * waves.centre.max()
        vector[late] = turn_frontal(vector[late], -74)
        vector[0] += t.voltage * np.array([0.02, 0.22, 0.0])
    return Waves(waves.centre, waves.left, waves.right, turn_frontal(vector, t.axis_turn * 0.85), waves.source)


def _finish(rng: np.random.Generator, waves: Waves, t: Tracing) -> Waves:
    """Grow the complex, then scar and fragment it."""
    waves = _grow(waves, t)
    count = len(waves.centre)
    centre = waves.centre + rng.normal(0, 0.014, count) * t.qrs_ms
    width = waves.left * np.exp(rng.normal(0, 0.10, count))
    vector, source = waves.vector.copy(), waves.source
    if t.scar:
        away = towards(t.scar)
        early = centre < 0.58 * t.qrs_ms
        along = np.clip(vector @ away, 0, None)
        vector -= np.where(early, 0.95, 0.45)[:, None] * min(t.scar_size, 1.05) * along[:, None] * away
        centre, width = np.append(centre, 0.26 * t.qrs_ms), np.append(width, 0.09 * t.qrs_ms)
        vector = np.vstack([vector, -0.40 * t.scar_size * t.voltage * away])
        source = np.append(source, SOURCES.index(t.scar))
    notches = 3
    size = t.fragmentation * t.voltage
    centre = np.append(centre, rng.uniform(0.2, 0.8, notches) * t.qrs_ms)
    width = np.append(width, rng.uniform(4.5, 8.5, notches))
    vector = np.vstack([vector, rng.normal(0, size, (notches, 3))])
    source = np.append(source, rng.integers(0, 6, notches))
    return _fit(Waves(centre, width, width, vector, source), t.qrs_ms)


def _fit(waves: Waves, duration_ms: float) -> Waves:
    """Return the waves moved and stretched so that the first begins at 0 and the last ends at the duration."""
    begin, end = (waves.centre - 2 * waves.left).min(), (waves.centre + 2 * waves.right).max()
    scale = duration_ms / (end - begin)
    return Waves((waves.centre - begin) * scale, waves.left * scale, waves.right * scale, waves.vector, waves.source)


def ectopic_complex(rng: np.random.Generator, voltage: float) -> Waves:
    """Return a ventricular premature complex: broad, tall, in a direction of its own."""
    duration = float(rng.uniform(138, 185))
    away = rng.normal(0, 1, 3) * np.array([0.8, 1.0, 0.9])
    away *= rng.uniform(1.1, 2.0) * np.sqrt(voltage) / np.linalg.norm(away)
    side = rng.normal(0, 0.35, (4, 3))
    centres = np.array([0.22, 0.42, 0.60, 0.80]) * duration
    widths = np.array([0.09, 0.12, 0.12, 0.09]) * duration
    vectors = np.array([0.45, 0.95, 0.75, 0.25])[:, None] * away + side * 0.5
    return _fit(Waves(centres, widths, widths, vectors, rng.integers(0, 6, 4)), duration)
