"""A study ready to train on: waveforms, labels and clinical tables of the same rows, read from MIMIC's own layout.

Real and simulated cohorts go through the same code; only the manifest of a simulated one says that it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.catalogue import all_labels, feature_specs
from ecgkt.data import tables
from ecgkt.domain.cohorts import Cohort, Split
from ecgkt.domain.features import FeatureTable, Role
from ecgkt.domain.labels import LabelTable
from ecgkt.domain.records import Domain
from ecgkt.errors import EcgktError, InvalidCohort, InvalidValue
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.signals.quality import assess

MANIFEST = "manifest.json"
Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True, eq=False)
class Study:
    """Rows of one cohort: `signals` (n, 12, m) float32 preprocessed, `labels` and `partners` of the same n rows."""

    cohort: Cohort
    split: Split
    preprocessing: Preprocessing
    signals: NDArray[np.float32]
    labels: LabelTable
    partners: FeatureTable

    def __post_init__(self) -> None:
        counts = {len(self.cohort), len(self.signals), len(self.labels), len(self.partners)}
        if len(counts) != 1:
            raise InvalidValue("one row per record everywhere", f"{sorted(counts)} rows", "align the tables")

    def rows(self, part: str) -> NDArray[np.intp]:
        """Return the row positions of one part of the split."""
        return self.split.rows(part, self.cohort.subject_ids)


def read_study(folder: Path, preprocessing: Preprocessing, *, split_seed: int = 0, progress: Progress = iter) -> Study:
    """Read a cohort folder in MIMIC's layout; waveforms are preprocessed once and kept in its `prepared/`.

    Raises InvalidCohort where a table or column is missing or nothing can be used.
    """
    listed = tables.read_listing(folder)
    signals, reasons = _waveforms(folder, listed, preprocessing, progress)
    kept = reasons == ""
    if not kept.any():
        raise InvalidCohort("readable waveforms", f"none of {len(listed)} records", "check the folder of waveforms")
    rows = listed[kept].reset_index(drop=True)
    cohort = Cohort(
        record_ids=rows["study_id"].to_numpy(np.int64),
        subject_ids=rows["subject_id"].to_numpy(np.int64),
        domain=_domain(folder),
        listed=len(listed),
        excluded={reason: int((reasons == reason).sum()) for reason in sorted(set(reasons.tolist()) - {""})},
    )
    return Study(
        cohort=cohort,
        split=Split.by_hash(np.unique(cohort.subject_ids).tolist(), split_seed),
        preprocessing=preprocessing,
        signals=signals[kept],
        labels=LabelTable(all_labels(), tables.read_labels(folder, rows)),
        partners=FeatureTable(
            feature_specs(Role.ALIGNMENT_PARTNER),
            tables.read_features(folder, rows, feature_specs(Role.ALIGNMENT_PARTNER)),
        ),
    )


def _domain(folder: Path) -> Domain:
    path = folder / MANIFEST
    if not path.is_file():
        return Domain.REAL
    return Domain.SIMULATED if json.loads(path.read_text(encoding="utf-8")).get("simulated") else Domain.REAL


def _waveforms(
    folder: Path, listed: pd.DataFrame, preprocessing: Preprocessing, progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Return (n, 12, m) signals and (n,) reasons for leaving a record out, empty where it is kept."""
    prepared = folder / "prepared"
    ids = listed["study_id"].to_numpy(np.int64)
    stored = prepared / f"waveforms-{preprocessing.fingerprint}.npz"
    if stored.is_file():
        with np.load(stored, allow_pickle=False) as data:
            if np.array_equal(data["ids"], ids):
                return data["signals"], data["reasons"]
    samples = round(preprocessing.fs * preprocessing.seconds)
    signals = np.zeros((len(listed), 12, samples), dtype=np.float32)
    reasons = np.full(len(listed), "", dtype="U40")
    for row in progress(range(len(listed))):
        reasons[row] = _read_into(signals[row], folder / f"{listed['path'].iloc[row]}.hea", preprocessing)
    prepared.mkdir(exist_ok=True)
    part = stored.with_suffix(".part.npz")
    np.savez(part, ids=ids, signals=signals, reasons=reasons)
    part.replace(stored)
    return signals, reasons


def _read_into(target: NDArray[np.float32], path: Path, preprocessing: Preprocessing) -> str:
    try:
        record = readers.read_record(path)
    except EcgktError:
        return "waveform unreadable"
    if assess(record, preprocessing.seconds).refusal is not None:
        return "waveform of insufficient quality"
    signal = preprocessing.apply(record)
    if signal.shape != target.shape:
        return f"shorter than {preprocessing.seconds:g} s"
    target[:] = signal
    return ""
