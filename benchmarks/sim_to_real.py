"""How a model trained on simulated ECGs orders real ones: AUROC per tracing target, pooled over collections.

python -m benchmarks.sim_to_real DIR [DIR ...] [--model NAME]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints, reports
from ecgkt.cli.progress import bar
from ecgkt.data.collections import open_collection
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.evaluation.discrimination import auroc_estimate
from ecgkt.inference import Predictor

GROUPS = ("rhythm", "conduction")


def main() -> None:
    """Score the collections and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collections", nargs="+", type=Path, help="folders of PTB-XL, LUDB or CinC 2021")
    parser.add_argument("--model")
    arguments = parser.parse_args()
    predictor = Predictor.open(checkpoints.choose_checkpoint(None, arguments.model))
    labels = predictor.card.labels.of_kind(Kind.TRACING)
    logits, truth, subjects, names = [], [], [], []
    for number, folder in enumerate(arguments.collections):
        collection = open_collection(folder)
        scores, kept = reports.score_files(predictor, collection.paths, bar(collection.name))
        logits.append(scores[:, predictor.card.labels.positions(labels.names)])
        truth.append(collection.labels.values[kept][:, collection.labels.labels.positions(labels.names)])
        subjects.append(collection.subject_ids[kept] + number * 10**9)
        names.append(f"{collection.name} ({len(kept)} of {len(collection.paths)} records)")
    pooled = [np.concatenate(parts) for parts in (logits, truth, subjects)]
    print(f"Model {predictor.card.name}, checkpoint {predictor.card.id}; pooled over {', '.join(names)}.\n")
    tell(labels, *pooled)


def tell(
    labels: LabelSet, logits: NDArray[np.float64], truth: NDArray[np.float32], subjects: NDArray[np.int64]
) -> None:
    """Print a row per target, then the macro averages over the targets that are defined."""
    print("| target | AUROC (95 % interval) | positives of n | logit: middle half spans |\n|---|---|---|---|")
    values: dict[str, list[float]] = {}
    for column, label in enumerate(labels):
        estimate = auroc_estimate(truth[:, column], logits[:, column], subjects)
        low, high = np.quantile(logits[:, column], [0.25, 0.75])
        print(f"| {label.title} | {estimate} | {estimate.positives} of {estimate.n} | {high - low:.2f} |")
        if estimate.value is not None:
            values.setdefault(label.group, []).append(estimate.value)
    every = [value for group in values.values() for value in group]
    some = [value for group in GROUPS for value in values.get(group, ())]
    print(
        f"\nMacro over {len(every)} defined targets: {np.mean(every):.3f}; rhythm and conduction: {np.mean(some):.3f}."
    )


if __name__ == "__main__":
    main()
