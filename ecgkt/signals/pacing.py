"""Pacing spikes, found at the native rate before any band limit: at 100 Hz they are gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SMALLEST_MV = 0.06
_SHARPNESS, _SHARPNESS_ALIKE = 3.3, 1.8
_ALIKE, _SIZE_ALIKE = 0.8, 0.4
_FEWEST_LEADS = 4


def find_spikes(signal: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the samples (k,) at which a pacing spike stands in a signal (12, n) in mV without NaN.

    A spike is under 2 ms wide (up to about 5 ms behind a recorder's 150 Hz low-pass). In the root mean square over
    the leads it leaves the line between its neighbours 4 ms before and behind by several times what the signal does
    from 10 to 30 ms around it, and the signal comes back behind it (a lost sample makes a step instead). Two or more
    must share a pattern over the leads; blunter ones with it are added, as sampling at 500 Hz misses some tops. One
    alone cannot be told from an artefact.
    """
    from scipy.signal import find_peaks

    reach = max(1, round(0.004 * fs))
    if signal.shape[1] < 40 * reach:
        return np.empty(0)
    before, middle, behind = signal[:, : -2 * reach], signal[:, reach:-reach], signal[:, 2 * reach :]
    bend = np.pad(middle - 0.5 * (before + behind), ((0, 0), (reach, reach)))
    size = np.sqrt((bend**2).mean(axis=0))
    step = np.pad(np.sqrt(((behind - before) ** 2).mean(axis=0)), reach)
    comes_back = size > 0.8 * step
    each = np.abs(bend)
    in_leads = (each > 0.2 * each.max(axis=0)).sum(axis=0) >= _FEWEST_LEADS
    score = np.where((size > _SMALLEST_MV) & comes_back & in_leads, size / (_beside(size, fs) + 0.004), 0.0)
    at, _ = find_peaks(score, height=_SHARPNESS_ALIKE, distance=max(1, round(0.02 * fs)))
    sure = at[score[at] > _SHARPNESS]
    if len(sure) < 2:
        return np.empty(0)
    pattern = bend[:, at] / (np.linalg.norm(bend[:, at], axis=0) + 1e-9)
    alike = np.abs(pattern.T @ pattern[:, score[at] > _SHARPNESS]) > _ALIKE
    many = alike.sum(axis=1) >= np.where(score[at] > _SHARPNESS, 2, 1)
    found = at[many & (size[at] > _SIZE_ALIKE * np.median(size[sure]))]
    return np.asarray(found if len(found) > 1 else found[:0], dtype=np.float64)


def _beside(size: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the largest value from 10 to 30 ms before or behind each sample, infinite at the ends."""
    from scipy.ndimage import maximum_filter1d

    side = max(3, round(0.020 * fs))
    flank = maximum_filter1d(size, side, mode="constant")
    away = round(0.010 * fs) + side // 2
    beside: NDArray[np.float64] = np.maximum(np.roll(flank, away), np.roll(flank, -away))
    beside[:away], beside[-away:] = np.inf, np.inf
    return beside


def without_spikes(signal: NDArray[np.float64], spikes: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return a copy with a straight line from 4 ms before to 14 ms behind each spike."""
    if not len(spikes):
        return signal
    out = signal.copy()
    for at in spikes.astype(int):
        first, last = max(at - round(0.004 * fs), 0), min(at + round(0.014 * fs), signal.shape[1] - 1)
        out[:, first : last + 1] = np.linspace(signal[:, first], signal[:, last], last - first + 1, axis=1)
    return out
