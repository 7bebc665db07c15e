"""Silence a part of an ECG, an electrode or a wave, and see what a model says without it.

Both ways take a signal (12, n) in mV at any rate, so that a record and a model's input are silenced alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS, Record
from ecgkt.errors import InvalidValue
from ecgkt.signals.delineation import Delineation, delineate
from ecgkt.signals.electrodes import ELECTRODES, silenced

WAVES: Mapping[str, str] = MappingProxyType(
    {"P": "P wave", "QRS": "QRS complex", "ST": "from the end of QRS to the start of T", "T": "T wave"}
)
EDGE_SECONDS = 0.01
"""Over this long at either end of a wave the level is taken from which the straight line starts."""


@dataclass(frozen=True)
class Parts:
    """What is silenced: electrodes (`ELECTRODES`), waves (`WAVES`) in every beat of some `leads`, or both."""

    electrodes: tuple[str, ...] = ()
    waves: tuple[str, ...] = ()
    leads: tuple[str, ...] = LEADS

    def __post_init__(self) -> None:
        known = (
            ("electrodes", self.electrodes, ELECTRODES),
            ("waves", self.waves, WAVES),
            ("leads", self.leads, LEADS),
        )
        for what, names, allowed in known:
            if strange := [name for name in names if name not in allowed]:
                raise InvalidValue(f"{what} among {', '.join(allowed)}", ", ".join(strange), "correct the spelling")

    def __bool__(self) -> bool:
        return bool(self.electrodes or (self.waves and self.leads))


def silence(record: Record, parts: Parts, found: Delineation | None = None) -> Record:
    """Return a record without some parts, and a note that says so; itself where nothing is silenced.

    Waves go first, as delineated on the whole recording (`found`, or anew); then electrodes. Raises InvalidValue
    where a wave was found in no beat, or where the recording cannot be delineated (`delineate`).
    """
    if not parts:
        return record
    signal, told = record.signal, []
    if parts.waves:
        found = delineate(record.signal, record.fs) if found is None else found
        signal = without_waves(signal, record.fs, found, parts.waves, parts.leads)
        where = "" if parts.leads == LEADS else f" in {', '.join(parts.leads)}"
        told.append(f"{', '.join(parts.waves)} levelled in every beat{where}")
    if parts.electrodes:
        signal = silenced(signal, parts.electrodes)
        told.append(f"{', '.join(parts.electrodes)} silenced")
    return replace(record, signal=signal, notes=(*record.notes, *told))


def without_waves(
    signal: NDArray[np.floating], fs: float, found: Delineation, waves: Sequence[str], leads: Sequence[str] = LEADS
) -> NDArray[np.float32]:
    """Return a signal (12, n) in which these waves of every beat are straight lines, in these leads.

    `found` may come from the same recording at another rate. Waves that touch (QRS and ST) become one line from the
    first's start to the last's end. Raises InvalidValue where one of the waves was found in no beat.
    """
    spans = []
    for wave in waves:
        here = wave_spans(found, wave)
        if not len(here):
            raise InvalidValue(f"a recording with a {WAVES[wave]}", "none in any beat", "silence another wave")
        spans.append(here)
    if not spans:
        return np.asarray(signal, dtype=np.float32)
    return levelled(signal, fs, merged(np.concatenate(spans)), leads)


def wave_spans(found: Delineation, wave: str) -> NDArray[np.float64]:
    """Return (b, 2) start and end in seconds of a wave in the beats in which it was found, over all leads.

    From the earliest reliable onset to the latest reliable offset over the leads, so that nothing of the wave is left
    in a lead in which it is longer; ST from the end of QRS to the onset of T. Raises InvalidValue for another wave.
    """
    if wave not in WAVES:
        raise InvalidValue(f"one of {', '.join(WAVES)}", repr(wave), "name a wave")
    ends = {
        "P": (found.p.first, found.p.last),
        "QRS": (found.qrs.first, found.qrs.last),
        "ST": (found.qrs.last, found.t.first),
        "T": (found.t.first, found.t.last),
    }[wave]
    spans = np.stack(ends, axis=1) / found.fs
    if wave == "P":
        spans[:, 1] = np.fmin(spans[:, 1], found.qrs.first / found.fs)
    with np.errstate(invalid="ignore"):
        whole: NDArray[np.float64] = spans[spans[:, 1] > spans[:, 0]]
    return whole


def merged(spans: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return spans (k, 2) in order, those that touch or overlap as one."""
    joined: list[list[float]] = []
    for first, last in sorted(spans.tolist()):
        if joined and first <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return np.array(joined, dtype=np.float64).reshape(-1, 2)


def levelled(
    signal: NDArray[np.floating], fs: float, spans: NDArray[np.float64], leads: Sequence[str] = LEADS
) -> NDArray[np.float32]:
    """Return a signal (12, n) in mV with a straight line in place of each span (k, 2) in seconds, in some leads.

    The line joins the levels just before and just after the span, each a mean over `EDGE_SECONDS` (within the
    recording). The same line is drawn in every lead, so that what holds between leads holds afterwards. Gaps (NaN)
    outside stay; one at an end leaves the span as it was, one inside is drawn over.
    """
    out = np.array(signal, dtype=np.float64)
    rows = [LEADS.index(lead) for lead in leads]
    edge = max(1, round(EDGE_SECONDS * fs))
    n = out.shape[1]
    before = np.asarray(signal, dtype=np.float64)
    for start, end in spans:
        first, last = max(round(start * fs), 0), min(round(end * fs), n - 1)
        if last <= first:
            continue
        low = before[rows, max(first - edge + 1, 0) : first + 1].mean(axis=1, keepdims=True)
        high = before[rows, last : last + edge].mean(axis=1, keepdims=True)
        line = low + (high - low) * np.linspace(0, 1, last - first + 1)
        out[rows, first : last + 1] = np.where(np.isfinite(line), line, before[rows, first : last + 1])
    return out.astype(np.float32)
