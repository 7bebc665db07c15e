"""Named ways to join an ECG to the clinical tables (`recipes/`): which values, which window, which clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ecgkt.catalogue.files import read
from ecgkt.catalogue.panel import Lab, Measurement, lab_panel, measurements
from ecgkt.domain import FeatureSpec
from ecgkt.domain.features import Role, Window
from ecgkt.errors import InvalidValue, UnknownName

RECIPES = ("ours",)
KINDS = ("lab", "vital", "biometric")
CHOICES = ("nearest", "every", "statistics")
STATISTICS = ("mean", "median", "min", "max", "sd", "first", "last", "change", "slope")
"""What is kept of all values in a window, as MDS-ED does (Lopez Alcaraz 2024, arXiv 2407.17856)."""


@dataclass(frozen=True)
class Take:
    """Which values of one kind serve a role: those in `window`, and of them the nearest, every one, or statistics."""

    window: Window
    choice: str

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            raise InvalidValue(f"a choice among {', '.join(CHOICES)}", repr(self.choice), "correct the recipe")


@dataclass(frozen=True)
class CohortRecipe:
    """One way to make a cohort. `takes` maps (role, kind) to a rule; a role without a rule stays empty."""

    name: str
    title: str
    source: str
    minimum_age: int
    setting: str
    ed_minutes: float
    labs: tuple[Lab, ...]
    measurements: tuple[Measurement, ...]
    vital_tables: tuple[str, ...]
    split: str
    as_published: bool
    takes: Mapping[tuple[Role, str], Take]

    def __post_init__(self) -> None:
        if self.setting not in ("any", "ed"):
            raise InvalidValue('the setting "any" or "ed"', repr(self.setting), f"correct the recipe {self.name}")
        if self.split not in ("hash", "strat_fold"):
            raise InvalidValue('the split "hash" or "strat_fold"', repr(self.split), f"correct the recipe {self.name}")
        for role in Role:
            self.features(role)

    @property
    def anchored_at_arrival(self) -> bool:
        """Whether any window starts from the arrival at the emergency department."""
        return any(take.window.anchor == "ed_arrival" for take in self.takes.values())

    def features(self, role: Role) -> tuple[FeatureSpec, ...]:
        """Return the features of a role in their fixed order: labs, vital signs, biometrics."""
        return tuple(spec for kind in KINDS for spec in self._of_kind(Role(role), kind))

    def _of_kind(self, role: Role, kind: str) -> Iterator[FeatureSpec]:
        take = self.takes.get((role, kind))
        if take is None:
            return
        for one in self.labs if kind == "lab" else [m for m in self.measurements if m.kind == kind]:
            items = one.item_ids if isinstance(one, Lab) else ()
            spec = FeatureSpec(
                one.name, one.title, kind, one.unit, role, take.window, one.plausible, items, self.as_published
            )
            if take.choice != "statistics" or one.name in ("age", "sex_male"):
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
        labs=_labs(row["labs"]),
        measurements=_measurements(row["measurements"]),
        vital_tables=tuple(row["vital_tables"]),
        split=row["split"],
        as_published=row.get("as_published", False),
        takes={(Role(role), kind): _take(rule) for kind in KINDS for role, rule in row.get(kind, {}).items()},
    )


def feature_specs(role: Role, recipe: str = "ours") -> tuple[FeatureSpec, ...]:
    """Return every feature of a recipe in `role`."""
    return cohort_recipe(recipe).features(role)


def _take(rule: Mapping[str, Any]) -> Take:
    rule = dict(rule)
    return Take(choice=rule.pop("choice"), window=Window(**rule))


def _labs(wanted: str | list[str]) -> tuple[Lab, ...]:
    if wanted == "panel":
        return lab_panel()
    known = {one.name: one for one in lab_panel()}
    return tuple(known[name] for name in wanted)


def _measurements(wanted: list[str]) -> tuple[Measurement, ...]:
    known = {one.name: one for one in measurements()}
    return tuple(known[name] for name in wanted)
