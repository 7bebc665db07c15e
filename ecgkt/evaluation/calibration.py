"""Turning logits into frequencies: Platt scaling fitted where calibration is claimed, and how far off it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.evaluation.discrimination import too_few
from ecgkt.evaluation.resampling import (
    RESAMPLES,
    Draws,
    clustered_share_interval,
    draw_subjects,
    percentile_interval,
)


def fit_platt(labels: NDArray[np.floating], logits: NDArray[np.floating]) -> tuple[float, float]:
    """Return (slope, intercept) of the logistic regression of (n,) labels on logits; NaN labels are left out.

    Platt 1999, with his smoothed targets. The identity (1, 0) where one class is missing.
    """
    from scipy.optimize import minimize

    known = ~np.isnan(labels)
    y, x = labels[known].astype(np.float64), logits[known].astype(np.float64)
    positives, negatives = y.sum(), (1 - y).sum()
    if min(positives, negatives) == 0:
        return 1.0, 0.0
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = x.mean(), max(float(x.std()), 1e-9)
    z = (x - centre) / spread

    def loss(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = beta[0] * z + beta[1]
        error = sigmoid(score) - target
        value = (np.logaddexp(0, score) - target * score).mean()
        return float(value), np.array([(error * z).mean(), error.mean()])

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS", tol=1e-8).x
    return float(slope / spread), float(intercept - slope * centre / spread)


def expected_calibration_error(
    labels: NDArray[np.floating], probabilities: NDArray[np.floating], bins: int = 10
) -> float:
    """Return the mean gap between predicted and observed frequency over bins of equal size; NaN labels left out."""
    known = ~np.isnan(labels)
    y, p = labels[known], probabilities[known]
    order = np.argsort(p, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    return float(sum(len(group) * abs(p[group].mean() - y[group].mean()) for group in groups) / len(y))


def sigmoid(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)); NaN stays NaN."""
    from scipy.special import expit

    probabilities: NDArray[np.float64] = expit(np.asarray(x, dtype=np.float64))
    return probabilities


@dataclass(frozen=True)
class CurvePoint:
    """One bin of a calibration curve: mean predicted frequency and the observed one with a 95 % interval."""

    n: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are off: all that is said of one label before or after scaling.

    `slope` of the logistic regression of truth on the logit (Cox 1958; 1 is right, below 1 is overconfident);
    `intercept` with that slope held at 1 (calibration in the large; 0 is right, below 0 is too high a prediction);
    `error` is the expected calibration error; `curve` has bins of equal size. Undefined as an Estimate says.
    """

    slope: Estimate
    intercept: Estimate
    error: float | None
    curve: tuple[CurvePoint, ...]


def calibration(
    labels: NDArray[np.floating],
    logits: NDArray[np.floating],
    subjects: NDArray[np.int64],
    *,
    bins: int = 10,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Calibration:
    """Return the calibration of (n,) logits against labels 1/0, NaN left out in both; intervals resample subjects.

    Slope and intercept of a resample are one step of Newton's method from those of the sample.
    """
    known = ~(np.isnan(labels) | np.isnan(logits))
    y, x, who = labels[known].astype(np.float64), logits[known].astype(np.float64), subjects[known]
    n, positives = len(y), int(y.sum())
    reason = too_few(y, who)
    if reason:
        none = Estimate.undefined(reason, n, positives)
        return Calibration(none, none, None, ())
    draws = draw_subjects(who, resamples, seed)
    ones = np.ones((n, 1))
    slope = _coefficient(
        np.column_stack([x, ones]), np.zeros(n), y, draws, "no finite slope: one score parts the classes"
    )
    intercept = _coefficient(ones, x, y, draws, "no finite intercept")
    return Calibration(
        slope, intercept, expected_calibration_error(y, sigmoid(x), bins), _curve(y, sigmoid(x), who, bins)
    )


def _coefficient(
    X: NDArray[np.float64], offset: NDArray[np.float64], y: NDArray[np.float64], draws: Draws, reason: str
) -> Estimate:
    """Return the first coefficient of the logistic regression of y on X with an offset."""
    scale = np.maximum(np.abs(X).max(axis=0), 1e-12)
    Z, beta = X / scale, np.zeros(X.shape[1])
    for _ in range(100):
        p = sigmoid(Z @ beta + offset)
        information = (Z * (p * (1 - p))[:, None]).T @ Z
        if np.linalg.cond(information) > 1e12:
            return Estimate.undefined(reason, len(y), int(y.sum()))
        step = np.linalg.solve(information, Z.T @ (y - p))
        beta += step * min(1.0, 5 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    else:
        return Estimate.undefined(reason, len(y), int(y.sum()))
    count, k = len(draws.counts), len(beta)
    score, curvature = np.zeros((count, k)), np.zeros((count, k, k))
    np.add.at(score, draws.group, Z * (y - p)[:, None])
    np.add.at(curvature, draws.group, Z[:, :, None] * Z[:, None, :] * (p * (1 - p))[:, None, None])
    weights = draws.counts[:, 1:].T.astype(np.float64)
    informations = (weights @ curvature.reshape(count, -1)).reshape(-1, k, k)
    drawn = beta + np.linalg.solve(informations, (weights @ score)[:, :, None])[:, :, 0]
    value = float(beta[0] / scale[0])
    return Estimate(value, *percentile_interval(value, drawn[:, 0] / scale[0]), len(y), int(y.sum()))


def _curve(
    y: NDArray[np.float64], p: NDArray[np.float64], subjects: NDArray[np.int64], bins: int
) -> tuple[CurvePoint, ...]:
    """Return bins of equal size in order of p, Wilson's intervals (1927) for the rows that the subjects are worth."""
    points = []
    for rows in np.array_split(np.argsort(p, kind="stable"), bins):
        if not len(rows):
            continue
        low, high = clustered_share_interval(y[rows], subjects[rows])
        points.append(CurvePoint(len(rows), float(p[rows].mean()), float(y[rows].mean()), low, high))
    return tuple(points)
