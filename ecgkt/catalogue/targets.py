"""The shipped targets, from the catalogue's files: on this tracing, coded at this visit, laboratory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ecgkt.catalogue.files import read
from ecgkt.catalogue.panel import Lab, lab_panel
from ecgkt.domain import Label, LabelSet
from ecgkt.domain.labels import Kind

ICD_SOURCE = "ICD-10-CM; ICD-9-CM of older stays mapped by the GEMs"


@dataclass(frozen=True)
class Relations:
    """What one tracing label says of others, by label name.

    `implies`: labels that are 1 with it. `excludes`: labels that are 0 with it unless coded themselves.
    `absence_unknown`: labels whose missing code does not mean 0.
    """

    implies: Mapping[str, tuple[str, ...]]
    excludes: Mapping[str, tuple[str, ...]]
    absence_unknown: frozenset[str]


@cache
def tracing_labels() -> LabelSet:
    """Return what a tracing itself can show, in its fixed order."""
    return LabelSet(tuple(_tracing_label(name, row) for name, row in read("tracing").items()))


@cache
def visit_labels() -> LabelSet:
    """Return the diagnoses coded at a visit; `codes["lab"]` names the analytes that define one."""
    return LabelSet(
        tuple(
            Label(name, row["title"], Kind.VISIT, row["group"], row["rule"], ICD_SOURCE, row["codes"])
            for name, row in read("visit").items()
        )
    )


@cache
def lab_labels() -> LabelSet:
    """Return one label per analyte and clinically meaningful direction (`potassium_low`, `potassium_high`)."""
    return LabelSet(tuple(_lab_label(lab, direction) for lab in lab_panel() for direction in lab.directions))


@cache
def all_labels() -> LabelSet:
    """Return every target: tracing, then visit, then lab."""
    return LabelSet((*tracing_labels(), *visit_labels(), *lab_labels()))


@cache
def tracing_relations() -> Relations:
    """Return which tracing labels imply or exclude each other."""
    rows = read("tracing")
    return Relations(
        implies={name: tuple(row["implies"]) for name, row in rows.items() if "implies" in row},
        excludes={name: tuple(row["excludes"]) for name, row in rows.items() if "excludes" in row},
        absence_unknown=frozenset(name for name, row in rows.items() if row.get("absence_unknown")),
    )


def _tracing_label(name: str, row: Mapping[str, Any]) -> Label:
    return Label(name, row["title"], Kind.TRACING, row["group"], row["rule"], row["source"], row["codes"])


def _lab_label(lab: Lab, direction: str) -> Label:
    cutoff = lab.cutoff(direction)
    word, bound = ("Below", "lower") if direction == "low" else ("Above", "upper")
    unit = "" if lab.unit == "1" else f" {lab.unit}"
    if cutoff is not None:
        rule, source = f"{word} {cutoff:g}{unit}.", lab.cutoff_source or ""
    else:
        rule = f"{word} the {bound} end of the range printed on the row (usually {lab.usual_limit(direction):g}{unit})."
        source = f"the row's printed range; usual: {lab.usual_source}"
    return Label(
        f"{lab.name}_{direction}",
        f"{lab.title} {direction}",
        Kind.LAB,
        lab.group,
        rule,
        source,
        lab=lab.name,
        direction=direction,
        threshold=cutoff,
        unit=lab.unit,
    )
