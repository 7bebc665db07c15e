"""How far integrated gradients miss their sum, by how the steps are spread along the path.

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
from ecgkt.explain.saliency import BEND, ROUNDS, UNEXPLAINED
from ecgkt.inference import Predictor

EVEN = {f"{sum(one)} even": ((0.0, 1.0, sum(one)),) for one in ROUNDS}
BENT = {f"{one[0]} + {one[1]}, bent at {BEND:g}": ((0.0, BEND, one[0]), (BEND, 1.0, one[1])) for one in ROUNDS}
WAYS = EVEN | BENT


def missed(predictor: Predictor, signal: NDArray[np.float32], target: str) -> list[float]:
    """Return by way how far its map's sum is off, as a multiple of what the rule allows."""
    import torch
    from captum.attr import IntegratedGradients

    logit = Logit.of(predictor, target)
    score, zero = score_of(logit, np.stack([signal, np.zeros_like(signal)])).tolist()
    allowed = UNEXPLAINED * max(abs(score - zero), 1.0)
    given, method = torch.from_numpy(signal)[None], IntegratedGradients(logit.private())
    out = []
    for parts in WAYS.values():
        maps = [method.attribute(b * given, a * given, n_steps=n, internal_batch_size=50) for a, b, n in parts]
        total = sum(float(one.double().sum()) for one in maps)
        out.append(abs(total - (score - zero)) / allowed)
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of real records")
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--targets", type=int, default=3, help="the highest scores on the tracing of each record")
    options = parser.parse_args()
    paths = [path for folder in options.folders for path in readers.find_records(folder)[:: options.every]]
    print("| model | way | maps | missed more than is allowed | median | 90th percentile |\n|---|---|---|---|---|---|")
    for name in ("transferred", "baseline"):
        predictor = Predictor.open(checkpoints.models_folder() / name)
        tracing = [label.name for label in predictor.card.labels if label.kind is Kind.TRACING]
        rows = []
        for path in paths:
            signal = predictor.look(readers.read_record(path)).signal
            if signal is not None:
                scores = dict(zip(predictor.card.labels.names, predictor.logits([signal])[0], strict=True))
                highest = sorted(tracing, key=scores.__getitem__)[-options.targets :]
                rows += [missed(predictor, signal, target) for target in highest]
        for way, values in zip(WAYS, np.array(rows).T, strict=True):
            middle, high = np.quantile(values, [0.5, 0.9])
            print(f"| {name} | {way} | {len(values)} | {np.mean(values > 1):.0%} | {middle:.2f} | {high:.2f} |")


if __name__ == "__main__":
    main()
