"""Where a user's downloads hold MIMIC's tables: each is found by its published name in any of the folders given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ecgkt.errors import InvalidCohort
from ecgkt.mimic.tables import TABLES, table

READY_MADE = {"ext_icd": "records_w_diag_icd10.csv"}
"""Tables that others have published ready-made, by our name for them: MIMIC-IV-ECG-Ext-ICD."""
DEPTH = 2
"""How many folders down a table may lie: PhysioNet's downloads put a version folder between."""
_SKIPPED = frozenset({"files", "parts", "icu", "note", "stage"})


@dataclass(frozen=True)
class Sources:
    """The files that hold each table, by the table's name; more than one file is a mistake that `path` refuses."""

    folders: tuple[Path, ...]
    found: Mapping[str, tuple[Path, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", MappingProxyType(dict(self.found)))

    def has(self, name: str) -> bool:
        """Return whether the table is there."""
        return bool(self.found.get(name))

    def path(self, name: str) -> Path:
        """Return a table's only file; raise InvalidCohort where there is none, or more than one."""
        files = self.found.get(name, ())
        if not files:
            published = READY_MADE.get(name) or table(name).path
            raise InvalidCohort(
                f"the table {published}[.gz]", "no such file in the folders given", "download or simulate it"
            )
        if len(files) > 1:
            raise InvalidCohort(f"one file of the table {name}", _listed(files), "leave out all folders but one")
        return files[0]

    @property
    def waveforms(self) -> Path:
        """The folder that the paths of record_list.csv start from."""
        return self.path("record_list").parent


def find_sources(folders: Iterable[Path]) -> Sources:
    """Look for every table in the folders and at most two levels below; raise InvalidCohort where a folder is none."""
    folders = tuple(Path(folder) for folder in folders)
    for folder in folders:
        if not folder.is_dir():
            raise InvalidCohort("folders with MIMIC's tables", f"no folder at {folder}", "check the path")
    found: dict[str, tuple[Path, ...]] = {}
    places = list(dict.fromkeys(place for folder in folders for place in _places(folder.resolve(), DEPTH)))
    for name, published in {**{name: schema.path for name, schema in TABLES.items()}, **READY_MADE}.items():
        module, _, file = published.rpartition("/")
        files = [
            path
            for place in places
            if _may_hold(place, module)
            for end in ("", ".gz")
            if (path := place / f"{file}{end}").is_file()
        ]
        found[name] = tuple(files)
    return Sources(folders, found)


def _places(folder: Path, depth: int) -> Iterator[Path]:
    yield folder
    if depth:
        for below in sorted(folder.iterdir()):
            if below.is_dir() and below.name not in _SKIPPED and not below.name.startswith("."):
                yield from _places(below, depth - 1)


def _may_hold(place: Path, module: str) -> bool:
    """Whether a folder may hold a module's tables: `hosp` holds none of the ED, nor `ed` one of the hospital."""
    return place.name not in {"hosp", "ed"} - {module}


def _listed(files: Iterable[Path]) -> str:
    return " and ".join(str(file) for file in files)
