"""Named ways to join an ECG to the clinical tables (`recipes/`): which values, which window, which clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ecgkt.catalogue.files import read
from ecgkt.catalogue.other_labs import OtherLab, mds_ed_labs, other_labs
from ecgkt.catalogue.panel import Lab, Measurement, lab_panel, measurements, other_measurements
from ecgkt.domain import FeatureSpec
from ecgkt.domain.features import Role, Window
from ecgkt.errors import InvalidValue, UnknownName

RECIPES = ("ours", "mds_ed", "cardiolab")
KINDS = ("lab", "vital", "biometric")
CHOICES = ("nearest", "every", "statistics")
STATISTICS = ("mean", "median", "min", "max", "sd", "first", "last", "change", "slope")
"""What is kept of all values in a window, as MDS-ED does (Lopez Alcaraz 2024, arXiv 2407.17856)."""
SINGLE = ("age", "sex_male", "acuity")
"""Measurements that no statistics are made of."""


@dataclass(frozen=True)
class Take:
    """Which values of one kind serve a role: those in `window`, and of them the nearest, every one, or statistics."""

    window: Window
    choice: str

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            raise InvalidValue(f"a choice among {', '.join(CHOICES)}", repr(self.choice), "correct the recipe")


@dataclass(frozen=True)
class ValueRules:
    """How a row becomes a value, and a value abnormal; the defaults are ours.

    `censored`: a printed bound ("<0.01") is kept as the bound, or such rows are dropped. `haemolysed`: excluded or
    kept. `units`: checked against the catalogue, or unchecked. `repeated`: rows equal in time, value, unit and label
    all count, or once. `celsius`: whether a temperature below 60 is taken as deg C already. `limits`: abnormal by the
    catalogue's cut-off or the row's own range (`row`), or by the median printed range of the whole table (`median`).
    `plausible` replaces the catalogue's ranges where it is not None, by name; what it does not name is not checked.
    """

    censored: str = "bound"
    haemolysed: str = "excluded"
    units: str = "checked"
    repeated: str = "all"
    celsius: bool = True
    limits: str = "row"
    plausible: Mapping[str, tuple[float, float]] | None = None

    def __post_init__(self) -> None:
        for name, allowed in (
            ("censored", ("bound", "dropped")),
            ("haemolysed", ("excluded", "kept")),
            ("units", ("checked", "unchecked")),
            ("repeated", ("all", "once")),
            ("limits", ("row", "median")),
        ):
            if getattr(self, name) not in allowed:
                raise InvalidValue(
                    f"{name} among {', '.join(allowed)}", repr(getattr(self, name)), "correct the recipe"
                )

    def range_of(self, name: str, usual: tuple[float, float]) -> tuple[float, float]:
        """Return the plausible range of a measurement whose catalogue range is `usual`."""
        return usual if self.plausible is None else self.plausible.get(name, (float("-inf"), float("inf")))


@dataclass(frozen=True)
class CohortRecipe:
    """One way to make a cohort. `takes` maps (role, kind) to a rule; a role without a rule stays empty."""

    name: str
    title: str
    source: str
    minimum_age: int
    setting: str
    ed_minutes: float
    needs_codes: bool
    labs: tuple[Lab | OtherLab, ...]
    measurements: tuple[Measurement, ...]
    vital_tables: tuple[str, ...]
    split: str
    as_published: bool
    values: ValueRules
    takes: Mapping[tuple[Role, str], Take]

    def __post_init__(self) -> None:
        if self.setting not in ("any", "ed"):
            raise InvalidValue('the setting "any" or "ed"', repr(self.setting), f"correct the recipe {self.name}")
        if self.split not in ("hash", "strat_fold"):
            raise InvalidValue('the split "hash" or "strat_fold"', repr(self.split), f"correct the recipe {self.name}")
        for role in Role:
            self.features(role)

    @property
    def prediction_after_arrival(self) -> float | None:
        """Minutes from the arrival at which the prediction is made; None where it is made at the ECG."""
        takes = [take.window for (role, _), take in self.takes.items() if role is Role.INPUT]
        ends = [window.to_minutes for window in takes if window.anchor == "ed_arrival"]
        return max(ends) if ends else None

    def features(self, role: Role) -> tuple[FeatureSpec, ...]:
        """Return the features of a role in their fixed order: labs, vital signs, biometrics."""
        return tuple(spec for kind in KINDS for spec in self._of_kind(Role(role), kind))

    def _of_kind(self, role: Role, kind: str) -> Iterator[FeatureSpec]:
        take = self.takes.get((role, kind))
        if take is None:
            return
        for one in self.labs if kind == "lab" else [m for m in self.measurements if m.kind == kind]:
            items = () if isinstance(one, Measurement) else one.item_ids
            plausible = self.values.range_of(one.name, one.plausible)
            spec = FeatureSpec(
                one.name, one.title, kind, one.unit, role, take.window, plausible, items, self.as_published
            )
            if take.choice != "statistics" or one.name in SINGLE:
                yield spec
                continue
            for statistic in STATISTICS:
                yield _statistic(spec, statistic)


def _statistic(spec: FeatureSpec, statistic: str) -> FeatureSpec:
    within = statistic in ("mean", "median", "min", "max", "first", "last")
    return replace(
        spec,
        name=f"{spec.name}_{statistic}",
        title=f"{spec.title} ({statistic})",
        unit=f"{spec.unit}/min" if statistic == "slope" else "1" if statistic == "change" else spec.unit,
        plausible=spec.plausible if within else (float("-inf"), float("inf")),
    )


@cache
def cohort_recipe(name: str = "ours") -> CohortRecipe:
    """Return a recipe by name; raise UnknownName where there is none."""
    if name not in RECIPES:
        raise UnknownName(f"one of the recipes {', '.join(RECIPES)}", repr(name), "choose one of them")
    row = read(f"recipes/{name}")
    return CohortRecipe(
        name=name,
        title=row["title"],
        source=row["source"],
        minimum_age=row["minimum_age"],
        setting=row["setting"],
        ed_minutes=float(row.get("ed_minutes", 0)),
        needs_codes=row.get("needs_codes", False),
        labs=_labs(row["labs"]),
        measurements=_measurements(row["measurements"]),
        vital_tables=tuple(row["vital_tables"]),
        split=row["split"],
        as_published=row.get("as_published", False),
        values=_values(row.get("values", {}), row["labs"]),
        takes={(Role(role), kind): _take(rule) for kind in KINDS for role, rule in row.get(kind, {}).items()},
    )


def feature_specs(role: Role, recipe: str = "ours") -> tuple[FeatureSpec, ...]:
    """Return every feature of a recipe in `role`."""
    return cohort_recipe(recipe).features(role)


def _take(rule: Mapping[str, Any]) -> Take:
    rule = dict(rule)
    return Take(choice=rule.pop("choice"), window=Window(**rule))


def _values(rules: Mapping[str, Any], labs: str | list[str]) -> ValueRules:
    ranges = rules.get("plausible")
    if ranges is None:
        return ValueRules(**rules)
    plausible = {name: (float(low), float(high)) for name, (low, high) in ranges.items()}
    if labs == "mds_ed":
        plausible |= {one.name: (float("-inf"), one.above) for one in mds_ed_labs()}
    return ValueRules(**{**rules, "plausible": plausible})


def _labs(wanted: str | list[str]) -> tuple[Lab | OtherLab, ...]:
    """Return the panel, MDS-ED's analytes with the items that carry its labels, or those that are named."""
    every: tuple[Lab | OtherLab, ...] = (*lab_panel(), *other_labs())
    known = {one.name: one for one in every}
    if wanted == "panel":
        return lab_panel()
    if wanted == "mds_ed":
        return tuple(replace(known[one.name], item_ids=one.item_ids) for one in mds_ed_labs())
    return tuple(known[name] for name in wanted)


def _measurements(wanted: list[str]) -> tuple[Measurement, ...]:
    known = {one.name: one for one in (*measurements(), *other_measurements())}
    return tuple(known[name] for name in wanted)
