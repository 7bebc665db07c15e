"""The one door through which the app simulates: a patient under dials, with the truth that the dials set.

Patient, torso, noise and every random number stay the same from one position to the next; only what a dial says is
another. Each dial acts alone: a given heart rate is the rate, although potassium or cold would slow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import (
    Lab,
    Sensitivity,
    dial_patients,
    dial_seed,
    dials,
    ischaemia_kinds,
    lab_panel,
    sensitivities,
)
from ecgkt.catalogue.dials import ISCHAEMIA
from ecgkt.domain import Domain, Record
from ecgkt.errors import InvalidValue
from ecgkt.simulation.coding import lab_truth
from ecgkt.simulation.course import course
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.patients import Patient, draw_patient
from ecgkt.simulation.plans import Plan, plan_tracing
from ecgkt.simulation.readings import Reading, read_tracings
from ecgkt.simulation.settings import FS, SimulationSettings
from ecgkt.simulation.tracing import Tracing
from ecgkt.simulation.waveforms import synthesise

SETTINGS = SimulationSettings(artefacts=0.5, faulty=0.0)
_MG_PER_MMOL = 0.118
_INJURY_AGE = 0.0


@dataclass(frozen=True)
class Position:
    """Where the dials stand: the patient and the sensitivity by name, each dial's value in its unit, what ischaemia.

    A dial that is not named stands at its start. Raises InvalidValue for a name or a value that no dial has.
    """

    patient: str
    sensitivity: str = "typical"
    values: Mapping[str, float] = field(default_factory=dict)
    ischaemia: str = "elevation_anterior"

    def __post_init__(self) -> None:
        for what, name, known in (
            ("patient", self.patient, list(dial_patients())),
            ("sensitivity", self.sensitivity, list(sensitivities())),
            ("kind of ischaemia", self.ischaemia, list(ischaemia_kinds())),
            *(("dial", name, list(dials())) for name in self.values),
        ):
            if name not in known:
                raise InvalidValue(f"a {what} among {', '.join(known)}", repr(name), "correct the spelling")
        full = {name: float(self.values.get(name, one.start)) for name, one in dials().items()}
        for name, value in full.items():
            one = dials()[name]
            if not one.low <= value <= one.high:
                raise InvalidValue(
                    f"{one.title} from {one.told(one.low)} to {one.told(one.high)}", f"{value:g}", "move"
                )
        object.__setattr__(self, "values", full)

    def at(self, name: str, value: float) -> Position:
        """Return the position with one dial moved."""
        return replace(self, values={**self.values, name: value})


@dataclass(frozen=True, eq=False)
class Dialled:
    """A simulated recording and its truth.

    `blood` is by analyte in the panel's units; `labels` are 1 or 0 by label of tracing and laboratory: what the wave
    shows by the catalogue's rules, and whether a value lies outside the usual range. Codes have no truth here: they
    follow a stay. `intervals` are rate (per minute), PR, QRS and QTc (ms) of the wave as made, PR NaN where there is
    none; `t_mv` (12,) the T wave's largest deflection in each lead.
    """

    position: Position
    record: Record
    blood: Mapping[str, float]
    labels: Mapping[str, float]
    intervals: Mapping[str, float]
    t_mv: NDArray[np.float64]


def simulate(positions: Sequence[Position]) -> tuple[Dialled, ...]:
    """Return one recording per position, each the same for the same position."""
    states = [_state(position) for position in positions]
    plans = [plan for plan, _ in states]
    signals = synthesise(plans).numpy()
    readings = read_tracings(plans)
    found = zip(positions, states, signals, readings, strict=True)
    return tuple(_dialled(position, *state, signal, reading) for position, state, signal, reading in found)


def _state(position: Position) -> tuple[Plan, dict[str, float]]:
    """Return the plan of a position and the blood that stands behind it."""
    seed = dial_seed()
    drawn = draw_patient(seed, dial_patients()[position.patient].number, SETTINGS)
    patient = replace(drawn, sensitivity=_answers(drawn, sensitivities()[position.sensitivity]))
    given = {dials()[name].given: value for name, value in position.values.items() if name != ISCHAEMIA}
    blood = course(patient, patient.ecg_latents, patient.ecg_wander, 0.0)
    blood["calcium_total"] += (given["calcium_ionised"] - blood["calcium_ionised"]) / _MG_PER_MMOL
    blood.update({name: value for name, value in given.items() if name in blood})
    tracing = draw_tracing(seed, patient, 0, SETTINGS, given=given)
    _make_ischaemic(tracing, position)
    return plan_tracing(seed, patient, 0, tracing, SETTINGS), blood


def _usual(analyte: Lab) -> tuple[float, float]:
    low, high = (np.nan if limit is None else limit for limit in analyte.usual)
    return low, high


def _answers(patient: Patient, chosen: Sensitivity) -> dict[str, float]:
    """Return the patient's sensitivities, those to what the dials turn as chosen."""
    turned = {"high_potassium": chosen.high_potassium, "low_potassium": chosen.other, "calcium": chosen.other}
    return {**patient.sensitivity, **turned}


def _make_ischaemic(t: Tracing, position: Position) -> None:
    """Give a tracing the ischaemia of the dial and no other, in place."""
    kind, _, where = position.ischaemia.partition("_")
    size = position.values[ISCHAEMIA]
    t.injury = t.ischaemia = ""
    t.injury_mv = t.ischaemia_mv = 0.0
    if size and kind == "elevation":
        t.injury, t.injury_mv, t.injury_age = where, size, _INJURY_AGE
    elif size:
        t.ischaemia, t.ischaemia_mv = where, size


def _dialled(
    position: Position, plan: Plan, blood: dict[str, float], signal: NDArray[np.float32], reading: Reading
) -> Dialled:
    patient = plan.patient
    sex = "male" if patient.male else "female"
    record = Record(signal, FS, "simulator", Domain.SIMULATED, float(round(patient.age)), sex)
    values = {one.name: (blood[one.name], "", *_usual(one)) for one in lab_panel() if one.name in blood}
    labels = {**reading.labels, **lab_truth(values)}
    intervals = {"rate": reading.rate, "pr": reading.pr_ms, "qrs": reading.qrs_ms, "qtc": reading.qtc_ms}
    return Dialled(position, record, blood, labels, intervals, np.asarray(reading.t))
