"""Which records a work list has, in a fixed order, and how each is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ecgkt import readers
from ecgkt.domain import Record
from ecgkt.errors import EcgktError, UnreadableRecord, UnsafeFile
from ecgkt.readers.archives import is_zip
from ecgkt.readers.formats import recognise
from ecgkt.readers.local_files import find_files
from ecgkt.readers.many import MAX_BYTES, Found, find_in_zip
from ecgkt.readers.mimic_folder import RECORD_LIST, MimicFolder, read_listed


@dataclass(frozen=True)
class Listed:
    """One record of a folder: its `id` in the table, and its `path` relative to the folder.

    `member` is its name among the members of a zip, "" for one that is no zip.
    """

    id: str
    path: str
    member: str = ""


@dataclass(frozen=True, eq=False)
class WorkFolder:
    """The records of a folder in the order in which they stand in the table.

    `is_mimic`: they are those of record_list.csv, in its order, and the id is the study's number; else the main files
    beneath the folder, and those in its zips, sorted, and the id is the path relative to it.
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
            paths = find_files(root, lambda head: is_zip(head) or recognise(head) is not None)
            listed = [one for path in paths for one in _listed(root, path)]
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
            found.update(os.fsencode(f"{one.id}\0{one.path}\0{one.member}\0"))
        return found.hexdigest()[:12]


def read_listed_record(folder: Path, is_mimic: bool, one: Listed) -> Record:
    """Read one record of a folder; raise a child of EcgktError where it cannot be read."""
    if is_mimic:
        return read_listed(folder, one.path)
    if not one.member:
        return readers.read_record(folder / one.path)
    found = next((found for found in _in_zip(folder / one.path) if found.name == one.member), None)
    if found is None:
        raise UnreadableRecord("the zip that was listed", "another one in its place", "give the command again")
    return found.read()


def _listed(root: Path, path: Path) -> list[Listed]:
    """Return a file as a record, or the records in a zip; none for a zip of other things, such as a text document."""
    relative = str(path.relative_to(root))
    with path.open("rb") as stream:
        if not is_zip(stream.read(4)):
            return [Listed(_readable(relative), relative)]
    try:
        inside = [found.name for found in _in_zip(path) if found.recognised]
    except EcgktError:
        return [Listed(_readable(relative), relative)]
    return [Listed(_readable(str(Path(relative).parent / name)), relative, name) for name in inside]


@lru_cache(maxsize=1)
def _in_zip(path: Path) -> list[Found]:
    """Return what is in a zip; the last one is kept, since its records follow each other."""
    if path.stat().st_size > MAX_BYTES:
        raise UnsafeFile(f"a zip of at most {MAX_BYTES // 1_000_000} MB", "a larger one", "unpack it into the folder")
    return find_in_zip(path.name, path.read_bytes())


def _readable(path: str) -> str:
    """Return a path that a table can hold: bytes that are no UTF-8 are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")
