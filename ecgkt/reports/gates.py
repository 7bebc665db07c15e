"""The gate of a checkpoint: fitted on a named set of real ECGs, its rates measured on what was kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.checkpoints.gates import TRACING, Gate, Measure, Rate
from ecgkt.data.collections import open_collection
from ecgkt.domain.records import Domain, Record
from ecgkt.errors import EcgktError, InvalidCohort
from ecgkt.evaluation.novelty import LIMIT_PERCENTILE, fit_spread, fold_of, limit_of
from ecgkt.inference import Predictor
from ecgkt.reports.scoring import Progress
from ecgkt.signals.quality import assess
from ecgkt.signals.spoiling import NO_ECG, WAYS, spoilt
from ecgkt.simulation import SimulationSettings, simulate_arrays

COMPONENTS = 24
SPOILT_EACH = 100
SIMULATED_SEED = 987_654
MEASURES = (TRACING,)
Seen = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Records:
    """Real recordings that can be read and judged, one name, and the subject (n,) of each."""

    name: str
    records: tuple[Record, ...]
    subjects: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.records)

    def take(self, rows: NDArray[np.intp]) -> Records:
        """Return some of them."""
        return Records(self.name, tuple(self.records[row] for row in rows), self.subjects[rows])


def read_records(folder: Path, name: str = "", progress: Progress = iter) -> Records:
    """Read a folder of recordings, by subject where it is a known collection; what cannot be judged is left out."""
    try:
        collection = open_collection(folder)
        paths, subjects, name = collection.paths, collection.subject_ids, name or collection.name
    except InvalidCohort:
        paths = tuple(readers.find_records(folder))
        subjects, name = np.arange(len(paths)), name or folder.name
    kept, found = [], []
    for row in progress(range(len(paths))):
        try:
            record = readers.read_record(paths[row])
        except EcgktError:
            continue
        if assess(record).good:
            kept.append(row)
            found.append(record)
    if not found:
        raise InvalidCohort("records that can be read", f"none of {len(paths)}", "check the folder")
    return Records(name, tuple(found), subjects[np.array(kept)])


def simulated_records(count: int) -> Records:
    """Return simulated recordings of a seed that no training has used."""
    signals = simulate_arrays(count, SIMULATED_SEED, SimulationSettings(faulty=0.0)).signals
    found = tuple(Record(signal, 500.0, "simulated", domain=Domain.SIMULATED) for signal in signals)
    return Records("simulated, new seed", found, np.arange(count))


def see(predictor: Predictor, records: Sequence[Record]) -> Seen:
    """Return what the measures read of records that can be judged, (n, d) each."""
    inputs = [predictor.card.preprocessing.apply(record) for record in records]
    embeddings = predictor.embed(inputs)[0]
    return predictor.seen(inputs, embeddings)


def gate_of(predictor: Predictor, reference: Records, source: str, components: int = COMPONENTS) -> Gate:
    """Fit a gate on a reference set; rates come later."""
    return _fit(see(predictor, reference.records), reference, source, components)
