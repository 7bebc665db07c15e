"""One record as it will be stored: MIMIC-IV-ECG's own layout by a quick path, anything else by the house's readers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS, Record, canonical_lead
from ecgkt.errors import EcgktError, UnreadableRecord
from ecgkt.mimic import FORMAT, FS_HZ, GAIN_PER_MV, MISSING_SAMPLE, SAMPLES
from ecgkt.readers import read_record
from ecgkt.readers.channels import millivolts_per
from ecgkt.readers.wfdb_format import CHECKSUM_NOTE
from ecgkt.readers.wfdb_header import Header, parse_header

ABSENT = "waveform absent"
UNREADABLE = "waveform unreadable"
NOT_12_LEADS = "not 12 leads"
NOT_500_HZ = "not 500 Hz"
SHORTER = "shorter than 10 s"

_SECONDS = SAMPLES / FS_HZ


class LeftOut(Exception):
    """A record that is not stored: `status` is the reason that is counted, `detail` one sentence."""

    def __init__(self, status: str, detail: str) -> None:
        self.status, self.detail = status, detail
        super().__init__(status, detail)


@dataclass(frozen=True, eq=False)
class Waveform:
    """Ten seconds at 500 Hz: `record` as it was read, `samples` (12, 5000) int16 as stored; leads that held infinity.

    `samples` are at 200 units per mV, rounded to the nearest where the file has another gain, -32768 where missing.
    """

    record: Record
    samples: NDArray[np.int16]
    infinite: tuple[str, ...] = ()

    @property
    def missing(self) -> NDArray[np.int64]:
        """How many samples each lead misses, (12,)."""
        counts = np.zeros(len(LEADS), dtype=np.int64)
        if self.samples.min() == MISSING_SAMPLE:
            counts[:] = np.count_nonzero(self.samples == MISSING_SAMPLE, axis=1)
        return counts


def read_waveform(header_path: Path) -> Waveform:
    """Read the record of a WFDB header; raise LeftOut where it is not there or not 12 leads of 10 s at 500 Hz.

    A record of another rate is left out: no rule of the house says how a stored waveform would be resampled. The
    first 10 s of a longer one are taken. Leads are named in the header and all twelve must be there.
    """
    try:
        content = header_path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LeftOut(ABSENT, "The header is not there.") from error
    except OSError as error:
        raise LeftOut(UNREADABLE, f"The header cannot be read: {error.strerror}.") from error
    try:
        header = parse_header(content)
        _check(header)
        quick = _read_quickly(header, header_path)
        return quick if quick is not None else _read_by_readers(header, header_path)
    except EcgktError as error:
        raise LeftOut(UNREADABLE, str(error)) from error


def _check(header: Header) -> None:
    there = {canonical_lead(channel.name or "") for channel in header.channels}
    lost = [lead for lead in LEADS if lead not in there]
    if lost:
        raise LeftOut(NOT_12_LEADS, f"The header names {12 - len(lost)} of the 12 leads, not {', '.join(lost)}.")
    if header.fs != FS_HZ:
        raise LeftOut(NOT_500_HZ, f"The record has {header.fs:g} samples per second.")
    if header.samples < SAMPLES:
        raise LeftOut(SHORTER, f"The record lasts {header.samples / FS_HZ:.1f} s.")


def _read_quickly(header: Header, path: Path) -> Waveform | None:
    """Read a record that is laid out as MIMIC-IV-ECG's; None where it is not, or where its signal file is a link."""
    channels = header.channels
    plain = all(channel.fmt == FORMAT and channel.offset == 0 for channel in channels)
    if not (plain and len(channels) == len(LEADS) and len(header.files) == 1 and header.samples == SAMPLES):
        return None
    content = _signal_bytes(path.parent / header.files[0], header.bytes_needed(header.files[0]))
    if content is None:
        return None
    names = [canonical_lead(channel.name or "") for channel in channels]
    order = [names.index(lead) for lead in LEADS]
    digital = np.ascontiguousarray(np.frombuffer(content, "<i2").reshape(SAMPLES, len(LEADS)).T)[order]
    sums = digital.sum(axis=1, dtype=np.int64)
    stated = [channels[place].checksum for place in order]
    wrong = [
        lead
        for lead, total, checksum in zip(LEADS, sums, stated, strict=True)
        if checksum is not None and (total - checksum) % 65_536
    ]
    if wrong:
        raise LeftOut(UNREADABLE, f"The samples of {', '.join(wrong)} are not those of the header's checksums.")
    factors = [millivolts_per(channels[place].unit) for place in order]
    gains = [channels[place].gain for place in order]
    baselines = [channels[place].baseline for place in order]
    if set(gains) == {GAIN_PER_MV} and set(baselines) == {0} and set(factors) == {1.0}:
        signal = digital.astype(np.float32)
        signal /= np.float32(GAIN_PER_MV)
        _mark_missing(signal, digital)
        return Waveform(Record(signal, FS_HZ, "WFDB"), digital)
    columns = [np.array(values, dtype=np.float64)[:, None] for values in (baselines, gains, factors)]
    return _scaled(digital, *columns)


def _scaled(
    digital: NDArray[np.int16], baseline: NDArray[np.float64], gain: NDArray[np.float64], factor: NDArray[np.float64]
) -> Waveform:
    """Bring samples (12, 5000) of another gain, baseline or unit (12, 1) to the store's."""
    with np.errstate(over="ignore"):
        physical = (digital - baseline) / gain * factor
        infinite = np.isinf(physical.astype(np.float32))
    physical[infinite] = np.nan
    _mark_missing(physical, digital)
    named = tuple(LEADS[place] for place in np.flatnonzero(infinite.any(axis=1)))
    return Waveform(Record(physical.astype(np.float32), FS_HZ, "WFDB"), quantised(physical), named)


def _mark_missing(signal: NDArray[np.floating], digital: NDArray[np.int16]) -> None:
    if digital.min() == MISSING_SAMPLE:
        signal[digital == MISSING_SAMPLE] = np.nan


def quantised(signal: NDArray[np.floating]) -> NDArray[np.int16]:
    """Return mV as the store's units; NaN is missing, what does not fit (over 163 mV) is cut."""
    missing = np.isnan(signal)
    units = np.rint(np.where(missing, 0.0, signal).astype(np.float64) * GAIN_PER_MV)
    stored = np.clip(units, MISSING_SAMPLE + 1, -MISSING_SAMPLE - 1).astype(np.int16)
    stored[missing] = MISSING_SAMPLE
    return stored


def _signal_bytes(path: Path, needed: int) -> bytes | None:
    """Return the first bytes of a regular file; None where it is a link: the readers judge where that leads."""
    try:
        if path.is_symlink():
            return None
        with path.open("rb") as stream:
            content = stream.read(needed)
    except FileNotFoundError as error:
        raise LeftOut(ABSENT, "The header is there and its signal file is not.") from error
    except OSError as error:
        raise LeftOut(UNREADABLE, f"The signal file cannot be read: {error.strerror}.") from error
    if len(content) < needed:
        raise UnreadableRecord(
            f"a signal file of {needed:,} bytes, as its header says", f"{len(content):,}", "copy the file again"
        )
    return content


def _read_by_readers(header: Header, path: Path) -> Waveform:
    lost = [file for file in header.files if not (path.parent / file).exists()]
    if lost:
        raise LeftOut(ABSENT, "The header is there and a signal file of it is not.")
    record = read_record(path).first_seconds(_SECONDS)
    if CHECKSUM_NOTE in record.notes:
        raise LeftOut(UNREADABLE, "The samples are not those of the header's checksums.")
    return Waveform(record, quantised(record.signal))
