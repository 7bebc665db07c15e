"""What an ECG is compared with: named signals (12, n) that stand for the absence of what is explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.signals.delineation import Delineation
from ecgkt.signals.preprocessing import Preprocessing

ZERO, SMOOTHED, TYPICAL = "zero signal", "own smoothed signal", "typical beat"
BASELINES: Mapping[str, str] = {
    ZERO: "flat lines at zero",
    SMOOTHED: "this ECG under a Gaussian of 100 ms, which leaves little of QRS and P and more of T",
    TYPICAL: "the median beat of 200 simulated patients with nothing but sinus rhythm, laid at each beat of this ECG",
}
"""Every baseline by its name, the default first, and what it is."""
SMOOTHING_SECONDS = 0.1
TYPICAL_BEAT = Path(__file__).with_name("typical_beat.csv")


def find(name: str) -> str:
    """Return the name of a baseline; raises UnknownName for another."""
    if name not in BASELINES:
        raise UnknownName(f"a baseline among {', '.join(BASELINES)}", repr(name), "choose one of them")
    return name


def lay(
    name: str, record: Record, preprocessing: Preprocessing, signal: NDArray[np.float32], beats: Delineation | None
) -> NDArray[np.float32]:
    """Return the named baseline (12, n) of a record, as the model's input of which `signal` (12, n) is the record's.

    Raises UnknownName for another name, InvalidValue for the typical beat where no `beats` were found.
    """
    if find(name) == ZERO:
        return np.zeros_like(signal)
    return smoothed(signal, preprocessing.fs) if name == SMOOTHED else _typical(record, preprocessing, beats)


def smoothed(signal: NDArray[np.float32], fs: float) -> NDArray[np.float32]:
    """Return a signal (12, n) under a Gaussian of 100 ms."""
    from scipy.ndimage import gaussian_filter1d

    course: NDArray[np.float32] = gaussian_filter1d(signal, SMOOTHING_SECONDS * fs, axis=1, mode="nearest")
    return course


def _typical(record: Record, preprocessing: Preprocessing, beats: Delineation | None) -> NDArray[np.float32]:
    """Return the typical beat at every beat's QRS onset, added where two overlap, as the model would be given it."""
    if beats is None or not len(beats.beats) or not np.isfinite(beats.qrs.first).any():
        raise InvalidValue("an ECG in which beats are found", "none", "choose another baseline")
    early = float(np.nanmedian(beats.qrs.first - beats.beats))
    onsets = np.where(np.isfinite(beats.qrs.first), beats.qrs.first, beats.beats + early) / beats.fs
    time, leads = _typical_beat()
    at = np.arange(record.signal.shape[1]) / record.fs
    course = np.zeros(record.signal.shape)
    for onset in onsets:
        course += np.stack([np.interp(at - onset, time, lead, left=0.0, right=0.0) for lead in leads])
    return preprocessing.apply(replace(record, signal=course.astype(np.float32)))


@cache
def _typical_beat() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times (k,) in seconds from QRS onset and leads (12, k) in mV."""
    rows = np.loadtxt(TYPICAL_BEAT, delimiter=",", skiprows=2)
    return rows[:, 0] / 1000, rows[:, 1:].T
