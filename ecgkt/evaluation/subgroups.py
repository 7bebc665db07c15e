"""The same metric in each group of rows: by age, sex or setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.bootstrap import ScoreTable, bootstrap
from ecgkt.evaluation.comparison import macro
from ecgkt.evaluation.discrimination import estimate
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
    if group.shape != table.subjects.shape:
        raise InvalidValue("a group for each row", f"{group.shape}", "align the rows")
    known = [str(name) for name in np.unique(group) if name]
    runs = {
        name: bootstrap(table.rows(group == name), resamples=resamples, seed=seed, metrics=[metric]) for name in known
    }
    whole = set(bootstrap(table, resamples=1, metrics=[metric]).defined(names))
    large = [name for name in known if len(whole & set(runs[name].defined())) >= max(1, least * len(whole))]
    shared = tuple(label for label in table.names if label in whole and all(label in runs[g].defined() for g in large))
    found = {}
    for name in known:
        if name in large and shared:
            found[name] = macro(runs[name], shared, metric)
        else:
            few = len(whole & set(runs[name].defined()))
            reason = f"{few} of {len(whole)} labels have enough positives"
            found[name] = Estimate.undefined(reason, int((group == name).sum()), 0)
    return Subgroups(metric, shared, found)


def subgroup_estimates(
    metric: str,
    labels: NDArray[np.floating],
    scores: NDArray[np.floating],
    subjects: NDArray[np.int64],
    group: NDArray[np.str_],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Return the metric of one label, (n,) labels and scores, in each group that (n,) `group` names ("" in none)."""
    if not labels.shape == scores.shape == subjects.shape == group.shape:
        raise InvalidValue("labels, scores, subjects and groups of one shape", f"{group.shape}", "align the rows")
    return {
        str(name): estimate(
            metric,
            labels[group == name],
            scores[group == name],
            subjects[group == name],
            resamples=resamples,
            seed=seed,
        )
        for name in np.unique(group)
        if name
    }
