"""Integrated gradients by how the path is cut: how far the sum is off, how many gradients, how like the finest map.

python -m benchmarks.path_steps ../shared/data/ptb-xl ../shared/data/ludb [--every 20] [--targets 3]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints, readers
from ecgkt.domain.labels import Kind
from ecgkt.explain.logits import Logit, score_of
from ecgkt.explain.saliency import UNEXPLAINED, integrate
from ecgkt.inference import Predictor

WAYS = {"25 even": 25, "50 even": 50, "100 even": 100, "as the app does": None}
FINEST = 600


def judge(predictor: Predictor, signal: NDArray[np.float32], target: str) -> list[tuple[float, float, float]]:
    """Return by way: the miss as a multiple of what the rule allows, gradients taken, and the cosine."""
    import torch

    logit = Logit.of(predictor, target)
    zero = np.zeros_like(signal)
    score, reference = score_of(logit, np.stack([signal, zero])).tolist()
    allowed = UNEXPLAINED * max(abs(score - reference), 1.0)
    finest = integrate(logit, signal, zero, FINEST).astype(np.float64)
    taken = []

    def counted(x: torch.Tensor) -> torch.Tensor:
        taken.append(len(x) if x.requires_grad else 0)
        return logit(x)

    rows = []
    for steps in WAYS.values():
        taken.clear()
        found = integrate(counted, signal, zero, steps).astype(np.float64)
        missed = abs(found.sum() - (score - reference)) / allowed
        cosine = float((found * finest).sum() / np.linalg.norm(found) / np.linalg.norm(finest))
        rows.append((missed, float(sum(taken)), cosine))
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of real records")
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--targets", type=int, default=3, help="the highest scores on the tracing of each record")
    options = parser.parse_args()
    paths = [path for folder in options.folders for path in readers.find_records(folder)[:: options.every]]
    print(f"| model | steps | maps | missed too much | gradients: median, most | cosine with {FINEST}: median, least |")
    print("|---|---|---|---|---|---|")
    for name in ("transferred", "baseline"):
        predictor = Predictor.open(checkpoints.models_folder() / name)
        tracing = [label.name for label in predictor.card.labels if label.kind is Kind.TRACING]
        rows = []
        for path in paths:
            signal = predictor.look(readers.read_record(path)).signal
            if signal is not None:
                scores = dict(zip(predictor.card.labels.names, predictor.logits([signal])[0], strict=True))
                highest = sorted(tracing, key=scores.__getitem__)[-options.targets :]
                rows += [judge(predictor, signal, target) for target in highest]
        for way, found in zip(WAYS, np.array(rows).transpose(1, 2, 0), strict=True):
            missed, taken, cosine = found
            print(
                f"| {name} | {way} | {len(missed)} | {np.mean(missed > 1):.0%} | {np.median(taken):.0f}, "
                f"{taken.max():.0f} | {np.median(cosine):.3f}, {cosine.min():.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
