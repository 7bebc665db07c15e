"""WFDB records written by hand, as MIMIC-IV-ECG's or with one thing changed; the real demo's ECG times and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt.domain import LEADS
from tests.data import reference_joins as reference

MIMIC_LEADS = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")


@pytest.fixture
def digital() -> np.ndarray:
    """Ten seconds of noise, (12, 5000) int16 in the order of LEADS, at 200 units per mV."""
    return np.random.default_rng(4).integers(-300, 300, (12, 5000)).astype(np.int16)


@pytest.fixture
def write(tmp_path: Path, digital: np.ndarray) -> Callable[..., Path]:
    """Write a record below the test's folder and return its path without extension."""

    def write_record(
        name: str = "one",
        samples: np.ndarray = digital,
        *,
        leads: Sequence[str] = MIMIC_LEADS,
        scale: str = "200.0(0)/mV",
        fs: int = 500,
        checksum_shift: int = 0,
    ) -> Path:
        rows = np.stack([samples[LEADS.index(lead)] for lead in leads])
        lines = [f"{name} {len(leads)} {fs} {rows.shape[1]} 08:44:00 23/07/2180"]
        for lead, row in zip(leads, rows, strict=True):
            checksum = (int(row.sum(dtype=np.int64)) + checksum_shift) % 65536
            lines.append(f"{name}.dat 16 {scale} 16 0 {row[0]} {checksum} 0 {lead}")
        stem = tmp_path / "records" / name
        stem.parent.mkdir(exist_ok=True)
        stem.with_suffix(".hea").write_text("\n".join(lines) + "\n", encoding="ascii")
        stem.with_suffix(".dat").write_bytes(rows.T.astype("<i2").tobytes())
        return stem

    return write_record


@pytest.fixture(scope="session")
def ecgs(real_data: Path) -> pd.DataFrame:
    """The real demo's 659 ECG times with their machine measurements."""
    return pd.read_csv(real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv")


@pytest.fixture(scope="session")
def sources(real_data: Path, ecgs: pd.DataFrame) -> reference.Sources:
    """The real demo's tables, as pandas reads them."""
    return reference.read_sources(real_data / "mimic-iv-demo-2.2" / "hosp", real_data / "mimic-iv-ed-demo-2.2", ecgs)
