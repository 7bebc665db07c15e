"""The gate of a checkpoint: fitted on a named set of real ECGs, its rates measured on what was kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.checkpoints import Gate, Rate
from ecgkt.checkpoints.gates import Measure
from ecgkt.data.collections import open_collection
from ecgkt.domain.records import Domain, Record
from ecgkt.errors import EcgktError, InvalidCohort
from ecgkt.evaluation.novelty import LIMIT_PERCENTILE, fit_spread, fold_of, limit_of
from ecgkt.reports.scoring import Progress
from ecgkt.signals.appearance import GROUPS, appearance
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.signals.quality import assess
from ecgkt.signals.spoiling import WAYS, spoilt
from ecgkt.simulation import SimulationSettings, simulate_arrays

SPOILT_EACH = 60
BESIDE = 100
LEAST = 0.15
"""A difference of this much in a logarithm or a share means nothing, however alike the set is."""
SEED_FITTED, SEED_MEASURED = 987_655, 987_654
"""Of simulated patients that no training has used."""
REAL, SPOILT, SIMULATED = "real", "real, spoilt on purpose", "simulated"


@dataclass(frozen=True, eq=False)
class Seen:
    """Recordings of one name that can be judged: their appearance (n, d), the subject (n,) of each, and where from."""

    name: str
    appearances: NDArray[np.float64]
    subjects: NDArray[np.int64]
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.appearances)

    def take(self, rows: NDArray[np.bool_]) -> Seen:
        """Return some of them."""
        return replace(self, appearances=self.appearances[rows], subjects=self.subjects[rows])


def read_records(folder: Path) -> tuple[str, tuple[Record, ...], NDArray[np.int64]]:
    """Return a folder's name, its records that can be judged, and their subjects where it is a known collection."""
    try:
        collection = open_collection(folder)
        name, paths, subjects = collection.name, list(collection.paths), collection.subject_ids
    except InvalidCohort:
        paths = readers.find_records(folder)
        name, subjects = folder.name, np.arange(len(paths))
    kept, records = [], []
    for row, path in enumerate(paths):
        try:
            record = readers.read_record(path)
        except EcgktError:
            continue
        if assess(record).good:
            kept.append(row)
            records.append(record)
    if not kept:
        raise InvalidCohort("records that can be read", f"none of {len(paths)}", f"check {folder.name}")
    return name, tuple(records), subjects[kept]


def see(
    name: str,
    records: Sequence[Record],
    subjects: NDArray[np.int64],
    preprocessing: Preprocessing,
    progress: Progress = iter,
) -> Seen:
    """Return what a gate reads of records."""
    rows = [appearance(preprocessing.apply(records[row]), preprocessing.fs) for row in progress(range(len(records)))]
    simulated = all(record.domain is Domain.SIMULATED for record in records)
    return Seen(name, np.array(rows), np.asarray(subjects, dtype=np.int64), simulated)


def simulate_seen(count: int, seed: int, preprocessing: Preprocessing) -> Seen:
    """Return simulated recordings of a seed that no training has used."""
    signals = simulate_arrays(count, seed, SimulationSettings(faulty=0.0)).signals
    records = [Record(signal, 500.0, "simulated", domain=Domain.SIMULATED) for signal in signals]
    return see("a new seed", records, np.arange(count), preprocessing)


def spoil_all(
    records: Sequence[Record],
    subjects: NDArray[np.int64],
    preprocessing: Preprocessing,
    each: int = SPOILT_EACH,
    progress: Progress = iter,
) -> tuple[dict[str, Seen], dict[str, int]]:
    """Return up to `each` records spoilt in every way, and how many of these are refused before any gate."""
    chosen = np.unique(np.linspace(0, len(records) - 1, min(each, len(records))).astype(int))
    found, refused = {}, {}
    for place in progress(range(len(WAYS))):
        way = WAYS[place]
        bad = [spoilt(records[row], way, np.random.default_rng([place, int(row)])) for row in chosen]
        good = np.array([assess(record).good for record in bad])
        refused[way] = int((~good).sum())
        kept = [record for record, fine in zip(bad, good, strict=True) if fine]
        found[way] = see(way, kept, subjects[chosen][good], preprocessing)
    return found, refused


def fit_gate(reference: Seen, name: str, source: str, beside: Seen | None = None) -> Gate:
    """Fit a gate on a reference set, with simulated recordings `beside` it where the model scores these too.

    Each measure's limit is the 99th percentile of what was left out of its fit, in five folds by subject; all limits
    are then widened alike, until one in a hundred of the left-out records lies beyond any of them.
    """
    points, subjects = reference.appearances, reference.subjects
    if beside is not None:
        points = np.concatenate([points, beside.appearances])
        subjects = np.concatenate([subjects, -1 - beside.subjects])
    edges = np.cumsum([len(names) for names in GROUPS.values()])[:-1]
    parts = np.split(points, edges, axis=1)
    limits, left_out = zip(*(limit_of(part, subjects, least=LEAST) for part in parts), strict=True)
    shares = np.max([distance / limit for distance, limit in zip(left_out, limits, strict=True)], axis=0)
    wider = float(np.percentile(shares, LIMIT_PERCENTILE))
    measures = [
        Measure(group, fit_spread(part, least=LEAST), float(f"{limit * wider:.6g}"))
        for group, part, limit in zip(GROUPS, parts, limits, strict=True)
    ]
    with_simulated = "" if beside is None else f" and {len(beside)} simulated"
    fit = f"99th percentile of left-out records, 5 folds by subject, over {len(measures)} measures together"
    return Gate(name + with_simulated, source, len(points), fit, tuple(measures))


def measure_gate(
    reference: Seen,
    spoilt_ones: dict[str, Seen],
    refused: dict[str, int],
    others: Sequence[Seen],
    simulated: Seen | None,
    gate: Gate,
    beside: Seen | None,
) -> Gate:
    """Return the gate with its rates.

    The reference set and what was spoilt of it are judged by gates that were fitted on the other half of its patients;
    the others, which are in no fit, by the gate itself.
    """
    half = fold_of(reference.subjects, 2)
    halves = [
        fit_gate(reference.take(half == k), gate.name, gate.source, None if beside is None else _half(beside, k))
        for k in (0, 1)
    ]

    def apart(seen: Seen) -> int:
        return sum(_beyond(halves[1 - k], _half(seen, k)) for k in (0, 1))

    rates = [Rate(REAL, f"{reference.name}, by a gate of the other half", apart(reference), len(reference))]
    for seen in (*others, *([] if simulated is None else [simulated])):
        rates.append(Rate(SIMULATED if seen.simulated else REAL, seen.name, _beyond(gate, seen), len(seen)))
    rates += [
        Rate(SPOILT, way, refused[way] + apart(seen), refused[way] + len(seen)) for way, seen in spoilt_ones.items()
    ]
    return replace(gate, rates=tuple(rates))


def _half(seen: Seen, k: int) -> Seen:
    return seen.take(fold_of(seen.subjects, 2) == k)


def _beyond(gate: Gate, seen: Seen) -> int:
    return int((gate.shares(seen.appearances) > 1).any(axis=1).sum()) if len(seen) else 0
