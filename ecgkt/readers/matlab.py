"""MATLAB files of labelled public collections: CPSC 2018 (struct ECG) and CODE-15 % (feats and its sampling rate)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Record
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import check_size
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.matlab_elements import read_variables

_HEAD, _HDF5_HEAD = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_CPSC_FS = 500.0
_SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}


def read(content: bytes, companion: Companion) -> Record:
    """Read the one recording of a file: (12, n) in mV, leads I, II, III, aVR, aVL, aVF, V1-V6.

    CPSC 2018 (Liu 2018) holds no rate: it is 500 Hz throughout. Neither collection names a unit: both are in mV.
    """
    if content.startswith(_HDF5_HEAD):
        raise UnreadableRecord("a MATLAB file of version 7 or before", "one of version 7.3", 'save it with "-v7"')
    found = read_variables(content)
    ecg = found.get("ECG")
    if isinstance(ecg, dict) and "data" in ecg:
        return _record(ecg["data"], _CPSC_FS, "CPSC 2018", _age(ecg.get("age")), _sex(ecg.get("sex")))
    if "feats" in found and "curr_sample_rate" in found:
        fs = _number(found["curr_sample_rate"])
        if fs is None:
            raise UnreadableRecord("a sampling rate in the MATLAB file", "none", "export it with its rate")
        return _record(found["feats"], fs, "CODE-15", None, None)
    if "val" in found:
        raise UnreadableRecord(
            "a rate, a scale and leads for the numbers in the MATLAB file",
            "the numbers alone",
            "give the .hea file that belongs to it with it",
        )
    raise UnreadableRecord(
        "a MATLAB file of CPSC 2018 (ECG) or CODE-15 (feats)",
        "one with other variables",
        "export WFDB, or give the .hea file with it if it belongs to one",
    )


def _record(signal: object, fs: float, source: str, age: float | None, sex: str | None) -> Record:
    if not isinstance(signal, np.ndarray) or signal.ndim != 2 or len(LEADS) not in signal.shape:
        got = f"an array of shape {signal.shape}" if isinstance(signal, np.ndarray) else "no array"
        raise UnreadableRecord("12 leads of numbers", got, "export the 12-lead recording")
    values: NDArray[np.generic] = signal
    values = values if values.shape[0] == len(LEADS) else values.T
    check_size(*values.shape)
    with np.errstate(invalid="ignore"):  # numbers that are none become gaps
        leads = values.astype(np.float64)
    leads[~np.isfinite(leads)] = np.nan
    return Record.from_leads(dict(zip(LEADS, leads, strict=True)), fs, source, age=age, sex=sex)


def _number(value: object) -> float | None:
    """Return the one finite number of an array, None for anything else."""
    if not isinstance(value, np.ndarray) or value.size != 1:
        return None
    number = float(value.item())
    return number if math.isfinite(number) else None


def _age(value: object) -> float | None:
    age = _number(value)
    return age if age is not None and 0 <= age <= 130 else None


def _sex(value: object) -> str | None:
    return _SEXES.get(value.strip().lower()) if isinstance(value, str) else None


READER = Reader("MATLAB (CPSC 2018, CODE-15)", lambda head: head.startswith((_HEAD, _HDF5_HEAD)), read)
