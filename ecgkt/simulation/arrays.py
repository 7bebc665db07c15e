"""Simulated recordings in memory, with their truth and the patient's values, for training and tests without files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels, feature_specs
from ecgkt.domain import FeatureTable, LabelTable
from ecgkt.domain.features import Role
from ecgkt.simulation.coding import lab_truth, visit_truth
from ecgkt.simulation.plans import Plan, plan_record
from ecgkt.simulation.readings import Reading, read_tracings
from ecgkt.simulation.settings import SimulationSettings
from ecgkt.simulation.visits import Visit, draw_visit
from ecgkt.simulation.waveforms import synthesise


@dataclass(frozen=True, eq=False)
class SimulatedArrays:
    """`signals` (n, 12, 5000) float32 mV at 500 Hz, leads as in `LEADS`; labels and features row by row.

    `labels` holds every label of the catalogue, lab labels NaN where the test was not ordered; `features` the
    values drawn nearest the ECG, NaN where not measured.
    """

    signals: NDArray[np.float32]
    labels: LabelTable
    features: FeatureTable
    plans: tuple[Plan, ...]
    readings: tuple[Reading, ...]


def simulate_arrays(
    n: int,
    seed: int,
    settings: SimulationSettings | None = None,
    *,
    first: int = 0,
    device: str = "cpu",
    signals: bool = True,
) -> SimulatedArrays:
    """Simulate the first recordings of patients `first` to `first + n`; without `signals` they stay empty (0 rows)."""
    settings = settings or SimulationSettings()
    plans = [plan_record(seed, number, 0, settings) for number in range(first, first + n)]
    readings = read_tracings(plans)
    visits = [draw_visit(seed, plan.patient, plan.tracing, settings) for plan in plans]
    samples = synthesise(plans if signals else [], torch.device(device)).cpu().numpy()
    return SimulatedArrays(samples, label_table(readings, visits), feature_table(visits), tuple(plans), tuple(readings))


def label_table(readings: Sequence[Reading], visits: Sequence[Visit]) -> LabelTable:
    """Return every label of the catalogue for these recordings."""
    labels = all_labels()
    values = np.full((len(visits), len(labels)), np.nan, dtype=np.float32)
    for row, (reading, visit) in enumerate(zip(readings, visits, strict=True)):
        known = {**reading.labels, **visit_truth(visit.present_codes), **lab_truth(printed(visit))}
        for column, name in enumerate(labels.names):
            values[row, column] = float(known.get(name, np.nan))
    return LabelTable(labels, values)


def printed(visit: Visit) -> dict[str, tuple[float, str, float, float]]:
    """Return by analyte the value (or bound with its sign) nearest the first ECG with its printed range."""
    found = visit.results
    return {
        name: (float(found.value[row]), str(found.sign[row]), float(found.low[row]), float(found.high[row]))
        for name, row in visit.nearest().items()
    }


def feature_table(visits: Sequence[Visit]) -> FeatureTable:
    """Return the values nearest the ECG, in the role of alignment partner."""
    specs = feature_specs(Role.ALIGNMENT_PARTNER)
    values = [
        [measured.get(spec.name, np.nan) for spec in specs] for measured in (visit.measured() for visit in visits)
    ]
    return FeatureTable(specs, np.array(values, dtype=np.float32).reshape(len(visits), len(specs)))
