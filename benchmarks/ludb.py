"""LUDB's manual marks, the comparison of detected points with them, and NeuroKit2's delineation in the same form.

Kalyakulina 2020, doi 10.1109/ACCESS.2020.3029211. Every lead has its own marks, of the middle part of each record.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LEAD_FILES = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
FS = 500.0
POINTS = ("P onset", "P peak", "P offset", "QRS onset", "QRS peak", "QRS offset", "T onset", "T peak", "T offset")
WINDOW_MS = 150.0
_WAVES = {"p": "P", "N": "QRS", "t": "T"}

Points = dict[str, NDArray[np.float64]]


def read_signal(folder: Path, number: int) -> NDArray[np.float64]:
    """Return the record (12, n) in mV."""
    import wfdb

    signal: NDArray[np.float64] = wfdb.rdrecord(str(folder / "data" / str(number))).p_signal.T
    return np.ascontiguousarray(signal)


def read_marks(folder: Path, number: int, lead: str) -> Points:
    """Return the manual marks of one lead, samples; a wave without a boundary has NaN there."""
    import wfdb

    marks = wfdb.rdann(str(folder / "data" / str(number)), lead)
    found: dict[str, list[float]] = {point: [] for point in POINTS}
    symbols, samples = list(marks.symbol), list(marks.sample)
    for k, symbol in enumerate(symbols):
        if symbol in _WAVES:
            before = samples[k - 1] if k and symbols[k - 1] == "(" else np.nan
            after = samples[k + 1] if k + 1 < len(symbols) and symbols[k + 1] == ")" else np.nan
            for part, at in (("onset", before), ("peak", samples[k]), ("offset", after)):
                found[f"{_WAVES[symbol]} {part}"].append(float(at))
    return {point: np.array(values, dtype=float) for point, values in found.items()}


@dataclass
class Tally:
    """Matches of one point over leads and records: errors in ms (detected minus manual)."""

    errors: list[float] = field(default_factory=list)
    missed: int = 0
    extra: int = 0

    @property
    def row(self) -> tuple[float, float, float, float]:
        """Sensitivity and positive predictive value in %, mean and SD of the error in ms."""
        hits = len(self.errors)
        if not hits:
            return 0.0, 0.0, float("nan"), float("nan")
        return (
            100 * hits / (hits + self.missed),
            100 * hits / (hits + self.extra),
            float(np.mean(self.errors)),
            float(np.std(self.errors)),
        )


def compare(tallies: Mapping[str, Tally], marks: Points, found: Mapping[str, NDArray[np.float64]]) -> None:
    """Add one lead: each manual point takes the nearest free detected one within 150 ms.

    Detected points before the first or after the last mark of the lead count only where they match.
    """
    every = np.concatenate(list(marks.values()))
    every = every[np.isfinite(every)]
    if not len(every):
        return
    for point, tally in tallies.items():
        manual = np.sort(marks[point][np.isfinite(marks[point])])
        detected = np.sort(found[point][np.isfinite(found[point])])
        free = np.ones(len(detected), dtype=bool)
        for at in manual:
            distance = np.where(free, np.abs(detected - at), np.inf)
            k = int(distance.argmin()) if len(distance) else -1
            if k >= 0 and distance[k] * 1000 / FS <= WINDOW_MS:
                free[k] = False
                tally.errors.append(float(detected[k] - at) * 1000 / FS)
            else:
                tally.missed += 1
        tally.extra += int((free & (detected >= every.min()) & (detected <= every.max())).sum())


def neurokit_points(lead: NDArray[np.float64], peaks: NDArray[np.float64] | None) -> Points:
    """Return what NeuroKit2's dwt method finds in one lead, given the QRS peaks or by its own; empty where it fails."""
    import neurokit2 as nk

    empty = {point: np.empty(0) for point in POINTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clean = nk.ecg_clean(lead, sampling_rate=int(FS))
            at = nk.ecg_peaks(clean, sampling_rate=int(FS))[1]["ECG_R_Peaks"] if peaks is None else peaks.astype(int)
            _, waves = nk.ecg_delineate(clean, at, sampling_rate=int(FS), method="dwt")
        except Exception:  # NeuroKit2 raises IndexError, ValueError, ZeroDivisionError ... where a lead is odd
            return empty
    names = {
        "P onset": "P_Onsets",
        "P peak": "P_Peaks",
        "P offset": "P_Offsets",
        "QRS onset": "R_Onsets",
        "QRS offset": "R_Offsets",
        "T onset": "T_Onsets",
        "T peak": "T_Peaks",
        "T offset": "T_Offsets",
    }
    found = {point: np.asarray(waves[f"ECG_{name}"], dtype=float) for point, name in names.items()}
    return {**empty, **found, "QRS peak": np.asarray(at, dtype=float)}


def records(text: str) -> Sequence[int]:
    """Return the record numbers of `1-100` or `7`."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
