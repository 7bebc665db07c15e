"""The QRS complex as a sequence of regional activations, by conduction pattern.

Each activation is (centre, width) as fractions of the QRS duration, a vector in Frank's axes (mV) and a source.
Directions follow the order of activation (Durrer 1970; Surawicz 2009); sizes were set beside PTB-XL's amplitudes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.sources import SOURCES, turn_frontal
from ecgkt.simulation.tracing import PACED, Tracing

Activation = tuple[float, float, tuple[float, float, float], str]

_NORMAL: tuple[Activation, ...] = (
    (0.19, 0.070, (-0.13, 0.00, -0.19), "septal"),
    (0.36, 0.085, (0.40, 0.24, -0.10), "anterior"),
    (0.40, 0.090, (-0.08, 0.02, -0.08), "right"),
    (0.46, 0.085, (0.24, 0.30, 0.14), "inferior"),
    (0.52, 0.090, (0.84, 0.15, 0.42), "lateral"),
    (0.64, 0.090, (0.16, 0.00, 0.78), "posterior"),
    (0.82, 0.065, (-0.16, -0.06, 0.24), "posterior"),
)
_LEFT_BLOCK: tuple[Activation, ...] = (
    (0.14, 0.060, (0.02, 0.06, -0.12), "right"),
    (0.28, 0.090, (0.26, 0.14, 0.38), "septal"),
    (0.42, 0.095, (0.42, 0.20, 0.56), "anterior"),
    (0.50, 0.100, (0.32, 0.16, 0.52), "inferior"),
    (0.60, 0.105, (0.72, 0.06, 0.60), "lateral"),
    (0.70, 0.090, (0.14, 0.00, 0.42), "posterior"),
    (0.80, 0.080, (0.42, -0.08, 0.12), "lateral"),
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

_BYPASSES = ((0.45, 0.35, 0.30), (0.35, -0.40, -0.35), (-0.30, 0.40, -0.50))
"""Directions of the delta wave: left lateral, septal and right free-wall pathways (Arruda 1998)."""
_MOST, _NOTCHES = 10, 3
VISIBLE = 2.6
"""How many standard deviations of a wave are seen."""

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


def waves_of(activations: Sequence[Activation], duration_ms: float) -> Waves:
    """Return activations as waves of a QRS complex of this duration."""
    fractions = np.array([[a[0], a[1]] for a in activations]) * duration_ms
    return Waves(
        fractions[:, 0],
        fractions[:, 1],
        fractions[:, 1],
        np.array([a[2] for a in activations], dtype=float),
        np.array([SOURCES.index(a[3]) for a in activations]),
    )


@dataclass(frozen=True)
class Chance:
    """The random numbers of a QRS complex, all drawn at once so that no cause moves another's."""

    gain: NDArray[np.float64]
    swing: NDArray[np.float64]
    block_gain: NDArray[np.float64]
    block_swing: NDArray[np.float64]
    delay: NDArray[np.float64]
    width: NDArray[np.float64]
    kind: float
    size: float
    notch_at: NDArray[np.float64]
    notch_width: NDArray[np.float64]
    notch: NDArray[np.float64]
    notch_source: NDArray[np.intp]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Chance:
        """Draw them for up to `_MOST` activations."""
        return cls(
            np.exp(rng.normal(0, 0.18, _MOST)),
            rng.normal(0, 0.055, (_MOST, 3)),
            np.exp(rng.normal(0, 0.2, _MOST)),
            rng.normal(0, 0.06, (_MOST, 3)),
            rng.normal(0, 0.014, _MOST),
            np.exp(rng.normal(0, 0.10, _MOST)),
            float(rng.random()),
            float(rng.uniform(0.7, 1.5)),
            rng.uniform(0.2, 0.8, _NOTCHES),
            rng.uniform(4.5, 8.5, _NOTCHES),
            rng.normal(0, 1, (_NOTCHES, 3)),
            rng.integers(0, 6, _NOTCHES),
        )


def depolarise(rng: np.random.Generator, t: Tracing) -> tuple[Waves, Waves]:
    """Return the QRS complex of the tracing, and what it would be with normal conduction (for the T wave)."""
    chance = Chance.draw(rng)
    own = _vary(_NORMAL, chance.gain, chance.swing)
    normal = _grow(waves_of(own, min(t.qrs_ms, 96.0)), t)
    activations = _conducted(chance, t)
    if activations is None:
        return _finish(chance, waves_of(own, t.qrs_ms), t), normal
    varied = _vary(activations, chance.block_gain, chance.block_swing)
    return _finish(chance, waves_of(varied, t.qrs_ms), t), normal


def _vary(activations: Sequence[Activation], gain: NDArray[np.float64], swing: NDArray[np.float64]) -> list[Activation]:
    varied = []
    for (centre, width, vector, source), g, s in zip(activations, gain, swing, strict=False):
        x, y, z = np.array(vector) * g + s * (np.linalg.norm(vector) + 0.25)
        varied.append((centre, width, (float(x), float(y), float(z)), source))
    return varied


def _conducted(chance: Chance, t: Tracing) -> Sequence[Activation] | None:
    """Return the activations of an abnormal conduction, or None where the ventricles are reached normally."""
    if t.rhythm == PACED:
        return _PACED_BOTH if chance.kind < 0.2 else _PACED_APEX
    if t.conduction == "lbbb":
        return _LEFT_BLOCK
    if t.conduction in ("rbbb", "irbbb"):
        return _right_block(chance, t)
    if t.conduction == "pre_excitation":
        away = _BYPASSES[int(3 * chance.kind)]
        late = [(0.24 + 0.76 * c, 0.85 * w, v, s) for c, w, v, s in _NORMAL]
        return [(0.20, 0.110, away, "septal"), (0.34, 0.120, away, "lateral"), *late]
    return None


def _right_block(chance: Chance, t: Tracing) -> list[Activation]:
    full = t.conduction == "rbbb"
    keep = 0.62 if full else 0.82
    size = chance.size * (1.0 if full else 0.6)
    share, back = (0.9, 0.5) if full else (1.0, 1.0)
    early = [(c * keep, w * keep, (v[0] * share, v[1] * share, v[2] * back), s) for c, w, v, s in _NORMAL[:-1]]
    late: list[Activation] = [(0.84, 0.075, (-0.28 * size, -0.06, -0.34 * size), "right")]
    if full:
        late = [
            (0.64, 0.095, (-0.36 * size, 0.02, -0.52 * size), "right"),
            (0.82, 0.085, (-0.36 * size, -0.08, -0.36 * size), "right"),
        ]
    return early + late


def _grow(waves: Waves, t: Tracing) -> Waves:
    """Scale by voltage and muscle mass: the left ventricle to the left and back, the right to the right and front."""
    gain = np.full(len(waves.centre), t.voltage)
    left = np.isin(waves.source, [SOURCES.index(s) for s in ("lateral", "posterior")])
    gain[left] *= 1 + 0.50 * t.left_mass
    gain[waves.source == SOURCES.index("lateral")] *= 1 + 0.35 * t.left_mass
    gain[waves.source == SOURCES.index("anterior")] *= 1 - 0.25 * min(t.left_mass, 1.5)
    vector = waves.vector * gain[:, None]
    right = waves.source == SOURCES.index("right")
    vector[right] += t.voltage * t.right_mass * np.array([-0.26, 0.06, -0.36])
    vector[left] *= 1 - 0.28 * min(t.right_mass, 1.5)
    if t.fascicular:
        late = waves.centre > 0.33 * waves.centre.max()
        vector[late] = turn_frontal(vector[late], -64)
        vector[0] += t.voltage * np.array([0.02, 0.22, 0.0])
    return Waves(waves.centre, waves.left, waves.right, turn_frontal(vector, t.axis_turn * 0.85), waves.source)


def _finish(chance: Chance, waves: Waves, t: Tracing) -> Waves:
    """Grow the complex, then scar and fragment it."""
    waves = _grow(waves, t)
    count = len(waves.centre)
    centre = waves.centre + chance.delay[:count] * t.qrs_ms
    width = waves.left * chance.width[:count]
    vector, source = waves.vector.copy(), waves.source
    scar: list[tuple[float, float, NDArray[np.float64], int]] = []
    if t.scar:
        away = towards(t.scar)
        early = centre < 0.58 * t.qrs_ms
        along = np.clip(vector @ away, 0, None)
        vector -= np.where(early, 0.95, 0.45)[:, None] * min(t.scar_size, 1.05) * along[:, None] * away
        lost = -0.40 * t.scar_size * t.voltage * away
        scar = [(0.26 * t.qrs_ms, 0.09 * t.qrs_ms, lost, SOURCES.index(t.scar))]
    slow = t.qrs_ms / 90
    size = t.fragmentation * t.voltage / slow
    centre = np.concatenate([centre, chance.notch_at * t.qrs_ms, [s[0] for s in scar]])
    width = np.concatenate([width, chance.notch_width * slow, [s[1] for s in scar]])
    vector = np.vstack([vector, size * chance.notch, *(s[2][None] for s in scar)])
    source = np.concatenate([source, chance.notch_source, np.array([s[3] for s in scar], dtype=np.intp)])
    return _fit(Waves(centre, width, width, vector, source), t.qrs_ms)


def _fit(waves: Waves, duration_ms: float) -> Waves:
    """Return the waves moved and stretched so that the first begins at 0 and the last ends at the duration."""
    begin, end = (waves.centre - VISIBLE * waves.left).min(), (waves.centre + VISIBLE * waves.right).max()
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
