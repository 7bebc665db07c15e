"""What is predicted: ordered labels, and tables of what is known of them (1, 0, or NaN for no information)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue, UnknownName


class Kind(StrEnum):
    """The three families of labels, never mixed on screen."""

    TRACING = "tracing"
    """On this tracing: what the trace itself shows."""
    VISIT = "visit"
    """Coded at this visit: an ICD-10 code given to the stay."""
    LAB = "lab"
    """A laboratory value outside its range, low and high apart."""


@dataclass(frozen=True)
class Label:
    """One target: `name` is its key in every file, `title` what a reader sees, `rule` when it is 1.

    `group` orders the screen (rhythm, conduction, ...). `codes` maps a vocabulary (scp, snomed, icd10, machine)
    to its codes. For a lab: the analyte in `lab`, `direction` (low, high), `threshold` in `unit` where a clinical
    cut-off replaces the row's printed range (then `source` names it).
    """

    name: str
    title: str
    kind: Kind
    group: str
    rule: str
    source: str
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lab: str | None = None
    direction: str | None = None
    threshold: float | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))
        object.__setattr__(self, "codes", {key: tuple(codes) for key, codes in self.codes.items()})
        if not self.name or not self.name.replace("_", "").isalnum() or self.name != self.name.lower():
            raise InvalidValue("a label name in snake_case", repr(self.name), "use a-z, 0-9 and _")
        if self.kind is Kind.LAB and (self.lab is None or self.direction not in ("low", "high") or not self.unit):
            raise InvalidValue("a lab label with lab, direction and unit", repr(self.name), "give all three")
        if self.kind is Kind.VISIT and not self.codes.get("icd10"):
            raise InvalidValue("a visit label with ICD-10 codes", repr(self.name), "give codes.icd10")


@dataclass(frozen=True)
class LabelSet:
    """Ordered labels with unique names. The order is part of the fingerprint, so it never changes silently."""

    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        names = self.names
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InvalidValue("unique label names", f"{', '.join(twice)} twice", "rename one of each")

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __getitem__(self, name: str) -> Label:
        return self.labels[self.index(name)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(label.name for label in self.labels)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits over names, kinds, thresholds and their order."""
        core = [(label.name, str(label.kind), label.direction, label.threshold, label.unit) for label in self]
        return hashlib.sha256(json.dumps(core).encode()).hexdigest()[:12]

    def index(self, name: str) -> int:
        """Return the position of a label; raise UnknownName with the nearest names."""
        try:
            return self.names.index(name)
        except ValueError:
            raise UnknownName(f"one of: {', '.join(self.names)}", repr(name), "choose a name from that list") from None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that occur, in the order of `Kind`."""
        found = {label.kind for label in self.labels}
        return tuple(kind for kind in Kind if kind in found)

    def of_kind(self, *kinds: Kind) -> LabelSet:
        """Return the labels of these kinds, in their order here."""
        return LabelSet(tuple(label for label in self if label.kind in kinds))

    def positions(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Return the positions of `names` here."""
        return np.array([self.index(name) for name in names], dtype=np.intp)

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data that `from_json` reads back equal."""
        return [{**asdict(label), "kind": str(label.kind)} for label in self]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> LabelSet:
        """Build a set from what `to_json` wrote."""
        return cls(tuple(Label(**row) for row in rows))


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Truth for n rows: `values` (n, k) float32 holds 1, 0, or NaN where nothing is known."""

    labels: LabelSet
    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32)
        if values.ndim != 2 or values.shape[1] != len(self.labels):
            raise InvalidValue(f"values of shape (n, {len(self.labels)})", f"{values.shape}", "one column per label")
        if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
            raise InvalidValue("1, 0 or NaN in a label table", "other values", "apply the label's rule first")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> NDArray[np.float32]:
        """Return (n,) values of one label."""
        return self.values[:, self.labels.index(name)]

    def of_kind(self, *kinds: Kind) -> LabelTable:
        """Return the columns of these kinds."""
        labels = self.labels.of_kind(*kinds)
        return LabelTable(labels, self.values[:, self.labels.positions(labels.names)])

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> LabelTable:
        """Return some rows."""
        return LabelTable(self.labels, self.values[rows])
