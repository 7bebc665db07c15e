"""How well each lead was recorded, for a reader: good, noisy or unusable, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS, Record
from ecgkt.signals.conditioning import MOST_NOISE_MV, bridged, white_noise
from ecgkt.signals.quality import fault_of_leads


class Grade(StrEnum):
    """A judgement of one lead."""

    GOOD = "good"
    NOISY = "noisy"
    UNUSABLE = "unusable"


WANDER, FAST, BURST, MAINS, CLIPPED = (
    "baseline wander",
    "fast noise",
    "a burst of fast noise",
    "mains hum",
    "clipped",
)
LIMITS_MV = {WANDER: 0.43, FAST: 0.005, BURST: 0.0065, MAINS: 0.05}
"""From where a lead is called noisy; set on one half of PTB-XL 1-250 and measured on the other (docs/abstention.md)."""
_CLIPPED_RUNS = 3
_CLIPPED_SECONDS = 0.008
_CLIPPED_LEAST_MV = 0.5
_BLOCK_SECONDS, _BLOCKS, _RANK = 0.05, 8, 2


@dataclass(frozen=True)
class Finding:
    """By what a lead is noisy or unusable, with its size in mV where it has one."""

    what: str
    size_mv: float | None = None


@dataclass(frozen=True)
class LeadQuality:
    """The judgement of one lead, and by what it is noisy or unusable."""

    lead: str
    grade: Grade
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Noise:
    """What is in each of 12 leads beside the heart, each (12,) in mV but `clipped`, a count.

    `wander` is how far the baseline moves; `fast` the RMS at 60 to 150 Hz between beats, and `burst` by how much the
    worst 0.4 s exceed it; `mains` the line at 50 or 60 Hz, peak to peak; `white` the SD from sample to sample;
    `clipped` how often the lead stands at its own extreme.
    """

    wander: NDArray[np.float64]
    fast: NDArray[np.float64]
    burst: NDArray[np.float64]
    mains: NDArray[np.float64]
    white: NDArray[np.float64]
    clipped: NDArray[np.intp]


def grade_leads(record: Record, seconds: float = 10.0) -> tuple[LeadQuality, ...]:
    """Judge each lead of the first `seconds` of a record on its own signal, in the order of `LEADS`.

    Unusable is what the model refuses too (missing, flat, gapped, beyond +-20 mV), and noise in which no wave is
    measured (over 0.2 mV from sample to sample).
    """
    seen = record.first_seconds(seconds)
    faults = fault_of_leads(seen)
    signal = bridged(seen.signal.astype(np.float64))
    signal[[LEADS.index(lead) for lead in faults]] = 0.0
    noise = noise_of(signal, seen.fs)
    return tuple(_grade(place, lead, faults.get(lead), noise) for place, lead in enumerate(LEADS))


def _grade(place: int, lead: str, fault: str | None, noise: Noise) -> LeadQuality:
    if fault is not None:
        return LeadQuality(lead, Grade.UNUSABLE, (Finding(fault),))
    if noise.white[place] >= MOST_NOISE_MV:
        return LeadQuality(
            lead, Grade.UNUSABLE, (Finding("noise in which no wave is found", float(noise.white[place])),)
        )
    sizes = {WANDER: noise.wander, FAST: noise.fast, BURST: noise.burst, MAINS: noise.mains}
    found = [Finding(what, float(size[place])) for what, size in sizes.items() if size[place] >= LIMITS_MV[what]]
    if noise.clipped[place] >= _CLIPPED_RUNS:
        found.append(Finding(CLIPPED))
    return LeadQuality(lead, Grade.NOISY if found else Grade.GOOD, tuple(found))


def noise_of(signal: NDArray[np.float64], fs: float) -> Noise:
    """Measure the noise of a signal (12, n) in mV at its own rate, without gaps; what the rate cannot hold is zero."""
    spectrum = np.fft.rfft(signal - signal.mean(axis=1, keepdims=True), axis=1)
    hz: NDArray[np.float64] = np.fft.rfftfreq(signal.shape[1], 1 / fs).astype(np.float64)
    course = _between_beats(spectrum, hz, signal.shape[1], fs)
    fast = np.median(course, axis=1)
    return Noise(
        _wander(signal, fs),
        fast,
        course.max(axis=1) - fast,
        _mains(spectrum, hz),
        white_noise(signal),
        _clipped(signal, fs),
    )


def _wander(filled: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return how far the baseline (the median of each second, in steps of 0.2 s) moves."""
    block = max(1, round(0.2 * fs))
    count = filled.shape[1] // block
    if count < 5:
        return np.zeros(len(filled))
    middle = np.median(filled[:, : count * block].reshape(len(filled), count, block), axis=2)
    course = np.median(np.lib.stride_tricks.sliding_window_view(middle, 5, axis=1), axis=2)
    moved: NDArray[np.float64] = np.ptp(course, axis=1)
    return moved


def _between_beats(spectrum: NDArray[np.complex128], hz: NDArray[np.float64], n: int, fs: float) -> NDArray[np.float64]:
    """Return (12, windows) the RMS at 60 to 150 Hz, the mains' line left out, of a quiet block of each 0.4 s.

    The third quietest of eight blocks of 50 ms: a QRS complex fills two or three of them, a burst of noise all.
    """
    band = (hz >= 60) & (hz <= min(150.0, 0.45 * fs)) & (np.abs(hz - 60) > 1)
    kept = np.fft.irfft(spectrum * band, n=n, axis=1)
    block = max(1, round(_BLOCK_SECONDS * fs))
    count = n // block
    power = (kept[:, : count * block].reshape(len(kept), count, block) ** 2).mean(axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(power, min(_BLOCKS, count), axis=1)
    rank = min(_RANK, windows.shape[2] - 1)
    course: NDArray[np.float64] = np.sqrt(np.partition(windows, rank, axis=2)[:, :, rank])
    return course


def _mains(spectrum: NDArray[np.complex128], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the peak-to-peak size of the stronger of the lines at 50 and 60 Hz, above what lies beside it."""
    strongest = np.zeros(len(spectrum))
    scale = 2 / max(2 * (spectrum.shape[1] - 1), 1)
    for line in (50.0, 60.0):
        near, beside = np.abs(hz - line) <= 0.35, (np.abs(hz - line) > 0.7) & (np.abs(hz - line) < 4)
        if hz[-1] < line + 1 or not near.any() or not beside.any():
            continue
        power = np.abs(spectrum[:, near]) ** 2
        floor = np.median(np.abs(spectrum[:, beside]) ** 2, axis=1, keepdims=True)
        size = 2 * scale * np.sqrt(np.maximum(power - floor, 0).sum(axis=1))
        strongest = np.maximum(strongest, size)
    return strongest


def _clipped(filled: NDArray[np.float64], fs: float) -> NDArray[np.intp]:
    """Return how many times each lead stands at its own largest or smallest value for 8 ms or more."""
    least = max(3, round(_CLIPPED_SECONDS * fs))
    runs = np.zeros(len(filled), dtype=np.intp)
    for place, lead in enumerate(filled):
        for extreme in (lead.max(), lead.min()):
            if abs(extreme - np.median(lead)) < _CLIPPED_LEAST_MV:
                continue
            at = np.flatnonzero(lead == extreme)
            if len(at) >= _CLIPPED_RUNS * least:
                edges = np.flatnonzero(np.diff(at, prepend=-2) > 1)
                lengths = np.diff(np.append(edges, len(at)))
                runs[place] = max(runs[place], int((lengths >= least).sum()))
    return runs
