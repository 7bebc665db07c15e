"""Labelled public collections as evaluation sets: PTB-XL, PhysioNet/CinC 2021, LUDB, CODE-15, CPSC 2018.

Each is opened from its folder as published, whole or cut to some records. A label is NaN where the collection's
vocabulary does not contain it; how codes become labels stands in `ecgkt.catalogue.coding`.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt.catalogue import cinc2021_silent, tracing_labels, tracing_row
from ecgkt.domain import LabelTable
from ecgkt.errors import InvalidCohort, InvalidValue

LIKELY_PERCENT = 50.0
ECTOPY_CODES = frozenset({"PAC", "PVC"})
_CODE15 = ("1dAVb", "RBBB", "LBBB", "SB", "ST", "AF")
_CPSC = ("Normal", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")
"""The classes 1 to 9 of CPSC 2018."""


@dataclass(frozen=True, eq=False)
class Collection:
    """n records of one source: `paths` to their headers, `subject_ids` (n,) int64, `labels` over `tracing_labels()`.

    A subject id groups the records of one person where the source says who that is; elsewhere it is a number made
    from the record's name.
    """

    name: str
    paths: tuple[Path, ...]
    subject_ids: NDArray[np.int64]
    labels: LabelTable

    def __post_init__(self) -> None:
        if not len(self.paths) == len(self.subject_ids) == len(self.labels):
            raise InvalidValue(
                "one path, subject and row of labels per record",
                f"{len(self.paths)}, {len(self.subject_ids)} and {len(self.labels)}",
                "align them",
            )

    def __len__(self) -> int:
        return len(self.paths)


def open_collection(folder: Path) -> Collection:
    """Open the collection that `folder` holds; no waveform is read.

    Records that the tables list and the folder does not hold are left out. Raises InvalidCohort where the folder
    holds none of the known collections, or a table that is not as published.
    """
    folder = Path(folder)
    for marker, read in _READERS.items():
        if any(folder.glob(marker)):
            try:
                collection = read(folder)
            except (KeyError, ValueError, SyntaxError, OSError) as error:
                raise InvalidCohort(
                    f"the tables of {folder.name} as published", f"{error}", "download them again"
                ) from error
            if len(collection):
                return collection
            raise InvalidCohort(f"records in {folder.name}", "none of those that are listed", "download some")
    raise InvalidCohort(
        "PTB-XL, CinC 2021, LUDB, CPSC 2018 or CODE-15",
        f"none of them in {folder.name}",
        "choose a collection's folder",
    )


def _read_ptbxl(folder: Path) -> Collection:
    """Read PTB-XL (Wagner 2020), the 500 Hz records.

    A likelihood of 0 stands for "not given" (all rhythm and form statements), and counts as stated; a diagnostic
    statement of less than 50 % is doubted. So is ectopy that stands only in the column extra_beats.
    """
    table = pd.read_csv(folder / "ptbxl_database.csv")
    table = table[[_header(folder, path).is_file() for path in table["filename_hr"]]]
    told = zip(table["scp_codes"], table["heart_axis"], table["extra_beats"], strict=True)
    rows = [_ptbxl_row(*one) for one in told]
    return _collection(
        "PTB-XL",
        [_header(folder, path) for path in table["filename_hr"]],
        table["patient_id"].to_numpy(np.int64),
        rows,
    )


def _ptbxl_row(scp_codes: str, heart_axis: Any, extra_beats: Any) -> NDArray[np.float32]:
    likelihoods = ast.literal_eval(scp_codes)
    stated = {code for code, percent in likelihoods.items() if percent == 0 or percent >= LIKELY_PERCENT}
    codes = {"scp": stated} if pd.isna(heart_axis) else {"scp": stated, "ptbxl_axis": {str(heart_axis).strip()}}
    doubted = (set(likelihoods) - stated) | (set() if pd.isna(extra_beats) else ECTOPY_CODES - stated)
    return tracing_row(codes, {"scp": doubted})


def _read_cinc(folder: Path) -> Collection:
    """Read the headers of PhysioNet/CinC 2020-2021 records (Reyna 2021): SNOMED codes in the comment Dx."""
    coded = {path: codes for path in sorted(folder.rglob("*.hea")) if (codes := _snomed(path)) is not None}
    rows = [tracing_row({"snomed": codes}, silent=cinc2021_silent(path.stem)) for path, codes in coded.items()]
    return _collection("CinC 2021", list(coded), _numbers(coded), rows)


def _snomed(header: Path) -> frozenset[str] | None:
    """Return the codes of a header, or None where it has no such comment."""
    found = re.search(r"^#\s*Dx:(.*)$", header.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return None if found is None else frozenset(code.strip() for code in found.group(1).split(",")) - {"", "Unknown"}


def _read_ludb(folder: Path) -> Collection:
    """Read LUDB (Kalyakulina 2020): one table of phrases, a cell holding one per line."""
    table = pd.read_csv(folder / "ludb.csv", dtype=str)
    table = table[[_header(folder, f"data/{number}").is_file() for number in table["ID"]]]
    headers = [_header(folder, f"data/{number}") for number in table["ID"]]
    rows = [_ludb_row(cells) for cells in table.drop(columns=["ID", "Sex", "Age"]).to_dict("records")]
    return _collection("LUDB", headers, table["ID"].to_numpy(np.int64), rows)


def _ludb_row(cells: Mapping[Any, Any]) -> NDArray[np.float32]:
    phrases = {
        name: {line.strip() for line in str(cell).splitlines() if line.strip()}
        for name, cell in cells.items()
        if not pd.isna(cell)
    }
    axis = phrases.pop("Electric axis of the heart", set())
    said = {form for lines in phrases.values() for line in lines for form in (line, re.split("[:,]", line)[0])}
    return tracing_row({"ludb": said, "ludb_axis": axis} if axis else {"ludb": said})


def _read_code15(folder: Path) -> Collection:
    """Read CODE-15 % (Ribeiro 2021) as `meta.csv` lists it: six findings, and whether the tracing is normal."""
    table = pd.read_csv(folder / "meta.csv", index_col=0)
    table = table[[(folder / name).is_file() for name in table["save_file"]]]
    known = [name for name in _CODE15 if name in table.columns]
    if not known:
        raise KeyError(", ".join(_CODE15))
    rows = [
        tracing_row({"code15": {name for name in known if bool(cells[name])}}) for cells in table.to_dict("records")
    ]
    paths = [folder / name for name in table["save_file"]]
    return _collection("CODE-15", paths, table["patient_id"].to_numpy(np.int64), rows)


def _read_cpsc(folder: Path) -> Collection:
    """Read CPSC 2018 (Liu 2018): nine classes by number in REFERENCE.csv, up to three per recording."""
    table = pd.read_csv(folder / "REFERENCE.csv")
    table = table[[(folder / f"{name}.mat").is_file() for name in table["Recording"]]]
    numbers = table[["First_label", "Second_label", "Third_label"]].to_numpy()
    rows = [tracing_row({"cpsc": {_CPSC[int(n) - 1] for n in row if not pd.isna(n)}}) for row in numbers]
    paths = [folder / f"{name}.mat" for name in table["Recording"]]
    return _collection("CPSC 2018", paths, _numbers(paths), rows)


def _collection(
    name: str, headers: list[Path], subject_ids: NDArray[np.int64], rows: list[NDArray[np.float32]]
) -> Collection:
    values = np.stack(rows) if rows else np.empty((0, len(tracing_labels())), dtype=np.float32)
    return Collection(name, tuple(headers), subject_ids, LabelTable(tracing_labels(), values))


def _header(folder: Path, record: str) -> Path:
    """Return the header of a listed record; raise ValueError where it would lie outside the folder."""
    header = folder / f"{record}.hea"
    if not header.resolve().is_relative_to(folder.resolve()):
        raise ValueError("a record outside the folder")
    return header


def _numbers(headers: Iterable[Path]) -> NDArray[np.int64]:
    """Return a number per record, by a hash of its name, where the source names no person."""
    digests = [hashlib.sha256(header.stem.encode()).digest()[:8] for header in headers]
    return np.array([int.from_bytes(digest, "big") >> 1 for digest in digests], dtype=np.int64)


_READERS: Mapping[str, Callable[[Path], Collection]] = {
    "ptbxl_database.csv": _read_ptbxl,
    "ludb.csv": _read_ludb,
    "REFERENCE.csv": _read_cpsc,
    "meta.csv": _read_code15,
    "**/*.hea": _read_cinc,
}
"""By the file that tells a collection."""
