"""How far a point lies from a set of points, by the set's mean and covariance alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue

LIMIT_PERCENTILE = 99.0


@dataclass(frozen=True, eq=False)
class Spread:
    """The mean and the covariance of points (n, d) under probabilistic principal components (Tipping & Bishop 1999).

    `centre` and `scale` (d,) standardise; `directions` (k, d) are orthonormal with variances `along` (k,), and `rest`
    is the variance in each direction that is left.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    directions: NDArray[np.float64]
    along: NDArray[np.float64]
    rest: float

    def distances(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the Mahalanobis distance (n,) of points (n, d), as a root mean square over the dimensions."""
        standard = (np.asarray(points, dtype=np.float64) - self.centre) / self.scale
        inside = standard @ self.directions.T
        left = np.maximum((standard**2).sum(axis=1) - (inside**2).sum(axis=1), 0.0)
        square = (inside**2 / self.along).sum(axis=1) + left / self.rest
        distance: NDArray[np.float64] = np.sqrt(square / len(self.centre))
        return distance


def fit_spread(points: NDArray[np.floating], components: int = 1000, least: float = 0.0) -> Spread:
    """Fit a Spread of at most `components` directions to points (n, d); raise InvalidValue for fewer than 20 points.

    `least` is a standard deviation that is added to each number's own, for numbers that hardly differ within the set.
    """
    x = np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or len(x) < 20:
        raise InvalidValue("at least 20 points of one length", f"{x.shape}", "choose a larger set")
    centre = x.mean(axis=0)
    covariance = np.atleast_2d(np.cov(x.T)) + (least**2 + 1e-12) * np.eye(x.shape[1])
    scale = np.sqrt(np.diag(covariance))
    variances, columns = np.linalg.eigh(covariance / np.outer(scale, scale))
    variances, rows = variances[::-1], columns[:, ::-1].T
    kept = min(components, len(x) - 2, x.shape[1] - 1)
    rest = max(float(variances[kept:].mean()), 1e-6)
    return Spread(centre, scale, rows[:kept], np.maximum(variances[:kept], rest), rest)


def limit_of(
    points: NDArray[np.floating],
    subjects: NDArray[np.int64],
    components: int = 1000,
    least: float = 0.0,
    folds: int = 5,
) -> tuple[float, NDArray[np.float64]]:
    """Return the 99th percentile of the distances of points that were left out of the fit, and those distances (n,).

    Points of one subject are left out together.
    """
    fold = fold_of(subjects, folds)
    distances = np.full(len(points), np.nan)
    for k in range(folds):
        out = fold == k
        if out.any():
            distances[out] = fit_spread(points[~out], components, least).distances(points[out])
    return float(np.percentile(distances, LIMIT_PERCENTILE)), distances


def fold_of(subjects: NDArray[np.int64], folds: int) -> NDArray[np.intp]:
    """Return the fold (n,) of each subject, by a hash of its number."""
    mixed = np.asarray(subjects, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    fold: NDArray[np.intp] = ((mixed >> np.uint64(33)) % np.uint64(folds)).astype(np.intp)
    return fold
