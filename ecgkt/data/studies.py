"""A study ready to train on: waveforms, labels and clinical values of the same rows, opened from a prepared cohort."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels, feature_specs
from ecgkt.data.joins.machine import MEASURED
from ecgkt.data.layout import Prepared
from ecgkt.data.waveforms.model_inputs import model_inputs
from ecgkt.data.waveforms.shards import Progress
from ecgkt.domain.cohorts import PARTS, Cohort, Split
from ecgkt.domain.features import FeatureTable, Role
from ecgkt.domain.labels import LabelTable
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.signals.preprocessing import Preprocessing


@dataclass(frozen=True, eq=False)
class Study:
    """Rows of one cohort: `signals` (n, 12, m) float32 preprocessed, `labels` and `partners` of the same n rows.

    `split_rule` says how patients were placed ("hash 0"): two cohorts of one rule agree about every patient they share.
    """

    cohort: Cohort
    split: Split
    split_rule: str
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


def read_study(
    folder: Path, preprocessing: Preprocessing, *, workers: int = 1, progress: Progress | None = None
) -> Study:
    """Open a prepared cohort; waveforms are preprocessed once, by `workers` processes, and mapped from then on.

    Raises InvalidCohort where `folder` was not prepared, not by this catalogue of labels, or has been damaged.
    """
    prepared = Prepared(Path(folder))
    told = read_manifest(prepared)
    records = pd.read_parquet(prepared.records)
    cohort = Cohort(
        record_ids=records["study_id"].to_numpy(np.int64),
        subject_ids=records["subject_id"].to_numpy(np.int64),
        domain=Domain.SIMULATED if told["simulated"] else Domain.REAL,
        listed=told["listed"],
        excluded=told["excluded"],
    )
    return Study(
        cohort=cohort,
        split=_read_split(prepared, records),
        split_rule=told["split"],
        preprocessing=preprocessing,
        signals=model_inputs(
            prepared.folder, preprocessing, records["slot"].to_numpy(np.int64), workers=workers, progress=progress
        ),
        labels=_read_labels(prepared),
        partners=read_values(prepared, Role.ALIGNMENT_PARTNER, told),
    )


def read_manifest(prepared: Prepared) -> dict[str, Any]:
    """Return the manifest; raise InvalidCohort where the folder is no prepared cohort, or one of other labels."""
    try:
        told: dict[str, Any] = json.loads(prepared.manifest.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        told = {}
    if not told.get("prepared"):
        raise InvalidCohort(
            "a prepared cohort",
            f"none in {prepared.folder}",
            f"run python -m ecgkt prepare {prepared.folder} --out DIR and name DIR",
        )
    if told["key"]["labels"] != all_labels().fingerprint:
        raise InvalidCohort("a cohort with this version's labels", "one with others", "prepare it anew")
    return told


def read_values_of(folder: Path, role: Role) -> FeatureTable:
    """Return the values of a role for all rows of a prepared cohort, as `read_values`."""
    prepared = Prepared(Path(folder))
    return read_values(prepared, role, read_manifest(prepared))


def read_values(prepared: Prepared, role: Role, told: dict[str, Any]) -> FeatureTable:
    """Return the values of a role, one row per ECG and one column per feature, NaN where not measured.

    Of several values of one feature (the role reveal) the one drawn nearest the ECG is taken.
    """
    specs = feature_specs(role, told["recipe"])
    long = pd.read_parquet(prepared.values(role), columns=["row", "feature", "value", "drawn_minutes"])
    if role is Role.REVEAL:
        long = long.assign(distance=long["drawn_minutes"].abs()).sort_values("distance", kind="stable")
        long = long.drop_duplicates(["row", "feature"])
    columns = {spec.name: place for place, spec in enumerate(specs)}
    values = np.full((told["kept"], len(specs)), np.nan, dtype=np.float32)
    place = long["feature"].map(columns).to_numpy()
    values[long["row"].to_numpy(np.int64), place.astype(np.intp)] = long["value"].to_numpy(np.float32)
    rejected = {name: rows.get("implausible", 0) for name, rows in told["rows"].items() if name in columns}
    return FeatureTable(specs, values, rejected)


def read_measurements(prepared: Prepared) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return the names of the cart's intervals (ms) and axes (degrees), and their values (n, 8), NaN where unmeasured.

    Raises InvalidCohort where the cohort was prepared before these were kept.
    """
    if not prepared.measurements.is_file():
        raise InvalidCohort(
            "the cart's measurements", f"no {prepared.measurements.name}", "prepare it again into an empty folder"
        )
    table = pd.read_parquet(prepared.measurements)
    return MEASURED, table[list(MEASURED)].to_numpy(np.float32, na_value=np.nan)


def _read_labels(prepared: Prepared) -> LabelTable:
    labels = all_labels()
    table = pd.read_parquet(prepared.labels)
    return LabelTable(labels, table[list(labels.names)].to_numpy(np.float32, na_value=np.nan))


def _read_split(prepared: Prepared, records: pd.DataFrame) -> Split:
    """Read the published split; raise InvalidCohort where a subject stands in two parts or in none."""
    rows = pd.read_csv(prepared.splits)
    parts = {part: frozenset(rows["subject_id"][rows["part"] == part].tolist()) for part in PARTS}
    unknown = set(rows["part"]) - set(PARTS)
    missing = set(records["subject_id"].tolist()) - frozenset().union(*parts.values())
    if unknown or missing:
        got = f"the part {sorted(unknown)[0]}" if unknown else f"{len(missing)} patients in no part"
        raise InvalidCohort(f"each patient in one of {', '.join(PARTS)}", got, f"mend {prepared.splits.name}")
    return Split(**parts)
