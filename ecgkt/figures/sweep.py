"""Scores over the whole range of a dial, with its present position and the usual range: one small SVG.

Ink on a light card, as the paper is, in light and in dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from ecgkt.figures.ecg import FONT
from ecgkt.figures.grid import INK, PAPER

WIDTH, HEIGHT = 460, 212
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 46, 30
COLOURS = ("#d55e00", "#2b8cbe", "#7b7b7b")
DASHES = ("", "7 4", "2 3")
Place = Callable[[float], float]


@dataclass(frozen=True, eq=False)
class Curve:
    """One target's shares (n,) in [0, 1] over a dial, NaN where the model abstains, and its share `now`."""

    title: str
    shares: NDArray[np.float64]
    now: float | None


@dataclass(frozen=True, eq=False)
class Sweep:
    """A dial from end to end: positions (n,) in `unit`, the present one as told, and the range that is `usual`.

    `counted` says what the height is, such as "in 100 such ECGs".
    """

    title: str
    unit: str
    values: NDArray[np.float64]
    position: float
    told: str
    usual: tuple[float, float] | None
    counted: str
    curves: tuple[Curve, ...]

    @property
    def said(self) -> str:
        """The chart in one sentence, for those who cannot see it."""
        at = [f"{one.title} {100 * one.now:.0f}" for one in self.curves if one.now is not None]
        return f"Scores over {self.title} ({self.unit}); at {self.told}: {', '.join(at) or 'none'} {self.counted}."


def draw_sweep(sweep: Sweep) -> str:
    """Return a sweep as SVG, `WIDTH` by `HEIGHT` units."""
    low, high = float(sweep.values[0]), float(sweep.values[-1])
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(value: float) -> float:
        return LEFT + (right - LEFT) * (value - low) / (high - low)

    def y(share: float) -> float:
        return floor - (floor - TOP) * share

    parts = []
    if sweep.usual is not None:
        first, last = (x(float(np.clip(one, low, high))) for one in sweep.usual)
        parts.append(
            f'<rect class="usual" x="{first:.1f}" y="{TOP}" width="{last - first:.1f}" height="{floor - TOP}" '
            f'fill="{INK}" fill-opacity=".1"/>'
        )
        parts.append(_words((first + last) / 2, TOP + 11, "usual", anchor="middle", size=11))
    for share in (0.0, 0.5, 1.0):
        parts.append(f'<path d="M{LEFT} {y(share):.1f}H{right}" stroke="{INK}" stroke-opacity=".25"/>')
        parts.append(_words(LEFT - 5, y(share) + 4, f"{100 * share:.0f}", anchor="end"))
    for value in _ticks(low, high):
        parts.append(_words(x(value), floor + 14, f"{value + 0.0:g}", anchor="middle"))
    parts.append(_words(right, floor + 27, f"{sweep.title}, {sweep.unit}", anchor="end", size=12))
    parts.append(_words(LEFT, floor + 27, sweep.counted, size=12))
    here = x(sweep.position)
    parts.append(f'<path class="here" d="M{here:.1f} {TOP}V{floor}" stroke="{INK}" stroke-width="1.5"/>')
    for place, curve in enumerate(sweep.curves):
        colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
        stroke = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}" fill="none"'
        parts.append(f'<path class="curve" d="{_line(sweep.values, curve.shares, x, y)}" {stroke}/>')
        if curve.now is not None and np.isfinite(curve.now):
            parts.append(f'<circle cx="{here:.1f}" cy="{y(curve.now):.1f}" r="4.5" fill="{colour}"/>')
    parts += _legend(sweep.curves)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FONT}" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _line(values: NDArray[np.float64], shares: NDArray[np.float64], x: Place, y: Place) -> str:
    """Return a path through the known shares; a position from which the model abstains is a gap."""
    out, broken = [], True
    for value, share in zip(values, shares, strict=True):
        if not np.isfinite(share):
            broken = True
            continue
        out.append(f"{'M' if broken else 'L'}{x(float(value)):.1f} {y(float(share)):.1f}")
        broken = False
    return "".join(out)


def _legend(curves: Sequence[Curve]) -> list[str]:
    parts, at = [], float(LEFT)
    for place, curve in enumerate(curves):
        if place == 2:
            at = float(LEFT)
        row = 14 if place < 2 else 31
        colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
        line = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"'
        parts.append(f'<path d="M{at:.0f} {row - 4}h22" {line}/>')
        parts.append(_words(at + 27, row, curve.title, size=12.5))
        at += 27 + 7.2 * len(curve.title) + 16
    return parts


def _ticks(low: float, high: float) -> list[float]:
    step = next(size for size in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if (high - low) / size <= 8)
    first = np.ceil(low / step - 1e-9) * step
    return [float(round(value, 6)) for value in np.arange(first, high + step / 1000, step)]


def _words(x: float, y: float, text: str, *, anchor: str = "start", size: float = 11.5) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}">{escape(text)}</text>'
