"""From a cart's measured intervals and axes to the plan of a simulated recording that has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import statements_row, tracing_labels
from ecgkt.mimic.tables import REPORTS
from ecgkt.mimic.waveforms import MISSING_MEASUREMENT
from ecgkt.simulation.artefacts import Artefacts
from ecgkt.simulation.heartbeats import QRS_WAVES, Beat, PWave
from ecgkt.simulation.patients import ANALYTES, LATENTS, SENSITIVITIES, WAVES, Patient
from ecgkt.simulation.plans import Plan, beat_times, plan_tracing
from ecgkt.simulation.readings import lead_rows
from ecgkt.simulation.rhythms import Timing
from ecgkt.simulation.settings import SimulationSettings, generator
from ecgkt.simulation.sources import electrode_matrix
from ecgkt.simulation.tracing import FIBRILLATION, JUNCTIONAL, PACED, SINUS, SUPRAVENTRICULAR, Tracing
from ecgkt.simulation.waveforms import beat_shape

USUAL = {
    "rr": 800.0,
    "p": 108.0,
    "pr": 160.0,
    "qrs": 92.0,
    "qt": 390.0,
    "p_axis": 55.0,
    "qrs_axis": 35.0,
    "t_axis": 45.0,
}
"""What stands in for a number that was not measured, ms and degrees."""
_POSSIBLE = {"rr": (280, 2400), "p": (30, 220), "pr": (40, 400), "qrs": (50, 230), "qt": (210, 740)}
WIDE_MS, SLOW, PACED_UP_TO, FAST, LEFT_DEGREES = 120.0, 40.0, 100.0, 150.0, -30.0
_LEAST_AREA = 1e-9
_SEEN_LONGER = {"p": 11.0, "pr": 2.0, "qrs": 16.0, "qt": 3.0}
"""By how many ms a wave is seen to outlast its plan: it is a sum of bells, whose feet the plan does not count."""


@dataclass(frozen=True)
class MeasuredIntervals:
    """One study's numbers, in ms and degrees (-180 to 180): rr, p, pr, qrs, qt, p_axis, qrs_axis, t_axis.

    A name that is not in `values` was not measured, or not possibly so. `bandwidth`, `filtering` and
    `statements` (report_0 to report_17) are as printed.
    """

    subject_id: int
    study_id: int
    at: datetime
    values: Mapping[str, float]
    bandwidth: str = ""
    filtering: str = ""
    statements: tuple[str, ...] = ()

    def get(self, name: str) -> float:
        """Return the measured number, or the usual one."""
        return self.values.get(name, USUAL[name])


def intervals_of(row: Mapping[str, str]) -> MeasuredIntervals:
    """Return the intervals of a machine_measurements row; 29999, an RR of 0 and impossible numbers are left out.

    The cart gives P onset without P end where it could not say how long P lasts: then PR is known alone. A row without
    a possible QRS has no numbers at all.
    """
    found = {name: _number(row[name]) for name in ("p_onset", "p_end", "qrs_onset", "qrs_end", "t_end")}
    spans = {
        "rr": _number(row["rr_interval"]),
        "p": found["p_end"] - found["p_onset"],
        "pr": found["qrs_onset"] - found["p_onset"],
        "qrs": found["qrs_end"] - found["qrs_onset"],
        "qt": found["t_end"] - found["qrs_onset"],
    }
    values = {name: span for name, span in spans.items() if _POSSIBLE[name][0] <= span <= _POSSIBLE[name][1]}
    for name in ("p_axis", "qrs_axis", "t_axis"):
        degrees = _number(row[name])
        if -180 <= degrees <= 270:
            values[name] = degrees - 360 if degrees > 180 else degrees
    if values.get("p", 0) > values.get("pr", np.inf):
        del values["p"]
    if "qrs" not in values:
        values = {}
    if "pr" not in values:
        values = {name: value for name, value in values.items() if name not in ("p", "p_axis")}
    return MeasuredIntervals(
        int(row["subject_id"]),
        int(row["study_id"]),
        datetime.strptime(row["ecg_time"], "%Y-%m-%d %H:%M:%S"),
        values,
        row.get("bandwidth", ""),
        row.get("filtering", ""),
        tuple(row[name] for name in REPORTS if row.get(name)),
    )


def _number(text: str) -> float:
    """Return a number as printed, NaN where it is empty or stands for missing."""
    value = float(text) if text.strip() else np.nan
    return value if value < MISSING_MEASUREMENT else np.nan


def rhythm_of(measured: MeasuredIntervals) -> str:
    """Return the rhythm to simulate: sinus where PR was measured, or nothing at all; else the cart saw no P wave.

    Then it is what the statements say (fibrillation, pacing); without statements paced up to 100/min where the QRS is
    wide and its axis left of -30 degrees, junctional below 40/min, supraventricular tachycardia above 150/min, else
    atrial fibrillation (how often that is right: docs/simulation.md).
    """
    if "pr" in measured.values or not measured.values:
        return SINUS
    said = statements_row(measured.statements)
    for label, rhythm in (("paced_rhythm", PACED), ("atrial_fibrillation", FIBRILLATION)):
        if said[tracing_labels().index(label)] == 1:
            return rhythm
    rate = 60_000 / measured.get("rr")
    if measured.get("qrs") >= WIDE_MS and measured.get("qrs_axis") < LEFT_DEGREES and rate <= PACED_UP_TO:
        return PACED
    if rate < SLOW:
        return JUNCTIONAL
    return SUPRAVENTRICULAR if rate > FAST else FIBRILLATION


def plan_measured(seed: int, measured: MeasuredIntervals, settings: SimulationSettings) -> Plan:
    """Plan a recording with these intervals and axes; torso and waves stay the subject's from one to the next.

    Age, sex and conditions are not known here: the patient of the plan is a man of 60 without conditions. Nothing but
    its noise and its device is drawn for the recording, cables hang where they belong, and no lead fails.
    """
    still, unmoved = dict.fromkeys(LATENTS, 0.0), np.zeros((len(ANALYTES), WAVES, 2))
    patient = Patient(
        measured.subject_id,
        *(60.0, True, 27.0, {}),
        *(still, still, dict.fromkeys(SENSITIVITIES, 1.0)),
        wander=unmoved,
        ecg_wander=unmoved,
    )
    tracing = _tracing(generator(seed, "measured", measured.subject_id), measured)
    timing = _timed(beat_times(seed, patient, measured.study_id, tracing), measured.get("rr") / 1000, tracing)
    tracing.qtc_ms = (measured.get("qt") - _SEEN_LONGER["qt"]) / float(np.cbrt(measured.get("rr") / 1000))
    plan = plan_tracing(seed, patient, measured.study_id, tracing, settings, timing)
    plan = replace(plan, artefacts=_recorded(plan.artefacts, measured))
    beat = turn_beat(plan.beats[0], measured.get("qrs_axis"), measured.get("t_axis"))
    return replace(
        plan, beats=(beat, plan.beats[1]), p_waves=(turn_p(plan.p_waves[0], measured.get("p_axis")), plan.p_waves[1])
    )


def _tracing(rng: np.random.Generator, measured: MeasuredIntervals) -> Tracing:
    voltage, p_gain, t_gain, t_width = np.exp(rng.normal([-0.06, 0.1, 0.1, 0.0], [0.16, 0.15, 0.18, 0.08])).tolist()
    normal_st, u, variation = rng.normal([0.04, 0.01, 0.014], [0.012, 0.008, 0.005]).tolist()
    planned = {name: measured.get(name) - longer for name, longer in _SEEN_LONGER.items()}
    discordant = abs((measured.get("t_axis") - measured.get("qrs_axis") + 180) % 360 - 180) > 90
    return Tracing(
        rhythm=rhythm_of(measured),
        rate=60_000 / measured.get("rr"),
        sinus_variation=max(variation, 0.004),
        conduction="normal" if measured.get("qrs") < WIDE_MS else "lbbb" if discordant else "rbbb",
        qrs_ms=planned["qrs"],
        pr_ms=planned["pr"],
        p_ms=min(planned["p"], planned["pr"]),
        p_gain=p_gain,
        voltage=voltage,
        t_gain=t_gain,
        t_width=t_width,
        normal_st_mv=max(normal_st, 0.0),
        u_mv=max(u, 0.0),
    )


def _timed(timing: Timing, rr_s: float, tracing: Tracing) -> Timing:
    """Return the beat times stretched to this mean RR within the 10 s; P waves lead at PR, or there are none."""
    for _ in range(4):
        shown = timing.ventricular[timing.inside()]
        if len(shown) < 2:
            break
        scale = rr_s / float(np.diff(shown).mean())
        timing = replace(timing, ventricular=timing.ventricular * scale, rr=timing.rr * scale)
    atrial = timing.ventricular - tracing.pr_ms / 1000 if tracing.rhythm == SINUS else np.empty(0)
    return replace(timing, atrial=atrial, atrial_kind=np.zeros(len(atrial), dtype=np.intp))


def _recorded(drawn: Artefacts, measured: MeasuredIntervals) -> Artefacts:
    """Return the artefacts behind the cart's printed filters, every cable in its place and no lead at fault."""
    band = re.match(r"\s*([\d.]+)\s*-\s*([\d.]+)\s*Hz", measured.bandwidth)
    mains = re.search(r"(50|60) Hz notch", measured.filtering)
    return replace(
        drawn,
        order=np.arange(9),
        chest_gain=1.0,
        fault="",
        notch=mains is not None,
        mains_hz=float(mains[1]) if mains else drawn.mains_hz,
        high_pass_hz=float(band[1]) if band else drawn.high_pass_hz,
        low_pass_hz=float(band[2]) if band else drawn.low_pass_hz,
    )


def turn_beat(beat: Beat, qrs_axis: float, t_axis: float) -> Beat:
    """Return the beat turned in the frontal plane until the net areas of QRS and ST-T point along these axes."""
    potential, plateau = beat.potential.copy(), beat.plateau_potential
    for _ in range(3):
        beat = replace(beat, potential=potential, plateau_potential=plateau)
        leads = lead_rows(beat_shape([beat], 0.0, 2.0, int(beat.qt_ms / 2) + 20)[0].numpy().astype(float))
        end = int(beat.qrs_ms / 2)
        turn = _turn(leads[:, :end], qrs_axis)
        potential[1:QRS_WAVES] = _turned(potential[1:QRS_WAVES], turn)
        turn = _turn(leads[:, end : int(beat.qt_ms / 2)], t_axis)
        potential[QRS_WAVES:], plateau = _turned(potential[QRS_WAVES:], turn), _turned(plateau, turn)
    return replace(beat, potential=potential, plateau_potential=plateau)


def turn_p(wave: PWave, axis: float) -> PWave:
    """Return the P wave turned in the frontal plane until its net area points along this axis."""
    area = lead_rows((wave.width @ wave.potential)[None])
    return replace(wave, potential=_turned(wave.potential, _turn(area, axis)))


def _frontal(electrodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (..., 2): lead I and aVF, aVF scaled to a dipole's size."""
    right, left, foot = electrodes[..., 0], electrodes[..., 1], electrodes[..., 2]
    return np.stack([left - right, (foot - (right + left) / 2) * 2 / np.sqrt(3)], axis=-1)


def _turn(leads: NDArray[np.float64], axis: float) -> float:
    """Return by how many radians the net area of leads (12, n) lies short of this axis."""
    one, foot = float(leads[0].sum()), float(leads[5].sum()) * 2 / np.sqrt(3)
    return float(np.radians(axis) - np.arctan2(foot, one)) if np.hypot(one, foot) > _LEAST_AREA else 0.0


def _turned(potential: NDArray[np.float64], radians: float) -> NDArray[np.float64]:
    """Return potentials (k, 9) whose frontal dipole is turned; the chest follows as far as the torso model sees it."""
    before = _frontal(potential)
    rotation = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    seen = electrode_matrix()[:, :2]
    dipole = np.linalg.solve(_frontal(seen.T).T, (before @ rotation.T - before).T)
    changed: NDArray[np.float64] = potential + dipole.T @ seen.T
    return changed
