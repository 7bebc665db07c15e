"""Turning logits into frequencies: Platt scaling fitted where calibration is claimed, and how far off it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
