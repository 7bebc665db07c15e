"""Ways to tell an ECG that a model knows from what is none: fitted on one half of the patients, measured on the other.

python -m benchmarks.gate PTB_XL_DIR [DIR ...] [--model NAME ...] [--each 20] [--simulated 100]

Every way has the 99th percentile of left-out records (five folds) for its limit. Nearest neighbours need the records
themselves, which a card must not hold: they are there for comparison.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from ecgkt import checkpoints, reports
from ecgkt.domain import Record
from ecgkt.domain.records import Domain
from ecgkt.evaluation.novelty import LIMIT_PERCENTILE, fit_spread, fold_of, limit_of
from ecgkt.inference import Predictor
from ecgkt.reports.gates import LEAST, SEED_FITTED, SEED_MEASURED, Seen, fit_gate
from ecgkt.signals.appearance import appearance
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.signals.quality import assess
from ecgkt.signals.spoiling import NO_ECG, WAYS, spoilt
from ecgkt.simulation import SimulationSettings, simulate_arrays

Points = NDArray[np.float64]
Fit = Callable[[Points, NDArray[np.int64]], Callable[[Points], Points]]
NEIGHBOURS = 5


def groups(points: Points, subjects: NDArray[np.int64]) -> Callable[[Points], Points]:
    """Fit the released way: a distance in each group of numbers."""
    gate = fit_gate(Seen("fit", points, subjects), "fit", "fit")
    return lambda some: gate.shares(some).max(axis=1)


def mahalanobis(components: int) -> Fit:
    """Return a fit of one distance over all numbers."""

    def fit(points: Points, subjects: NDArray[np.int64]) -> Callable[[Points], Points]:
        limit, _ = limit_of(points, subjects, components, LEAST)
        spread = fit_spread(points, components, LEAST)
        return lambda some: spread.distances(some) / limit

    return fit


def neighbours(points: Points, subjects: NDArray[np.int64]) -> Callable[[Points], Points]:
    """Fit the mean distance from the five nearest records, over standardised numbers."""
    centre, scale = points.mean(axis=0), points.std(axis=0) + LEAST

    def distance(known: Points, some: Points) -> Points:
        found = NearestNeighbors(n_neighbors=NEIGHBOURS).fit((known - centre) / scale)
        return np.asarray(found.kneighbors((some - centre) / scale)[0].mean(axis=1))

    fold = fold_of(subjects, 5)
    left_out = np.concatenate([distance(points[fold != k], points[fold == k]) for k in range(5)])
    limit = float(np.percentile(left_out, LIMIT_PERCENTILE))
    return lambda some: distance(points, some) / limit


def embedded(predictor: Predictor, inputs: list[NDArray[np.float32]]) -> Points:
    """Return what the model's heads read (n, width)."""
    with torch.inference_mode():
        rows = [predictor.network.encoder(torch.from_numpy(signal[None])).numpy()[0] for signal in inputs]
    return np.array(rows, dtype=np.float64)


def main() -> None:
    """Print a row per way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ptb_xl", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    parser.add_argument("--model", nargs="+", default=["transferred", "baseline"], metavar="NAME")
    parser.add_argument("--each", type=int, default=20, metavar="N", help="records spoilt in each way")
    parser.add_argument("--simulated", type=int, default=100, metavar="N")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    step = Preprocessing()
    _, records, subjects = reports.read_records(arguments.ptb_xl)
    half = fold_of(subjects, 2)
    sets: dict[str, list[NDArray[np.float32]]] = {"fit": [step.apply(records[k]) for k in np.flatnonzero(half == 0)]}
    apart = [records[k] for k in np.flatnonzero(half == 1)]
    sets["kept apart"] = [step.apply(record) for record in apart]
    for name, seed in (("simulated fit", SEED_FITTED), ("simulated", SEED_MEASURED)):
        signals = simulate_arrays(arguments.simulated, seed, SimulationSettings(faulty=0.0)).signals
        sets[name] = [step.apply(Record(signal, 500.0, "simulated", Domain.SIMULATED)) for signal in signals]
    for folder in arguments.others:
        sets[folder.name] = [step.apply(record) for record in reports.read_records(folder)[1]]
    for place, way in enumerate(WAYS):
        bad = [spoilt(one, way, np.random.default_rng([place, k])) for k, one in enumerate(apart[: arguments.each])]
        sets[way] = [step.apply(record) for record in bad if assess(record).good]
    told = ["kept apart", *(folder.name for folder in arguments.others), "simulated"]
    print(f"| read | way | simulated in the fit | {' | '.join(told)} | no ECG | spoilt ECGs |")
    print("|---" * (len(told) + 5) + "|")
    readings: dict[str, dict[str, Points]] = {
        "tracing": {name: np.array([appearance(x, step.fs) for x in some]) for name, some in sets.items()}
    }
    for name in arguments.model:
        predictor = Predictor.open(checkpoints.choose_checkpoint(None, name))
        readings[f"embedding of {name}"] = {key: embedded(predictor, some) for key, some in sets.items()}
    for read, points in readings.items():
        ways: dict[str, Fit] = {"distance, 16 components": mahalanobis(16), "5 nearest neighbours": neighbours}
        if read == "tracing":
            ways = {"a distance for each group (released)": groups, **ways}
        for title, fit in ways.items():
            for beside in (False, True):
                known = np.concatenate([points["fit"], points["simulated fit"]]) if beside else points["fit"]
                who = np.concatenate([subjects[half == 0], -1 - np.arange(len(known) - len(points["fit"]))])
                distance = fit(known, who)
                cells = [f"{(distance(points[name]) > 1).sum()} of {len(points[name])}" for name in told]
                for kind in (NO_ECG, tuple(way for way in WAYS if way not in NO_ECG)):
                    beyond = [float((distance(points[way]) > 1).mean()) for way in kind if len(points[way])]
                    cells.append(f"{np.mean(beyond):.0%}")
                print(f"| {read} | {title} | {'yes' if beside else 'no'} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
