"""What a tracing shows, read off its own clean beat and beat times; the patient is not asked.

Rules are those of the catalogue's tracing labels. Primary ST-T changes, infarction, hypertrophy and axis are not
read where the ventricles are activated abnormally (LBBB, ventricular pacing, pre-excitation): the labels are 0 there,
as readers leave them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS
from ecgkt.simulation.plans import Plan
from ecgkt.simulation.rhythms import DOMINANT, ECTOPIC
from ecgkt.simulation.settings import FS
from ecgkt.simulation.tracing import COMPLETE_BLOCK, FIBRILLATION, FLUTTER, PACED, SECOND_DEGREE, SINUS
from ecgkt.simulation.waveforms import beat_shape

VOLTAGE_ALONE = 0.1
"""Up to this muscle mass a tall QRS is high voltage, not hypertrophy."""
_START_MS, _SAMPLES = -40.0, 420
_NEIGHBOURS = (("aVL", "I"), ("II", "aVF"), ("aVF", "III"), *((f"V{k}", f"V{k + 1}") for k in range(1, 6)))


@dataclass(frozen=True)
class Reading:
    """Measurements of one tracing: ms, degrees, per minute; leads (12,) mV; `labels` 1 or 0 by name."""

    rate: float
    rr_ms: float
    p_ms: float
    pr_ms: float
    qrs_ms: float
    qt_ms: float
    qtc_ms: float
    p_axis: float
    qrs_axis: float
    t_axis: float
    r: NDArray[np.float64]
    s: NDArray[np.float64]
    st: NDArray[np.float64]
    t: NDArray[np.float64]
    labels: dict[str, float]


def read_tracings(plans: Sequence[Plan]) -> list[Reading]:
    """Return one reading per plan."""
    found: list[Reading] = []
    for start in range(0, len(plans), 64):
        chunk = plans[start : start + 64]
        shape = beat_shape([plan.beats[0] for plan in chunk], _START_MS, 1000 / FS, _SAMPLES)
        found += [_read(plan, lead_rows(beat)) for plan, beat in zip(chunk, shape.numpy().astype(float), strict=True)]
    return found


def lead_rows(electrodes: NDArray[np.float64], chest_gain: float = 1.0) -> NDArray[np.float64]:
    """Return leads (12, n) from electrodes (n, 9)."""
    right, left, foot = electrodes[:, 0], electrodes[:, 1], electrodes[:, 2]
    one, two = left - right, foot - right
    centre = ((right + left + foot) / 3)[:, None]
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return np.vstack([np.stack(limb), chest_gain * (electrodes[:, 3:] - centre).T])


def _axis(one: float, foot: float) -> float:
    return float(np.degrees(np.arctan2(foot * 2 / np.sqrt(3), one)))


def _read(plan: Plan, beat: NDArray[np.float64]) -> Reading:
    tracing, dominant = plan.tracing, plan.beats[0]
    time = _START_MS + np.arange(_SAMPLES) * 1000 / FS
    qrs = beat[:, (time >= 0) & (time <= dominant.qrs_ms)]
    late = beat[:, (time >= dominant.qrs_ms + 60) & (time <= plan.qt_ms + 10)]
    t_peak = np.take_along_axis(late, np.abs(late).argmax(axis=1)[:, None], axis=1)[:, 0]
    st = beat[:, np.searchsorted(time, dominant.qrs_ms + 12)]
    p_wave = _p_wave(plan)
    shown = plan.timing.inside()
    rr = float(np.mean(plan.timing.rr[shown])) if shown.any() else 60 / tracing.rate
    one, foot = LEADS.index("I"), LEADS.index("aVF")
    reading = Reading(
        rate=60 / rr,
        rr_ms=1000 * rr,
        p_ms=tracing.p_ms,
        pr_ms=tracing.pr_ms,
        qrs_ms=dominant.qrs_ms,
        qt_ms=plan.qt_ms,
        qtc_ms=plan.qt_ms / np.cbrt(rr),
        p_axis=_axis(p_wave[one].sum(), p_wave[foot].sum()),
        qrs_axis=_axis(qrs[one].sum(), qrs[foot].sum()),
        t_axis=_axis(t_peak[one], t_peak[foot]),
        r=np.maximum(qrs.max(axis=1), 0),
        s=np.maximum(-qrs.min(axis=1), 0),
        st=st,
        t=t_peak,
        labels={},
    )
    reading.labels.update(_rhythm_labels(plan, reading))
    reading.labels.update(_conduction_labels(plan, reading, qrs))
    reading.labels.update(_repolarisation_labels(plan, reading, qrs))
    reading.labels.update(_structure_labels(plan, reading, qrs, p_wave))
    return reading


def _p_wave(plan: Plan) -> NDArray[np.float64]:
    """Return the clean P wave (12, n) at 500 Hz."""
    wave = plan.p_waves[0]
    time = np.arange(-20, 180, 2.0)[:, None]
    return lead_rows(np.exp(-0.5 * ((time - wave.centre) / wave.width) ** 2) @ wave.potential)


def _rhythm_labels(plan: Plan, reading: Reading) -> dict[str, float]:
    rhythm, timing = plan.tracing.rhythm, plan.timing
    sinus = rhythm == SINUS and plan.tracing.p_gain > 0.12
    shown = timing.inside()
    regular = timing.rr[shown & (timing.kind == DOMINANT)]
    regular = regular[np.abs(regular / np.median(regular) - 1) < 0.2] if len(regular) else regular
    spread = float(np.ptp(regular)) * 1000 if len(regular) > 2 else 0.0
    return {
        "sinus_rhythm": sinus or rhythm == SECOND_DEGREE,
        "sinus_tachycardia": sinus and reading.rate > 100,
        "sinus_bradycardia": sinus and reading.rate < 60,
        "sinus_arrhythmia": sinus and spread > 120,
        "atrial_fibrillation": rhythm == FIBRILLATION,
        "atrial_flutter": rhythm == FLUTTER,
        "atrial_ectopy": sinus and timing.premature_atrial > 0,
        "ventricular_ectopy": bool((timing.kind[shown] == ECTOPIC).any()),
        "paced_rhythm": rhythm == PACED,
        "complete_av_block": rhythm == COMPLETE_BLOCK,
    }


def _second_r(qrs: NDArray[np.float64]) -> bool:
    """Return whether V1 or V2 ends in an r' of 0.05 mV or more after an S (or notch) below it."""
    for lead in ("V1", "V2"):
        wave = qrs[LEADS.index(lead)]
        last = len(wave) // 2 + int(np.argmax(wave[len(wave) // 2 :]))
        if wave[last] >= 0.05 and wave[:last].min() < min(wave[last] - 0.1, 0.0):
            return True
    return False


def _conduction_labels(plan: Plan, reading: Reading, qrs: NDArray[np.float64]) -> dict[str, float]:
    t = plan.tracing
    own = t.rhythm != PACED
    right = own and t.conduction in ("rbbb", "irbbb")
    left = own and t.conduction == "lbbb"
    early = own and t.conduction == "pre_excitation"
    narrow_axis = own and not left and not early
    sinus = t.rhythm == SINUS and t.p_gain > 0.12
    return {
        "first_degree_av_block": sinus and reading.pr_ms > 200,
        "right_bundle_branch_block": right and reading.qrs_ms >= 120,
        "incomplete_right_bundle_branch_block": right and reading.qrs_ms < 120 and _second_r(qrs),
        "left_bundle_branch_block": left and reading.qrs_ms >= 120,
        "left_anterior_fascicular_block": narrow_axis and -90 <= reading.qrs_axis <= -45 and t.scar != "inferior",
        "intraventricular_conduction_delay": own and not (right or left or early) and reading.qrs_ms > 110,
        "pre_excitation": early and reading.pr_ms < 120 and reading.qrs_ms > 110,
        "left_axis_deviation": narrow_axis and -90 <= reading.qrs_axis <= -30,
        "right_axis_deviation": narrow_axis and 90 <= reading.qrs_axis <= 180,
    }


def _own_ventricles(plan: Plan) -> bool:
    t = plan.tracing
    return t.rhythm != PACED and t.conduction not in ("lbbb", "pre_excitation") and t.sine_wave == 0


def _repolarisation_labels(plan: Plan, reading: Reading, qrs: NDArray[np.float64]) -> dict[str, float]:
    p = plan.patient
    limit = dict.fromkeys(LEADS, 0.10)
    limit["V2"] = limit["V3"] = 0.15 if not p.male else 0.20 if p.age >= 40 else 0.25
    st, t, r, s = (dict(zip(LEADS, values, strict=True)) for values in (reading.st, reading.t, reading.r, reading.s))
    own = _own_ventricles(plan)
    q = {lead: _is_pathological(qrs[row]) for row, lead in enumerate(LEADS)}

    def in_two(test: dict[str, bool]) -> bool:
        return any(test[a] and test[b] for a, b in _NEIGHBOURS)

    raised = {lead: bool(st[lead] >= limit[lead]) for lead in LEADS}
    full_right = plan.tracing.conduction == "rbbb"
    judged = {lead: not (full_right and lead in ("V1", "V2", "V3")) for lead in LEADS}
    acute = {lead: raised[lead] and plan.tracing.injury != "" for lead in LEADS}
    anterior = sum(q[lead] or acute[lead] for lead in ("V1", "V2", "V3", "V4"))
    inferior = sum(q[lead] or acute[lead] for lead in ("II", "III", "aVF"))
    return {
        "st_elevation": own and in_two(raised),
        "st_depression": own and in_two({lead: bool(st[lead] <= -0.05) and judged[lead] for lead in LEADS}),
        "t_wave_inversion": own
        and in_two({lead: bool(t[lead] <= -0.1 and r[lead] > 0.8 * s[lead]) and judged[lead] for lead in LEADS}),
        "anterior_infarction": own and anterior >= 2,
        "inferior_infarction": own and inferior >= 2,
        "long_qt": reading.qtc_ms > (450 if p.male else 460),
    }


def _is_pathological(lead: NDArray[np.float64]) -> bool:
    """Return whether a QRS (n,) at 500 Hz begins with a Q wave of 30 ms and 0.1 mV, or is a QS complex."""
    upright = np.flatnonzero(lead > max(0.06, 0.08 * np.abs(lead).max()))
    first = lead[: upright[0]] if len(upright) else lead
    wide = (first < -0.03).sum() * 1000 / FS >= 30
    deep = len(first) > 0 and first.min() < -0.1
    tall = lead.max()
    return bool(wide and deep and (tall < 0.06 or -first.min() > 0.25 * tall))


def _structure_labels(
    plan: Plan, reading: Reading, qrs: NDArray[np.float64], p_wave: NDArray[np.float64]
) -> dict[str, float]:
    r, s = (dict(zip(LEADS, values, strict=True)) for values in (reading.r, reading.s))
    male, t = plan.patient.male, plan.tracing
    own = _own_ventricles(plan)
    sokolow = s["V1"] + max(r["V5"], r["V6"])
    cornell = r["aVL"] + s["V3"]
    size = reading.r + reading.s
    upright = t.rhythm == SINUS and t.p_gain > 0.12
    terminal = np.clip(-p_wave[LEADS.index("V1")], 0, None)[: int(reading.p_ms / 2) + 10].sum() * 1000 / FS
    notched = reading.p_ms >= 120 and t.left_atrium > 0.6
    atrium = upright and (terminal >= 4.0 or notched)
    voltage = sokolow >= 3.5 or cornell > (2.8 if male else 2.0)
    return {
        "left_ventricular_hypertrophy": own
        and t.left_mass > VOLTAGE_ALONE
        and (voltage or estes_points(plan, reading, qrs, atrium) >= 5),
        "right_ventricular_hypertrophy": own
        and t.conduction != "rbbb"
        and (r["V1"] > 0.6 or (r["V1"] > s["V1"] and r["V1"] > 0.2))
        and 90 <= reading.qrs_axis <= 180,
        "left_atrial_enlargement": atrium,
        "low_qrs_voltage": bool(size[:6].max() < 0.5 or size[6:].max() < 1.0),
    }


def estes_points(plan: Plan, reading: Reading, qrs: NDArray[np.float64], atrium: bool) -> int:
    """Return the point score of Romhilt and Estes 1968 (5 or more: left ventricular hypertrophy)."""
    r, s, st, t = (dict(zip(LEADS, values, strict=True)) for values in (reading.r, reading.s, reading.st, reading.t))
    limb = max(reading.r[:6].max(), reading.s[:6].max())
    voltage = limb >= 2.0 or max(s["V1"], s["V2"]) >= 3.0 or max(r["V5"], r["V6"]) >= 3.0
    strain = any(st[lead] < 0 and t[lead] < -0.05 and r[lead] > s[lead] for lead in ("V5", "V6"))
    late = max(int(qrs[LEADS.index(lead)].argmax()) for lead in ("V5", "V6")) * 1000 / FS >= 50
    strained = (1 if plan.tracing.scoop else 3) * strain
    deviated = 2 * (-90 <= reading.qrs_axis <= -30)
    return int(3 * voltage + strained + 3 * atrium + deviated + (reading.qrs_ms >= 90) + late)
