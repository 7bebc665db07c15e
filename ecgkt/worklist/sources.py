"""Which records a work list has, in a fixed order, and how each is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ecgkt import readers
from ecgkt.domain import Record
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.mimic_folder import RECORD_LIST, MimicFolder, read_listed


@dataclass(frozen=True)
class Listed:
    """One record of a folder: its `id` in the table, and its `path` relative to the folder."""

    id: str
    path: str


@dataclass(frozen=True, eq=False)
class WorkFolder:
    """The records of a folder in the order in which they stand in the table.

    `is_mimic`: they are those of record_list.csv, in its order, and the id is the study's number; else the main files
    beneath the folder, sorted, and the id is the path relative to it.
    """

    folder: Path
    is_mimic: bool
    listed: Sequence[Listed]

    @classmethod
    def open(cls, folder: Path) -> WorkFolder:
        """List a folder; one with record_list.csv is not walked.

        Raises UnreadableRecord where it is no folder or holds no record, InvalidCohort where its list cannot be read.
        """
        root = Path(folder).resolve()
        is_mimic = (root / RECORD_LIST).is_file()
        if is_mimic:
            opened = MimicFolder.open(root)
            listed = [Listed(str(study), path) for study, path in zip(opened.study_ids, opened.paths, strict=True)]
        else:
            paths = [str(path.relative_to(root)) for path in readers.find_records(root)]
            listed = [Listed(_readable(path), path) for path in paths]
        if not listed:
            raise UnreadableRecord("at least one ECG", "none in the folder", "name a folder that holds records")
        return cls(root, is_mimic, listed)

    def without_names(self) -> WorkFolder:
        """Return the same with running numbers from 1 on as ids, since file names may hold patients' names."""
        width = len(str(len(self.listed)))
        numbered = [replace(one, id=f"{place:0{width}d}") for place, one in enumerate(self.listed, 1)]
        return replace(self, listed=numbered)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits over which records are listed, in which order and under which ids."""
        found = hashlib.sha256()
        for one in self.listed:
            found.update(os.fsencode(f"{one.id}\0{one.path}\0"))
        return found.hexdigest()[:12]


def read_listed_record(folder: Path, is_mimic: bool, one: Listed) -> Record:
    """Read one record of a folder; raise a child of EcgktError where it cannot be read."""
    return read_listed(folder, one.path) if is_mimic else readers.read_record(folder / one.path)


def _readable(path: str) -> str:
    """Return a path that a table can hold: bytes that are no UTF-8 are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")
