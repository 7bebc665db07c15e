"""On which ECGs two arms disagree about a label, and who of them is right more often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.reports.judged import Rows
from ecgkt.reports.stored import Stored, Truth


@dataclass(frozen=True, eq=False)
class Disagreements:
    """Two arms on the n rows of a part and one label.

    `first` and `second` (n,) are mean probabilities over seeds where both arms are `calibrated` for the cohort, else
    ranks in the cohort (share of rows that score lower). `truth` (n,) is 1, 0 or NaN. Each arm flags its highest
    `flagged` rows, as many as would carry the label if all had the known ones' prevalence; who is flagged by one alone
    is in `first_only` or `second_only` (n,), by both in `both` (n,).
    """

    name: str
    calibrated: bool
    rows: Rows
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    truth: NDArray[np.float32]
    flagged: int
    first_only: NDArray[np.bool_]
    second_only: NDArray[np.bool_]
    both: NDArray[np.bool_]

    def most(self, count: int) -> NDArray[np.intp]:
        """Return the places of the `count` rows on which the figures differ most."""
        return np.argsort(-np.abs(self.first - self.second), kind="stable")[:count]

    def sample(self, count: int, seed: int) -> NDArray[np.intp]:
        """Return `count` places drawn at random among those that one arm alone flags; fewer where there are fewer."""
        places = np.flatnonzero(self.first_only | self.second_only)
        return np.random.default_rng(seed).permutation(places)[:count]

    def carried(self, chosen: NDArray[np.bool_]) -> tuple[int, int, int]:
        """Return among (n,) chosen rows how many carry the label, in how many it is known, and how many there are."""
        known = self.truth[chosen]
        return int(np.nansum(known)), int((~np.isnan(known)).sum()), int(chosen.sum())


def disagreements(
    truth: Truth, first: Sequence[Stored], second: Sequence[Stored], name: str, part: str = "held_out"
) -> Disagreements:
    """Return where two arms (of one or more seeds) disagree about a label that both give."""
    rows = first[0].rows
    chosen = rows.of(part)
    calibrated = all(one.origin.calibrated_in is truth.cohort.domain for one in (*first, *second))
    figures = [_figures(arm, name, chosen, calibrated) for arm in (first, second)]
    known = truth.labels.column(name)[chosen]
    prevalence = float(np.nanmean(known)) if (~np.isnan(known)).any() else 0.0
    count = round(prevalence * int(chosen.sum()))
    ours, theirs = (_highest(values, count) for values in figures)
    return Disagreements(
        name=name,
        calibrated=calibrated,
        rows=rows.take(chosen),
        first=figures[0],
        second=figures[1],
        truth=known,
        flagged=count,
        first_only=ours & ~theirs,
        second_only=theirs & ~ours,
        both=ours & theirs,
    )


def _figures(arm: Sequence[Stored], name: str, chosen: NDArray[np.bool_], calibrated: bool) -> NDArray[np.float64]:
    if calibrated:
        figures = [one.probability(name)[chosen] for one in arm]
    else:
        figures = [_ranks(one.scores([name])[chosen, 0]) for one in arm]
    mean: NDArray[np.float64] = np.mean(figures, axis=0)
    return mean


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of rows that score lower."""
    ranks: NDArray[np.float64] = np.searchsorted(np.sort(scores), scores) / len(scores)
    return ranks


def _highest(values: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    flagged = np.zeros(len(values), dtype=bool)
    flagged[np.argsort(-values, kind="stable")[:count]] = True
    return flagged
