"""Each cause moves what its row in docs/simulation.md says, where it says; labels agree with what is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.signals.measurements import Measurements, measure
from ecgkt.simulation import SimulatedArrays, SimulationSettings, simulate_arrays
from ecgkt.simulation.patients import draw_patient
from ecgkt.simulation.plans import plan_tracing
from ecgkt.simulation.readings import Reading, read_tracings
from ecgkt.simulation.tracing import Tracing

QUIET = SimulationSettings(artefacts=0.0, faulty=0.0)
SEED = 3


def read(patient: int, **changes: object) -> Reading:
    tracing = replace(Tracing(normal_st_mv=0.05), **changes)
    return read_tracings([plan_tracing(SEED, draw_patient(SEED, patient, QUIET), 0, tracing, QUIET)])[0]


def change(wave: str, lead: str, **changes: object) -> float:
    """Return the mean change over patients of one wave in one lead, mV."""
    row = LEADS.index(lead)
    pairs = [(read(patient), read(patient, **changes)) for patient in range(8)]
    return float(np.mean([getattr(after, wave)[row] - getattr(before, wave)[row] for before, after in pairs]))


ROWS: dict[str, tuple[dict[str, object], list[tuple[str, str, float, float]]]] = {
    "muscle mass: tall in V5 and V6, deep in V1, T down there": (
        {"left_mass": 1.0},
        [("r", "V6", 0.3, 1.5), ("r", "V5", 0.2, 1.8), ("s", "V1", 0.1, 1.2), ("t", "V6", -0.5, -0.08)],
    ),
    "strain: ST and T down laterally, T up in V1": (
        {"strain": 1.0},
        [("st", "V6", -0.15, -0.02), ("t", "V6", -0.6, -0.1), ("t", "aVL", -0.5, -0.02), ("r", "V6", -0.02, 0.02)],
    ),
    "right ventricular mass: R in V1, R smaller in V6": (
        {"right_mass": 1.0},
        [("r", "V1", 0.1, 1.5), ("r", "V6", -1.5, -0.1)],
    ),
    "pericarditis: ST up in II and V5, down in aVR": (
        {"pericarditis": 0.2},
        [("st", "II", 0.05, 0.4), ("st", "V5", 0.05, 0.4), ("st", "aVR", -0.3, -0.05)],
    ),
    "diffuse ischaemia: ST down in V5, up in aVR": (
        {"ischaemia": "diffuse", "ischaemia_mv": 0.15},
        [("st", "V5", -0.3, -0.03), ("st", "aVR", 0.02, 0.3)],
    ),
    "anterior scar: R lost in V2 and V3": (
        {"scar": "anterior", "scar_size": 1.0},
        [("r", "V2", -1.0, -0.05), ("r", "V3", -1.5, -0.1)],
    ),
    "inferior scar: Q in III and aVF": (
        {"scar": "inferior", "scar_size": 1.0},
        [("s", "III", 0.02, 1.0), ("r", "aVF", -1.0, -0.05)],
    ),
    "scooped ST of digoxin": ({"scoop": 0.15}, [("t", "V1", -0.2, 0.2), ("st", "V5", -0.1, 0.0)]),
    "early repolarisation: ST up in V3": ({"early_repolarisation": 0.2}, [("st", "V3", 0.03, 0.4)]),
    "posterior injury: ST down in V2": ({"injury": "posterior", "injury_mv": 0.3}, [("st", "V2", -0.6, -0.08)]),
    "low potassium: T flat": ({"t_gain": 0.4}, [("t", "V4", -0.8, -0.08), ("r", "V4", -0.02, 0.02)]),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_cause_moves_what_its_row_says(row):
    changes, wanted = ROWS[row]
    for wave, lead, low, high in wanted:
        assert low <= change(wave, lead, **changes) <= high, (wave, lead)


def test_a_turned_axis_is_read_as_turned():
    turns = [read(1, axis_turn=degrees).qrs_axis for degrees in (-60, 0, 60)]
    assert turns[0] < turns[1] - 25 < turns[2] - 50


@pytest.fixture(scope="module")
def clean() -> tuple[SimulatedArrays, list[Measurements]]:
    arrays = simulate_arrays(90, 8, replace(QUIET, enrichment=4.0))
    return arrays, [measure(signal, 500.0) for signal in arrays.signals]


def value(found: Measurements, name: str) -> float:
    measured = found.values[name].value
    return float("nan") if measured is None else measured


AGREES: dict[str, Callable[[Measurements, bool], bool]] = {
    "sinus_tachycardia": lambda m, told: not told or value(m, "heart_rate") > 96,
    "sinus_bradycardia": lambda m, told: not told or value(m, "heart_rate") < 63,
    "first_degree_av_block": lambda m, told: not told or not value(m, "pr") < 190,
    "left_bundle_branch_block": lambda m, told: not told or value(m, "qrs") > 114,
    "right_bundle_branch_block": lambda m, told: not told or value(m, "qrs") > 114,
    "atrial_fibrillation": lambda m, told: not told or value(m, "rr_sd") > 30,
}


def share_agreeing(arrays: SimulatedArrays, found: list[Measurements], rolled: int = 0) -> float:
    """Return the share of positive labels that the measured signal agrees with, labels moved on by some records."""
    names = arrays.labels.labels.names
    values = np.roll(arrays.labels.values, rolled, axis=0)
    told = [
        agrees(found[row], True)
        for name, agrees in AGREES.items()
        for row in np.flatnonzero(values[:, names.index(name)] == 1)
    ]
    assert len(told) > 15
    return float(np.mean(told))


@pytest.mark.slow
def test_labels_agree_with_what_is_measured_on_the_signal(clean):
    assert share_agreeing(*clean) > 0.9


def test_labels_of_other_records_are_caught(clean):
    assert share_agreeing(*clean, rolled=7) < 0.6
