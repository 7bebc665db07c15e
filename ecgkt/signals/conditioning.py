"""What delineation reads: 12 leads at 500 Hz without gaps, offsets and pacing spikes, and which leads can be read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue
from ecgkt.signals.pacing import find_spikes, without_spikes

RATE = 500.0
SHORTEST_SECONDS = 2.0
_FLAT_MV = 0.01
_MOST_MISSING = 0.3
MOST_NOISE_MV = 0.2


@dataclass(frozen=True, eq=False)
class Conditioned:
    """`signal` (12, n) mV at 500 Hz with the baseline at zero; `usable` (12,); `spikes` in samples at 500 Hz."""

    signal: NDArray[np.float64]
    usable: NDArray[np.bool_]
    spikes: NDArray[np.float64]


def condition(signal: NDArray[np.floating], fs: float) -> Conditioned:
    """Bridge gaps, take pacing spikes out at the native rate, resample, high-pass at 0.4 Hz without phase.

    A lead that misses over 30 % of its samples, moves by less than 10 uV in all or carries noise of over 0.2 mV (SD,
    from its second differences) is not usable and stays zero.
    """
    check(signal, fs)
    raw = np.asarray(signal, dtype=np.float64)
    missing = ~np.isfinite(raw)
    filled = bridged(raw)
    low, high = np.percentile(filled, (1, 99), axis=1)
    usable = (missing.mean(axis=1) < _MOST_MISSING) & (high - low > _FLAT_MV) & (white_noise(filled) < MOST_NOISE_MV)
    filled[~usable] = 0.0
    spikes = find_spikes(filled, fs)
    filled = without_spikes(filled, spikes, fs)
    filled = at_rate(filled, fs)
    return Conditioned(highpassed(filled, 0.4), usable, spikes * RATE / fs)


def white_noise(filled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the SD (12,) of the noise from sample to sample, by the median of the second differences."""
    noise: NDArray[np.float64] = 1.48 * np.median(np.abs(np.diff(filled, 2, axis=1)), axis=1) / np.sqrt(6)
    return noise


def check(signal: NDArray[np.floating], fs: float) -> None:
    """Refuse another shape, rate or length than a delineation can work on."""
    if np.ndim(signal) != 2 or np.shape(signal)[0] != 12:
        raise InvalidValue("a signal of shape (12 leads, n samples)", f"{np.shape(signal)}", "give all 12 leads")
    if not 200 <= fs <= 2000:
        raise InvalidValue("a sampling rate from 200 to 2,000 Hz", f"{fs:g}", "give the recording at its own rate")
    if np.shape(signal)[1] < SHORTEST_SECONDS * fs:
        got = f"{np.shape(signal)[1] / fs:.1f} s"
        raise InvalidValue(f"at least {SHORTEST_SECONDS:g} s of ECG", got, "record 10 s")


def bridged(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a copy with gaps filled linearly, and a lead without any sample as zero."""
    filled = signal.copy()
    time = np.arange(signal.shape[1])
    for lead in np.flatnonzero(~np.isfinite(signal).all(axis=1)):
        known = np.isfinite(signal[lead])
        filled[lead] = np.interp(time, time[known], signal[lead, known]) if known.any() else 0.0
    return filled


def median_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over the first axis of what is not NaN, and NaN where nothing is known."""
    ranked = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)[None]
    lower = np.take_along_axis(ranked, np.maximum(count - 1, 0) // 2, axis=0)[0]
    upper = np.take_along_axis(ranked, np.minimum(count // 2, len(values) - 1), axis=0)[0]
    middle: NDArray[np.float64] = 0.5 * (lower + upper)
    return middle


def at_rate(signal: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the signal at 500 Hz."""
    ratio = Fraction(RATE / fs).limit_denominator(1000)
    if ratio == 1:
        return signal
    from scipy.signal import resample_poly

    centre = np.median(signal, axis=1, keepdims=True)
    resampled: NDArray[np.float64] = resample_poly(
        signal - centre, ratio.numerator, ratio.denominator, axis=1, padtype="line"
    )
    return resampled + centre


def highpassed(signal: NDArray[np.float64], hz: float) -> NDArray[np.float64]:
    """Return the signal at 500 Hz without what is slower than `hz`, zero-phase."""
    return _filtered(signal, (hz,), "highpass", int(1.5 * RATE))


def bandpassed(signal: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Return the signal at 500 Hz between two frequencies, zero-phase."""
    return _filtered(signal, (low, high), "bandpass", int(0.5 * RATE))


def _filtered(signal: NDArray[np.float64], hz: tuple[float, ...], kind: str, padding: int) -> NDArray[np.float64]:
    from scipy.signal import sosfiltfilt

    most = min(padding, signal.shape[-1] - 1)
    filtered: NDArray[np.float64] = sosfiltfilt(_sections(hz, kind), signal, axis=-1, padtype="odd", padlen=most)
    return filtered


@lru_cache(maxsize=16)
def _sections(hz: tuple[float, ...], kind: str) -> NDArray[np.float64]:
    from scipy.signal import butter

    sections: NDArray[np.float64] = butter(2, hz if len(hz) > 1 else hz[0], kind, fs=RATE, output="sos")
    return sections


def smoothed(signal: NDArray[np.float64], sigma_ms: float, derivative: int = 0) -> NDArray[np.float64]:
    """Return the signal under a Gaussian, or its first derivative in mV per ms, along the last axis."""
    from scipy.ndimage import gaussian_filter1d

    sigma = sigma_ms * RATE / 1000
    out: NDArray[np.float64] = gaussian_filter1d(signal, sigma, axis=-1, order=derivative, mode="nearest", truncate=3.5)
    return out * (RATE / 1000) ** derivative
