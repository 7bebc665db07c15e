"""Where the ventricles beat, from all leads at once, and which beats share the dominant shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.conditioning import RATE, Conditioned, bandpassed

_REFRACTORY = round(0.24 * RATE)
_WIDTH = round(0.10 * RATE)
_SAME_SHAPE = 0.86
_LEAST_CONTRAST = 1.7


def activity(record: Conditioned) -> NDArray[np.float64]:
    """Return (n,) how steeply the leads move together at 7 to 28 Hz: 1 is a typical QRS complex.

    Each lead is scaled by its own typical beat, limited, and the leads' trimmed mean is taken, so that neither one
    noisy electrode nor one artefact speaks for all.
    """
    from scipy.ndimage import uniform_filter1d

    band = bandpassed(record.signal[record.usable], 7.0, 28.0)
    steep = np.abs(np.gradient(band, axis=1))
    power = np.maximum(uniform_filter1d(steep**2, _WIDTH, axis=1, mode="nearest"), 0.0)
    block = round(2.0 * RATE)
    blocks = power.shape[1] // block
    tops = power[:, : blocks * block].reshape(len(power), blocks, block).max(axis=2)
    typical = np.median(tops, axis=1, keepdims=True) + 1e-12
    ranked = np.sort(np.minimum(np.sqrt(power / typical), 1.6), axis=0)
    cut = len(ranked) // 4
    trimmed: NDArray[np.float64] = ranked[cut : len(ranked) - cut].mean(axis=0)
    return trimmed


def find_beats(record: Conditioned) -> NDArray[np.intp]:
    """Return the samples (b,) at 500 Hz of the beats' steepest part, the first and last of the recording included.

    What is over half as steep as a typical beat is one; between these, less is enough for what stands off from its
    neighbours, and least for what moves as far as a beat. None are returned where they hardly stand out from the rest:
    noise reaches 1.5 times its own median, real recordings 6 times and more.
    """
    from scipy.signal import find_peaks

    if not record.usable.any():
        return np.empty(0, dtype=np.intp)
    course = activity(record)
    n = len(course)
    padded = np.concatenate(([0.0], course, [0.0]))
    at, _ = find_peaks(padded, height=0.15, distance=_REFRACTORY, prominence=0.07)
    at = at - 1
    if not len(at):
        return np.empty(0, dtype=np.intp)
    level = float(np.median(course[at][course[at] > 0.5])) if (course[at] > 0.5).any() else float(course[at].max())
    sure = at[course[at] > 0.5 * level]
    rr = np.median(np.diff(sure)) if len(sure) > 2 else RATE
    size = _size(record, at)
    large = size > 0.55 * np.median(size[np.isin(at, sure)]) if len(sure) else np.zeros(len(at), dtype=bool)
    beats = list(sure)
    for k, is_large in zip(at, large, strict=True):
        gap = np.abs(np.array(beats) - k).min() if beats else n
        if course[k] > (0.18 if is_large else 0.3) * level and gap > 0.52 * rr and gap > 0.3 * RATE:
            beats.append(k)
    found = np.unique(np.array(beats, dtype=np.intp))
    if np.median(course[found]) < _LEAST_CONTRAST * np.median(course):
        return np.empty(0, dtype=np.intp)
    edge = round(0.03 * RATE)
    return found[(found >= edge) & (found < n - edge)]


def _size(record: Conditioned, at: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far (b,) the leads move within 80 ms around each sample: an ectopic beat is slow but large."""
    parts = np.nan_to_num(cut_out(record.signal[record.usable], at, round(0.08 * RATE), round(0.08 * RATE)))
    size: NDArray[np.float64] = np.median(np.ptp(parts, axis=2), axis=1)
    return size


def cut_out(signal: NDArray[np.float64], at: NDArray[np.intp], before: int, after: int) -> NDArray[np.float64]:
    """Return windows (b, leads, before + after) around samples; NaN beyond the recording."""
    padded = np.pad(signal, ((0, 0), (before, after)), constant_values=np.nan)
    index = at[:, None] + np.arange(before + after)
    windows: NDArray[np.float64] = padded[:, index].transpose(1, 0, 2)
    return windows


def align(
    signal: NDArray[np.float64], at: NDArray[np.intp], reach: int = 25
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return beats moved onto the dominant shape, and each one's shape (0 dominant, 1, 2 ... others)."""
    before, after = round(0.10 * RATE), round(0.14 * RATE)
    places = at.copy()
    shape = np.full(len(at), -1, dtype=np.intp)
    left = np.ones(len(at), dtype=bool)
    count = 0
    band = bandpassed(signal, 2.0, 40.0)
    wide = np.nan_to_num(cut_out(band, at, before + reach, after + reach))
    lags = np.arange(-reach, reach + 1)
    while left.any() and count < 8:
        rest = np.flatnonzero(left)
        correlations, lag = _against(wide, rest, _seed(wide, rest, reach), reach, lags)
        for _ in range(2):
            near = correlations > _SAME_SHAPE
            if not near.any():
                break
            moved = np.stack(
                [wide[i, :, reach + k : wide.shape[2] - reach + k] for i, k in zip(rest[near], lag[near], strict=True)]
            )
            correlations, lag = _against(wide, rest, np.median(moved, axis=0), reach, lags)
        near = correlations > _SAME_SHAPE
        if not near.any():
            near = correlations == correlations.max()
        chosen = rest[near]
        shape[chosen] = count
        places[chosen] = at[chosen] + lag[near]
        left[chosen] = False
        count += 1
    shape[left] = count
    sizes = np.bincount(shape, minlength=count + 1)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return places, rank[shape]


def _seed(wide: NDArray[np.float64], rest: NDArray[np.intp], reach: int) -> NDArray[np.float64]:
    """Return the window of the beat that most others resemble."""
    flat = wide[rest][:, :, reach:-reach].reshape(len(rest), -1)
    unit = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)
    best = int(np.median(unit @ unit.T, axis=1).argmax())
    seed: NDArray[np.float64] = wide[rest[best], :, reach:-reach]
    return seed


def _against(
    wide: NDArray[np.float64], rest: NDArray[np.intp], model: NDArray[np.float64], reach: int, lags: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return each beat's best correlation with a model over all leads together, and the lag that gives it."""
    size = model.shape[1]
    views = np.lib.stride_tricks.sliding_window_view(wide[rest], size, axis=2)
    product = np.einsum("blkt,lt->bk", views, model, optimize=True)
    cumulative = np.concatenate([np.zeros((len(rest), 1)), np.cumsum((wide[rest] ** 2).sum(axis=1), axis=1)], axis=1)
    power = cumulative[:, size:] - cumulative[:, :-size]
    scaled = product / np.sqrt(np.maximum(power, 1e-12) * (model**2).sum() + 1e-12)
    best = scaled.argmax(axis=1)
    return scaled[np.arange(len(rest)), best], lags[best]
