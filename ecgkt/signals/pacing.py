"""Pacing spikes, found at the native rate before any band limit: at 100 Hz they are gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SMALLEST_MV = 0.06
_SHARPNESS = 3.5


def find_spikes(signal: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the samples (k,) at which a pacing spike stands in a signal (12, n) in mV without NaN.

    A spike is under 2 ms wide (up to about 5 ms behind a recorder's 150 Hz low-pass): in the root mean square over
    the leads it leaves the line between its neighbours 4 ms before and behind by several times what the signal does
    anywhere from 10 to 30 ms around it, QRS complexes included. An R wave is about as sharp beside its top.
    """
    from scipy.ndimage import maximum_filter1d
    from scipy.signal import find_peaks

    reach = max(1, round(0.004 * fs))
    if signal.shape[1] < 40 * reach:
        return np.empty(0)
    bend = np.zeros(signal.shape)
    middle = signal[:, reach:-reach]
    bend[:, reach:-reach] = middle - 0.5 * (signal[:, : -2 * reach] + signal[:, 2 * reach :])
    size = np.sqrt((bend**2).mean(axis=0))
    side = round(0.020 * fs)
    flank = maximum_filter1d(size, max(3, side), mode="constant")
    away = round(0.010 * fs) + side // 2
    beside = np.maximum(np.roll(flank, away), np.roll(flank, -away))
    beside[:away], beside[-away:] = np.inf, np.inf
    score = np.where(size > _SMALLEST_MV, size / (beside + 0.004), 0.0)
    at, _ = find_peaks(score, height=_SHARPNESS, distance=max(1, round(0.02 * fs)))
    return np.asarray(at, dtype=np.float64)


def without_spikes(signal: NDArray[np.float64], spikes: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return a copy with a straight line from 4 ms before to 6 ms behind each spike."""
    if not len(spikes):
        return signal
    out = signal.copy()
    for at in spikes.astype(int):
        first, last = max(at - round(0.004 * fs), 0), min(at + round(0.006 * fs), signal.shape[1] - 1)
        out[:, first : last + 1] = np.linspace(signal[:, first], signal[:, last], last - first + 1, axis=1)
    return out
