"""Intervals, axes and amplitudes of a 12-lead ECG, each as a value or as a refusal that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.signals.conditioning import SHORTEST_SECONDS
from ecgkt.signals.delineation import Delineation, delineate
from ecgkt.signals.median_beats import MedianBeats, median_beats
from ecgkt.signals.rhythm import Rhythm, RhythmKind, state_rhythm

__all__ = ["Measured", "Measurements", "MedianBeats", "measure", "median_beats"]

FEWEST_BEATS = 3
FEWEST_BEATS_FIBRILLATION = 8
WIDE_QRS_MS = 120.0
FASTEST_BAZETT = 100.0
_LEAST_AXIS_MV_MS = {"P": 0.6, "QRS": 2.0, "T": 2.0}
_NAMES = (
    ("heart_rate", "/min"),
    ("rr", "ms"),
    ("rr_sd", "ms"),
    ("p_duration", "ms"),
    ("pr", "ms"),
    ("qrs", "ms"),
    ("qt", "ms"),
    ("qtc_fridericia", "ms"),
    ("qtc_bazett", "ms"),
    ("jtc", "ms"),
    ("p_axis", "deg"),
    ("qrs_axis", "deg"),
    ("t_axis", "deg"),
)
_NO_PR = {
    RhythmKind.P_OR_FLUTTER: "The waves before the QRS complexes may be flutter waves with a fixed ratio.",
    RhythmKind.NO_P: "No P wave is found at a fixed distance before the QRS complexes.",
    RhythmKind.UNKNOWN: "Too few beats to say whether P waves lead the QRS complexes.",
}
_LEAD_NAMES = ("r", "s", "st", "t")


@dataclass(frozen=True)
class Measured:
    """A `value` in its `unit`, or None and a `refusal` of one sentence."""

    value: float | None
    unit: str
    refusal: str | None = None


@dataclass(frozen=True, eq=False)
class Measurements:
    """All that was measured in one recording.

    `values` has heart_rate (/min), rr, rr_sd, p_duration, pr, qrs, qt, qtc_fridericia, qtc_bazett, jtc (ms), p_axis,
    qrs_axis, t_axis (degrees, -180 to 180). `leads` has r, s (a positive depth), st, t (mV against QRS onset), each by
    lead name. `spikes_s` are the times of pacing spikes. `beats` is None where no beat could be averaged.
    """

    values: Mapping[str, Measured]
    leads: Mapping[str, Mapping[str, Measured]]
    rhythm: Rhythm
    spikes_s: tuple[float, ...]
    delineation: Delineation | None
    beats: MedianBeats | None


def measure(signal: NDArray[np.floating], fs: float) -> Measurements:
    """Measure a 12-lead signal (12, n) in mV, NaN where missing, in the order of `LEADS`, at its own rate.

    Intervals are medians over the dominant beats, from the earliest reliable onset to the latest reliable offset over
    the leads (CSE Working Party 1985, Eur Heart J 6:815). QTc after Fridericia 1920 is QT / RR^(1/3), after Bazett 1920
    QT / RR^(1/2), with the mean RR in seconds; JTc is QTc (Fridericia) - QRS, for QRS >= 120 ms, as the
    AHA/ACCF/HRS advise where conduction is abnormal (Rautaharju 2009, doi 10.1161/CIRCULATIONAHA.108.191096).
    Axes are those of the net areas in I and aVF, aVF scaled by 2 / sqrt(3). ST is the mean of the 8 ms from the J point
    on, the latest QRS offset of the leads.
    """
    if np.ndim(signal) == 2 and np.shape(signal)[1] < SHORTEST_SECONDS * fs:
        return _nothing(f"The recording lasts {np.shape(signal)[1] / fs:.1f} s, and at least 2 s are needed.", None)
    d = delineate(signal, fs)
    if not d.usable.any():
        return _nothing("No lead can be measured: each is flat, missing or nothing but noise.", d)
    if len(d.beats) < FEWEST_BEATS:
        return _nothing(f"{len(d.beats)} heartbeats were found, and at least {FEWEST_BEATS} are needed.", d)
    rhythm = state_rhythm(d)
    beats = median_beats(signal, fs, d)
    values = {**_rates(d), **_intervals(d, rhythm), **_axes(beats)}
    values.update(_corrected(values, rhythm))
    return Measurements({name: values[name] for name, _ in _NAMES}, _lead_values(beats), rhythm, _seconds(d), d, beats)


def _nothing(why: str, d: Delineation | None) -> Measurements:
    values = {name: Measured(None, unit, why) for name, unit in _NAMES}
    leads = {name: {lead: Measured(None, "mV", why) for lead in LEADS} for name in _LEAD_NAMES}
    unknown = Rhythm(RhythmKind.UNKNOWN, float("nan"), float("nan"), float("nan"))
    return Measurements(values, leads, unknown, () if d is None else _seconds(d), d, None)


def _seconds(d: Delineation) -> tuple[float, ...]:
    return tuple(float(at / d.fs) for at in d.spikes)


def _rates(d: Delineation) -> dict[str, Measured]:
    rr = float(d.rr_ms.mean())
    return {
        "heart_rate": Measured(60_000 / rr, "/min"),
        "rr": Measured(rr, "ms"),
        "rr_sd": Measured(float(d.rr_ms.std()), "ms"),
    }


def _intervals(d: Delineation, rhythm: Rhythm) -> dict[str, Measured]:
    plain = d.shape == 0
    p = _interval(d.p.first, d.p.last, plain, d.fs, _no_p(rhythm.kind))
    pr = _interval(d.p.first, d.qrs.first, plain, d.fs, _no_p(rhythm.kind))
    if not rhythm.has_pr:
        pr = Measured(None, "ms", _NO_PR.get(rhythm.kind, f"The rhythm is {rhythm.kind}, in which PR has no meaning."))
    qrs = _interval(d.qrs.first, d.qrs.last, plain, d.fs, "The QRS complex has no clear boundaries.")
    return {"p_duration": p, "pr": pr, "qrs": qrs, "qt": _qt(d, plain, rhythm)}


def _no_p(kind: RhythmKind) -> str:
    if kind in (RhythmKind.FIBRILLATION, RhythmKind.FLUTTER):
        return f"The rhythm is {kind}, which has no P wave to measure."
    if kind == RhythmKind.P_OR_FLUTTER:
        return _NO_PR[kind]
    if kind == RhythmKind.COMPLETE_BLOCK:
        return "P waves keep no fixed distance to the QRS complexes, so they are not averaged."
    return "No P wave is found in most beats."


def _qt(d: Delineation, plain: NDArray[np.bool_], rhythm: Rhythm) -> Measured:
    unclear = "The end of the T wave is not found in most beats."
    if rhythm.kind != RhythmKind.FIBRILLATION:
        return _interval(d.qrs.first, d.t.last, plain, d.fs, unclear)
    lengths = (d.t.last - d.qrs.first)[plain] * 1000 / d.fs
    lengths = lengths[np.isfinite(lengths)]
    if len(lengths) < FEWEST_BEATS_FIBRILLATION:
        return Measured(
            None, "ms", f"In atrial fibrillation QT is the mean of at least 8 beats, and {len(lengths)} are clear."
        )
    return Measured(float(lengths.mean()), "ms")


def _interval(
    start: NDArray[np.float64], end: NDArray[np.float64], chosen: NDArray[np.bool_], fs: float, why: str
) -> Measured:
    lengths = (end - start)[chosen] * 1000 / fs
    known = lengths[np.isfinite(lengths)]
    if len(known) < max(2, 0.5 * (chosen.sum() - 2)):
        return Measured(None, "ms", why)
    return Measured(float(np.median(known)), "ms")


def _corrected(values: Mapping[str, Measured], rhythm: Rhythm) -> dict[str, Measured]:
    qt, qrs, rr = (values[name].value for name in ("qt", "qrs", "rr"))
    if qt is None or rr is None:
        refused = Measured(None, "ms", f"QT is refused: {values['qt'].refusal}")
        return {"qtc_fridericia": refused, "qtc_bazett": refused, "jtc": refused}
    seconds = rr / 1000
    fridericia = qt / float(np.cbrt(seconds))
    bazett = Measured(qt / float(np.sqrt(seconds)), "ms")
    if 60 / seconds > FASTEST_BAZETT:
        bazett = Measured(
            None, "ms", f"Bazett's formula overcorrects above 100/min, and the rate is {60 / seconds:.0f}."
        )
    jtc = Measured(None, "ms", "The QRS complex is under 120 ms, so QTc needs no correction for it.")
    if qrs is None:
        jtc = Measured(None, "ms", "The QRS duration is refused.")
    elif qrs >= WIDE_QRS_MS:
        jtc = Measured(fridericia - qrs, "ms")
    return {"qtc_fridericia": Measured(fridericia, "ms"), "qtc_bazett": bazett, "jtc": jtc}


def _axes(beats: MedianBeats | None) -> dict[str, Measured]:
    return {f"{name.lower()}_axis": _axis(beats, name) for name in ("P", "QRS", "T")}


def _axis(beats: MedianBeats | None, name: str) -> Measured:
    span = (np.nan, np.nan) if beats is None else {"P": beats.p, "QRS": beats.qrs, "T": beats.t}[name]
    if beats is None or not np.isfinite(span).all():
        return Measured(None, "deg", f"No {name} wave is found." if name != "QRS" else "No QRS complex is clear.")
    part = beats.part(span)
    if name == "P":
        share = np.linspace(0, 1, part.shape[1])
        part = part - (part[:, :1] + share * (part[:, -1:] - part[:, :1]))
    step = float(beats.time_ms[1] - beats.time_ms[0])
    one, foot = part[LEADS.index("I")].sum() * step, part[LEADS.index("aVF")].sum() * step * 2 / np.sqrt(3)
    if not np.isfinite(one + foot):
        return Measured(None, "deg", "Lead I or aVF cannot be read.")
    if np.hypot(one, foot) < _LEAST_AXIS_MV_MS[name]:
        return Measured(None, "deg", f"The {name} areas in I and aVF are too small to give a direction.")
    return Measured(float(np.degrees(np.arctan2(foot, one))), "deg")


def _lead_values(beats: MedianBeats | None) -> dict[str, dict[str, Measured]]:
    columns = {name: np.full(12, np.nan) for name in _LEAD_NAMES}
    if beats is not None and np.isfinite(beats.qrs).all():
        inside = beats.part(beats.qrs)
        columns["r"] = np.maximum(inside.max(axis=1), 0.0)
        columns["s"] = np.maximum(-inside.min(axis=1), 0.0)
        columns["st"] = beats.level(beats.qrs[1], beats.qrs[1] + 8)
        for lead in np.flatnonzero(np.isfinite(beats.t_peak)):
            at = float(beats.t_peak[lead])
            columns["t"][lead] = beats.level(at - 2, at + 2)[lead]
    return {
        name: {
            lead: Measured(float(value), "mV")
            if np.isfinite(value)
            else Measured(None, "mV", _lead_refusal(name, lead))
            for lead, value in zip(LEADS, column, strict=True)
        }
        for name, column in columns.items()
    }


def _lead_refusal(name: str, lead: str) -> str:
    if name == "t":
        return f"No T wave is found in lead {lead}, or the lead cannot be read."
    return f"Lead {lead} is flat or missing, or its QRS complex is not clear."
