"""What a 12-lead ECG looks like in some eighty numbers, so that another thing than an ECG can be told from one.

They are read off what the model sees, know no diagnosis and are not learnt: how large each lead is, how its power is
spread over frequency, how the limb leads agree, how alike and how regular the beats are, and the mean beat's shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BANDS_HZ = (0.5, 2.0, 5.0, 10.0, 20.0, 35.0, 49.0)
_PARTS_MS = ((-280, -200), (-200, -120), (-120, -60), (-60, -20), (-20, 20), (20, 60), (60, 120), (120, 240), (240, 400))
_EIGHT = (0, 1, 6, 7, 8, 9, 10, 11)
_LEAST_MV = 0.005

NAMES = (
    *(f"size {lead}" for lead in _EIGHT),
    *(f"{low:g} to {high:g} Hz" for low, high in zip(_BANDS_HZ, _BANDS_HZ[1:], strict=False)),
    *("Einthoven", "Goldberger", "rank", "peakedness", "slope", "rate", "irregularity", "likeness", "contrast"),
    *(f"{start} to {end} ms in {lead}" for lead in _EIGHT for start, end in _PARTS_MS),
)


def appearance(signal: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Return the numbers (`NAMES`) of a preprocessed signal (12, n) in mV at `fs` Hz, without NaN, at least 5 s."""
    x = np.asarray(signal, dtype=np.float64)
    x = np.clip(x - np.median(x, axis=1, keepdims=True), -50, 50)
    low, high = np.percentile(x, (1, 99), axis=1)
    size = np.log(high - low + _LEAST_MV)
    beats = _beats(x, fs)
    return np.concatenate([size[list(_EIGHT)], _spectrum(x, fs), _agreement(x), _shape(x), *_beating(x, beats, fs)])


def _spectrum(x: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the log share of power in each band, the mean over leads."""
    power = np.abs(np.fft.rfft(x, axis=1)) ** 2
    hz = np.fft.rfftfreq(x.shape[1], 1 / fs)
    edges = np.searchsorted(hz, _BANDS_HZ)
    bands = np.stack([power[:, a:b].sum(axis=1) for a, b in zip(edges, edges[1:], strict=False)], axis=1)
    share = bands / (bands.sum(axis=1, keepdims=True) + 1e-9)
    mean: NDArray[np.float64] = np.log(share + 1e-5).mean(axis=0)
    return mean


def _agreement(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the limb leads leave Einthoven's and Goldberger's laws, and how many leads' worth is in twelve."""

    def rms(y: NDArray[np.float64]) -> float:
        return float(np.sqrt((y**2).mean()))

    whole = rms(x[:6]) + _LEAST_MV
    einthoven = rms(x[0] + x[2] - x[1]) / whole
    goldberger = rms(x[3] + (x[0] + x[1]) / 2) + rms(x[4] - x[0] + x[1] / 2) + rms(x[5] - x[1] + x[0] / 2)
    spread = np.linalg.svd(x[list(_EIGHT), ::2], compute_uv=False) ** 2
    share = spread / (spread.sum() + 1e-9)
    rank = float(np.exp(-(share * np.log(share + 1e-9)).sum()))
    return np.array([np.log(einthoven + 0.03), np.log(goldberger / whole + 0.05), np.log(rank)])


def _shape(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how peaked the movement is, and whether the leads together rise more steeply than they fall."""
    energy = (np.diff(x, axis=1) ** 2).sum(axis=0)
    peaked = np.log((energy**2).mean() / (energy.mean() ** 2 + 1e-12) + 1e-3)
    steps = np.diff(np.sqrt((x[list(_EIGHT)] ** 2).sum(axis=0)))
    slope = (steps**3).mean() / ((steps**2).mean() ** 1.5 + 1e-9)
    return np.array([peaked, np.arcsinh(slope)])


def _beats(x: NDArray[np.float64], fs: float) -> NDArray[np.intp]:
    """Return samples (b,) where the leads move most steeply together, at least 0.28 s apart."""
    steep = np.abs(np.gradient(x, axis=1))
    steep /= np.percentile(steep, 98, axis=1, keepdims=True) + 1e-6
    width = max(1, round(0.08 * fs))
    course = np.convolve(np.minimum(steep, 1.5).mean(axis=0), np.ones(width) / width, mode="same")
    reach = round(0.28 * fs)
    level = 0.45 * np.percentile(course, 98)
    order = np.argsort(-course)
    free = course > level
    found = []
    for at in order[: np.count_nonzero(free)]:
        if free[at]:
            found.append(at)
            free[max(0, at - reach) : at + reach + 1] = False
    return np.sort(np.array(found, dtype=np.intp))


def _beating(x: NDArray[np.float64], beats: NDArray[np.intp], fs: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rate, irregularity, likeness and contrast of the beats, and the mean beat by parts, in units of its own."""
    before, after = round(0.28 * fs), round(0.42 * fs)
    whole = beats[(beats >= before) & (beats < x.shape[1] - after)]
    rr = np.diff(beats) / fs
    rate = np.log(60 * len(beats) / (x.shape[1] / fs) + 1)
    if len(whole) < 2:
        return np.array([rate, -1.0, 0.0, 0.0]), np.zeros(len(_EIGHT) * len(_PARTS_MS))
    windows = x[list(_EIGHT)][:, whole[:, None] + np.arange(-before, after)].transpose(1, 0, 2)
    windows = windows - windows.mean(axis=2, keepdims=True)
    mean = np.median(windows, axis=0)
    length = np.sqrt((mean**2).sum()) + 1e-6
    likeness = np.median((windows * mean).sum(axis=(1, 2)) / (np.sqrt((windows**2).sum(axis=(1, 2))) * length + 1e-9))
    irregular = np.log(np.median(np.abs(np.diff(rr))) / np.median(rr) + 0.01) if len(rr) > 1 else -1.0
    contrast = np.log((mean[:, before - round(0.06 * fs) : before + round(0.06 * fs)] ** 2).mean() / (mean**2).mean() + 1e-3)
    time = np.arange(-before, after) * 1000 / fs
    parts = [mean[:, (time >= start) & (time < end)].mean(axis=1) for start, end in _PARTS_MS]
    typical = np.sqrt((mean**2).mean()) + _LEAST_MV
    shape = np.arcsinh(np.stack(parts, axis=1) / typical).ravel()
    return np.array([rate, irregular, likeness, contrast]), shape
