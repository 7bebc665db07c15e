"""A local copy of MIMIC-IV-ECG: its record list, and any study of it as a Record."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Domain, Record
from ecgkt.errors import InvalidCohort, UnknownName, UnsafeFile
from ecgkt.mimic import table
from ecgkt.readers.local_files import read_record

_SCHEMA = table("record_list")
RECORD_LIST = _SCHEMA.path
_TIME = "ecg_time"


@dataclass(frozen=True)
class ListedStudy:
    """One ECG by MIMIC's own, de-identified numbers."""

    study_id: int
    subject_id: int


@dataclass(frozen=True)
class EarlierStudy:
    """An ECG of the same patient, and how long before the other it was recorded."""

    study_id: int
    before: timedelta


@dataclass(frozen=True, eq=False)
class MimicFolder:
    """The studies that record_list.csv names; `paths` are without extension and relative to `folder`.

    `times` are when each was recorded, NaT where the list does not say.
    """

    folder: Path
    study_ids: NDArray[np.int64]
    subject_ids: NDArray[np.int64]
    paths: Sequence[str]
    times: NDArray[np.datetime64]

    @classmethod
    def open(cls, folder: Path) -> MimicFolder:
        """Read the record list; no waveform is touched yet."""
        import pandas as pd

        folder = Path(folder)
        columns = {name: _SCHEMA.columns[name] for name in ("subject_id", "study_id", "path")}
        if not (folder / RECORD_LIST).is_file():
            raise InvalidCohort(
                f"a MIMIC-IV-ECG folder with {RECORD_LIST}", "none there", "choose the folder that holds it"
            )
        try:
            listed = pd.read_csv(
                folder / RECORD_LIST, usecols={*columns, _TIME}.__contains__, dtype=columns, keep_default_na=False
            )
            spelled = listed[_TIME] if _TIME in listed else pd.Series(pd.NA, index=listed.index)
            listed = listed[list(columns)]
        except (ValueError, KeyError, OSError, OverflowError) as error:
            raise InvalidCohort(
                f"{RECORD_LIST} with whole {', '.join(columns)}", "another table", "copy it from PhysioNet again"
            ) from error
        if not listed["study_id"].is_unique:
            raise InvalidCohort(f"each study once in {RECORD_LIST}", "a study twice", "copy it from PhysioNet again")
        times = pd.to_datetime(spelled.astype("string"), format="%Y-%m-%d %H:%M:%S", errors="coerce")
        return cls(
            folder,
            listed["study_id"].to_numpy(),
            listed["subject_id"].to_numpy(),
            listed["path"].tolist(),
            times.to_numpy(dtype="datetime64[s]"),
        )

    def __len__(self) -> int:
        return len(self.study_ids)

    def studies(self, subject_id: int | None = None, limit: int = 100) -> tuple[ListedStudy, ...]:
        """Return the first `limit` studies in the list's order, of one subject or of all."""
        rows = np.arange(len(self)) if subject_id is None else np.flatnonzero(self.subject_ids == subject_id)
        return tuple(ListedStudy(int(self.study_ids[row]), int(self.subject_ids[row])) for row in rows[:limit])

    def earlier(self, study_id: int) -> tuple[EarlierStudy, ...]:
        """Return the ECGs of the same patient that were recorded before a study, the latest first."""
        (rows,) = np.nonzero(self.study_ids == study_id)
        if not len(rows) or np.isnat(self.times[rows[0]]):
            return ()
        before = self.times[rows[0]] - self.times
        same = np.flatnonzero((self.subject_ids == self.subject_ids[rows[0]]) & (before > np.timedelta64(0, "s")))
        same = same[np.argsort(before[same], kind="stable")]
        return tuple(
            EarlierStudy(int(self.study_ids[row]), timedelta(seconds=int(before[row].astype(int)))) for row in same
        )

    def recorded(self, study_id: int) -> tuple[int, datetime | None]:
        """Return a study's subject and when it was recorded, None where the list does not say.

        Raises UnknownName where the list has none of that number.
        """
        row = self._row(study_id)
        time: datetime | None = self.times[row].astype(object)
        return int(self.subject_ids[row]), time

    def read(self, study_id: int) -> Record:
        """Read one study; raise UnknownName where the list has none of that number."""
        return read_listed(self.folder, self.paths[self._row(study_id)])

    def _row(self, study_id: int) -> int:
        rows = np.flatnonzero(self.study_ids == study_id)
        if not len(rows):
            raise UnknownName(f"a study of {RECORD_LIST}", "a number that is not in it", "choose one of the list")
        return int(rows[0])


def read_listed(folder: Path, listed: str) -> Record:
    """Read the record at a path of the record list; raise UnsafeFile where that would lie outside the folder."""
    record = read_record(_header(Path(folder), listed))
    domain = Domain.SIMULATED if record.domain is Domain.SIMULATED else Domain.REAL
    return replace(record, source="MIMIC-IV-ECG", domain=domain)


def _header(folder: Path, listed: str) -> Path:
    """Return the header of a listed path; raise where that would lie outside the folder."""
    root = folder.resolve()
    header = root / f"{listed}.hea"
    plain = not (posixpath.isabs(listed) or "\\" in listed or ":" in listed or "\x00" in listed)
    if not (plain and header.resolve().is_relative_to(root)):
        raise UnsafeFile(
            f"paths inside the folder of {RECORD_LIST}", "one that leads out of it", "copy it from PhysioNet again"
        )
    return header
