"""Atrial activity that is not one P wave before each QRS complex: flutter waves, and P waves on their own clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.boundaries import bump, samples
from ecgkt.signals.conditioning import RATE, Conditioned, bandpassed, smoothed

_FLUTTER_LEADS = (1, 2, 5, 6)
_SLOWEST_FLUTTER, _FASTEST_FLUTTER, _FASTEST_EVEN = 3.5, 6.0, 5.85


@dataclass(frozen=True)
class AtrialActivity:
    """How regular (0 to 1) and how fast (per minute) the activity between the QRS complexes is.

    `flutter` at flutter rates, QRS complexes bridged; `free` at sinus rates, QRS complexes and T waves left out,
    rates near the ventricular one excepted. `even` says how alike the parts of a heartbeat's cycle are when it is cut
    into 2, 3 or 4 at a flutter rate: in flutter with a fixed ratio they are, in sinus rhythm only one holds a P wave.
    """

    flutter: float
    flutter_rate: float
    free: float
    free_rate: float
    even: float


NONE = AtrialActivity(0.0, float("nan"), 0.0, float("nan"), 0.0)


def atrial_activity(
    record: Conditioned, first: NDArray[np.float64], last: NDArray[np.float64], t_last: NDArray[np.float64]
) -> AtrialActivity:
    """Return the activity between beats whose QRS onsets, offsets and T offsets (b,) are given in samples at 500 Hz."""
    whole = np.isfinite(first + last)
    if whole.sum() < 3:
        return NONE
    first, last, t_last = first[whole], last[whole], t_last[whole]
    x, seen = _between(record, first, last)
    flutter, flutter_rate = _flutter(x)
    free, free_rate = _free(record, first, np.where(np.isfinite(t_last), t_last, last + samples(300)))
    return AtrialActivity(flutter, flutter_rate, free, free_rate, _even(x, seen, float(np.median(np.diff(first)))))


def _between(
    record: Conditioned, first: NDArray[np.float64], last: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return II, III, aVF and V1 from 3 to 14 Hz, QRS complexes bridged, and 0 where those were (n,), else 1."""
    x, seen = record.signal[list(_FLUTTER_LEADS)].copy(), np.ones(record.signal.shape[1])
    for begin, end in zip(first, last, strict=True):
        a, b = max(int(begin) - 5, 0), min(int(end) + 5, x.shape[1] - 1)
        x[:, a : b + 1] = np.linspace(x[:, a], x[:, b], b - a + 1, axis=1)
        seen[a : b + 1] = 0
    return bandpassed(x, 3.0, 14.0), seen


def _even(x: NDArray[np.float64], seen: NDArray[np.float64], cycle: float) -> float:
    """Return the lowest correlation of one part of the cycle with another, for the best of 2, 3 and 4 parts."""
    best = 0.0
    for parts in (2, 3, 4):
        if not _SLOWEST_FLUTTER <= parts * RATE / cycle <= _FASTEST_EVEN:
            continue
        alike = []
        for part in range(1, parts):
            lag = round(part * cycle / parts)
            both = seen[:-lag] * seen[lag:]
            one, other = x[:, :-lag] * both, x[:, lag:] * both
            alike.append(float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum() + 1e-12)))
        best = max(best, min(alike))
    return best


def _flutter(x: NDArray[np.float64]) -> tuple[float, float]:
    """Return the autocorrelation's top at 210 to 360 per minute of what lies between QRS complexes; T waves stay in."""
    course = np.fft.irfft((np.abs(np.fft.rfft(x, 2 * x.shape[1])) ** 2).sum(axis=0))
    course = course / (course[0] + 1e-12)
    low, high = round(RATE / _FASTEST_FLUTTER), round(RATE / _SLOWEST_FLUTTER)
    lag = low + int(course[low : high + 1].argmax())
    if lag in (low, high):
        return 0.0, float("nan")
    return float(course[lag]), 60 * RATE / lag


def _free(record: Conditioned, first: NDArray[np.float64], t_last: NDArray[np.float64]) -> tuple[float, float]:
    """Return the masked autocorrelation's top at 48 to 167 per minute of what stands out between T and QRS."""
    from scipy.fft import next_fast_len
    from scipy.signal import find_peaks

    y = bump(smoothed(record.signal[record.usable], 6.0), 22.0)
    n = y.shape[1]
    seen = np.ones(n)
    for begin, end in zip(first, t_last, strict=True):
        seen[max(int(begin) - samples(16), 0) : max(int(end) + samples(30), 0)] = 0
    y = y * seen
    y = y / (np.sqrt((y**2).sum(axis=1, keepdims=True) / max(seen.sum(), 1.0)) + 0.002)
    size = next_fast_len(2 * n, real=True)
    mask = np.fft.rfft(seen, size)
    power = np.fft.rfft((y**2).sum(axis=0), size)
    product = np.fft.irfft((np.abs(np.fft.rfft(y, size)) ** 2).sum(axis=0), size)[:n]
    ahead, behind = (np.maximum(np.fft.irfft(p, size)[:n], 0) for p in (power * np.conj(mask), np.conj(power) * mask))
    covered = np.fft.irfft(np.abs(mask) ** 2, size)[:n] > 1.5 * RATE
    course = np.where(covered, product / (np.sqrt(ahead * behind) + 1e-9), 0.0)
    low, high = samples(360), min(samples(1250), n - 1)
    lags = low + find_peaks(course[low:high])[0]
    rr = np.median(np.diff(first))
    lags = lags[np.abs(lags / rr - 1) > 0.06]
    if not len(lags):
        return 0.0, float("nan")
    lag = int(lags[course[lags].argmax()])
    return float(course[lag]), 60 * RATE / lag
