"""Draws of subjects with replacement: the same for every arm, label and metric, so that differences are paired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue

RESAMPLES = 1000
CELLS = 1_000_000  # of one block of weights: it stays in the cache


@dataclass(frozen=True)
class Draws:
    """How often each of s subjects was drawn in each of r resamples; column 0 is the sample itself (all ones).

    `group` (n,) is the subject's place in `counts` (s, 1 + r) for each row. Rows of a subject move together.
    """

    counts: NDArray[np.uint8]
    group: NDArray[np.intp]

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """Yield (s, b) weights in order, few columns at a time."""
        subjects, columns = self.counts.shape
        step = max(1, min(128, CELLS // max(1, subjects)))
        for first in range(0, columns, step):
            yield np.ascontiguousarray(self.counts[:, first : first + step], dtype=np.float64)


def draw_subjects(subjects: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = 0) -> Draws:
    """Return `resamples` draws of as many subjects as there are in (n,) `subjects`.

    They depend on the set of subjects and the seed alone, not on the order or number of rows.
    """
    if resamples < 1:
        raise InvalidValue("at least 1 resample", f"{resamples}", "ask for about 1,000")
    unique, group = np.unique(subjects, return_inverse=True)
    generator = np.random.default_rng(seed)
    counts = np.ones((len(unique), resamples + 1), dtype=np.uint8)
    for column in range(1, resamples + 1):
        drawn = generator.integers(0, len(unique), len(unique))
        counts[:, column] = np.minimum(np.bincount(drawn, minlength=len(unique)), 255)
    return Draws(counts, group)


def subject_weights(subjects: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Return (resamples, n) weights: how often the subject of each row was drawn."""
    draws = draw_subjects(subjects, resamples, seed)
    return draws.counts[draws.group, 1:].T.astype(np.float64)


def percentile_interval(value: float, draws: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """Return the central `level` of (r,) draws, widened to hold `value`; NaN draws are left out."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return min(float(low), value), max(float(high), value)
