"""How well scores order positives above negatives, with intervals that resample subjects.

Every metric is a sum over the distinct scores that positives have, so one sort per label serves all resamples and all
metrics: weights of the positives at each such score, and of the negatives at it or between it and the one above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.resampling import (
    RESAMPLES,
    Draws,
    draw_subjects,
    percentile_interval,
    perfect_interval,
    score_interval,
)

FEWEST_POSITIVES = 10
SPECIFICITY = 0.9
Metric = Callable[[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]], NDArray[np.float64]]


def auroc(labels: NDArray[np.floating], scores: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve of (n,) labels 1/0 and scores, ties counted half; NaN with one class.

    The Mann-Whitney statistic (Hanley, McNeil 1982, doi 10.1148/radiology.143.1.7063747). NaN labels are left out.
    """
    return float(METRICS["auroc"](labels, scores, np.ones((1, len(labels))))[0])


def auroc_estimate(
    labels: NDArray[np.floating],
    scores: NDArray[np.floating],
    subjects: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    fewest: int = FEWEST_POSITIVES,
) -> Estimate:
    """Return AUROC with its interval; `estimate` says the rules."""
    return estimate("auroc", labels, scores, subjects, resamples=resamples, seed=seed, fewest=fewest)


def estimate(
    metric: str,
    labels: NDArray[np.floating],
    scores: NDArray[np.floating],
    subjects: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    fewest: int = FEWEST_POSITIVES,
) -> Estimate:
    """Return one of `METRICS` of (n,) labels and scores with a 95 % interval over `resamples` draws of subjects.

    Rows with a NaN label or score are left out. Undefined where fewer than `fewest` rows, or fewer than `fewest`
    subjects, are positive (or negative): an interval from fewer is not worth its name.
    """
    if not labels.shape == scores.shape == subjects.shape:
        raise InvalidValue("labels, scores, subjects of one shape", f"{labels.shape}, {scores.shape}", "align the rows")
    known = ~(np.isnan(labels) | np.isnan(scores))
    y, n, positives = labels[known], int(known.sum()), int(labels[known].sum())
    reason = too_few(y, subjects[known], fewest)
    if reason:
        return Estimate.undefined(reason, n, positives)
    draws = draw_subjects(subjects[known], resamples, seed)
    drawn = measure([Ladder.of(y, scores[known], draws.group)], draws, [metric])[metric][:, 0]
    units = subjects_of_classes(y, subjects[known])
    return Estimate(float(drawn[0]), *interval(metric, float(drawn[0]), drawn[1:], units), n, positives)


def too_few(labels: NDArray[np.floating], subjects: NDArray[np.int64], fewest: int = FEWEST_POSITIVES) -> str | None:
    """Return why (n,) known labels are too few for an interval, or None."""
    for name, chosen in (("positives", labels == 1), ("negatives", labels == 0)):
        if chosen.sum() < fewest:
            return f"fewer than {fewest} {name}"
        if len(np.unique(subjects[chosen])) < fewest:
            return f"{name} of fewer than {fewest} subjects"
    return None


def subjects_of_classes(labels: NDArray[np.floating], subjects: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many subjects have a positive, and how many a negative, among (n,) known labels."""
    return len(np.unique(subjects[labels == 1])), len(np.unique(subjects[labels == 0]))


def interval(metric: str, value: float, draws: NDArray[np.float64], units: tuple[int, int]) -> tuple[float, float]:
    """Return a label's 95 % interval from (r,) draws; `units` as `subjects_of_classes`.

    A score interval for AUROC, expanded percentiles for the others; docs/benchmarks.md says how often they hold.
    """
    if metric == "auroc":
        return score_interval(value, draws, units)
    if value in (0, 1):
        return perfect_interval(value, min(units))
    return percentile_interval(value, draws, min(units))


@dataclass(frozen=True)
class Ladder:
    """The m distinct scores of positives, from the highest: which rows stand on each step.

    `positive` (m, s), `negative` (m + 1, s) and `tied` (m, s) are sparse counts over s subjects (or rows): positives at
    the step, negatives at it or between it and the step above (the last row: below all), negatives at it.
    """

    positive: Any
    negative: Any
    tied: Any | None

    @classmethod
    def of(
        cls,
        labels: NDArray[np.floating],
        scores: NDArray[np.floating],
        group: NDArray[np.intp],
        size: int | None = None,
    ) -> Ladder:
        """Sort (n,) known labels and scores once; `group` (n,) is each row's place among `size` weights."""
        size = int(group.max()) + 1 if size is None else size
        order = np.argsort(-scores, kind="stable")
        y, place = labels[order] == 1, group[order]
        ranked = scores[order]
        level = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])
        steps = np.unique(level[y])
        step = np.searchsorted(steps, level)
        at = np.append(steps, -1)[step] == level
        m, tied = len(steps), at & ~y
        return cls(
            _rows(step[y], place[y], m, size),
            _rows(step[~y], place[~y], m + 1, size),
            _rows(step[tied], place[tied], m, size) if tied.any() else None,
        )

    def weigh(self, weights: NDArray[np.float64]) -> Steps:
        """Return the steps under (s, r) weights."""
        negative = self.negative @ weights
        false = np.cumsum(negative, axis=0)
        return Steps(self.positive @ weights, false[:-1], None if self.tied is None else self.tied @ weights, false[-1])


def _rows(step: NDArray[np.intp], place: NDArray[np.intp], steps: int, size: int) -> Any:
    """Return the sparse (steps, size) counts of sorted `step` and `place`."""
    from scipy.sparse import csr_array

    starts = np.searchsorted(step, np.arange(steps + 1))
    return csr_array((np.ones(len(step)), place, starts), shape=(steps, size))


@dataclass(frozen=True)
class Steps:
    """Weights (m, r): positives at each step, negatives at or above it, negatives at it; and all negatives (r,)."""

    positive: NDArray[np.float64]
    false: NDArray[np.float64]
    tied: NDArray[np.float64] | None
    negatives: NDArray[np.float64]


def _auroc(s: Steps) -> NDArray[np.float64]:
    below = s.negatives - s.false
    if s.tied is not None:
        below += s.tied / 2
    return _ratio(np.einsum("mr,mr->r", s.positive, below), s.positive.sum(axis=0) * s.negatives)


def _average_precision(s: Steps) -> NDArray[np.float64]:
    """Return the sum of precision times the rise in recall, without interpolation, as scikit-learn defines it."""
    true = np.cumsum(s.positive, axis=0)
    precision = np.divide(true, true + s.false, out=np.zeros_like(true), where=true > 0)
    return _ratio(np.einsum("mr,mr->r", s.positive, precision), np.where(s.negatives > 0, true[-1], 0))


def _sensitivity(s: Steps) -> NDArray[np.float64]:
    """Return the highest share of positives at or above a score at or above which are at most 10 % of negatives."""
    allowed = s.false <= (1 - SPECIFICITY + 1e-9) * s.negatives
    return _ratio((s.positive * allowed).sum(axis=0), np.where(s.negatives > 0, s.positive.sum(axis=0), 0))


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


_OF_STEPS: Mapping[str, Callable[[Steps], NDArray[np.float64]]] = {
    "auroc": _auroc,
    "auprc": _average_precision,
    "sensitivity_at_90_specificity": _sensitivity,
}


def measure(
    ladders: Sequence[Ladder], draws: Draws, metrics: Sequence[str] = tuple(_OF_STEPS)
) -> dict[str, NDArray[np.float64]]:
    """Return by metric the (1 + r, k) values of k ladders, the sample's in row 0; NaN where one class is missing."""
    unknown = sorted(set(metrics) - set(_OF_STEPS))
    if unknown:
        raise InvalidValue(f"metrics among {', '.join(_OF_STEPS)}", f"{', '.join(unknown)}", "correct the name")
    values = {metric: np.full((draws.counts.shape[1], len(ladders)), np.nan) for metric in metrics}
    first = 0
    for weights in draws.blocks():
        rows = slice(first, first + weights.shape[1])
        for k, ladder in enumerate(ladders):
            steps = ladder.weigh(weights)
            for metric in metrics:
                values[metric][rows, k] = _OF_STEPS[metric](steps)
        first = rows.stop
    return values


def _of_rows(metric: str) -> Metric:
    """Return a metric as a function of (n,) labels, (n,) scores and (r, n) weights -> (r,)."""

    def value(
        labels: NDArray[np.floating], scores: NDArray[np.floating], weights: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        known = ~(np.isnan(labels) | np.isnan(scores))
        places = np.flatnonzero(known)
        if not len(places) or not (labels[known] == 1).any():
            return np.full(len(weights), np.nan)
        ladder = Ladder.of(labels[known], scores[known], places, len(labels))
        return _OF_STEPS[metric](ladder.weigh(np.ascontiguousarray(np.asarray(weights, dtype=np.float64).T)))

    return value


METRICS: Mapping[str, Metric] = {name: _of_rows(name) for name in _OF_STEPS}
