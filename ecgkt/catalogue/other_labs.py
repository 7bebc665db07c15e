"""Analytes beyond the panel, and the laboratory list of MDS-ED: for the recipes that compare with the relatives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from ecgkt.catalogue.files import read
from ecgkt.catalogue.panel import lab_panel
from ecgkt.errors import InvalidValue


@dataclass(frozen=True)
class OtherLab:
    """One analyte that is not in the panel, with the fields that `Lab` has of the same names.

    `label` is its label in MIMIC's d_labitems. `usual` (low, high) is (None, None) where no range is printed.
    """

    name: str
    label: str
    title: str
    unit: str
    printed_units: tuple[str, ...]
    item_ids: tuple[int, ...]
    plausible: tuple[float, float]
    usual: tuple[float | None, float | None] = (None, None)
    fluid: str = "Blood"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.item_ids or not self.printed_units:
            raise InvalidValue("item ids and printed units", f"none for {self.name}", "look them up in d_labitems")
        if not self.plausible[0] < self.plausible[1]:
            raise InvalidValue("a plausible range (low, high)", f"{self.plausible}", f"correct {self.name}")


@dataclass(frozen=True)
class MdsEdLab:
    """One laboratory feature of MDS-ED: d_labitems' `label`, our `name` for it, its items, and the cap on its values.

    MDS-ED makes a value greater than `above` missing (infinity: none) and looks at no unit.
    """

    label: str
    name: str
    item_ids: tuple[int, ...]
    above: float = math.inf

    @property
    def column(self) -> str:
        """The label as it stands in the columns of mds_ed.csv, between `labvalues_` and the statistic."""
        return self.label.lower().replace(" ", "_")


@cache
def other_labs() -> tuple[OtherLab, ...]:
    """Return every analyte beyond `lab_panel()` in the order of the file; no name and no item stands in both."""
    return tuple(
        OtherLab(
            name=name,
            label=row["label"],
            title=row["title"],
            unit=row["unit"],
            printed_units=tuple(row["printed_units"]),
            item_ids=tuple(row["item_ids"]),
            plausible=(float(row["plausible"][0]), float(row["plausible"][1])),
            usual=(row["usual"][0] or None, row["usual"][1]) if "usual" in row else (None, None),
            note=row.get("note", ""),
        )
        for name, row in read("other_labs")["lab"].items()
    )


@cache
def mds_ed_labs() -> tuple[MdsEdLab, ...]:
    """Return MDS-ED's 45 laboratory labels in its order; each name is one of `lab_panel()` or `other_labs()`."""
    known = {one.name for one in lab_panel()} | {one.name for one in other_labs()}
    rows = read("mds_ed")
    unknown = sorted(row["name"] for row in rows.values() if row["name"] not in known)
    if unknown:
        raise InvalidValue("analytes of the catalogue", ", ".join(unknown), "add them to other_labs.toml")
    return tuple(
        MdsEdLab(label, row["name"], tuple(row["item_ids"]), row.get("above", math.inf)) for label, row in rows.items()
    )
