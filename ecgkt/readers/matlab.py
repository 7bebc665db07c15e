"""MATLAB files of labelled public collections: CPSC 2018 (struct ECG) and CODE-15 % (feats and its sampling rate)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Record
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import check_size
from ecgkt.readers.contract import Companion, Reader

_HEAD = b"MATLAB 5.0 MAT-file"
_CPSC_FS = 500.0
_SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}


def read(content: bytes, companion: Companion) -> Record:
    """Read the one recording of a file: (12, n) in mV, leads I, II, III, aVR, aVL, aVF, V1-V6.

    CPSC 2018 (Liu 2018) holds no rate: it is 500 Hz throughout. Neither collection names a unit: both are in mV.
    """
    import scipy.io

    try:
        found = scipy.io.loadmat(io.BytesIO(content), squeeze_me=True, struct_as_record=False)
    except (ValueError, TypeError, KeyError, OSError, MemoryError, NotImplementedError, EOFError) as error:
        raise UnreadableRecord("a whole MATLAB file", "one that breaks off", "copy the file again") from error
    if "ECG" in found and hasattr(found["ECG"], "data"):
        ecg = found["ECG"]
        return _record(ecg.data, _CPSC_FS, "CPSC 2018", _age(getattr(ecg, "age", None)), _sex(getattr(ecg, "sex", "")))
    if "feats" in found and "curr_sample_rate" in found:
        return _record(found["feats"], float(np.asarray(found["curr_sample_rate"]).item()), "CODE-15", None, None)
    raise UnreadableRecord(
        "a MATLAB file of CPSC 2018 (ECG) or CODE-15 (feats)",
        "one with other variables",
        "export WFDB, or give the .hea file with it if it belongs to one",
    )


def _record(signal: Any, fs: float, source: str, age: float | None, sex: str | None) -> Record:
    values: NDArray[np.float64] = np.asarray(signal)
    if values.ndim != 2 or len(LEADS) not in values.shape or not np.issubdtype(values.dtype, np.number):
        raise UnreadableRecord(
            "12 leads of numbers", f"an array of shape {values.shape}", "export the 12-lead recording"
        )
    values = values if values.shape[0] == len(LEADS) else values.T
    check_size(*values.shape)
    values = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    return Record.from_leads(dict(zip(LEADS, values, strict=True)), fs, source, age=age, sex=sex)


def _age(value: Any) -> float | None:
    try:
        age = float(value)
    except (TypeError, ValueError):
        return None
    return age if 0 <= age <= 130 else None


def _sex(value: Any) -> str | None:
    return _SEXES.get(str(value).strip().lower())


READER = Reader("MATLAB (CPSC 2018, CODE-15)", lambda head: head.startswith(_HEAD), read)
