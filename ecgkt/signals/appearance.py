"""What a 12-lead ECG looks like in some forty numbers, so that what is none, or is stored wrongly, can be told.

They are read off what the model sees, know no diagnosis and are not learnt. In groups, each a way of being unlike:
how large the leads are, how they agree, which way waves point, how power is spread over frequency, how fast and how
regularly it beats, and what comes before and after a QRS complex.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

REVISION = 1
_BANDS_HZ = (0.5, 2.0, 5.0, 10.0, 20.0, 35.0, 49.0)
_EIGHT = (0, 1, 6, 7, 8, 9, 10, 11)
_EIGHT_NAMES = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
_LEAST_MV = 0.005
_BEFORE, _AFTER = 0.28, 0.42

GROUPS: Mapping[str, tuple[str, ...]] = {
    "the gain": ("gain",),
    "the size of the leads": tuple(f"{lead} against the mean" for lead in _EIGHT_NAMES[1:]),
    "how the leads agree": ("Einthoven", "Goldberger", "rank"),
    "which way is up": ("QRS in I and II", "QRS from V1, V2 to V5, V6", "T in I, II, V4 to V6"),
    "which way the waves point": (
        *(f"QRS in {lead}" for lead in _EIGHT_NAMES),
        *(f"T in {lead}" for lead in _EIGHT_NAMES),
    ),
    "slow and fast parts": tuple(f"{low:g} to {high:g} Hz" for low, high in pairwise(_BANDS_HZ)),
    "the beats": ("peakedness", "likeness", "contrast", "irregularity"),
    "the speed": ("rate", "width"),
    "what follows what": ("after", "slope"),
}
"""What each group is called on screen, and its numbers."""


def appearance(signal: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Return all numbers of `GROUPS` in order, for a preprocessed signal (12, n) in mV at `fs` Hz, without NaN."""
    x = np.asarray(signal, dtype=np.float64)
    x = np.clip(x - np.median(x, axis=1, keepdims=True), -50, 50)
    low, high = np.percentile(x[list(_EIGHT)], (1, 99), axis=1)
    size = np.log(high - low + _LEAST_MV)
    beats = _beats(x, fs)
    polarity, (likeness, contrast, irregular), (rate, width, after) = _beating(x, beats, fs)
    qrs, t = polarity[: len(_EIGHT)], polarity[len(_EIGHT) :]
    energy = (np.diff(x, axis=1) ** 2).sum(axis=0)
    peaked = np.log((energy**2).mean() / (energy.mean() ** 2 + 1e-12) + 1e-3)
    return np.concatenate(
        [
            [size.mean()],
            size[1:] - size.mean(),
            _agreement(x),
            [qrs[:2].mean(), qrs[6:].mean() - qrs[2:4].mean(), t[[0, 1, 5, 6, 7]].mean()],
            polarity,
            _spectrum(x, fs),
            [peaked, likeness, contrast, irregular],
            [rate, width, after, _slope(x)],
        ]
    )


def _spectrum(x: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the log share of power in each band, the mean over leads."""
    power = np.abs(np.fft.rfft(x, axis=1)) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(x.shape[1], 1 / fs), _BANDS_HZ)
    bands = np.stack([power[:, a:b].sum(axis=1) for a, b in pairwise(edges)], axis=1)
    share = bands / (bands.sum(axis=1, keepdims=True) + 1e-9)
    mean: NDArray[np.float64] = np.log(share + 1e-4).mean(axis=0)
    return mean


def _agreement(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the limb leads leave Einthoven's and Goldberger's laws, and how many leads' worth is in twelve.

    Each lead may have a gain of its own: in LUDB the laws hold, but with other factors than one. Under a tenth of a
    lead's size nothing is made of it.
    """

    def left(lead: int, one: int, other: int) -> float:
        pair = x[[one, other]]
        factors = np.linalg.lstsq(pair.T, x[lead], rcond=None)[0]
        size = np.sqrt((x[lead] ** 2).mean()) + _LEAST_MV
        return max(float(np.sqrt(((x[lead] - factors @ pair) ** 2).mean()) / size), 0.1)

    einthoven = left(1, 0, 2)
    goldberger = (left(3, 0, 1) + left(4, 0, 2) + left(5, 1, 2)) / 3
    spread = np.linalg.svd(x[list(_EIGHT), ::2], compute_uv=False) ** 2
    share = spread / (spread.sum() + 1e-9)
    rank = -float((share * np.log(share + 1e-9)).sum())
    return np.array([np.log(einthoven), np.log(goldberger), np.log(rank + 0.02)])


def _slope(x: NDArray[np.float64]) -> float:
    """Return whether the leads together rise more steeply than they fall."""
    steps = np.diff(np.sqrt((x[list(_EIGHT)] ** 2).sum(axis=0)))
    return float(np.arcsinh((steps**3).mean() / ((steps**2).mean() ** 1.5 + 1e-9)))


def _beats(x: NDArray[np.float64], fs: float) -> NDArray[np.intp]:
    """Return samples (b,) where the leads move most steeply together, at least 0.28 s apart."""
    steep = np.abs(np.gradient(x, axis=1))
    steep /= np.percentile(steep, 98, axis=1, keepdims=True) + 1e-6
    width = max(1, round(0.08 * fs))
    course = np.convolve(np.minimum(steep, 1.5).mean(axis=0), np.ones(width) / width, mode="same")
    reach = round(0.28 * fs)
    free = course > 0.45 * np.percentile(course, 98)
    found = []
    for at in np.argsort(-course)[: np.count_nonzero(free)]:
        if free[at]:
            found.append(at)
            free[max(0, at - reach) : at + reach + 1] = False
    return np.sort(np.array(found, dtype=np.intp))


def _beating(
    x: NDArray[np.float64], beats: NDArray[np.intp], fs: float
) -> tuple[NDArray[np.float64], tuple[float, float, float], tuple[float, float, float]]:
    """Return of the mean beat which way QRS and T point (16,), of the beats (likeness, contrast, irregularity), and
    (log rate, log width of the QRS, how much more there is after than before it).
    """
    before, after = round(_BEFORE * fs), round(_AFTER * fs)
    whole = beats[(beats >= before) & (beats < x.shape[1] - after)]
    rate = float(np.log(60 * len(beats) / (x.shape[1] / fs) + 10))
    if len(whole) < 2:
        return np.zeros(2 * len(_EIGHT)), (0.03, 0.0, 0.0), (rate, 0.0, 0.0)
    windows = x[list(_EIGHT)][:, whole[:, None] + np.arange(-before, after)].transpose(1, 0, 2)
    windows = windows - np.median(windows, axis=2, keepdims=True)
    mean = np.median(windows, axis=0)
    length = np.sqrt((mean**2).sum()) + 1e-6
    likeness = np.median((windows * mean).sum(axis=(1, 2)) / (np.sqrt((windows**2).sum(axis=(1, 2))) * length + 1e-9))
    time = np.arange(-before, after) / fs
    power = (mean**2).sum(axis=0)
    qrs, late, early = np.abs(time) < 0.07, time > 0.12, time < -0.1
    contrast = np.log(power[qrs].mean() / (power.mean() + 1e-9) + 1e-3)
    steep = (np.gradient(mean, axis=1) ** 2).sum(axis=0)[np.abs(time) < 0.13]
    near = time[np.abs(time) < 0.13]
    centre = (steep * near).sum() / (steep.sum() + 1e-12)
    width = np.log(np.sqrt((steep * (near - centre) ** 2).sum() / (steep.sum() + 1e-12)) + 0.005)
    lasting = np.log((power[late].sum() + 1e-4 * power.sum()) / (power[early].sum() + 1e-4 * power.sum() + 1e-9) + 1e-3)
    rr = np.diff(beats) / fs
    irregular = np.log(np.median(np.abs(np.diff(rr))) / np.median(rr) + 0.01) if len(rr) > 1 else 0.0
    top, bottom = mean[:, qrs].max(axis=1), mean[:, qrs].min(axis=1)
    size = top - bottom + _LEAST_MV
    t_part = mean[:, (time > 0.14) & (time < 0.36)]
    t = np.where(t_part.max(axis=1) > -t_part.min(axis=1), t_part.max(axis=1), t_part.min(axis=1)) / size
    polarity = np.concatenate([(top + bottom) / size, np.arctan(3 * t)])
    return (
        polarity,
        (float(np.log(1.03 - likeness)), float(contrast), float(irregular)),
        (rate, float(width), float(lasting)),
    )
