"""How well scores order positives above negatives, with intervals that resample subjects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue

FEWEST_POSITIVES = 10


def auroc(labels: NDArray[np.floating], scores: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve of (n,) labels 1/0 and scores, ties counted half; NaN with one class.

    The Mann-Whitney statistic (Hanley, McNeil 1982, doi 10.1148/radiology.143.1.7063747).
    """
    return float(_weighted_aurocs(labels, scores, np.ones((1, len(labels))))[0])


def auroc_estimate(
    labels: NDArray[np.floating],
    scores: NDArray[np.floating],
    subjects: NDArray[np.int64],
    *,
    resamples: int = 1000,
    seed: int = 0,
    fewest: int = FEWEST_POSITIVES,
) -> Estimate:
    """Return AUROC with a percentile interval over `resamples` draws of subjects.

    Rows with a NaN label or score are left out. With fewer than `fewest` positives or negatives it is undefined.
    """
    if not labels.shape == scores.shape == subjects.shape:
        raise InvalidValue("labels, scores, subjects of one shape", f"{labels.shape}, {scores.shape}", "align the rows")
    known = ~(np.isnan(labels) | np.isnan(scores))
    labels, scores, subjects = labels[known], scores[known], subjects[known]
    n, positives = len(labels), int(labels.sum())
    if min(positives, n - positives) < fewest:
        few = "positives" if positives < fewest else "negatives"
        return Estimate.undefined(f"fewer than {fewest} {few}", n, positives)
    value = auroc(labels, scores)
    unique, group = np.unique(subjects, return_inverse=True)
    generator = np.random.default_rng(seed)
    draws = generator.multinomial(len(unique), np.full(len(unique), 1 / len(unique)), size=resamples)
    values = _weighted_aurocs(labels, scores, draws[:, group].astype(np.float64))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value), n, positives)


def _weighted_aurocs(
    labels: NDArray[np.floating], scores: NDArray[np.floating], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (r,) AUROCs of the same rows under (r, n) weights: one sort serves every resample."""
    order = np.argsort(scores, kind="stable")
    _, start = np.unique(scores[order], return_index=True)
    positive = weights[:, order] * labels[order]
    negative = weights[:, order] - positive
    tied_positive = np.add.reduceat(positive, start, axis=1)
    tied_negative = np.add.reduceat(negative, start, axis=1)
    below = np.cumsum(tied_negative, axis=1) - tied_negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        areas: NDArray[np.float64] = (tied_positive * below).sum(axis=1) / pairs
    return areas
