"""When atria and ventricles beat: times of P waves and QRS onsets in seconds, from before 0 to after 10."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.settings import SECONDS
from ecgkt.simulation.tracing import (
    COMPLETE_BLOCK,
    FIBRILLATION,
    FLUTTER,
    JUNCTIONAL,
    PACED,
    SECOND_DEGREE,
    SUPRAVENTRICULAR,
    TRACKED,
    Tracing,
)

MARGIN = 1.0
DOMINANT, ECTOPIC = 0, 1
"""Kinds of ventricular beats; of P waves: from the sinus node, and from elsewhere in the atria."""


@dataclass(frozen=True)
class Timing:
    """`ventricular` onsets (b,) s, `kind` (0 dominant, 1 ectopic), RR before each; `atrial` P onsets (a,) and kinds."""

    ventricular: NDArray[np.float64]
    kind: NDArray[np.intp]
    rr: NDArray[np.float64]
    atrial: NDArray[np.float64]
    atrial_kind: NDArray[np.intp]
    flutter_hz: float = 0.0
    premature_atrial: int = 0

    def inside(self) -> NDArray[np.bool_]:
        """Return which ventricular beats begin within the 10 s."""
        return (self.ventricular >= 0) & (self.ventricular < SECONDS)


def draw_timing(rng: np.random.Generator, t: Tracing) -> Timing:
    """Draw the beat times of a tracing."""
    if t.rhythm == FIBRILLATION:
        spread = float(rng.uniform(0.13, 0.27))
        gaps = np.exp(rng.normal(-(spread**2) / 2, spread, 120)) * 60 / t.rate
        return _ventricles(rng, t, np.maximum(gaps, 0.27))
    if t.rhythm == FLUTTER:
        return _flutter(rng, t)
    if t.rhythm in (PACED, COMPLETE_BLOCK):
        gaps = np.full(60, 60 / t.rate) * (1 + rng.normal(0, 0.002 if t.rhythm == PACED else 0.02, 60))
        free = t.rhythm == COMPLETE_BLOCK or rng.random() < 0.55
        if not free:
            return _ventricles(rng, t, gaps)
        if t.rhythm == PACED and rng.random() < 0.6:
            return _tracked(rng, t, gaps)
        atrial = (
            np.cumsum(_sinus_gaps(rng, float(rng.uniform(62, 108)), 0.02, t.breathing_rate)) - MARGIN - rng.random()
        )
        return _with_atria(_ventricles(rng, t, gaps), atrial)
    if t.rhythm in (SUPRAVENTRICULAR, JUNCTIONAL):
        return _retrograde(rng, t)
    if t.rhythm == SECOND_DEGREE:
        return _second_degree(rng, t)
    return _tracked(rng, t, _sinus_gaps(rng, t.rate, t.sinus_variation, t.breathing_rate))


def _sinus_gaps(rng: np.random.Generator, rate: float, variation: float, breathing_rate: float) -> NDArray[np.float64]:
    """Return RR intervals that breathe, drift and jitter."""
    count = int((SECONDS + 2 * MARGIN) * rate / 60 * 1.8) + 12
    time = np.arange(count) * 60 / rate
    breath = np.sin(2 * np.pi * (time * breathing_rate / 60 + rng.random()))
    drift = np.sin(2 * np.pi * (time * rng.uniform(0.05, 0.12) + rng.random()))
    change = variation * (breath + 0.5 * drift) + rng.normal(0, 0.25 * variation + 0.003, count)
    return np.maximum(60 / rate * (1 + np.clip(change, -0.45, 0.6)), 0.25)


def _tracked(rng: np.random.Generator, t: Tracing, gaps: NDArray[np.float64]) -> Timing:
    """Return beats that each follow a P wave, with premature beats thrown in."""
    early = rng.random(len(gaps)) < t.premature_atrial
    early &= ~np.roll(early, 1)
    gaps = gaps.copy()
    gaps[early] *= rng.uniform(0.5, 0.78, int(early.sum()))
    timing = _ventricles(rng, t, gaps, early)
    dominant = timing.kind == DOMINANT
    pr = t.pr_ms / 1000 if t.rhythm in TRACKED else 0.16
    premature = np.flatnonzero(early[: len(dominant)][dominant[: len(early)]])
    kinds = np.zeros(int(dominant.sum()), dtype=np.intp)
    kinds[premature] = ECTOPIC
    return _with_atria(timing, timing.ventricular[dominant] - pr, kinds)


def _with_atria(timing: Timing, atrial: NDArray[np.float64], kind: NDArray[np.intp] | None = None) -> Timing:
    return replace(timing, atrial=atrial, atrial_kind=np.zeros(len(atrial), dtype=np.intp) if kind is None else kind)


def _retrograde(rng: np.random.Generator, t: Tracing) -> Timing:
    """Return a regular rhythm from the junction: no P wave is seen, or an inverted one just after the QRS."""
    jitter = 0.004 if t.rhythm == SUPRAVENTRICULAR else 0.02
    gaps = 60 / t.rate * (1 + rng.normal(0, jitter, int((SECONDS + 2 * MARGIN) * t.rate / 60) + 8))
    timing = _ventricles(rng, t, gaps)
    after, seen = float(rng.uniform(0.085, 0.14)), rng.random() < 0.4
    if not seen:
        return timing
    atrial = timing.ventricular[timing.kind == DOMINANT] + after
    return _with_atria(timing, atrial, np.full(len(atrial), ECTOPIC, dtype=np.intp))


def _second_degree(rng: np.random.Generator, t: Tracing) -> Timing:
    """Return sinus P waves of which some are not conducted: after a growing PR (Wenckebach), or every second one."""
    gaps = _sinus_gaps(rng, t.rate, 0.02, t.breathing_rate)
    atrial = np.cumsum(gaps) - MARGIN - gaps[0] * rng.random()
    atrial = atrial[atrial < SECONDS + MARGIN]
    cycle = int(rng.integers(3, 6)) if t.wenckebach else 2
    place = (np.arange(len(atrial)) + int(rng.integers(cycle))) % cycle
    growth = np.cumsum([0.0, 0.06, 0.035, 0.02, 0.01]) if t.wenckebach else np.zeros(5)
    conducted = place < cycle - 1
    onsets = (atrial + t.pr_ms / 1000 + growth[np.minimum(place, 4)])[conducted]
    before = np.diff(onsets, prepend=onsets[0] - 60 / t.rate) if len(onsets) else onsets
    return Timing(onsets, np.zeros(len(onsets), dtype=np.intp), before, atrial, np.zeros(len(atrial), dtype=np.intp))


def _ventricles(
    rng: np.random.Generator,
    t: Tracing,
    gaps: NDArray[np.float64],
    early: NDArray[np.bool_] | None = None,
) -> Timing:
    """Return ventricular onsets from gaps; some beats are premature and ventricular, with a pause behind them."""
    onsets = np.cumsum(gaps) - MARGIN - gaps[0] * rng.random()
    onsets = onsets[onsets < SECONDS + MARGIN]
    kind = np.zeros(len(onsets), dtype=np.intp)
    if t.premature_ventricular > 0 and len(onsets) > 3:
        ectopic = rng.random(len(onsets)) < t.premature_ventricular
        ectopic &= ~np.roll(ectopic, 1)
        ectopic[0] = False
        shift = rng.uniform(0.28, 0.46, len(onsets)) * np.diff(onsets, prepend=onsets[0] - gaps[0])
        onsets = np.where(ectopic, onsets - shift, onsets)
        kind[ectopic] = ECTOPIC
    before = np.diff(onsets, prepend=onsets[0] - gaps[0])
    shown = (onsets >= 0) & (onsets < SECONDS)
    premature = 0 if early is None else int((early[: len(onsets)] & shown & (kind == DOMINANT)).sum())
    return Timing(onsets, kind, before, np.empty(0), np.empty(0, dtype=np.intp), premature_atrial=premature)


def _flutter(rng: np.random.Generator, t: Tracing) -> Timing:
    """Return ventricular beats that follow every 2nd, 3rd or 4th flutter wave, or a varying number."""
    cycle = 60 / t.rate
    count = int((SECONDS + 2 * MARGIN) / cycle) + 8
    steps = (
        np.full(count, t.flutter_ratio) if t.flutter_ratio else rng.choice([2, 3, 4], size=count, p=[0.45, 0.25, 0.3])
    )
    timing = _ventricles(rng, t, steps * cycle * (1 + rng.normal(0, 0.004, count)))
    return replace(timing, flutter_hz=1 / cycle)
