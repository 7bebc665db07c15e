"""How a model trained on simulated ECGs orders real ones: AUROC per tracing target, pooled over collections.

python -m benchmarks.sim_to_real DIR [DIR ...] [--model NAME ...] [--models DIR] [--simulated 400]

With several models, the first is held against each other on the same resampled subjects. A folder of recordings
without labels is scored and counted, no more.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints, readers, reports
from ecgkt.cli.progress import bar
from ecgkt.data.collections import open_collection
from ecgkt.domain import Domain, Record
from ecgkt.domain.labels import Kind, Label, LabelSet
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.bootstrap import Bootstrap, ScoreTable, bootstrap
from ecgkt.evaluation.comparison import Difference, macro, paired_difference
from ecgkt.evaluation.discrimination import auroc, auroc_estimate
from ecgkt.inference import Predictor
from ecgkt.simulation import SimulationSettings, simulate_arrays

RHYTHM_AND_CONDUCTION = (
    *("atrial_fibrillation", "atrial_flutter", "left_bundle_branch_block", "right_bundle_branch_block"),
    *("first_degree_av_block", "sinus_bradycardia", "sinus_tachycardia", "paced_rhythm"),
)
INFARCTION = ("anterior_infarction", "inferior_infarction")
ANY_INFARCTION = Label(
    "any_infarction", "Anterior or inferior infarction", Kind.TRACING, "infarction", "Either of the two.", "this table"
)
FEWEST = 10


@dataclass(frozen=True)
class Pool:
    """Logits and truth (n, k) over `labels`, the subject and the collection (n,) of each record."""

    labels: tuple[Label, ...]
    logits: NDArray[np.float64]
    truth: NDArray[np.float64]
    subjects: NDArray[np.int64]
    source: NDArray[np.intp]


def main() -> None:
    """Score the collections with each model and print its table; with several models, how they differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="+", type=Path, help="folders of labelled collections")
    parser.add_argument("--model", nargs="+", default=["transferred", "baseline"], metavar="NAME")
    parser.add_argument("--models", type=Path, metavar="DIR", help="where they are (default: the bundled ones)")
    parser.add_argument("--simulated", type=int, default=400, metavar="N", help="simulated records for the spread")
    arguments = parser.parse_args()
    pools: dict[str, Pool] = {}
    for name in arguments.model:
        predictor = Predictor.open(checkpoints.choose_checkpoint(arguments.models, name))
        labels = predictor.card.labels.of_kind(Kind.TRACING)
        print(f"## {name}\n")
        pools[name] = pooled(predictor, labels, arguments.collections)
        tell(pools[name], simulated_logits(predictor, labels, arguments.simulated))
    if len(pools) > 1:
        print("\n## Side by side\n")
        side_by_side(pools)


def pooled(predictor: Predictor, labels: LabelSet, folders: list[Path]) -> Pool:
    """Return the pool of all labelled collections, and print what is in it."""
    parts, names = [], []
    for number, folder in enumerate(folders):
        part = score(predictor, labels, folder, number)
        if part is None:
            paths = readers.find_records(folder)
            kept = reports.score_files(predictor, paths, bar(folder.name))[1]
            names.append(
                f"{folder.name} (no labels in the folder; {len(kept)} of {len(paths)} records scored, not pooled)"
            )
        else:
            parts.append(part[:3])
            names.append(part[3])
    logits, truth, subjects = (np.concatenate([part[k] for part in parts]) for k in range(3))
    source = np.concatenate([np.full(len(part[0]), k) for k, part in enumerate(parts)])
    print(f"Model {predictor.card.name}, checkpoint {predictor.card.id}; {', '.join(names)}.\n")
    return with_any_infarction(labels, logits, truth, subjects, source)


def score(
    predictor: Predictor, labels: LabelSet, folder: Path, number: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], str] | None:
    """Return logits, truth, subjects and a caption of one collection; None where it holds no labels."""
    try:
        collection = open_collection(folder)
    except InvalidCohort:
        return None
    scores, kept = reports.score_files(predictor, collection.paths, bar(collection.name))
    columns = predictor.card.labels.positions(labels.names)
    truth = collection.labels.values[kept][:, collection.labels.labels.positions(labels.names)].astype(float)
    caption = f"{collection.name} ({len(kept)} of {len(collection.paths)} records)"
    return scores[:, columns], truth, collection.subject_ids[kept] + number * 10**9, caption


def with_any_infarction(
    labels: LabelSet,
    logits: NDArray[np.float64],
    truth: NDArray[np.float64],
    subjects: NDArray[np.int64],
    source: NDArray[np.intp],
) -> Pool:
    """Return the pool with a last target: infarction of either kind, scored by the higher logit."""
    columns = labels.positions(INFARCTION)
    both = truth[:, columns]
    either = np.where((both == 1).any(axis=1), 1.0, np.where((both == 0).all(axis=1), 0.0, np.nan))
    return Pool(
        (*labels, ANY_INFARCTION),
        np.column_stack([logits, logits[:, columns].max(axis=1)]),
        np.column_stack([truth, either]),
        subjects,
        source,
    )


def simulated_logits(predictor: Predictor, labels: LabelSet, count: int) -> NDArray[np.float64]:
    """Return logits (count, k) of simulated records that no training has seen."""
    signals = simulate_arrays(count, 987_654, SimulationSettings(faulty=0.0)).signals
    step = predictor.card.preprocessing.apply
    inputs = [step(Record(signal, 500.0, "simulated", domain=Domain.SIMULATED)) for signal in signals]
    columns = predictor.card.labels.positions(labels.names)
    return predictor.logits(inputs)[:, columns]


def within(pool: Pool, column: int) -> float | None:
    """Return the AUROC over pairs of the same collection alone: what differs between collections cannot help."""
    better, pairs = 0.0, 0.0
    for source in np.unique(pool.source):
        rows = (pool.source == source) & np.isfinite(pool.truth[:, column])
        truth, logits = pool.truth[rows, column], pool.logits[rows, column]
        count = float((truth == 1).sum() * (truth == 0).sum())
        if count:
            better += auroc(truth, logits) * count
            pairs += count
    return better / pairs if pairs else None


def tell(pool: Pool, simulated: NDArray[np.float64]) -> None:
    """Print a row per target, then the averages that the aims are set for."""
    print("| target | AUROC, pooled (95 % interval) | within collections | positives of n | spread, real | simulated |")
    print("|---|---|---|---|---|---|")
    found: dict[str, float] = {}
    for column, label in enumerate(pool.labels):
        estimate = auroc_estimate(pool.truth[:, column], pool.logits[:, column], pool.subjects)
        inner = within(pool, column) if estimate.value is not None else None
        real = f"{_spread(pool.logits[:, column]):.1f}"
        made = f"{_spread(simulated[:, column]):.1f}" if column < simulated.shape[1] else ""
        told = "" if inner is None else f"{inner:.3f}"
        print(f"| {label.title} | {estimate} | {told} | {estimate.positives} of {estimate.n} | {real} | {made} |")
        if estimate.value is not None:
            found[label.name] = estimate.value
    print("\nSpread: between the quartiles of the logit, in real records and in simulated ones.\n")
    targets = [name for name in found if name != ANY_INFARCTION.name]
    _mean("Macro", targets, found)
    _mean("Rhythm and conduction", [name for name in RHYTHM_AND_CONDUCTION if name in found], found)
    for name in ("left_ventricular_hypertrophy", ANY_INFARCTION.name):
        if name in found:
            print(f"- {next(label.title for label in pool.labels if label.name == name)}: {found[name]:.3f}")


def side_by_side(pools: Mapping[str, Pool]) -> None:
    """Print groups of targets by model, and the first model minus each other, resampling the same subjects."""
    first = next(iter(pools))
    measured = {name: _bootstrap(pool) for name, pool in pools.items()}
    targets = [name for name in measured[first].defined() if name != ANY_INFARCTION.name]
    groups = {
        "macro": targets,
        "rhythm and conduction": [name for name in RHYTHM_AND_CONDUCTION if name in targets],
        "left ventricular hypertrophy": ["left_ventricular_hypertrophy"],
        "infarction, anterior or inferior": [ANY_INFARCTION.name],
    }
    others = [name for name in pools if name != first]
    print("| | " + " | ".join([*pools, *(f"{first} minus {other}" for other in others)]) + " |")
    print("|---" * (1 + len(pools) + len(others)) + "|")
    for title, names in groups.items():
        cells = [f"{macro(run, names)}" for run in measured.values()]
        for other in others:
            difference = paired_difference(measured[first], measured[other], names).macro
            cells.append(_signed(difference))
        print(f"| {title} ({len(names)}) | " + " | ".join(cells) + " |")


def _signed(difference: Difference) -> str:
    e, p = difference.estimate, difference.p
    if p is None:
        return "undefined"
    return f"{e.value:+.3f} ({e.low:+.3f} to {e.high:+.3f}), p " + ("< 0.001" if p < 0.001 else f"{p:.3f}")


def _bootstrap(pool: Pool) -> Bootstrap:
    names = tuple(label.name for label in pool.labels)
    return bootstrap(ScoreTable(pool.truth, pool.logits, pool.subjects, names), metrics=("auroc",), fewest=FEWEST)


def _mean(title: str, names: list[str], found: dict[str, float]) -> None:
    print(f"- {title}, over {len(names)} defined targets: {np.mean([found[name] for name in names]):.3f}")


def _spread(logits: NDArray[np.float64]) -> float:
    low, high = np.quantile(logits, [0.25, 0.75])
    return float(high - low)


if __name__ == "__main__":
    main()
