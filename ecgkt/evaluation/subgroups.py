"""The same metric in each group of rows: by age, sex or setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.bootstrap import Bootstrap, ScoreTable, bootstrap
from ecgkt.evaluation.comparison import Difference, macro, paired_difference
from ecgkt.evaluation.resampling import RESAMPLES


@dataclass(frozen=True)
class Subgroups:
    """The macro metric by group, over the same `names` in each, so that groups differ in rows and not in labels."""

    metric: str
    names: tuple[str, ...]
    groups: Mapping[str, Estimate]


def subgroups(
    table: ScoreTable,
    group: NDArray[np.str_],
    names: Sequence[str] | None = None,
    *,
    metric: str = "auroc",
    resamples: int = RESAMPLES,
    seed: int = 0,
    least: float = 0.5,
) -> Subgroups:
    """Return the macro metric in each group that (n,) `group` names (rows of group "" are in none).

    It is taken over the labels that are defined in every group. A group in which less than the share `least` of the
    labels defined in the whole table is defined is left undefined, and does not narrow the others' labels.
    """
    runs = _runs(table, group, metric, resamples, seed)
    shared, reasons = _shared(table, runs, names, metric, least)
    found = {}
    for name, run in runs.items():
        reason = reasons[name]
        none = Estimate.undefined(reason or "", int((group == name).sum()), 0)
        found[name] = macro(run, shared, metric) if reason is None else none
    return Subgroups(metric, shared, found)


@dataclass(frozen=True)
class PairedSubgroups:
    """Two arms' macro metric and their paired difference by group, over the same `names` in each."""

    metric: str
    names: tuple[str, ...]
    groups: Mapping[str, tuple[Estimate, Estimate, Difference]]


def paired_subgroups(
    first: ScoreTable,
    second: ScoreTable,
    group: NDArray[np.str_],
    names: Sequence[str] | None = None,
    *,
    metric: str = "auroc",
    resamples: int = RESAMPLES,
    seed: int = 0,
    least: float = 0.5,
) -> PairedSubgroups:
    """Return both arms' macro metric in each group and the first minus the second on the same draws.

    Labels and groups are chosen as in `subgroups`, by the first arm. Raises InvalidValue where rows or labels differ.
    """
    ours, theirs = (_runs(table, group, metric, resamples, seed) for table in (first, second))
    shared, reasons = _shared(first, ours, names, metric, least)
    found = {}
    for name in ours:
        reason = reasons[name]
        if reason is not None:
            none = Estimate.undefined(reason, int((group == name).sum()), 0)
            found[name] = (none, none, Difference(none, None))
            continue
        difference = paired_difference(ours[name], theirs[name], shared, metric).macro
        found[name] = (macro(ours[name], shared, metric), macro(theirs[name], shared, metric), difference)
    return PairedSubgroups(metric, shared, found)


def _runs(table: ScoreTable, group: NDArray[np.str_], metric: str, resamples: int, seed: int) -> dict[str, Bootstrap]:
    """Return the bootstrap of each group by name."""
    if group.shape != table.subjects.shape:
        raise InvalidValue("a group for each row", f"{group.shape}", "align the rows")
    known = [str(name) for name in np.unique(group) if name]
    return {
        name: bootstrap(table.rows(group == name), resamples=resamples, seed=seed, metrics=[metric]) for name in known
    }


def _shared(
    table: ScoreTable, runs: Mapping[str, Bootstrap], names: Sequence[str] | None, metric: str, least: float
) -> tuple[tuple[str, ...], dict[str, str | None]]:
    """Return the labels defined in every large group, and for each group why it has no figure, or None."""
    whole = set(bootstrap(table, resamples=1, metrics=[metric]).defined(names))
    few = {name: len(whole & set(run.defined())) for name, run in runs.items()}
    large = [name for name, count in few.items() if count >= max(1, least * len(whole))]
    shared = tuple(label for label in table.names if label in whole and all(label in runs[g].defined() for g in large))
    reasons = {
        name: None if name in large and shared else f"{count} of {len(whole)} labels have enough positives"
        for name, count in few.items()
    }
    return shared, reasons
