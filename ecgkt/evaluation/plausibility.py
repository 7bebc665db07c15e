"""Whether maps lie on the waves that a known cause changed, with intervals over patients.

The weight of a sample is the size of its change as a share of the largest. p is the mean weight: what a map that is the
same everywhere would have of its mass there. The score (mass - p) / (1 - p) is 0 for such a map and 1 for one that lies
on the most changed samples alone; a map of the change itself (the intensity oracle) has a score below 1, since it also
lies where little changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.comparison import Difference
from ecgkt.evaluation.resampling import draw_subjects, percentile_interval

FEWEST_PATIENTS = 8


@dataclass(frozen=True)
class OnChange:
    """`mass` is the share of a map's size on what a cause changed, `share` (p) what chance would put there."""

    mass: float
    share: float

    @property
    def score(self) -> float:
        """Return (mass - p) / (1 - p): 0 is chance, below 0 the map lies elsewhere, 1 on the strongest change alone."""
        return (self.mass - self.share) / (1 - self.share)


def on_change(attribution: NDArray[np.floating], change: NDArray[np.floating]) -> OnChange:
    """Return how much of a map (12, n), whatever its signs, lies on a change (12, n) in mV.

    A map that is zero everywhere points nowhere and counts as chance. Raises InvalidValue where the shapes differ, a
    value is not finite, or nothing changed.
    """
    if attribution.shape != change.shape:
        raise InvalidValue("a map of the change's shape", f"{attribution.shape}, {change.shape}", "use one rate")
    size, weight = np.abs(attribution.astype(np.float64)), np.abs(change.astype(np.float64))
    if not (np.isfinite(size).all() and np.isfinite(weight).all()):
        raise InvalidValue("a finite map and change", "NaN or infinite values", "leave out recordings with gaps")
    if weight.max(initial=0.0) == 0:
        raise InvalidValue("a cause that changed something", "no change at all", "leave this pair out")
    weight /= weight.max()
    share = float(weight.mean())
    total = float(size.sum())
    return OnChange(float((size * weight).sum()) / total if total > 0 else share, share)


def mean_score(values: NDArray[np.floating], patients: NDArray[np.int64], groups: Sequence[str] = ()) -> Estimate:
    """Return the mean of (n,) scores with a 95 % interval that resamples patients.

    With `groups` (n,) names, the mean over groups of their means, so that each counts alike. Undefined below
    `FEWEST_PATIENTS` patients.
    """
    mean, draws, units = _means(values, patients, groups)
    if draws is None:
        return Estimate.undefined(f"{units} patients, fewer than {FEWEST_PATIENTS}", len(values), len(values))
    return Estimate(mean, *percentile_interval(mean, draws, units), len(values), len(values), "patient")


def mean_difference(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    patients: NDArray[np.int64],
    groups: Sequence[str] = (),
) -> Difference:
    """Return the mean of first minus second, row by row on the same patients, as `mean_score` groups it.

    The p value is of t with the bootstrap's standard error, widened as a sample of n is by n - 1; q is for the caller
    to set over several questions.
    """
    from scipy.stats import t

    values = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    estimate = mean_score(values, patients, groups)
    mean, draws, units = _means(values, patients, groups)
    if draws is None:
        return Difference(estimate, None)
    error = float(np.nanstd(draws, ddof=1)) * np.sqrt(units / (units - 1))
    p = 2.0 * float(t.sf(abs(mean) / error, units - 1)) if error > 0 else float(mean == 0)
    return Difference(estimate, p)


def _means(
    values: NDArray[np.floating], patients: NDArray[np.int64], groups: Sequence[str]
) -> tuple[float, NDArray[np.float64] | None, int]:
    """Return the mean, its (r,) draws, None with too few patients, and the number of patients."""
    units = len(np.unique(patients))
    if len(values) != len(patients) or (groups and len(groups) != len(values)):
        raise InvalidValue(
            f"{len(values)} patients and groups", f"{len(patients)} and {len(groups)}", "give one of each per score"
        )
    if units < FEWEST_PATIENTS:
        return float(values.mean()) if len(values) else float("nan"), None, units
    drawn = draw_subjects(patients)
    weights = drawn.counts[drawn.group].astype(np.float64)
    names = np.array(groups or [""] * len(values))
    found = []
    for name in np.unique(names):
        rows = names == name
        total = weights[rows].sum(axis=0)
        sums = values[rows].astype(np.float64) @ weights[rows]
        found.append(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0))
    means = np.nanmean(np.stack(found), axis=0)
    return float(means[0]), means[1:], units
