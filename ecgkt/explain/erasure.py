"""Linear concept erasure: what a linear probe reads of a concept is taken out of an embedding by the least change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue, UnknownName

RIDGE = 1.0
"""Ridge of the probe, in features per known case of a concept: what its direction's own error of estimation is."""
FEWEST = 50
"""A concept with fewer positives, or fewer negatives, is not erased: its direction would be noise."""
BEYOND = 5.0
"""A feature further than this from its mean, in deviations, counts as this far when the probe is fitted."""
_FLOOR = 0.05


@dataclass(frozen=True, eq=False)
class Erasers:
    """One eraser of rank 1 for each of k concepts, over features h (d,) whose mean over the fitted rows is `mean`.

    A concept's reading is `readings` (k, d) . (h - mean), in its own deviations over the fitted rows; erasing it takes
    `removed` (k, d) times the reading out of h, after which no feature is correlated with the reading.
    """

    names: tuple[str, ...]
    mean: NDArray[np.float32]
    readings: NDArray[np.float32]
    removed: NDArray[np.float32]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        wanted = (len(self.names), len(self.mean))
        if self.readings.shape != wanted or self.removed.shape != wanted:
            raise InvalidValue(
                f"readings and removed {wanted}", f"{self.readings.shape}, {self.removed.shape}", "fit them anew"
            )

    def index(self, name: str) -> int:
        """Return the place of a concept; raise UnknownName where it has no eraser."""
        if name not in self.names:
            raise UnknownName(f"one of: {', '.join(self.names)}", repr(name), "choose a concept that was fitted")
        return self.names.index(name)

    def read(self, hidden: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the readings (n, k) of features (n, d): how unusual they are in what the probe reads."""
        centred = np.asarray(hidden, dtype=np.float64) - self.mean
        found: NDArray[np.float64] = centred @ self.readings.T.astype(np.float64)
        return found

    def erase(self, hidden: NDArray[np.floating], name: str) -> NDArray[np.float64]:
        """Return features (n, d) without one concept."""
        row = self.index(name)
        return np.asarray(hidden, dtype=np.float64) - np.outer(self.read(hidden)[:, row], self.removed[row])

    def changes(self, hidden: NDArray[np.floating], weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (n, k, m): the change of each logit when each concept is erased alone; `weights` (m, d) read them."""
        gain = self.removed.astype(np.float64) @ np.asarray(weights, dtype=np.float64).T
        return -self.read(hidden)[:, :, None] * gain[None]


def fit_erasers(
    hidden: NDArray[np.floating], concepts: NDArray[np.floating], names: Sequence[str], *, ridge: float = RIDGE
) -> Erasers:
    """Fit an eraser for each column of `concepts` (n, k), NaN where unknown, on features `hidden` (n, d).

    A ridge regression of the concept on the d standardised features, over the n rows that know it, gives the probe
    (its ridge is `ridge` d / (n p (1 - p)) where a share p is positive). Its reading is erased in closed form by the
    least change of the features over all rows (LEACE: Belrose 2023, arXiv 2306.03819, theorem 4.3). With `ridge` 0
    that is LEACE of the concept itself: no linear classifier beats a constant on those rows. A concept without any
    variance gets an eraser that does nothing. Raises InvalidValue for shapes that do not fit.
    """
    if hidden.ndim != 2 or concepts.shape != (len(hidden), len(names)):
        raise InvalidValue(
            f"features (n, d) and concepts (n, {len(names)})", f"{hidden.shape}, {concepts.shape}", "align the rows"
        )
    features = np.asarray(hidden, dtype=np.float64)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    floor = _FLOOR * float(np.median(spread[spread > 0])) if (spread > 0).any() else 1.0
    scale = spread + (floor if ridge else 0.0)
    scale[scale == 0] = 1.0
    scaled = (features - mean) / scale
    kept = np.clip(scaled, -BEYOND, BEYOND) if ridge else scaled
    probes = _probes(kept, np.asarray(concepts, dtype=np.float64), ridge) / scale
    spreads = features - mean
    along = (spreads.T @ (spreads @ probes.T) / len(features)).T
    variance = (along * probes).sum(axis=1, keepdims=True)
    size = np.sqrt(np.where(variance > 0, variance, np.inf))
    return Erasers(
        tuple(names), mean.astype(np.float32), (probes / size).astype(np.float32), (along / size).astype(np.float32)
    )


def shuffled_erasers(
    hidden: NDArray[np.floating], concepts: NDArray[np.floating], count: int, seed: int, *, ridge: float = RIDGE
) -> Erasers:
    """Fit `count` erasers of concepts dealt out to other rows at random: the control of the same rank and procedure."""
    generator = np.random.default_rng(seed)
    columns = [concepts[generator.permutation(len(concepts)), number % concepts.shape[1]] for number in range(count)]
    return fit_erasers(hidden, np.stack(columns, axis=1), [f"noise {number}" for number in range(count)], ridge=ridge)


def enough(concepts: NDArray[np.floating], fewest: int = FEWEST) -> NDArray[np.bool_]:
    """Return (k,) whether a column of 1, 0 and NaN has `fewest` positives and as many negatives."""
    found: NDArray[np.bool_] = ((concepts == 1).sum(axis=0) >= fewest) & ((concepts == 0).sum(axis=0) >= fewest)
    return found


def _probes(scaled: NDArray[np.float64], concepts: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    """Return (k, d) ridge regressions of each concept on the features, up to their length."""
    known = ~np.isnan(concepts)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, concepts, 0.0).sum(axis=0) / count
    error = np.where(known, concepts - mean, 0.0)
    shared = scaled.T @ error / count
    variance = (error**2).mean(axis=0) * len(error)
    values, vectors = np.linalg.eigh(np.cov(scaled.T, bias=True).reshape(scaled.shape[1], -1))
    alive = values > 1e-9 * max(float(values.max()), 1e-30)
    added = ridge * alive.sum() / np.maximum(variance, 1e-12)
    along = (vectors.T @ shared)[alive] / (values[alive, None] + added)
    found: NDArray[np.float64] = (vectors[:, alive] @ along).T
    return found
