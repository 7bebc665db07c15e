"""What one map costs by each method, in forward passes of the same model in the same run.

python -m benchmarks.attribution_cost [RECORDS] [--count 8] [--rounds 3] [--threads 2] [--cpu]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ecgkt import checkpoints, readers
from ecgkt.explain.logits import Logit
from ecgkt.explain.methods import METHODS, attribute
from ecgkt.explain.questions import find_waves
from ecgkt.explain.saliency import BATCH, integrate
from ecgkt.inference import Predictor
from ecgkt.signals.delineation import Delineation

STEPS = 50
SAMPLES = Path(__file__).resolve().parents[1] / "assets" / "samples" / "files"
Case = tuple[NDArray[np.float32], Delineation]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="?", default=SAMPLES, help="a folder (default: the samples)")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu", action="store_true", help="processor time, for a busy machine")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    predictor = Predictor.open(checkpoints.choose_checkpoint())
    cases: list[Case] = []
    for path in readers.find_records(options.records)[: options.count]:
        record = readers.read_record(path)
        look = predictor.look(record)
        if look.signal is not None:
            first = record.first_seconds(predictor.card.preprocessing.seconds)
            cases.append((look.signal, find_waves(first.signal, first.fs)))
    rows = measure(predictor, cases, options.rounds, time.process_time if options.cpu else time.perf_counter)
    clock = "processor time" if options.cpu else "time"
    print(f"Median {clock} over {len(cases)} records, {options.rounds} times each, {options.threads} threads.\n")
    tell(rows)


def measure(
    predictor: Predictor, cases: list[Case], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return medians in seconds; every action takes its turn on every case, so that all meet the same machine."""
    logit = Logit.of(predictor, predictor.card.labels.names[0])
    fs = predictor.card.preprocessing.fs

    def forward(case: Case) -> None:
        with torch.inference_mode():
            logit(torch.from_numpy(case[0])[None])

    def bare(case: Case) -> None:
        points = torch.from_numpy(case[0])[None].expand(BATCH, -1, -1).clone().requires_grad_()
        torch.autograd.grad(logit(points).sum(), points)

    def integral(case: Case) -> None:
        integrate(logit.evaluating(), case[0], np.zeros_like(case[0]), STEPS)

    def by(method: str) -> Callable[[Case], object]:
        return lambda case: attribute(logit, case[0], fs, method=method, beats=case[1])

    actions: dict[str, Callable[[Case], object]] = {
        "bare forward pass": forward,
        f"{STEPS} bare forward-backward passes, {BATCH} at a time": bare,
        f"integrated gradients, {STEPS} steps": integral,
        **{f"map by {name}": by(name) for name in METHODS},
    }
    times: dict[str, list[float]] = {what: [] for what in actions}
    for turn in range(rounds + 1):
        for case in cases:
            for what, action in actions.items():
                start = clock()
                action(case)
                if turn:
                    times[what].append(clock() - start)
    return {what: statistics.median(one) for what, one in times.items()}


def tell(rows: dict[str, float]) -> None:
    """Print the table and the ratio that the aim is set in."""
    print("| what | ms | forward passes |\n|---|---|---|")
    forward, bare, integral = list(rows.values())[:3]
    for what, seconds in rows.items():
        print(f"| {what} | {1000 * seconds:.1f} | {seconds / forward:.0f} |")
    print(f"\none {STEPS}-step map over its own bare passes: {integral / bare:.2f} (aim: at most 1.3)")


if __name__ == "__main__":
    main()
