"""WFDB (PhysioNet): a text header and the signal files that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Domain, Record
from ecgkt.domain.records import canonical_lead
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import millivolts_per, name_channels
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.private_folder import private_folder
from ecgkt.readers.wfdb_header import Channel, Header, looks_like_header, parse_header

_AGE = re.compile(r"(?:^|<)age>?\s*[:=]\s*(?P<value>[^\s,;<]+)", re.IGNORECASE)
_SEX = re.compile(r"(?:^|<)(?:sex|gender)>?\s*[:=]\s*(?P<value>[^\s,;<]+)", re.IGNORECASE)
_SIMULATED = re.compile(r"simulated\s*:", re.IGNORECASE)
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}
_PLAIN, _INVALID = "16", -32768
_Samples = tuple[NDArray[np.integer], NDArray[np.float64]]
UNIT = "mV"
"""Of a channel with a gain and no unit, as the format defines it (WFDB Applications Guide, header(5))."""
UNIT_NOTE = "the header names no unit: its gains are steps per mV, as the format defines it"
CHECKSUM_NOTE = "the checksums in the header are not those of the signal: check that the two files belong together"


def read(content: bytes, companion: Companion) -> Record:
    """Read a record from its header and the signal files beside it.

    Format 16 in one file, as MIMIC-IV-ECG and PTB-XL have it, is unpacked here. For the others the wfdb library sees
    only a private folder with a header written anew from what was checked, so that nothing in the file can lead it
    elsewhere. Samples that the format marks as invalid become NaN. A signal file without a standard lead is not needed.
    Of the comments only age, sex and "simulated" are used.
    """
    told = parse_header(content)
    header = told.with_leads()
    factors = [_millivolts_per_unit(channel) for channel in header.channels]
    files = {file: _signal_bytes(header, file, companion) for file in header.files}
    digital, physical = _unpack(header, files) or _decode(header, files)
    rows = [column * factor for column, factor in zip(physical.T, factors, strict=True)]
    others = len(told.channels) - len(header.channels)
    names = [*(channel.name for channel in header.channels), *[None] * others]
    return Record.from_leads(
        name_channels(names, [*rows, *[np.full(header.samples, np.nan)] * others]),
        header.fs,
        "WFDB",
        domain=Domain.SIMULATED if any(map(_SIMULATED.match, header.comments)) else Domain.UNKNOWN,
        age=_age(header.comments),
        sex=_sex(header.comments),
        notes=(*_unit_notes(header), *_checksum_notes(header, digital)),
    )


def _millivolts_per_unit(channel: Channel) -> float:
    """Return the factor of a standard lead; other channels, which are left out, need no unit that is known."""
    return millivolts_per(channel.unit or UNIT) if canonical_lead(channel.name or "") else 1.0


def _signal_bytes(header: Header, file: str, companion: Companion) -> bytes:
    needed = header.bytes_needed(file)
    content = companion(file)
    if content is None:
        raise UnreadableRecord(
            "the header and its signal file",
            "the header without it",
            "give both files (.hea and .dat or .mat) together, under their own names",
        )
    if len(content) < needed:
        raise UnreadableRecord(
            f"a signal file of {needed:,} bytes, as its header says", f"{len(content):,}", "copy the file again"
        )
    return content


def _unpack(header: Header, files: Mapping[str, bytes]) -> _Samples | None:
    """Return what `_decode` does of one file of format 16, without the library and without a file; None of others."""
    channels = header.channels
    if len(files) != 1 or channels[0].fmt != _PLAIN or header.samples < 1:
        return None
    (content,) = files.values()
    count = header.samples * len(channels)
    digital = np.frombuffer(content, "<i2", count, channels[0].offset).reshape(header.samples, len(channels))
    baselines = np.array([channel.baseline for channel in channels])
    physical = (digital.astype(np.float64) - baselines) / np.array([channel.gain for channel in channels])
    physical[digital == _INVALID] = np.nan
    return digital, physical


def _decode(header: Header, signal_files: Mapping[str, bytes]) -> _Samples:
    """Return the digital samples (samples, channels), and those in the header's units with invalid ones as NaN."""
    import wfdb

    names = {file: f"signal{position}.dat" for position, file in enumerate(signal_files)}
    with private_folder() as folder:
        for file, content in signal_files.items():
            (folder / names[file]).write_bytes(content)
        (folder / "record.hea").write_text(header.neutral_text(names), encoding="ascii")
        found: Any = wfdb.rdrecord(str(folder / "record"), physical=False)
    return found.d_signal, found.dac()


def _unit_notes(header: Header) -> tuple[str, ...]:
    """Say where a scale rests on the format's rule instead of on a stated unit."""
    return () if all(channel.unit for channel in header.channels) else (UNIT_NOTE,)


def _checksum_notes(header: Header, digital: NDArray[np.integer]) -> tuple[str, ...]:
    """Say where the samples are not those that the header was written for (their sum modulo 2^16)."""
    sums = digital.sum(axis=0, dtype=np.int64)
    stated = [channel.checksum for channel in header.channels]
    if all(checksum is None or (total - checksum) % 65_536 == 0 for checksum, total in zip(stated, sums, strict=True)):
        return ()
    return (CHECKSUM_NOTE,)


def _age(comments: tuple[str, ...]) -> float | None:
    """Return the age in years; None where it is unknown, marked as such (NaN, -1) or a stand-in (300)."""
    for found in filter(None, map(_AGE.search, comments)):
        try:
            age = float(found["value"])
        except ValueError:
            return None
        return age if np.isfinite(age) and 0 <= age <= 130 else None
    return None


def _sex(comments: tuple[str, ...]) -> str | None:
    for found in filter(None, map(_SEX.search, comments)):
        return _SEXES.get(found["value"].lower())
    return None


READER = Reader("WFDB", looks_like_header, read)
