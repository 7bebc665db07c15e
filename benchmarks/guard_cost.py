"""What the checks beside a map take, warm, beside a bare forward pass and one map in the same run.

python -m benchmarks.guard_cost [--runs 3] [--threads 1]

On bundled SIMULATED recordings with the transferred model: the median and the longest of all runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch

from ecgkt import checkpoints
from ecgkt.dashboard import samples
from ecgkt.domain import Record
from ecgkt.explain.guards import check, check_quickly
from ecgkt.explain.methods import explain
from ecgkt.inference import Predictor

CASES = {
    "Atrial fibrillation": "atrial_fibrillation",
    "Left bundle-branch block": "left_bundle_branch_block",
    "High potassium": "potassium_high",
}


def seconds(work: Callable[[], object]) -> float:
    """Return how long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measured(predictor: Predictor, record: Record, target: str) -> dict[str, float]:
    """Return how long each thing took once, in seconds, all in one run."""
    signal = predictor.card.preprocessing.apply(record)
    explanation = explain(predictor, record, target)
    steps: list[tuple[float, str]] = []

    def tell(_share: float, words: str) -> None:
        steps.append((time.perf_counter(), words))

    passes = [seconds(lambda: predictor.logits([signal])) for _ in range(10)]
    timed = {
        "a bare forward pass": float(np.median(passes)),
        "one map": seconds(lambda: explain(predictor, record, target)),
        "the three short checks": seconds(lambda: check_quickly(predictor, record, explanation)),
        "all seven checks": seconds(lambda: check(predictor, record, explanation, tell=tell)),
    }
    for (begin, words), (end, _) in pairwise(steps):
        timed[f"of these: {words}"] = timed.get(f"of these: {words}", 0.0) + end - begin
    timed["longest without a word, which is how late a stop may be"] = max(
        end - begin for (begin, _), (end, _) in pairwise(steps)
    )
    return timed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    predictor = Predictor.open(checkpoints.bundled_folder() / "transferred")
    found: dict[str, list[float]] = {}
    for start, target in CASES.items():
        record = samples.load(next(title for title in samples.titles() if title.startswith(start))).record
        for run in range(arguments.runs + 1):
            for name, value in measured(predictor, record, target).items():
                if run:
                    found.setdefault(name, []).append(value)
    print("| what | median s | longest s | bare forward passes |\n|---|---:|---:|---:|")
    bare = float(np.median(found["a bare forward pass"]))
    for name, values in found.items():
        middle = float(np.median(values))
        print(f"| {name} | {middle:.3f} | {max(values):.3f} | {middle / bare:.0f} |")


if __name__ == "__main__":
    main()
