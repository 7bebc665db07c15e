"""From channels as files hold them to leads by name in mV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import canonical_lead
from ecgkt.errors import UnreadableRecord

MAX_CHANNELS = 64
MAX_SAMPLES = 20_000_000
"""Over all channels: more than an hour of 12 leads at 400 Hz."""

_MILLIVOLTS = {
    "mv": 1.0,
    "millivolt": 1.0,
    "uv": 1e-3,
    "microvolt": 1e-3,
    "nv": 1e-6,
    "nanovolt": 1e-6,
    "v": 1e3,
    "volt": 1e3,
}


def millivolts_per(unit: str | None) -> float:
    """Return how many mV one `unit` is; in any case, with u or either Greek mu; a missing one is refused."""
    bare = (unit or "").strip().lower().replace("\u00b5", "u").replace("\u03bc", "u")
    bare = bare.removesuffix("s")
    if not bare:
        raise UnreadableRecord("a unit for every lead", "a lead without one", "export it with units (mV or uV)")
    if bare not in _MILLIVOLTS:
        raise UnreadableRecord("leads in V, mV or uV", "another unit", "export the ECG in mV")
    return _MILLIVOLTS[bare]


def name_channels(names: Sequence[str | None], rows: Sequence[NDArray[np.floating]]) -> dict[str, NDArray[np.floating]]:
    """Return rows by standard lead name, those that are no standard lead under neutral names; each lead once."""
    named: dict[str, NDArray[np.floating]] = {}
    for position, (name, row) in enumerate(zip(names, rows, strict=True)):
        lead = canonical_lead(name or "")
        if lead in named:
            raise UnreadableRecord("each lead once", f"{lead} twice", "keep one channel per lead")
        named[lead or f"channel {position}"] = row
    return named


def place_in_time(
    parts: Sequence[tuple[float, Mapping[str, NDArray[np.floating]]]], fs: float
) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Return leads that begin at different seconds, each (n,) at its place and NaN elsewhere, and what is to be told.

    Of a lead that several parts have, the longest is taken.
    """
    start = min(begin for begin, _ in parts)
    longest: dict[str, tuple[int, NDArray[np.floating]]] = {}
    for begin, leads in parts:
        for name, samples in leads.items():
            if name not in longest or len(samples) > len(longest[name][1]):
                longest[name] = round((begin - start) * fs), samples
    length = max(first + len(samples) for first, samples in longest.values())
    check_size(len(longest), length)
    rows = {name: np.full(length, np.nan) for name in longest}
    for name, (first, samples) in longest.items():
        rows[name][first : first + len(samples)] = samples
    gaps = any(len(samples) < length for _, samples in longest.values())
    return rows, ("leads were recorded one after the other, with gaps between",) if gaps else ()


def check_size(channels: int, samples: int) -> None:
    """Raise where the numbers that a file claims are not those of a recording."""
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnreadableRecord(f"1 to {MAX_CHANNELS} channels", f"{channels}", "export the 12-lead recording")
    if samples < 1:
        raise UnreadableRecord("at least one sample per channel", f"{samples}", "export the recording again")
    if channels * samples > MAX_SAMPLES:
        raise UnreadableRecord(
            f"at most {MAX_SAMPLES:,} samples in all", f"a file that claims {channels * samples:,}", "cut the recording"
        )
