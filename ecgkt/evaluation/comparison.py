"""Arms on the same rows: per label, averaged over labels, against each other, and how much of a gap is closed.

`bootstrap` measures an arm once under the shared draws of subjects; all here is arithmetic on what it returns. Where an
arm was trained with several seeds, give a list of bootstraps in place of one (the arms' lists in the same order).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.bootstrap import Bootstrap
from ecgkt.evaluation.discrimination import interval
from ecgkt.evaluation.false_discovery import benjamini_hochberg
from ecgkt.evaluation.resampling import percentile_interval

Runs = Bootstrap | Sequence[Bootstrap]


@dataclass(frozen=True)
class Difference:
    """An arm's metric minus another's: the estimate, its two-sided p value, and q over the labels compared with it."""

    estimate: Estimate
    p: float | None
    q: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Differences by label, and of the mean over the defined ones of them."""

    metric: str
    labels: Mapping[str, Difference]
    macro: Difference


def per_label(runs: Runs, metric: str) -> dict[str, Estimate]:
    """Return the estimate of every label, undefined with its reason where there are too few positives."""
    first, values, draws = _stacked(runs, metric)
    return {name: _estimate(values[:, i], draws[:, :, i], first, i, metric) for i, name in enumerate(first.names)}


def macro(runs: Runs, names: Sequence[str] | None = None, metric: str = "auroc") -> Estimate:
    """Return the mean over those of `names` (all by default) that are defined; `Bootstrap.defined` says which.

    `positives` are those of the rarest label of them, `n` the rows of the one with most.
    """
    first, values, draws = _stacked(runs, metric)
    chosen = _places(first, names)
    if not len(chosen):
        return Estimate.undefined("no label has enough positives", int(first.n.max(initial=0)), 0)
    if len(chosen) == 1:
        return per_label(runs, metric)[first.names[chosen[0]]]
    return _estimate(values[:, chosen].mean(axis=1), np.nanmean(draws[:, :, chosen], axis=2), first, chosen, metric)


def paired_difference(a: Runs, b: Runs, names: Sequence[str] | None = None, metric: str = "auroc") -> Comparison:
    """Return metric of `a` minus `b` by label and on average, subject by subject on the same draws.

    Interval and p value are of one normal with the bootstrap's standard error (for a label: of t with one degree of
    freedom less than the rarer class has subjects), since the share of 1,000 draws beyond zero cannot fall below
    0.002, too coarse for 90 labels. Given several seeds, differences are taken seed by seed and averaged; the variance
    between seeds over their number is added, and t has the degrees of freedom of Welch and Satterthwaite. q is
    Benjamini and Hochberg's over the defined labels among `names`.
    """
    first, values, draws = _stacked(a, metric, b)
    chosen = _places(first, names)
    if not len(chosen):
        none = Difference(Estimate.undefined("no label has enough positives", int(first.n.max(initial=0)), 0), None)
        return Comparison(metric, {}, none)
    labels = [_difference(values[:, i], draws[:, :, i], first, int(i)) for i in chosen]
    q = benjamini_hochberg(np.array([label.p for label in labels]))
    found = {
        first.names[i]: Difference(label.estimate, label.p, float(q[j]))
        for j, (i, label) in enumerate(zip(chosen, labels, strict=True))
    }
    mean = _difference(values[:, chosen].mean(axis=1), np.nanmean(draws[:, :, chosen], axis=2), first, chosen)
    return Comparison(metric, found, mean)


def harmed(comparison: Comparison, q: float = 0.05) -> tuple[str, ...]:
    """Return the labels that the first arm does worse, at a false-discovery rate of `q`."""
    return _beyond(comparison, q, -1)


def helped(comparison: Comparison, q: float = 0.05) -> tuple[str, ...]:
    """Return the labels that the first arm does better, at a false-discovery rate of `q`."""
    return _beyond(comparison, q, 1)


def gap_closed(
    baseline: Runs,
    transferred: Runs,
    multimodal: Runs,
    names: Sequence[str] | None = None,
    metric: str = "auroc",
) -> Estimate:
    """Return (transferred - baseline) / (multimodal - baseline) of the macro metric, 1 where the whole gap is closed.

    The interval is Fieller's (1954), with the covariance of the two differences under the joint bootstrap (and over
    seeds). Undefined where the interval of the gap itself touches zero, since the share can then be anything.
    """
    first, gains, gain_draws = _stacked(transferred, metric, baseline)
    other, gaps, gap_draws = _stacked(multimodal, metric, baseline)
    chosen = _places(first, names)
    n, positives = _counts(first, chosen)
    if other.rows != first.rows:
        raise _of_other_rows()
    if not len(chosen):
        return Estimate.undefined("no label has enough positives", n, 0)
    pairs = np.stack([gains[:, chosen].mean(axis=1), gaps[:, chosen].mean(axis=1)])
    drawn = np.stack([np.nanmean(d[:, :, chosen], axis=2).mean(axis=0) for d in (gain_draws, gap_draws)])
    gain, gap = pairs.mean(axis=1)
    spread, freedom = _spread(pairs, drawn)
    quantile = _quantile(freedom)
    margin = quantile * np.sqrt(spread[1, 1])
    if gap - margin <= 0:
        verdict = "is negative" if gap + margin < 0 else "may be zero"
        told, least, most = (_told(figure) for figure in (gap, gap - margin, gap + margin))
        reason = f"the gap, {told} ({least} to {most}), {verdict}"
        return Estimate.undefined(reason, n, positives)
    square = quantile**2
    lead = gap**2 - square * spread[1, 1]
    middle = gain * gap - square * spread[0, 1]
    root = np.sqrt(max(0.0, middle**2 - lead * (gain**2 - square * spread[0, 0])))
    value = float(gain / gap)
    low, high = float((middle - root) / lead), float((middle + root) / lead)
    return Estimate(value, min(low, value), max(high, value), n, positives)


def _stacked(a: Runs, metric: str, b: Runs | None = None) -> tuple[Bootstrap, NDArray[np.float64], NDArray[np.float64]]:
    """Return the first run, values (runs, k) and draws (runs, r, k) of `a`, less those of `b` where it is given."""
    first, *others = ([run] if isinstance(run, Bootstrap) else list(run) for run in (a, *([] if b is None else [b])))
    if not first or any(len(other) != len(first) for other in others):
        raise InvalidValue("as many runs of each arm", f"{[len(first), *map(len, others)]}", "pair them by seed")
    for run in [*first, *(run for other in others for run in other)]:
        if run.names != first[0].names or run.rows != first[0].rows:
            raise _of_other_rows()
        if metric not in run.values:
            raise InvalidValue(f"{metric} in the bootstrap", f"{', '.join(run.values)}", "measure it as well")
    values = np.stack([run.values[metric] for run in first])
    draws = np.stack([run.draws[metric] for run in first])
    for other in others:
        values = values - np.stack([run.values[metric] for run in other])
        draws = draws - np.stack([run.draws[metric] for run in other])
    return first[0], values, draws


def _of_other_rows() -> InvalidValue:
    return InvalidValue(
        "arms measured on the same rows, labels and draws", "different ones", "measure both on the rows that both score"
    )


def _places(run: Bootstrap, names: Sequence[str] | None) -> NDArray[np.intp]:
    unknown = sorted(set(names or ()) - set(run.names))
    if unknown:
        raise InvalidValue("labels that were measured", f"{', '.join(unknown)}", "choose among those of the table")
    return np.array([run.names.index(name) for name in run.defined(names)], dtype=np.intp)


def _counts(run: Bootstrap, chosen: NDArray[np.intp] | int) -> tuple[int, int]:
    """Return the most rows and the fewest positives of some labels."""
    n, positives = np.atleast_1d(run.n[chosen]), np.atleast_1d(run.positives[chosen])
    return int(n.max(initial=0)), int(positives.min()) if len(positives) else 0


def _spread(values: NDArray[np.float64], draws: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the (q, q) covariance of q means over runs, and its degrees of freedom.

    `values` (q, runs), `draws` (q, r) of the mean over runs. Between seeds: sample covariance over their number.
    """
    within = np.atleast_2d(np.cov(draws[:, ~np.isnan(draws).any(axis=0)]))
    runs = values.shape[1]
    if runs == 1:
        return within, np.inf
    between = np.atleast_2d(np.cov(values)) / runs
    total = within + between
    share = np.trace(between) / max(np.trace(total), 1e-300)
    return total, float((runs - 1) / max(share, 1e-6) ** 2)


def _standard_error(values: NDArray[np.float64], draws: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return mean, standard error and degrees of freedom of (runs,) values with (runs, r) draws."""
    spread, freedom = _spread(values[None], draws.mean(axis=0)[None])
    return float(values.mean()), float(np.sqrt(spread[0, 0])), freedom


def _estimate(
    values: NDArray[np.float64],
    draws: NDArray[np.float64],
    run: Bootstrap,
    chosen: NDArray[np.intp] | int,
    metric: str,
) -> Estimate:
    """Return the estimate of an arm: from the draws of one run, by t over several."""
    n, positives = _counts(run, chosen)
    if isinstance(chosen, int) and (reason := run.reasons[chosen]):
        return Estimate.undefined(reason, n, positives)
    if len(values) == 1:
        value = float(values[0])
        if isinstance(chosen, int):
            positive, negative = (int(count) for count in run.units[chosen])
            return Estimate(value, *interval(metric, value, draws[0], (positive, negative)), n, positives)
        return Estimate(value, *percentile_interval(value, draws[0]), n, positives)
    value, error, freedom = _standard_error(values, draws)
    margin = _quantile(freedom) * error
    return Estimate(value, max(0.0, value - margin), min(1.0, value + margin), n, positives)


def _difference(
    values: NDArray[np.float64], draws: NDArray[np.float64], run: Bootstrap, chosen: NDArray[np.intp] | int
) -> Difference:
    from scipy.stats import t

    value, error, freedom = _standard_error(values, draws)
    if isinstance(chosen, int):
        freedom = min(freedom, float(run.units[chosen].min()) - 1)
    margin = _quantile(freedom) * error
    p = 2.0 * float(t.sf(abs(value) / error, freedom)) if error > 0 else float(value == 0)
    return Difference(Estimate(value, value - margin, value + margin, *_counts(run, chosen)), p)


def _quantile(freedom: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))


def _beyond(comparison: Comparison, q: float, sign: int) -> tuple[str, ...]:
    return tuple(
        name
        for name, d in comparison.labels.items()
        if d.q is not None and d.q < q and d.estimate.value is not None and sign * d.estimate.value > 0
    )


def _told(figure: float) -> str:
    """Return a figure to three digits, without a sign where they are all zero."""
    told = f"{figure:.3f}"
    return told.lstrip("-") if float(told) == 0 else told.replace("-", "\N{MINUS SIGN}")
