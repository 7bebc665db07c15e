"""Turning logits into frequencies: Platt scaling fitted where calibration is claimed, and how far off it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fit_platt(labels: NDArray[np.floating], logits: NDArray[np.floating], steps: int = 50) -> tuple[float, float]:
    """Return (slope, intercept) of the logistic regression of (n,) labels on logits; NaN labels are left out.

    Platt 1999 with his smoothed targets; Newton's method. The identity (1, 0) where one class is missing.
    """
    known = ~np.isnan(labels)
    y, x = labels[known].astype(np.float64), logits[known].astype(np.float64)
    positives, negatives = y.sum(), (1 - y).sum()
    if min(positives, negatives) == 0:
        return 1.0, 0.0
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([x, np.ones_like(x)], axis=1)
    beta = np.array([1.0, 0.0])
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - target) + 1e-6 * beta
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta -= np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1])


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
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.exp(-np.logaddexp(0, -np.asarray(x, dtype=np.float64)))
