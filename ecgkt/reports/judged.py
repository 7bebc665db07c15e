"""The rows of a prepared cohort on which models are judged, with their truth: read without opening a waveform."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels
from ecgkt.data.layout import Prepared
from ecgkt.data.studies import read_manifest
from ecgkt.domain.cohorts import PARTS, Cohort
from ecgkt.domain.labels import LabelTable
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidCohort

JUDGED = ("tuning", "held_out")


@dataclass(frozen=True)
class CohortFacts:
    """Which cohort it is: two files with equal facts are about the same patients, labels and split.

    `fingerprint` is over record and subject ids, `manifest` over the manifest's bytes, `catalogue` over the labels.
    """

    fingerprint: str
    manifest: str
    split_rule: str
    catalogue: str
    domain: Domain

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", Domain(self.domain))


@dataclass(frozen=True, eq=False)
class Rows:
    """n rows of a cohort: ids (n,) int64, `parts` (n,), `ages` (n,) years, `sex_male` (n,) 1, 0 or NaN, `settings`."""

    record_ids: NDArray[np.int64]
    subject_ids: NDArray[np.int64]
    parts: NDArray[np.str_]
    ages: NDArray[np.float32]
    sex_male: NDArray[np.float32]
    settings: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.record_ids)

    def take(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return some rows."""
        return Rows(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def of(self, part: str) -> NDArray[np.bool_]:
        """Return which rows belong to a part of the split."""
        return np.asarray(self.parts == part)


@dataclass(frozen=True, eq=False)
class Judged:
    """Some rows of the prepared cohort in `folder`: `places` (n,) are theirs in the cohort, `truth` their labels."""

    folder: Path
    facts: CohortFacts
    places: NDArray[np.intp]
    rows: Rows
    truth: LabelTable


def read_judged(cohort: Path, parts: Sequence[str] = JUDGED) -> Judged:
    """Read the rows of some parts of a prepared cohort; raise InvalidCohort where the folder holds none."""
    prepared = Prepared(Path(cohort))
    told = read_manifest(prepared)
    records = pd.read_parquet(prepared.records)
    unknown = set(records["part"]) - set(PARTS)
    if unknown:
        raise InvalidCohort(f"the parts {', '.join(PARTS)}", f"{sorted(unknown)[0]}", "prepare the cohort anew")
    domain = Domain.SIMULATED if told["simulated"] else Domain.REAL
    ids = [records[name].to_numpy(np.int64) for name in ("study_id", "subject_id")]
    whole = Cohort(ids[0], ids[1], domain, told["listed"], told["excluded"])
    digest = hashlib.sha256(prepared.manifest.read_bytes()).hexdigest()[:12]
    facts = CohortFacts(whole.fingerprint, digest, told["split"], all_labels().fingerprint, domain)
    places = np.flatnonzero(records["part"].isin(parts).to_numpy())
    some = records.iloc[places]
    rows = Rows(
        record_ids=ids[0][places],
        subject_ids=ids[1][places],
        parts=some["part"].to_numpy(str),
        ages=some["age"].to_numpy(np.float32, na_value=np.nan),
        sex_male=some["sex_male"].to_numpy(np.float32, na_value=np.nan),
        settings=some["setting"].to_numpy(str),
    )
    names = list(all_labels().names)
    values = pd.read_parquet(prepared.labels, columns=names).iloc[places].to_numpy(np.float32, na_value=np.nan)
    return Judged(prepared.folder, facts, places, rows, LabelTable(all_labels(), values))
