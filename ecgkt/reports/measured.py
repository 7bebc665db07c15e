"""Arms measured on the same held-out rows: which stored predictions make an arm, their bootstraps, pairs of arms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from ecgkt.catalogue import all_labels
from ecgkt.domain.labels import Kind, Label
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.bootstrap import Bootstrap, ScoreTable, bootstrap
from ecgkt.evaluation.discrimination import METRICS
from ecgkt.evaluation.resampling import RESAMPLES
from ecgkt.reports.comparators import COMPARATORS
from ecgkt.reports.stored import Origin, Stored, Truth, refuse_other_rows

ORDER = (
    *COMPARATORS,
    "random_labels",
    "shortcut",
    "baseline",
    "baseline_pair",
    "signal_only",
    "ecg_only",
    "ecg_only_labs",
    "ordered",
    "strangers",
    "labs_only",
    "no_labs",
    "transferred",
    "multimodal",
)
"""In which order arms stand in tables; others come after."""
CONTRASTS = (
    ("transferred", "baseline"),
    ("transferred", "ecg_only"),
    ("multimodal", "baseline"),
    ("multimodal", "transferred"),
    ("ecg_only", "baseline"),
    ("transferred", "baseline_pair"),
    ("baseline_pair", "baseline"),
    ("transferred", "ecg_only_labs"),
    ("transferred", "no_labs"),
    ("transferred", "labs_only"),
    ("transferred", "ordered"),
    ("transferred", "strangers"),
    ("no_labs", "ecg_only"),
    ("strangers", "ecg_only"),
    ("strangers", "baseline"),
    ("baseline", "intervals"),
    ("baseline", "age_sex"),
)
"""The first arm minus the second; an arm that stands in none is held against the baseline."""


def lab_defined(label: Label) -> bool:
    """Return whether a laboratory value defines a diagnosis, so that who reads the value reads the label."""
    return label.kind is Kind.VISIT and bool(label.codes.get("lab"))


_IN: Mapping[str, Callable[[Label], bool]] = {
    "tracing": lambda label: label.kind is Kind.TRACING,
    "visit": lambda label: label.kind is Kind.VISIT,
    "visit, not lab-defined": lambda label: label.kind is Kind.VISIT and not lab_defined(label),
    "visit, lab-defined": lab_defined,
    "lab": lambda label: label.kind is Kind.LAB,
}
FAMILIES: Mapping[str, tuple[str, ...]] = {
    family: tuple(label.name for label in all_labels() if belongs(label)) for family, belongs in _IN.items()
}
"""Label names by family; a visit label is defined by a lab where the catalogue names its analytes."""
DIAGNOSES = ("tracing", "visit", "visit, not lab-defined", "visit, lab-defined")


@dataclass(frozen=True, eq=False)
class Measured:
    """One arm: its stored predictions and their bootstraps, one of each per seed, over the labels that all give."""

    key: str
    title: str
    stored: tuple[Stored, ...]
    runs: tuple[Bootstrap, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that the arm gives."""
        return self.runs[0].names

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(one.origin.seed for one in self.stored)

    def shared(self, family: str, *others: Measured) -> tuple[str, ...]:
        """Return the labels of a family that this arm and all others give and that are defined."""
        given = set(self.names).intersection(*(other.names for other in others))
        return tuple(name for name in self.runs[0].defined() if name in given and name in FAMILIES[family])


class Made(Protocol):
    """Anything of which it is known whose predictions it is."""

    @property
    def origin(self) -> Origin:
        """Who made it."""


T = TypeVar("T", bound=Made)


def group_by_arm(stored: Sequence[T], budget: float | None = None) -> dict[str, tuple[T, ...]]:
    """Return the predictions of one `budget` by arm, each arm's in the order of its seeds; by default of the largest.

    Comparators belong to every budget. Where two checkpoints of an arm have one seed (somebody's own beside ours), they
    stand under their names.
    """
    trained = [one.origin.budget for one in stored if one.origin.arm not in COMPARATORS]
    wanted = max(trained, default=1.0) if budget is None else budget
    arms: dict[str, list[T]] = defaultdict(list)
    for one in stored:
        if one.origin.arm in COMPARATORS or one.origin.budget == wanted:
            arms[one.origin.arm].append(one)
    groups: dict[str, list[T]] = {}
    for arm, members in arms.items():
        groups |= {arm: members} if _once(members) else _by_name(members)
    place = {name: i for i, name in enumerate(ORDER)}
    ordered = sorted(groups, key=lambda key: (place.get(key, len(place)), key))
    return {key: tuple(sorted(groups[key], key=lambda one: one.origin.seed)) for key in ordered}


def _once(stored: Sequence[T]) -> bool:
    return len({one.origin.seed for one in stored}) == len(stored)


def _by_name(stored: Sequence[T]) -> dict[str, list[T]]:
    names: dict[str, list[T]] = defaultdict(list)
    for one in stored:
        names[one.origin.name].append(one)
    if all(_once(some) for some in names.values()):
        return names
    return {f"{one.origin.name} {one.origin.checkpoint}": [one] for one in stored}


def measure(
    truth: Truth,
    arms: Mapping[str, Sequence[Stored]],
    *,
    part: str = "held_out",
    metrics: Sequence[str] = tuple(METRICS),
    resamples: int = RESAMPLES,
) -> dict[str, Measured]:
    """Measure every arm on one part under the same draws of subjects.

    Raises InvalidCohort where predictions are of other rows, labels or splits than the truth.
    """
    found = {}
    for key, stored in arms.items():
        for one in stored:
            refuse_other_rows(truth, one)
        given = set(stored[0].names).intersection(*(one.names for one in stored[1:]))
        names = tuple(name for name in truth.labels.labels.names if name in given)
        runs = tuple(
            bootstrap(score_table(truth, one, names, part), resamples=resamples, metrics=metrics) for one in stored
        )
        found[key] = Measured(key, stored[0].origin.title, tuple(stored), runs)
    if not found:
        raise InvalidCohort("stored predictions", "none", "name the folder of a checkpoint")
    return found


def score_table(truth: Truth, stored: Stored, names: Sequence[str], part: str = "held_out") -> ScoreTable:
    """Return truth and logits of some labels on the rows of one part."""
    rows = stored.rows.of(part)
    if not rows.any():
        raise InvalidCohort(f"rows of the part {part}", "none", "simulate or prepare more patients")
    columns = truth.labels.labels.positions(names)
    values = truth.labels.values[rows][:, columns]
    return ScoreTable(values, stored.scores(names)[rows], stored.rows.subject_ids[rows], tuple(names))


def paired_runs(names: Sequence[str], *arms: Measured) -> list[list[Bootstrap]]:
    """Return the runs of each arm over `names`, paired by the seeds that all arms of several runs have.

    An arm of one run is held against the run of its own seed; where there is none, and as a comparator, against each
    run of the others. Raises InvalidCohort where arms of several runs have no seed in common.
    """
    several = [set(arm.seeds) for arm in arms if len(arm.runs) > 1]
    seeds = set.intersection(*several) if several else {0}
    for arm in arms:
        if len(arm.runs) == 1 and arm.key not in COMPARATORS and several:
            seeds = seeds & set(arm.seeds) or seeds
    if not seeds:
        told = "; ".join(f"{arm.key} {', '.join(map(str, arm.seeds))}" for arm in arms)
        raise InvalidCohort("a seed that all compared arms were trained with", told, "train them with the same seeds")
    chosen = []
    for arm in arms:
        by_seed = dict(zip(arm.seeds, arm.runs, strict=True))
        runs = arm.runs * len(seeds) if len(arm.runs) == 1 else [by_seed[seed] for seed in sorted(seeds)]
        chosen.append([narrowed(run, names) for run in runs])
    return chosen


def contrasts(arms: Mapping[str, Measured]) -> list[tuple[str, str]]:
    """Return which arms are compared: those of `CONTRASTS` that are there, and any other with the baseline."""
    found = [(a, b) for a, b in CONTRASTS if a in arms and b in arms]
    named = {name for pair in found for name in pair}
    others = [key for key in arms if key not in named and key != "baseline"]
    return [*found, *((key, "baseline") for key in others if "baseline" in arms)]


def narrowed(run: Bootstrap, names: Sequence[str]) -> Bootstrap:
    """Return a bootstrap of some of its labels alone."""
    places = np.array([run.names.index(name) for name in names], dtype=np.intp)
    return replace(
        run,
        names=tuple(names),
        n=run.n[places],
        positives=run.positives[places],
        units=run.units[places],
        reasons=tuple(run.reasons[place] for place in places),
        rows=tuple(run.rows[place] for place in places),
        values={metric: values[places] for metric, values in run.values.items()},
        draws={metric: draws[:, places] for metric, draws in run.draws.items()},
    )
