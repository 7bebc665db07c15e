"""The recording itself as WFDB: a header and a signal file of format 16, zipped, made in memory.

Format: https://physionet.org/physiotools/wag/header-5.htm and signal-5.htm.
"""

from __future__ import annotations

import io
import zipfile

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Domain, Record
from ecgkt.errors import InvalidValue
from ecgkt.exports.reading import OLDEST, Reading
from ecgkt.exports.stamp import Stamp, stamp_of

NAME = "ecg"
GAINS = (1000, 200)
"""Steps per mV, the finest that holds the signal: samples are off by 0.5 or 2.5 uV at most."""
_INVALID, _LARGEST = -32_768, 32_767
_EPOCH = (1980, 1, 1, 0, 0, 0)


def wfdb_zip(reading: Reading, stamp: Stamp | None = None) -> bytes:
    """Return the recording, unfiltered and at its own rate, as a zip of `ecg.hea` and `ecg.dat`.

    Gaps are the format's own mark for what is not known. The header's comments are the stamp; no date, no id. Raises
    InvalidValue where the signal leaves the format's range of 163 mV.
    """
    digital, gain = digitise(reading.record)
    header = _header(reading.record, digital, gain, stamp or stamp_of(reading))
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((f"{NAME}.hea", header.encode()), (f"{NAME}.dat", digital.T.tobytes())):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return memory.getvalue()


def digitise(record: Record) -> tuple[NDArray[np.int16], int]:
    """Return the samples (12, n) as little-endian steps, gaps as -32768, and the steps per mV."""
    signal = record.signal.astype(np.float64)
    known = np.isfinite(signal)
    peak = float(np.abs(signal[known]).max(initial=0.0))
    gain = next((one for one in GAINS if round(peak * one) <= _LARGEST), None)
    if gain is None:
        limit = _LARGEST / GAINS[-1]
        raise InvalidValue(f"a signal within {limit:.0f} mV", f"{peak:.0f} mV", "check the unit of the recording")
    steps = np.where(known, np.round(np.nan_to_num(signal) * gain), _INVALID)
    return steps.astype("<i2"), gain


def _header(record: Record, digital: NDArray[np.int16], gain: int, stamp: Stamp) -> str:
    lines = [f"{NAME} {len(LEADS)} {record.fs:.10g} {digital.shape[1]}"]
    for lead, steps in zip(LEADS, digital, strict=True):
        checksum = int(steps.sum(dtype=np.int64)) % 65_536
        signed = checksum - 65_536 if checksum > _LARGEST else checksum
        lines.append(f"{NAME}.dat 16 {gain}(0)/mV 16 0 {steps[0]} {signed} 0 {lead}")
    comments = [*stamp.lines, *record.notes]
    if record.domain is Domain.SIMULATED:
        comments.insert(0, f"simulated: {stamp.software}")
    if record.age is not None:
        comments.append(f"<age>: {min(round(record.age), OLDEST)}")
    if record.sex is not None:
        comments.append(f"<sex>: {record.sex}")
    if record.filters:
        comments.append(f"recorded with {record.filters}")
    return "\n".join([*lines, *(f"# {_one_line(one)}" for one in comments)]) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
