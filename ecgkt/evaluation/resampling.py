"""Draws of subjects with replacement: the same for every arm, label and metric, so that differences are paired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue

RESAMPLES = 1000
LEAST = 0.5  # share of Newcombe's variance
CELLS = 500_000  # of one block of weights: it stays in the cache


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
        step = max(16, CELLS // max(1, subjects))
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
    size = len(unique)
    counts = np.ones((size, resamples + 1), dtype=np.uint8)
    step = max(1, CELLS // max(1, size))
    for first in range(1, resamples + 1, step):
        columns = min(step, resamples + 1 - first)
        drawn = generator.integers(0, size, (columns, size)) + size * np.arange(columns)[:, None]
        often = np.bincount(drawn.ravel(), minlength=columns * size).reshape(columns, size)
        counts[:, first : first + columns] = np.minimum(often, 255).T
    return Draws(counts, group)


def subject_weights(subjects: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Return (resamples, n) weights: how often the subject of each row was drawn."""
    draws = draw_subjects(subjects, resamples, seed)
    return draws.counts[draws.group, 1:].T.astype(np.float64)


def percentile_interval(
    value: float, draws: NDArray[np.float64], units: float = np.inf, level: float = 0.95
) -> tuple[float, float]:
    """Return the central `level` of (r,) draws, widened to hold `value`; NaN draws are left out.

    With few `units` (subjects of the rarer class) percentiles are narrow as a standard deviation over n instead of
    n - 1, and as a normal in place of t: the quantiles are moved out by both (Hesterberg 2015,
    doi 10.1080/00031305.2015.1089789, "expanded percentile").
    """
    tail = (1 - level) / 2
    if np.isfinite(units):
        from scipy.stats import norm, t

        tail = float(norm.cdf(t.ppf(tail, units - 1) * np.sqrt(units / (units - 1))))
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return min(float(low), value), max(float(high), value)


def score_interval(value: float, draws: NDArray[np.float64], units: tuple[int, int]) -> tuple[float, float]:
    """Return a 95 % interval of an AUROC: all areas from which `value` is no further than t standard errors.

    The standard error at each such area is Newcombe's (2006, doi 10.1002/sim.2324, method 5) for `units` = (positive,
    negative) subjects, times what the variance of the (r,) draws is of his at `value`. That is held at `LEAST` or more:
    near 1 the draws hardly vary, and percentiles hold the truth too rarely (docs/benchmarks.md).
    """
    from scipy.optimize import brentq
    from scipy.stats import t

    m, n = units
    expected = _newcombe(value, m, n)
    ratio = max(LEAST, float(np.nanvar(draws, ddof=1)) / expected) if expected > 0 else LEAST
    reach = float(t.ppf(0.975, min(units) - 1)) ** 2 * ratio

    def excess(area: float) -> float:
        return (area - value) ** 2 - reach * _newcombe(area, m, n)

    low = float(brentq(excess, 0, value - 1e-9 * value)) if value > 0 else 0.0
    high = float(brentq(excess, value + 1e-9 * (1 - value), 1)) if value < 1 else 1.0
    return min(low, value), max(high, value)


def _newcombe(area: float, m: int, n: int) -> float:
    """Return the variance of an AUROC of m positives and n negatives."""
    half = (m + n) / 2 - 1
    return area * (1 - area) / (m * n) * (1 + half * (1 - area) / (2 - area) + half * area / (1 + area))


def perfect_interval(value: float, units: float) -> tuple[float, float]:
    """Return a 95 % interval of a share of 1 or 0, where resamples do not vary: Clopper and Pearson's of `units`."""
    bound = float(0.025 ** (1 / units))
    return (bound, 1.0) if value == 1 else (0.0, 1 - bound)


def clustered_share_interval(y: NDArray[np.floating], subjects: NDArray[np.int64]) -> tuple[float, float]:
    """Return Wilson's 95 % interval (1927) of the share of (n,) labels 1/0, for the rows that the subjects are worth.

    n rows are worth n over the design effect of their subjects (Kish 1965), never more than n; where all rows are
    alike they are worth as many as there are subjects.
    """
    n, share = len(y), float(y.mean())
    _, place = np.unique(subjects, return_inverse=True)
    clustered = float((np.bincount(place, y - share) ** 2).sum()) / n**2
    single = share * (1 - share) / n
    worth = n / max(1.0, clustered / single) if single > 0 else float(place.max() + 1)
    z = 1.959964
    centre = (share + z**2 / (2 * worth)) / (1 + z**2 / worth)
    half = z / (1 + z**2 / worth) * float(np.sqrt(share * (1 - share) / worth + z**2 / (4 * worth**2)))
    return min(max(0.0, centre - half), share), max(min(1.0, centre + half), share)
