"""Where a wave begins and ends in many leads at once: steepest point, trapezium rule, agreement between leads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.conditioning import RATE

Rows = NDArray[np.intp]


def samples(ms: float) -> int:
    """Return the samples at 500 Hz that last so long."""
    return round(ms * RATE / 1000)


def bump(signal: NDArray[np.float64], sigma_ms: float) -> NDArray[np.float64]:
    """Return how much each sample stands out from what lies about `sigma_ms` around it, mV (negative for a dip)."""
    from scipy.ndimage import gaussian_filter1d

    sigma = sigma_ms * RATE / 1000
    out: NDArray[np.float64] = gaussian_filter1d(signal, sigma, axis=-1, order=2, mode="nearest", truncate=3.5)
    return -out * sigma * sigma


def spatial(signal: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the root mean square (n,) over the usable leads of a signal (12, n)."""
    rms: NDArray[np.float64] = np.sqrt((signal[usable] ** 2).mean(axis=0))
    return rms


def value_at(signal: NDArray[np.float64], at: Rows) -> NDArray[np.float64]:
    """Return each row's value (rows,) at its own sample."""
    value: NDArray[np.float64] = np.take_along_axis(signal, at[:, None], axis=1)[:, 0]
    return value


def extreme(signal: NDArray[np.float64], centre: Rows, reach: int, least: int, most: int) -> Rows:
    """Return each row's largest value within `reach` of its centre and inside [least, most]."""
    index = np.clip(centre[:, None] + np.arange(-reach, reach + 1), least, max(most, least))
    best = np.take_along_axis(signal, index, axis=1).argmax(axis=1)
    found: Rows = np.take_along_axis(index, best[:, None], axis=1)[:, 0]
    return found


def steepest(
    slope: NDArray[np.float64], peak: Rows, sign: NDArray[np.float64], side: int, near: int, far: int, stop: int
) -> Rows:
    """Return where each row's flank is steepest, `near` to `far` samples from the peak on one side (-1 before)."""
    steps = np.arange(near, far) * side
    index = peak[:, None] + steps
    index = np.maximum(index, stop) if side < 0 else np.minimum(index, stop)
    flank = -side * np.take_along_axis(slope, index, axis=1) * sign[:, None]
    chosen: Rows = np.take_along_axis(index, flank.argmax(axis=1)[:, None], axis=1)[:, 0]
    return chosen


def trapezium(signal: NDArray[np.float64], steep: Rows, far: Rows) -> Rows:
    """Return where each row's flank meets its baseline: the corner between a steep point and one far out.

    The corner maximises the trapezium's area between the two (Vazquez-Seisdedos 2011, doi 10.1186/1475-925X-10-77);
    it needs no threshold and stands noise well.
    """
    time = np.arange(signal.shape[1])[None]
    top = value_at(signal, steep)[:, None]
    sign = np.sign(top - value_at(signal, far)[:, None])
    area = sign * (top - signal) * np.abs(2 * far[:, None] - time - steep[:, None])
    low, high = np.minimum(steep, far)[:, None], np.maximum(steep, far)[:, None]
    corner: Rows = np.where((time >= low) & (time <= high), area, -np.inf).argmax(axis=1)
    return corner


def tangent(signal: NDArray[np.float64], slope: NDArray[np.float64], steep: Rows, far: Rows) -> NDArray[np.float64]:
    """Return where each row's tangent at its steepest point meets the level far out (Lepeschkin 1952), within reach."""
    rise = value_at(slope, steep)
    step = (value_at(signal, far) - value_at(signal, steep)) / np.where(np.abs(rise) < 1e-9, 1e-9, rise)
    reach = (far - steep).astype(np.float64)
    within = np.minimum(np.maximum(step, np.minimum(reach, 0.0)), np.maximum(reach, 0.0))
    found: NDArray[np.float64] = steep.astype(np.float64) + within
    return found


def corner(
    signal: NDArray[np.float64], slope: NDArray[np.float64], steep: Rows, far: Rows, near: Rows
) -> NDArray[np.float64]:
    """Return the mean of the trapezium's corner (searched up to `far`) and the tangent's foot (level at `near`).

    By itself the first lies a little outside, and the second a little inside, of where a reader puts the boundary.
    """
    return 0.5 * (trapezium(signal, steep, far) + tangent(signal, slope, steep, near))


def agreed(
    found: NDArray[np.float64], strong: NDArray[np.bool_], own: float | NDArray[np.float64], most: float = np.inf
) -> NDArray[np.float64]:
    """Return each lead's boundary drawn towards the median of the strong leads.

    `own` is the share (per lead or for all) that it keeps of its distance from there, of which `most` samples count.
    """
    if not strong.any():
        return found
    middle = float(np.median(found[strong]))
    return middle + own * np.clip(found - middle, -most, most)


def first_reliable(found: NDArray[np.float64], strong: NDArray[np.bool_], side: int) -> float:
    """Return the second earliest (side -1) or second latest boundary among the strong leads: one lead may be wrong."""
    ranked = np.sort(side * found[strong & np.isfinite(found)])[::-1]
    if not len(ranked):
        return float("nan")
    return float(side * ranked[min(1, len(ranked) - 1)])
