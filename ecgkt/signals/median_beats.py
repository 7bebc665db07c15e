"""The dominant beat of a recording: what one would draw for each lead, and where its waves begin and end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.conditioning import bridged, median_known
from ecgkt.signals.delineation import Delineation, Waves

BEFORE_MS, AFTER_MS = 400.0, 700.0


@dataclass(frozen=True, eq=False)
class MedianBeats:
    """The median of the dominant beats: `signal` (12, n) mV, zero at QRS onset, at `time_ms` (n,) from there.

    `p`, `qrs` and `t` are (onset, offset) over all leads in ms from QRS onset, NaN where refused; `t_peak` (12,) per
    lead. `count` beats went in; leads that could not be read are NaN.
    """

    signal: NDArray[np.float64]
    time_ms: NDArray[np.float64]
    p: tuple[float, float]
    qrs: tuple[float, float]
    t: tuple[float, float]
    t_peak: NDArray[np.float64]
    count: int

    def level(self, from_ms: float, to_ms: float) -> NDArray[np.float64]:
        """Return each lead's mean (12,) between two times."""
        near = (self.time_ms >= from_ms - 0.01) & (self.time_ms <= to_ms + 0.01)
        if not near.any():
            return np.full(12, np.nan)
        mean: NDArray[np.float64] = self.signal[:, near].mean(axis=1)
        return mean

    def part(self, span: tuple[float, float]) -> NDArray[np.float64]:
        """Return the samples (12, k) from one time to another."""
        return self.signal[:, (self.time_ms >= span[0]) & (self.time_ms <= span[1])]


def median_beats(signal: NDArray[np.floating], fs: float, delineation: Delineation) -> MedianBeats | None:
    """Return the median beat of a signal (12, n) as recorded, without any filter, or None without a whole beat.

    Each beat is first moved so that its mean over the 12 ms before QRS onset is zero, which takes the baseline's
    wander out without bending the ST segment.
    """
    d = delineation
    before, after = round(BEFORE_MS * fs / 1000), round(AFTER_MS * fs / 1000)
    chosen = averaged(d, np.shape(signal)[1])
    if not chosen.any():
        return None
    start = np.round(d.qrs.first)[chosen].astype(int)
    padded = np.pad(bridged(np.asarray(signal, dtype=np.float64)), ((0, 0), (before, after)), constant_values=np.nan)
    windows = padded[:, start[:, None] + np.arange(before + after)].transpose(1, 0, 2)
    quiet = max(2, round(0.012 * fs))
    windows = windows - windows[:, :, before - quiet : before].mean(axis=2, keepdims=True)
    beat = median_known(windows)
    beat -= beat[:, before - quiet : before].mean(axis=1, keepdims=True)
    beat[~d.usable] = np.nan
    spans = [_span(wave, d, chosen) for wave in (d.p, d.qrs, d.t)]
    peaks = _typical(d.t.peak[chosen] - d.qrs.first[chosen][:, None]) * 1000 / fs
    time = (np.arange(before + after) - before) * 1000 / fs
    return MedianBeats(beat, time, spans[0], spans[1], spans[2], peaks, int(chosen.sum()))


def averaged(delineation: Delineation, samples: int) -> NDArray[np.bool_]:
    """Return which beats (b,) go into the median beat of a recording of so many samples.

    Those of the dominant shape whose QRS onset is known and lies 60 ms or more after the start and over 200 ms before
    the end.
    """
    d = delineation
    place = np.round(d.qrs.first)
    chosen: NDArray[np.bool_] = (d.shape == 0) & np.isfinite(place)
    chosen &= (np.nan_to_num(place) >= round(0.06 * d.fs)) & (np.nan_to_num(place) < samples - round(0.2 * d.fs))
    return chosen


def _span(wave: Waves, d: Delineation, chosen: NDArray[np.bool_]) -> tuple[float, float]:
    both = [(edge - d.qrs.first)[chosen] * 1000 / d.fs for edge in (wave.first, wave.last)]
    return float(_typical(both[0][:, None])[0]), float(_typical(both[1][:, None])[0])


def _typical(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over rows of (b, k), NaN where fewer than half of the rows have a value."""
    enough = np.isfinite(values).mean(axis=0) >= 0.5
    typical = np.full(values.shape[1], np.nan)
    if enough.any():
        typical[enough] = np.nanmedian(values[:, enough], axis=0)
    return typical
