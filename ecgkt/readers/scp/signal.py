"""The signal of an SCP-ECG record: sections 3 to 6, each lead in mV on the clock of the whole recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import MAX_CHANNELS, check_size
from ecgkt.readers.scp.huffman import Table, decode, read_tables, undo_differences
from ecgkt.readers.scp.sections import Fields, Sections, damaged

LEADS_BY_CODE = {
    1: "I", 2: "II", 3: "V1", 4: "V2", 5: "V3", 6: "V4", 7: "V5", 8: "V6", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF"
}  # fmt: skip
_LONGEST = 150_000
_MOST_BEATS = 2_000
_NANOVOLT = 1e-6
_MICROSECOND = 1e-6


@dataclass(frozen=True)
class Lead:
    """A lead of section 3: its code, and its first and last sample, counted from 1, by some writers from 0."""

    code: int
    first: int
    last: int


@dataclass(frozen=True)
class Beat:
    """A heartbeat of section 4: from `first` to `last` the reference beat was taken off, its mark put on `mark`."""

    kind: int
    first: int
    mark: int
    last: int


@dataclass(frozen=True)
class Beats:
    """Section 4: the reference beat's length in ms and its mark, the beats, the zones of full resolution."""

    milliseconds: int = 0
    mark: int = 0
    beats: tuple[Beat, ...] = ()
    kept: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Encoded:
    """Section 5 or 6: nV per step, microseconds per sample, differences, whether thinned out, and a stream per lead."""

    nanovolts: int
    microseconds: int
    differences: int
    thinned: bool
    streams: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class Signal:
    """Rows in mV by channel name, at `fs` Hz; NaN where a lead has nothing, and for other channels, named None."""

    names: tuple[str | None, ...]
    rows: tuple[NDArray[np.float64], ...]
    fs: float


def read_signal(sections: Sections) -> Signal:
    """Decode the 12 standard leads and put the reference beat back where it was taken off."""
    leads, subtracted = _read_leads(sections.body(3))
    tables = read_tables(sections.bodies[2]) if 2 in sections.bodies else ()
    rhythm = _read_encoded(sections.body(6), len(leads))
    reference = _read_encoded(sections.bodies[5], len(leads)) if 5 in sections.bodies else None
    beats = _read_beats(sections.bodies[4]) if 4 in sections.bodies else Beats()
    fs, factor = _rate(rhythm, reference, subtracted)
    begin, end = min(lead.first for lead in leads), max(lead.last for lead in leads)
    names: list[str | None] = []
    rows = []
    for place, lead in enumerate(leads):
        name = LEADS_BY_CODE.get(lead.code)
        if name is None:
            names.append(None)
            continue
        kept = beats.kept if rhythm.thinned else ()
        samples = _decode_thinned(rhythm, place, lead, tables, factor, kept) * (rhythm.nanovolts * _NANOVOLT)
        if subtracted:
            if reference is None:
                raise damaged()
            _put_back(samples, lead, beats, _reference_beat(reference, place, beats, tables))
        row = np.full(end - begin + 1, np.nan)
        row[lead.first - begin : lead.last - begin + 1] = samples
        names.append(name)
        rows.append(row)
    rest = np.full(end - begin + 1, np.nan)
    known = iter(rows)
    return Signal(tuple(names), tuple(rest if name is None else next(known) for name in names), fs)


def _read_leads(section: bytes) -> tuple[tuple[Lead, ...], bool]:
    """Return the leads and whether a reference beat was subtracted from them."""
    fields = Fields(section)
    count, flags = fields.numbers("BB")
    leads = []
    for _ in range(count):
        first, last, code = fields.numbers("IIB")
        leads.append(Lead(code, first, last))
    if any(lead.last < lead.first for lead in leads):
        raise damaged()
    length = max((lead.last for lead in leads), default=0) - min((lead.first for lead in leads), default=0) + 1
    check_size(len(leads), length)
    if length > _LONGEST:
        raise UnreadableRecord(f"at most {_LONGEST:,} samples per lead", f"{length:,}", "cut the recording")
    return tuple(leads), bool(flags & 1)


def _read_encoded(section: bytes, leads: int) -> Encoded:
    fields = Fields(section)
    nanovolts, microseconds, differences, thinned = fields.numbers("HHBB")
    if nanovolts == 0 or microseconds == 0:
        raise UnreadableRecord("a scale and a rate in the SCP-ECG file", "zero", "export it with both")
    if differences > 2:
        raise damaged()
    lengths = fields.numbers(f"{min(leads, MAX_CHANNELS)}H")
    streams = tuple(fields.take(length) for length in lengths)
    return Encoded(nanovolts, microseconds, differences, bool(thinned), streams)


def _read_beats(section: bytes) -> Beats:
    fields = Fields(section)
    milliseconds, mark, count = fields.numbers("HHH")
    if count > _MOST_BEATS:
        raise damaged()
    if fields.left < 14 * count:
        return Beats(milliseconds, mark)
    beats = tuple(Beat(*fields.numbers("HIII")) for _ in range(count))
    kept = []
    if fields.left >= 8 * count:
        for _ in range(count):
            first, last = fields.numbers("II")
            if 1 <= first <= last:
                kept.append((first, last))
    return Beats(milliseconds, mark, beats, tuple(sorted(kept)))


def _rate(rhythm: Encoded, reference: Encoded | None, subtracted: bool) -> tuple[float, int]:
    """Return the rate in Hz to which section 3 counts, and how many of its samples a thinned-out one stands for."""
    factor = 1
    if rhythm.thinned or (subtracted and reference is not None):
        if reference is None:
            raise UnreadableRecord(
                "the reference beat with a bimodal recording", "none", "export the recording uncompressed"
            )
        factor, odd = divmod(rhythm.microseconds, reference.microseconds)
        if odd or not 1 <= factor <= 8:
            raise UnreadableRecord(
                "a recording at the reference beat's rate or a whole part of it", "another", "export it uncompressed"
            )
    return factor / (rhythm.microseconds * _MICROSECOND), factor


def _numbers(encoded: Encoded, place: int, count: int, tables: Sequence[Table]) -> NDArray[np.int64]:
    """Return the first `count` samples of a lead's stream, as Huffman codes or as 16 bits each."""
    content = encoded.streams[place]
    if tables:
        numbers = decode(content, count, tables)
    elif len(content) < 2 * count:
        raise damaged()
    else:
        numbers = np.frombuffer(content, "<i2", count).astype(np.int64)
    return undo_differences(numbers, encoded.differences)


def _decode_thinned(
    rhythm: Encoded,
    place: int,
    lead: Lead,
    tables: Sequence[Table],
    factor: int,
    kept: Sequence[tuple[int, int]],
) -> NDArray[np.float64]:
    """Return a lead's samples at full rate, in steps.

    Outside the zones that are kept each stored sample is the mean of `factor` of them and stands at their middle;
    between those it is drawn straight. What is left over before a zone is stored in full.
    """
    count = lead.last - lead.first + 1
    if factor == 1:
        return _numbers(rhythm, place, count, tables).astype(np.float64)
    places = np.concatenate([_stored_places(first, last, factor, whole) for first, last, whole in _zones(lead, kept)])
    stored = _numbers(rhythm, place, len(places), tables)
    full: NDArray[np.float64] = np.interp(np.arange(count), places - lead.first, stored)
    return full


def _zones(lead: Lead, kept: Sequence[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """Return the stretches of a lead as (first, last, kept in full), in order and without overlap."""
    zones: list[tuple[int, int, bool]] = []
    at = lead.first
    for first, last in kept:
        first, last = max(first, at), min(last, lead.last)
        if last < first:
            continue
        if first > at:
            zones.append((at, first - 1, False))
        zones.append((first, last, True))
        at = last + 1
    if at <= lead.last:
        zones.append((at, lead.last, False))
    return zones


def _stored_places(first: int, last: int, factor: int, whole: bool) -> NDArray[np.float64]:
    if whole:
        return np.arange(first, last + 1, dtype=np.float64)
    blocks = (last - first + 1) // factor
    middles = first + factor * np.arange(blocks) + (factor - 1) / 2
    places: NDArray[np.float64] = np.concatenate((middles, np.arange(first + factor * blocks, last + 1)))
    return places


def _reference_beat(reference: Encoded, place: int, beats: Beats, tables: Sequence[Table]) -> NDArray[np.float64]:
    """Return the reference beat of a lead in mV."""
    count = round(beats.milliseconds / (reference.microseconds * 1e-3))
    if not 1 <= count <= _LONGEST:
        raise damaged()
    beat: NDArray[np.float64] = _numbers(reference, place, count, tables) * np.float64(reference.nanovolts * _NANOVOLT)
    return beat


def _put_back(samples: NDArray[np.float64], lead: Lead, beats: Beats, beat: NDArray[np.float64]) -> None:
    """Add the reference beat to each beat of its kind (0), its mark on theirs, in place."""
    for one in beats.beats:
        if one.kind != 0:
            continue
        begin = one.mark - beats.mark
        first = max(one.first, lead.first, begin + 1)
        last = min(one.last, lead.last, begin + len(beat))
        if first <= last:
            samples[first - lead.first : last - lead.first + 1] += beat[first - begin - 1 : last - begin]
