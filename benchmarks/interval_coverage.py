"""How often 95 % intervals hold the truth, on data whose truth is known.

python -m benchmarks.interval_coverage [--trials 500] [--resamples 400] [--seed 0] [--runs 1 5]

Scores of positives and negatives are normal with the same spread, so that AUROC, sensitivity at 90 % specificity and
(by integration) average precision are known. Subjects have 1 to 4 rows; the rows of a subject share half the variance
of their scores and of what decides their labels; the scores of arms and of labels are correlated as well. An interval
that took rows for subjects would be too narrow here: it is listed beside ours. Runs of several seeds differ by a draw
of their own, so that the mean over seeds has a truth too; there are a quarter as many such trials, and of the larger
size half as many.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from ecgkt.domain.estimates import Estimate
from ecgkt.evaluation.bootstrap import Bootstrap, ScoreTable, bootstrap
from ecgkt.evaluation.comparison import gap_closed, macro, paired_difference, per_label
from ecgkt.evaluation.resampling import percentile_interval

PLAIN = "plain percentiles"
SHARED = 0.5  # of the variance within a subject
ALIKE = 0.6  # correlation of two arms' noise
SEED_SPREAD = 0.05  # standard deviation over seeds of the distance between the classes


@dataclass(frozen=True)
class Setting:
    """`subjects`, and per label its prevalence and each arm's distance between the classes in standard deviations."""

    name: str
    subjects: int
    prevalence: tuple[float, ...]
    distance: Mapping[str, tuple[float, ...]]


def settings() -> list[Setting]:
    """Return the two sizes; their rarest labels have 10 to 40 positive subjects, and one is nearly always told."""
    distance = {
        "baseline": (0.5, 1.1, 0.3, 1.6),
        "transferred": (0.8, 1.4, 0.6, 2.6),
        "multimodal": (1.1, 1.7, 0.9, 3.2),
    }
    return [
        Setting("200 subjects", 200, (0.06, 0.15, 0.3, 0.06), distance),
        Setting("1,000 subjects", 1000, (0.03, 0.1, 0.4, 0.03), distance),
    ]


def normal_rows(rng: np.random.Generator, place: NDArray[np.intp], *shape: int) -> NDArray[np.float64]:
    """Return (n, *shape) standard normal values of which rows of a subject share `SHARED` of the variance."""
    own, common = rng.normal(size=(len(place), *shape)), rng.normal(size=(int(place.max()) + 1, *shape))
    return np.sqrt(1 - SHARED) * own + np.sqrt(SHARED) * common[place]


def draw(rng: np.random.Generator, setting: Setting, seeds: int = 1) -> dict[str, list[ScoreTable]]:
    """Return by arm one table per seed, on the same rows."""
    place = np.repeat(np.arange(setting.subjects), rng.integers(1, 5, setting.subjects))
    k = len(setting.prevalence)
    labels = (normal_rows(rng, place, k) < norm.ppf(setting.prevalence)).astype(float)
    common, over_labels = normal_rows(rng, place, k), normal_rows(rng, place, 1)
    names = tuple(f"label {i}" for i in range(k))
    found = defaultdict(list)
    for arm, distance in setting.distance.items():
        for _ in range(seeds):
            moved = np.array(distance) + (rng.normal(0, SEED_SPREAD) if seeds > 1 else 0)
            own = normal_rows(rng, place, k)
            noise = np.sqrt(ALIKE) * (np.sqrt(0.7) * common + np.sqrt(0.3) * over_labels) + np.sqrt(1 - ALIKE) * own
            found[arm].append(ScoreTable(labels, labels * moved + noise, place, names))
    return dict(found)


def true_auroc(distance: float, seeds: int = 1) -> float:
    """Return the AUROC, or its mean over seeds."""
    if seeds == 1:
        return float(norm.cdf(distance / np.sqrt(2)))
    return float(norm.cdf(distance / np.sqrt(2 + SEED_SPREAD**2)))


@cache
def true_metric(metric: str, distance: float, prevalence: float) -> float:
    """Return one of our metrics for scores N(distance, 1) of positives among N(0, 1)."""
    if metric == "auroc":
        return true_auroc(distance)
    if metric == "sensitivity_at_90_specificity":
        return float(norm.sf(norm.ppf(0.9) - distance))

    def precision(score: float) -> float:
        true, false = prevalence * norm.sf(score - distance), (1 - prevalence) * norm.sf(score)
        return float(norm.pdf(score - distance) * true / (true + false))

    return float(quad(precision, -8, distance + 8, limit=200)[0])


@dataclass
class Tally:
    """How often the truth lay below, in and above the intervals, and how wide they were."""

    below: int = 0
    inside: int = 0
    above: int = 0
    undefined: int = 0
    width: float = 0.0

    def add(self, estimate: Estimate, truth: float) -> None:
        """Count one interval."""
        if estimate.low is None or estimate.high is None:
            self.undefined += 1
            return
        self.below += truth < estimate.low
        self.above += truth > estimate.high
        self.inside += estimate.low <= truth <= estimate.high
        self.width += estimate.high - estimate.low

    def line(self) -> str:
        """Return the cells of the table."""
        n = max(1, self.below + self.inside + self.above)
        shares = (100 * self.inside / n, 100 * self.below / n, 100 * self.above / n)
        return " | ".join([f"{share:.1f}" for share in shares] + [f"{self.width / n:.3f}", f"{self.undefined}"])


Check = tuple[str, Estimate, float]


def single_arm(setting: Setting, arm: str, run: Bootstrap) -> Iterator[Check]:
    """Yield (what, estimate, truth) of one arm's labels by rarity, and of its macro AUROC."""
    distance = setting.distance[arm]
    for metric in run.values:
        for i, estimate in enumerate(per_label(run, metric).values()):
            if run.reasons[i] is None:
                truth = true_metric(metric, distance[i], setting.prevalence[i])
                yield f"{metric}, {rarity(run, i, distance[i])}", estimate, truth
                yield (
                    f"{metric}, {rarity(run, i, distance[i])}: {PLAIN}",
                    plain(estimate, run.draws[metric][:, i]),
                    truth,
                )
    truths = [true_auroc(distance[run.names.index(name)]) for name in run.defined()]
    yield "macro auroc", macro(run), float(np.mean(truths))


def plain(estimate: Estimate, draws: NDArray[np.float64]) -> Estimate:
    """Return the estimate with the percentiles of (r,) draws in place of our interval."""
    if estimate.value is None:
        return estimate
    return replace(estimate, **dict(zip(("low", "high"), percentile_interval(estimate.value, draws), strict=True)))


def rarity(run: Bootstrap, i: int, distance: float) -> str:
    """Return the group of a label in the table."""
    few = "positives of 10 to 29 subjects" if run.units[i].min() < 30 else "positives of 30 subjects or more"
    return f"{few}{', AUROC above 0.96' if distance > 2.5 else ''}"


def between_arms(setting: Setting, runs: Mapping[str, Sequence[Bootstrap]], seeds: int) -> Iterator[Check]:
    """Yield (what, estimate, truth) of differences to the baseline and of the gap closed."""
    first = runs["baseline"][0]
    chosen = [first.names.index(name) for name in first.defined()]
    truth = {arm: np.array([true_auroc(d, seeds) for d in setting.distance[arm]])[chosen] for arm in runs}
    label = f" ({seeds} seeds)" if seeds > 1 else ""
    found = paired_difference(runs["transferred"], runs["baseline"])
    yield f"macro difference{label}", found.macro.estimate, float((truth["transferred"] - truth["baseline"]).mean())
    for j, (i, difference) in enumerate(zip(chosen, found.labels.values(), strict=True)):
        yield (
            f"difference, {rarity(first, i, setting.distance['transferred'][i])}{label}",
            difference.estimate,
            float(truth["transferred"][j] - truth["baseline"][j]),
        )
    if seeds == 1:
        drawn = {arm: np.nanmean(runs[arm][0].draws["auroc"][:, chosen], axis=1) for arm in runs}
        gain, gap = drawn["transferred"] - drawn["baseline"], drawn["multimodal"] - drawn["baseline"]
        truly = float((truth["transferred"] - truth["baseline"]).mean())
        yield f"macro difference: {PLAIN}", plain(found.macro.estimate, gain), truly
    share = (truth["transferred"] - truth["baseline"]).mean() / (truth["multimodal"] - truth["baseline"]).mean()
    closed = gap_closed(*runs.values())
    yield f"share of the gap closed{label}", closed, float(share)
    if seeds == 1:
        yield f"share of the gap closed: {PLAIN}", plain(closed, gain / gap), float(share)


def naive(table: ScoreTable, resamples: int, seed: int) -> Estimate:
    """Return the macro AUROC with rows resampled in place of subjects."""
    rows = ScoreTable(table.labels, table.scores, np.arange(len(table.subjects)), table.names)
    return macro(bootstrap(rows, resamples=resamples, seed=seed, metrics=["auroc"]))


def trial(setting: Setting, number: int, resamples: int, seed: int, seeds: int) -> Iterator[Check]:
    """Yield every interval of one sample."""
    rng = np.random.default_rng([seed, number, setting.subjects, seeds])
    tables = draw(rng, setting, seeds)
    metrics = ["auroc"] if seeds > 1 else ["auroc", "auprc", "sensitivity_at_90_specificity"]
    runs = {
        arm: [
            bootstrap(table, resamples=resamples, seed=number, metrics=metrics if arm == "transferred" else ["auroc"])
            for table in of_arm
        ]
        for arm, of_arm in tables.items()
    }
    if seeds == 1:
        yield from single_arm(setting, "transferred", runs["transferred"][0])
        truths = [true_auroc(setting.distance["transferred"][i]) for i in range(len(setting.prevalence))]
        if len(runs["transferred"][0].defined()) == len(truths):
            rowwise = naive(tables["transferred"][0], resamples, number)
            yield "macro auroc, had rows been resampled", rowwise, float(np.mean(truths))
    yield from between_arms(setting, runs, seeds)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 5], help="how many seeds an arm is trained with")
    asked = parser.parse_args()
    print("| size | interval of | holds the truth, % | truth below, % | above, % | mean width | undefined |")
    print("|---|---|---|---|---|---|---|")
    for seeds in asked.runs:
        for setting in settings():
            tallies: dict[str, Tally] = defaultdict(Tally)
            trials = asked.trials // (1 if seeds == 1 else 4) // (1 if setting.subjects < 500 else 2)
            for number in range(trials):
                for what, estimate, truth in trial(setting, number, asked.resamples, asked.seed, seeds):
                    tallies[what].add(estimate, truth)
            for what, tally in sorted(tallies.items()):
                print(f"| {setting.name} | {what} | {tally.line()} |", flush=True)


if __name__ == "__main__":
    main()
