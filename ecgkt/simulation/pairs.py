"""The same simulated patient with and without one cause: which samples of the ECG the cause changed, and by how much.

Both recordings come from the same random streams: torso, noise, artefacts, cables and every number of the heart. The
beats stay where the ECG with the cause has them, so that the difference of the two is what the cause did to the waves
and never the shift of a beat. What follows from that for causes that act on timing:

- *rhythm* (fibrillation, flutter, pacing): without it the same beats are conducted from sinus P waves that lie the PR
  interval before them. What changes is the atrial wave, the P wave, the spike and the QRS; the irregularity itself has
  no place in the signal, and a model that reads it is not given credit for it.
- *PR*: the P wave is moved, and both its places have changed.
- *ectopy*: a premature ventricular beat is replaced by one of the usual shape at the same time; that it comes early has
  no place either.
- the *rate* changes where everything lies and no wave: there is no such pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import tracing_labels
from ecgkt.domain import Record
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.simulation.causes import CAUSES, TIMING_CAUSES
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.patients import Patient, draw_patient
from ecgkt.simulation.plans import Plan, plan_record, plan_tracing, recording_hours
from ecgkt.simulation.readings import read_tracings
from ecgkt.simulation.rhythms import DOMINANT
from ecgkt.simulation.settings import FS, SimulationSettings
from ecgkt.simulation.tracing import FIBRILLATION, FLUTTER, PACED, SINUS, Tracing
from ecgkt.simulation.waveforms import clean_leads, synthesise

VISIBLE_MV = 0.05
"""A cause that changes no lead by half a millimetre on the paper cannot be expected to be pointed at."""


May = Callable[[Tracing, Patient], bool]


@dataclass(frozen=True)
class KnownCause:
    """A cause that can be taken away, and a target that it makes positive.

    `without` are the causes of the simulator that are taken away, `may` says of a tracing and its patient whether the
    cause acts in the sense of the target. A target on the tracing must also be read with the cause and not without.
    """

    name: str
    target: str
    without: frozenset[str]
    may: May


@dataclass(frozen=True, eq=False)
class Pair:
    """One patient's recording `given` with a cause, the same one `without` it, and the plans of both.

    `change` (12, 5000) float32 mV at 500 Hz is what the cause added to the leads as the heart gives them: no noise and
    no filter, which would spread a change over samples where the cause did nothing.
    """

    known: KnownCause
    patient: int
    given: Record
    without: Record
    change: NDArray[np.float32]
    plans: tuple[Plan, Plan]

    def change_at(self, fs: float) -> NDArray[np.float64]:
        """Return the change (12, n) in mV at a model's rate, aligned with the start of the recording."""
        from scipy.signal import resample_poly

        ratio = Fraction(fs / FS).limit_denominator(1000)
        found: NDArray[np.float64] = resample_poly(
            self.change.astype(np.float64), ratio.numerator, ratio.denominator, axis=1
        )
        return found


def _scar(where: str) -> May:
    return lambda t, p: t.scar == where


def _conduction(kind: str) -> May:
    return lambda t, p: t.conduction == kind and t.rhythm != PACED


_TABLE: tuple[tuple[str, str, str, May], ...] = (
    ("high potassium", "potassium_high e87_hyperkalaemia", "high_potassium", lambda t, p: t.t_peaking > 0.1),
    ("low potassium", "potassium_low e87_hypokalaemia", "low_potassium", lambda t, p: t.st_sag_mv > 0.005),
    ("low calcium", "calcium_ionised_low e83_hypocalcaemia long_qt", "calcium", lambda t, p: t.st_length_ms > 8),
    ("high calcium", "calcium_ionised_high e83_hypercalcaemia", "calcium", lambda t, p: t.st_length_ms < -8),
    ("QT-prolonging drug", "long_qt", "qt_drug", lambda t, p: p.has("qt_drug")),
    ("left ventricular mass", "left_ventricular_hypertrophy", "left_ventricular_mass", lambda t, p: t.left_mass > 0.3),
    (
        "right ventricular mass",
        "right_ventricular_hypertrophy",
        "right_ventricular_mass",
        lambda t, p: t.right_mass > 0.3,
    ),
    ("left atrial enlargement", "left_atrial_enlargement", "left_atrium", lambda t, p: t.left_atrium > 0.45),
    ("injury", "st_elevation i21_acute_myocardial_infarction", "injury", lambda t, p: bool(t.injury)),
    ("pericarditis", "st_elevation", "pericarditis", lambda t, p: t.pericarditis > 0),
    ("early repolarisation", "st_elevation", "early_repolarisation", lambda t, p: t.early_repolarisation > 0),
    ("ischaemia", "st_depression", "ischaemia", lambda t, p: bool(t.ischaemia)),
    ("digoxin", "st_depression", "digoxin", lambda t, p: t.scoop > 0),
    ("primary T inversion", "t_wave_inversion", "t_inversion", lambda t, p: bool(t.t_inversion)),
    ("old anterior infarction", "anterior_infarction", "old_infarction", _scar("anterior")),
    ("old inferior infarction", "inferior_infarction", "old_infarction", _scar("inferior")),
    ("left bundle branch block", "left_bundle_branch_block", "conduction", _conduction("lbbb")),
    ("right bundle branch block", "right_bundle_branch_block", "conduction", _conduction("rbbb")),
    (
        "incomplete right bundle branch block",
        "incomplete_right_bundle_branch_block",
        "conduction",
        _conduction("irbbb"),
    ),
    ("intraventricular conduction delay", "intraventricular_conduction_delay", "conduction", _conduction("ivcd")),
    ("pre-excitation", "pre_excitation", "conduction pr", lambda t, p: t.conduction == "pre_excitation"),
    ("left anterior fascicular block", "left_anterior_fascicular_block", "fascicular_block", lambda t, p: t.fascicular),
    ("effusion", "low_qrs_voltage", "effusion", lambda t, p: t.voltage < 0.6),
    ("cold", "long_qt", "temperature", lambda t, p: t.osborn_mv > 0),
    ("long PR", "first_degree_av_block", "pr", lambda t, p: t.rhythm == SINUS and t.pr_ms > 200),
    ("fibrillation", "atrial_fibrillation", "rhythm", lambda t, p: t.rhythm == FIBRILLATION),
    ("flutter", "atrial_flutter", "rhythm", lambda t, p: t.rhythm == FLUTTER),
    ("pacing", "paced_rhythm", "rhythm", lambda t, p: t.rhythm == PACED),
    ("ventricular ectopy", "ventricular_ectopy", "ectopy", lambda t, p: t.premature_ventricular > 0),
)
"""A cause, the targets that it makes positive, what is left out of its twin, and where it may act."""

KNOWN_CAUSES: tuple[KnownCause, ...] = tuple(
    KnownCause(name, target, frozenset(without.split()), may)
    for name, targets, without, may in _TABLE
    for target in targets.split()
)
"""Every cause with a target that it makes positive, in the order of the tables."""


def known_cause(name: str, target: str) -> KnownCause:
    """Return one of `KNOWN_CAUSES`; raises UnknownName where there is none."""
    for known in KNOWN_CAUSES:
        if (known.name, known.target) == (name, target):
            return known
    told = ", ".join(f"{one.name} ({one.target})" for one in KNOWN_CAUSES)
    raise UnknownName(f"a cause and its target among {told}", f"{name} ({target})", "choose one of them")


def plan_without(seed: int, plan: Plan, settings: SimulationSettings, causes: frozenset[str]) -> Plan:
    """Return the plan of the same recording without these causes, every ventricular beat where it was.

    Raises InvalidValue for the rate and for a cause that the simulator does not have.
    """
    for cause in causes:
        if cause == "rate" or (cause not in CAUSES and cause not in TIMING_CAUSES):
            raise InvalidValue("a cause that changes waves", cause, "see ecgkt.simulation.causes")
    patient, number, timing = plan.patient, plan.number, plan.timing
    hours = recording_hours(seed, patient, settings)[number]
    tracing = draw_tracing(seed, patient, number, settings, hours, causes)
    if "ischaemia" not in causes:  # it may follow from the rate, which another rhythm would change
        tracing = replace(tracing, ischaemia=plan.tracing.ischaemia, ischaemia_mv=plan.tracing.ischaemia_mv)
    if "ectopy" in causes:
        timing = replace(timing, kind=np.full_like(timing.kind, DOMINANT))
    if "rhythm" in causes and plan.tracing.rhythm != SINUS:
        conducted = timing.ventricular[timing.kind == DOMINANT] - tracing.pr_ms / 1000
        timing = replace(timing, atrial=conducted, atrial_kind=np.zeros(len(conducted), dtype=np.intp))
    elif "pr" in causes:
        timing = replace(timing, atrial=timing.atrial + (plan.tracing.pr_ms - tracing.pr_ms) / 1000)
    return plan_tracing(seed, patient, number, tracing, settings, timing)


def may_act(seed: int, number: int, settings: SimulationSettings) -> tuple[KnownCause, ...]:
    """Return the causes that may act on a patient's first recording: quick, without making its waves."""
    patient = draw_patient(seed, number, settings)
    tracing = draw_tracing(seed, patient, 0, settings)
    return tuple(known for known in KNOWN_CAUSES if known.may(tracing, patient))


def find_pair(seed: int, number: int, known: KnownCause, settings: SimulationSettings) -> Pair | None:
    """Return the first recording of a patient with and without a cause; None where the cause does not act.

    It acts where it changes some lead by `VISIBLE_MV` and, for a target on the tracing, where the target is read from
    the wave with the cause and not without.
    """
    patient = draw_patient(seed, number, settings)
    if not known.may(draw_tracing(seed, patient, 0, settings), patient):
        return None
    plan = plan_record(seed, number, 0, settings)
    twin = plan_without(seed, plan, settings, known.without)
    if known.target in tracing_labels().names:
        read = [reading.labels[known.target] for reading in read_tracings([plan, twin])]
        if not read[0] or read[1]:
            return None
    clean = clean_leads([plan, twin]).numpy()
    change = clean[0] - clean[1]
    if np.abs(change).max() < VISIBLE_MV:
        return None
    given, without = (
        Record(signal, FS, "simulated", Domain.SIMULATED, patient.age, "male" if patient.male else "female")
        for signal in synthesise([plan, twin]).numpy()
    )
    return Pair(known, number, given, without, change, (plan, twin))
