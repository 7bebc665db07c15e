"""Laboratory values that were measured near an ECG, and what is known of those that are absent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ecgkt.errors import InvalidValue

BOUNDS = ("", "<", ">")


@dataclass(frozen=True)
class LabValue:
    """A measured value in the laboratory panel's unit, `minutes` after the ECG (negative: before; None: not known).

    `bound` is "<" or ">" where the laboratory printed a bound ("<0.01"), of which `value` is the number. Raises
    InvalidValue for a value or a time that is not finite, or for another sign.
    """

    value: float
    minutes: float | None = None
    bound: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or (self.minutes is not None and not math.isfinite(self.minutes)):
            raise InvalidValue("a finite value and time", "another", "leave out what was not measured")
        if self.bound not in BOUNDS:
            raise InvalidValue('the sign "<" or ">" of a bound, or none', "another", "write the sign as printed")


@dataclass(frozen=True, eq=False)
class MeasuredLabs(Mapping[str, LabValue]):
    """Measured values by analyte; what was not measured is absent.

    `looked_for` are the analytes that were looked for: of these an absent one was not measured, of any other nothing
    follows from its absence. `told` is one sentence on whose values they are and from when, or on why there are none.
    """

    values_by_name: Mapping[str, LabValue] = field(default_factory=dict)
    looked_for: frozenset[str] = frozenset()
    told: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values_by_name", MappingProxyType(dict(self.values_by_name)))

    def lacks(self, name: str) -> bool:
        """Whether an analyte was looked for and had not been measured."""
        return name in self.looked_for and name not in self.values_by_name

    def __getitem__(self, name: str) -> LabValue:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)
