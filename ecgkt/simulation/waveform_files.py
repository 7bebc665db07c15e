"""Signals into WFDB files as MIMIC-IV-ECG stores them: format 16, 200 units per mV, aVF before aVL."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import __version__
from ecgkt.domain import LEADS
from ecgkt.mimic import waveforms as mimic

_ORDER = [LEADS.index(lead) for lead in mimic.LEADS]
_MISSING = -32768


def write_record(folder: Path, subject_id: int, study_id: int, at: datetime, signal: NDArray[np.float32]) -> Path:
    """Write one record (12, 5000) mV below `folder`; return its path without extension, relative to `folder`."""
    relative = Path(mimic.record_path(subject_id, study_id))
    stem = folder / relative
    stem.parent.mkdir(parents=True, exist_ok=True)
    units = np.clip(np.rint(np.nan_to_num(signal[_ORDER] * mimic.GAIN_PER_MV, nan=_MISSING)), _MISSING, 32767)
    stored = units.astype("<i2")
    stem.with_suffix(".dat").write_bytes(np.ascontiguousarray(stored.T).tobytes())
    stem.with_suffix(".hea").write_text(_header(subject_id, study_id, at, stored), encoding="ascii")
    return relative


def _header(subject_id: int, study_id: int, at: datetime, stored: NDArray[np.int16]) -> str:
    lines = [f"{study_id} {len(stored)} {mimic.FS_HZ} {stored.shape[1]} {at:%H:%M:%S %d/%m/%Y}"]
    for lead, samples in zip(mimic.LEADS, stored, strict=True):
        checksum = int(samples.sum(dtype=np.int64)) % 65536
        lines.append(
            f"{study_id}.dat {mimic.FORMAT} {mimic.GAIN_PER_MV:.1f}(0)/mV 16 0 {samples[0]} {checksum} 0 {lead}"
        )
    lines += [f"# <subject_id>: {subject_id}", f"# simulated: ecgkt {__version__}"]
    return "\n".join(lines) + "\n"
