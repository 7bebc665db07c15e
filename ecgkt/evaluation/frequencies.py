"""How often a label was there among ECGs with such a score: ranges of the score, counted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.frequencies import Observed
from ecgkt.evaluation.discrimination import too_few
from ecgkt.evaluation.resampling import clustered_share_interval

RANGES = 20
FEWEST_ROWS = 50


def count_observed(
    labels: NDArray[np.floating],
    probabilities: NDArray[np.floating],
    subjects: NDArray[np.int64],
    ranges: int = RANGES,
    fewest: int = FEWEST_ROWS,
) -> Observed | None:
    """Return how often (n,) labels 1/0 were there by range of the probability; NaN is left out, in both.

    The ranges hold equal shares of positives and negatives taken together, each class weighing the same, so that
    those of a rare label are fine where its scores are high. Ranges below `fewest` rows are joined to their neighbour,
    and so are neighbours whose share falls where the score rises (Ayer 1955, doi 10.1214/aoms/1177728423). Wilson's
    intervals are for the rows that the subjects are worth. None where a class has too few rows or subjects.
    """
    known = ~(np.isnan(labels) | np.isnan(probabilities))
    order = np.argsort(probabilities[known], kind="stable")
    y, p, who = (values[known][order] for values in (labels, probabilities, subjects))
    if too_few(y, who):
        return None
    weight = np.where(y == 1, 0.5 / y.sum(), 0.5 / (1 - y).sum())
    cuts = np.searchsorted(np.cumsum(weight), np.arange(1, ranges) / ranges)
    edges = np.unique([float(f"{(p[cut - 1] + p[cut]) / 2:.6g}") for cut in cuts if 0 < cut < len(p)])
    starts = _joined(y, np.searchsorted(p, edges), fewest)
    bounds = [0, *(start for start, _ in starts), len(p)]
    parts = [slice(*pair) for pair in pairwise(bounds)]
    intervals = [clustered_share_interval(y[part], who[part]) for part in parts]
    return Observed(
        edges=tuple(float(edges[place]) for _, place in starts),
        n=tuple(part.stop - part.start for part in parts),
        positives=tuple(int(y[part].sum()) for part in parts),
        low=tuple(round(low, 6) for low, _ in intervals),
        high=tuple(round(high, 6) for _, high in intervals),
    )


def _joined(y: NDArray[np.floating], starts: NDArray[np.intp], fewest: int) -> list[tuple[int, int]]:
    """Return where ranges begin, and the edge of each, once small ones and those whose share falls were joined."""
    bounds = [0, *starts.tolist(), len(y)]
    done: list[tuple[int, int, int, float]] = []
    for place, (a, b) in enumerate(pairwise(bounds)):
        start, edge, n, positives = a, place - 1, b - a, float(y[a:b].sum())
        while done and _to_join(done[-1][2:], (n, positives), fewest):
            start, edge, more, with_it = done.pop()
            n, positives = n + more, positives + with_it
        done.append((start, edge, n, positives))
    while len(done) > 1 and done[-1][2] < fewest:
        done.pop()
    return [(start, edge) for start, edge, _, _ in done[1:]]


def _to_join(before: tuple[int, float], after: tuple[int, float], fewest: int) -> bool:
    return min(before[0], after[0]) == 0 or before[0] < fewest or before[1] * after[0] >= after[1] * before[0]
