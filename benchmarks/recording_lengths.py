"""How far scores move where a recording is shorter than the 10 s that models were trained on, and by what filling.

python -m benchmarks.recording_lengths DIR [DIR ...]

Of each real recording of 10 s its first 5 to 9 s are scored: as they are, followed by silence to 10 s, and followed by
their own mirror image. What moves is the rank of each score in the reference set; beside it stands how far the ranks of
a recording's two halves are apart, which is how much the ECG itself differs from one moment to the next.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints, readers
from ecgkt.domain import Record
from ecgkt.errors import EcgktError
from ecgkt.inference import Predictor
from ecgkt.signals.appearance import appearance
from ecgkt.signals.quality import assess

SECONDS = (5.0, 6.0, 7.0, 8.0, 9.0)


def as_is(signal: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return what the network is given of a short recording, unchanged."""
    return signal


def silence(signal: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return it with zeros up to the length of 10 s."""
    return np.pad(signal, ((0, 0), (0, length - signal.shape[1])))


def mirrored(signal: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return it with its own end, mirrored, up to the length of 10 s."""
    return np.pad(signal, ((0, 0), (0, length - signal.shape[1])), mode="reflect")


FILLINGS: tuple[Callable[[NDArray[np.float32], int], NDArray[np.float32]], ...] = (as_is, silence, mirrored)


def main() -> None:
    """Print a line per length and filling."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", default="transferred")
    arguments = parser.parse_args()
    predictor = Predictor.open(checkpoints.choose_checkpoint(None, arguments.model))
    paths = [path for folder in arguments.folders for path in readers.find_records(folder)]
    records = [record for path in paths if (record := whole(path)) is not None]
    inputs = [predictor.card.preprocessing.apply(record) for record in records]
    ranks = ranks_of(predictor, inputs, records)
    print(f"{len(records)} recordings of 10 s; model {predictor.card.name}, checkpoint {predictor.card.id}")
    halves = [
        ranks_of(predictor, [predictor.card.preprocessing.apply(half(record, late)) for record in records], records)
        for late in (False, True)
    ]
    print(f"first and last 5 s of one recording: {told(halves[0], halves[1])}")
    print("| seconds | filling | change of rank, median (95th percentile) | 10 s accepted, then unlike the known |")
    print("|---|---|---|---|")
    for seconds in SECONDS:
        short = [predictor.card.preprocessing.apply(record.first_seconds(seconds)) for record in records]
        for filling in FILLINGS:
            filled = [filling(one, full.shape[1]) for one, full in zip(short, inputs, strict=True)]
            moved = told(ranks, ranks_of(predictor, filled, records))
            print(f"| {seconds:g} | {filling.__name__} | {moved} | {newly_unlike(predictor, inputs, filled)} |")


def whole(path: Path) -> Record | None:
    """Return a recording of 10 s that can be read, None for any other."""
    try:
        record = readers.read_record(path)
    except EcgktError:
        return None
    return record.first_seconds(10) if record.seconds >= 10 and assess(record).good else None


def half(record: Record, late: bool) -> Record:
    """Return the first or the last 5 s."""
    middle = round(5 * record.fs)
    return replace(record, signal=record.signal[:, middle:] if late else record.signal[:, :middle])


def ranks_of(predictor: Predictor, inputs: list[NDArray[np.float32]], records: list[Record]) -> NDArray[np.float64]:
    """Return the ranks (n, labels) of preprocessed inputs in the checkpoint's reference set."""
    found = predictor.read_logits(predictor.logits(inputs), records[0].domain).ranks
    if found is None:
        raise SystemExit("The checkpoint has no reference set.")
    return found


def told(one: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    """Return median and 95th percentile of how far ranks are apart, in percentage points."""
    apart = 100 * np.abs(one - other)
    return f"{np.median(apart):.1f} ({np.percentile(apart, 95):.1f}) points"


def newly_unlike(predictor: Predictor, inputs: list[NDArray[np.float32]], filled: list[NDArray[np.float32]]) -> str:
    """Return how many that the gate accepts whole it refuses when short."""
    gate, fs = predictor.card.gate, predictor.card.preprocessing.fs
    if gate is None:
        return "no gate"
    accepted = [gate.judge(appearance(one, fs))[1] is None for one in inputs]
    refused = [gate.judge(appearance(one, fs))[1] is not None for one in filled]
    lost = sum(before and after for before, after in zip(accepted, refused, strict=True))
    return f"{lost} of {sum(accepted)}"


if __name__ == "__main__":
    main()
