"""Measurements of a patient beside the ECG: what each is, when it may be used, and tables of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue


class Role(StrEnum):
    """What a value is used for; each role has its own window and clock."""

    INPUT = "input"
    """Read by the multimodal arm: resulted by the prediction time."""
    ALIGNMENT_PARTNER = "alignment partner"
    """The other half of a stage-1 pair: may lie after the ECG."""
    TARGET = "target"
    """Predicted in stage 2: may lie after the ECG."""
    REVEAL = "reveal"
    """Shown beside the prediction."""


@dataclass(frozen=True)
class Window:
    """Minutes relative to the `anchor` within which a value counts, both ends included, on one clock.

    The clock is `drawn` or `resulted`; the anchor is the `ecg` or the patient's arrival at the emergency department
    (`ed_arrival`).
    """

    from_minutes: float
    to_minutes: float
    clock: str
    anchor: str = "ecg"

    def __post_init__(self) -> None:
        if not self.from_minutes < self.to_minutes:
            raise InvalidValue(
                "a window that ends after it starts", f"{self.from_minutes} to {self.to_minutes}", "swap"
            )
        if self.clock not in ("drawn", "resulted"):
            raise InvalidValue('the clock "drawn" or "resulted"', repr(self.clock), "name the one that the role uses")
        if self.anchor not in ("ecg", "ed_arrival"):
            raise InvalidValue('the anchor "ecg" or "ed_arrival"', repr(self.anchor), "name one of them")


@dataclass(frozen=True)
class FeatureSpec:
    """One measurement: `kind` is lab, vital or biometric; `item_ids` are MIMIC's; `plausible` is in `unit`.

    A value outside `plausible` becomes missing and is counted. An input must have resulted by the ECG; partners and
    targets may lie after it. `as_published` marks an input of somebody else's recipe, kept with the window that they
    published: what had not resulted by their prediction time is counted when the cohort is audited.
    """

    name: str
    title: str
    kind: str
    unit: str
    role: Role
    window: Window
    plausible: tuple[float, float]
    item_ids: tuple[int, ...] = ()
    as_published: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))
        if self.kind not in ("lab", "vital", "biometric"):
            raise InvalidValue("the kind lab, vital or biometric", repr(self.kind), "choose one")
        if not self.plausible[0] < self.plausible[1]:
            raise InvalidValue("a plausible range (low, high)", f"{self.plausible}", "give low below high")
        if not self.unit:
            raise InvalidValue("a unit", f"none for {self.name}", 'name it ("1" for a pure number)')
        late = self.window.clock != "resulted" or self.window.to_minutes > 0 or self.window.anchor != "ecg"
        if self.role is Role.INPUT and late and not self.as_published:
            raise InvalidValue(
                "an input that has resulted by the prediction time",
                f"{self.name}, {self.window.clock} up to {self.window.to_minutes:+g} min of {self.window.anchor}",
                "use the clock resulted and end the window at 0, or choose another role",
            )


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Values (n, k) float32 in the units of `specs`, NaN where not measured; `rejected` counts the implausible."""

    specs: tuple[FeatureSpec, ...]
    values: NDArray[np.float32]
    rejected: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32)
        if values.ndim != 2 or values.shape[1] != len(self.specs):
            raise InvalidValue(f"values of shape (n, {len(self.specs)})", f"{values.shape}", "one column per feature")
        rejected = dict(self.rejected)
        for column, spec in enumerate(self.specs):
            low, high = spec.plausible
            known = ~np.isnan(values[:, column])
            outside = known & ~((values[:, column] >= low) & (values[:, column] <= high))
            values[outside, column] = np.nan
            rejected[spec.name] = rejected.get(spec.name, 0) + int(outside.sum())
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "rejected", rejected)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in order."""
        return tuple(spec.name for spec in self.specs)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> FeatureTable:
        """Return some rows."""
        return FeatureTable(self.specs, self.values[rows], self.rejected)
