"""The laboratory panel, vital signs and biometrics, and how each may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue.files import read
from ecgkt.errors import InvalidValue, UnknownName

DIRECTIONS = ("low", "high")


@dataclass(frozen=True)
class Lab:
    """One analyte. Values are in `unit`; `value * si_factor` is in `si_unit`.

    `printed_units` are the spellings in MIMIC's valueuom ("" where it is empty). `usual` (low, high) is a reference
    range for display; a row's own printed range decides unless `cutoff_low` or `cutoff_high` replaces it. `shown`
    says whether it stands in the default panel.
    """

    name: str
    title: str
    short: str
    group: str
    unit: str
    printed_units: tuple[str, ...]
    si_unit: str
    si_factor: float
    item_ids: tuple[int, ...]
    fluid: str
    usual: tuple[float | None, float | None]
    usual_source: str
    cutoff_low: float | None
    cutoff_high: float | None
    cutoff_source: str | None
    plausible: tuple[float, float]
    directions: tuple[str, ...]
    shown: bool
    note: str = ""

    def __post_init__(self) -> None:
        if not self.directions or not set(self.directions) <= set(DIRECTIONS):
            raise InvalidValue("the directions low, high or both", f"{self.directions}", f"correct {self.name}")
        for direction in self.directions:
            if self.cutoff(direction) is None and self.usual_limit(direction) is None:
                raise InvalidValue(f"a {direction} limit for {self.name}", "none", "give a usual range or a cut-off")

    def cutoff(self, direction: str) -> float | None:
        """Return the clinical cut-off that replaces the printed range on this side, or None."""
        return self.cutoff_low if direction == "low" else self.cutoff_high

    def usual_limit(self, direction: str) -> float | None:
        """Return the usual printed limit on this side, or None."""
        return self.usual[DIRECTIONS.index(direction)]


@dataclass(frozen=True)
class Measurement:
    """A vital sign or a biometric: MIMIC's `table` and `column`; `printed * factor + offset` is in `unit`.

    A printed value below `already_below` stands in `unit` as it is. `in_panel` is False for what only some recipes use.
    """

    name: str
    title: str
    short: str
    kind: str
    unit: str
    table: str
    column: str
    printed_unit: str
    plausible: tuple[float, float]
    factor: float = 1.0
    offset: float = 0.0
    already_below: float | None = None
    in_panel: bool = True

    def convert(self, printed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return printed values of any shape in `unit`; NaN stays NaN."""
        converted = printed * self.factor + self.offset
        return converted if self.already_below is None else np.where(printed < self.already_below, printed, converted)


@cache
def lab_panel() -> tuple[Lab, ...]:
    """Return every analyte in the order of files and screens."""
    source = read("labs")["usual_source"]
    return tuple(_lab(name, row, source) for name, row in read("labs")["lab"].items())


def lab(name: str) -> Lab:
    """Return one analyte; raise UnknownName where the panel has none of that name."""
    panel = {entry.name: entry for entry in lab_panel()}
    if name not in panel:
        raise UnknownName(f"one of: {', '.join(panel)}", repr(name), "choose an analyte from that list")
    return panel[name]


@cache
def measurements() -> tuple[Measurement, ...]:
    """Return the vital signs, then the biometrics, of the panel."""
    return tuple(one for one in _all_measurements() if one.in_panel)


@cache
def other_measurements() -> tuple[Measurement, ...]:
    """Return what is measured beyond the panel (weight, height, triage acuity), for recipes that ask for it."""
    return tuple(one for one in _all_measurements() if not one.in_panel)


@cache
def _all_measurements() -> tuple[Measurement, ...]:
    rows = read("measurements")["measurement"]
    return tuple(Measurement(name, **{**row, "plausible": _pair(row["plausible"])}) for name, row in rows.items())


def _lab(name: str, row: Mapping[str, Any], usual_source: str) -> Lab:
    low, high = row["usual"]
    cutoff = row.get("cutoff", {})
    si = row.get("si", {"unit": row["unit"], "factor": 1.0})
    return Lab(
        name=name,
        title=row["title"],
        short=row["short"],
        group=row["group"],
        unit=row["unit"],
        printed_units=tuple(row["printed_units"]),
        si_unit=si["unit"],
        si_factor=si["factor"],
        item_ids=tuple(row["item_ids"]),
        fluid=row.get("fluid", "Blood"),
        usual=(low if low > 0 else None, high),
        usual_source=usual_source,
        cutoff_low=cutoff.get("low"),
        cutoff_high=cutoff.get("high"),
        cutoff_source=cutoff.get("source"),
        plausible=_pair(row["plausible"]),
        directions=tuple(row["directions"]),
        shown=row["shown"],
        note=row.get("note", ""),
    )


def _pair(values: list[float]) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)
