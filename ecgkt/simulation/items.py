"""What the simulated laboratory measures: item ids, units, printed ranges and times to result, from `items.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.patients import Patient

NEW_COUNTERS, NEW_CHEMISTRY = 2013.4, 2018.6
"""Years from which haematology and chemistry print their newer ranges, so that the shares are the demo's."""

_BRAIN_PEPTIDE_UPPER = {True: (93.0, 138.0, 177.0, 229.0, 852.0), False: (178.0, 192.0, 226.0, 353.0, 624.0)}
_BRAIN_PEPTIDE_AGES = (45, 55, 65, 75)


@dataclass(frozen=True)
class Item:
    """One row of d_labitems, and how it is printed; see the head of items.toml."""

    name: str
    itemid: int
    label: str
    fluid: str
    category: str
    unit: str
    decimals: int
    assay: float
    minutes: float
    spread: float
    ranges: Mapping[str, tuple[float, float]]
    least: float
    most: float

    def printed_range(self, male: bool, newer: bool) -> tuple[float, float]:
        """Return the range printed for a man or a woman, before or after the change; NaN where there is none."""
        keys = ("newer_women", "women", "newer", "range") if newer else ("women", "range")
        found = next((self.ranges[key] for key in keys if key in self.ranges and ("women" in key) <= (not male)), None)
        return found if found is not None else (float("nan"), float("nan"))


@cache
def items() -> tuple[Item, ...]:
    """Return every item in the order of the rows of a draw."""
    text = files(__package__).joinpath("items.toml").read_text(encoding="utf-8")
    return tuple(_item(name, row) for name, row in tomllib.loads(text).items())


@cache
def places() -> Mapping[str, int]:
    """Return by name the position of each item in `items()`."""
    return {item.name: place for place, item in enumerate(items())}


@cache
def column(name: str) -> NDArray[np.float64]:
    """Return one numeric property (itemid, decimals, assay, minutes, spread, least, most) of all items."""
    return np.array([getattr(item, name) for item in items()], dtype=np.float64)


@cache
def _ranges(male: bool, counters: bool, chemistry: bool) -> NDArray[np.float64]:
    newer = {"Hematology": counters, "Chemistry": chemistry, "Blood Gas": chemistry}
    return np.array([item.printed_range(male, newer[item.category]) for item in items()])


def printed_ranges(patient: Patient, year: float) -> NDArray[np.float64]:
    """Return (items, 2): the lower and upper limits that are printed for this patient in a real year."""
    ranges = _ranges(patient.male, year >= NEW_COUNTERS, year >= NEW_CHEMISTRY).copy()
    group = sum(patient.age >= limit for limit in _BRAIN_PEPTIDE_AGES)
    ranges[places()["nt_probnp"]] = 0.0, _BRAIN_PEPTIDE_UPPER[patient.male][group]
    return ranges


def _item(name: str, row: Mapping[str, Any]) -> Item:
    keys = ("range", "newer", "women", "newer_women")
    return Item(
        name=name,
        itemid=row["itemid"],
        label=row["label"],
        fluid=row.get("fluid", "Blood"),
        category=row["category"],
        unit=row["unit"],
        decimals=row["decimals"],
        assay=row["assay"],
        minutes=row["minutes"],
        spread=row["spread"],
        ranges={key: (float(row[key][0]), float(row[key][1])) for key in keys if key in row},
        least=row.get("least", float("nan")),
        most=row.get("most", float("nan")),
    )
