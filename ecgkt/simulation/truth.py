"""What is true of a simulated recording, regenerated from its seed: what each cause did, and where each wave lies.

A morphological cause is known by the same patient without it, every beat in its place: the difference of the two
clean recordings. Causes that move the beats are told as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.blood import blood_values
from ecgkt.simulation.causes import TIMING_CAUSES
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.heartbeats import QRS_WAVES, T_WAVES, Beat
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.plans import Plan, beat_times, plan_record, recording_hours, without_causes
from ecgkt.simulation.readings import lead_rows
from ecgkt.simulation.rhythms import Timing
from ecgkt.simulation.settings import FS, SAMPLES, SECONDS, SimulationSettings
from ecgkt.simulation.tracing import SINUS, Tracing
from ecgkt.simulation.waveforms import clean_leads

VISIBLE_MV, VISIBLE_SHARE = 0.010, 0.05
"""A wave begins and ends where it passes the larger of 10 uV and a twentieth of its peak in that lead."""


@dataclass(frozen=True, eq=False)
class WaveTimes:
    """Onset, peak and offset (12, waves) of one kind of wave in seconds; NaN where it is too small or not whole."""

    onset: NDArray[np.float64]
    peak: NDArray[np.float64]
    offset: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Truth:
    """What made one recording.

    `effects` (causes, 12, 5000) mV is what each of `causes` added to the clean leads; `interaction` (12, 5000) what
    all of them together did beyond the sum. `timing` tells by timing cause the change of rate (per minute), PR (ms)
    and RR spread (ms). `p`, `qrs` and `t` are the wave boundaries.
    """

    causes: tuple[str, ...]
    effects: NDArray[np.float32]
    interaction: NDArray[np.float32]
    timing: Mapping[str, Mapping[str, float]]
    p: WaveTimes
    qrs: WaveTimes
    t: WaveTimes


_MAY_ACT: Mapping[str, Callable[[Tracing, Patient], bool]] = MappingProxyType(
    {
        "high_potassium": lambda t, p: t.t_peaking > 0,
        "low_potassium": lambda t, p: t.st_sag_mv > 0,
        "calcium": lambda t, p: t.st_length_ms != 0,
        "temperature": lambda t, p: p.has("hypothermia"),
        "conduction": lambda t, p: t.conduction != "normal",
        "fascicular_block": lambda t, p: t.fascicular,
        "left_ventricular_mass": lambda t, p: t.left_mass > 0,
        "right_ventricular_mass": lambda t, p: t.right_mass > 0,
        "left_atrium": lambda t, p: t.left_atrium > 0,
        "old_infarction": lambda t, p: bool(t.scar),
        "injury": lambda t, p: bool(t.injury),
        "ischaemia": lambda t, p: bool(t.ischaemia),
        "pericarditis": lambda t, p: t.pericarditis > 0,
        "early_repolarisation": lambda t, p: t.early_repolarisation > 0,
        "t_inversion": lambda t, p: bool(t.t_inversion),
        "digoxin": lambda t, p: t.scoop > 0,
        "qt_drug": lambda t, p: p.has("qt_drug"),
        "heart_failure": lambda t, p: p.has("heart_failure"),
        "sepsis": lambda t, p: p.has("sepsis"),
        "hypothyroidism": lambda t, p: p.has("hypothyroidism"),
        "low_albumin": lambda t, p: blood_values(p, p.ecg_latents)["albumin"] < 4.3,
        "effusion": lambda t, p: t.voltage < 0.85,
    }
)
"""Where a cause may act at all; whether it does is seen from the waves."""


def truth_of(seed: int, patient: int, number: int, settings: SimulationSettings) -> Truth:
    """Return the truth of recording `number` of a patient."""
    return truth_of_plan(seed, plan_record(seed, patient, number, settings), settings)


def truth_of_plan(seed: int, plan: Plan, settings: SimulationSettings) -> Truth:
    """Return the truth of a planned recording."""

    def twin(*causes: str) -> Plan:
        return without_causes(seed, plan, hours, settings, frozenset(causes))

    hours = recording_hours(seed, plan.patient, settings)[plan.number]

    possible = [cause for cause, may in _MAY_ACT.items() if may(plan.tracing, plan.patient)]
    plan = replace(plan, atrial_activity=None)  # no cause of a wave acts on it: it would cancel
    twins = [plan, *(twin(cause) for cause in possible)]
    if len(possible) > 1:
        twins.append(twin(*possible))
    leads = clean_leads(twins).numpy()
    effects = leads[0] - leads[1 : 1 + len(possible)]
    interaction = np.zeros((12, SAMPLES), dtype=np.float32)
    if len(possible) > 1:
        interaction = leads[0] - leads[-1] - effects.sum(axis=0)
    seen = np.abs(effects).max(axis=(1, 2)) > 0 if len(possible) else np.zeros(0, dtype=bool)
    acting = tuple(cause for cause, visible in zip(possible, seen, strict=True) if visible)
    return Truth(acting, effects[seen], interaction, timing_effects(seed, plan, settings), *wave_times(plan))


def timing_effects(seed: int, plan: Plan, settings: SimulationSettings) -> dict[str, dict[str, float]]:
    """Return by timing cause that acts how much it changes rate (per minute), PR (ms) and RR spread (ms, SD)."""
    here, found = _timing(plan.tracing, plan.timing), {}
    t = plan.tracing
    possible = {"rhythm": t.rhythm != SINUS, "ectopy": t.premature_atrial > 0 or t.premature_ventricular > 0}
    for cause in (cause for cause in TIMING_CAUSES if possible.get(cause, True)):
        patient, number = plan.patient, plan.number
        hours = recording_hours(seed, patient, settings)[number]
        tracing = draw_tracing(seed, patient, number, settings, hours, frozenset({cause}))
        if tracing != plan.tracing:
            there = _timing(tracing, beat_times(seed, patient, number, tracing))
            found[cause] = {name: here[name] - there[name] for name in here}
    return found


def _timing(tracing: Tracing, timing: Timing) -> dict[str, float]:
    shown = timing.rr[timing.inside()]
    return {
        "rate_per_min": float(60 / shown.mean()) if len(shown) else tracing.rate,
        "pr_ms": tracing.pr_ms,
        "rr_sd_ms": float(1000 * np.std(shown)) if len(shown) > 1 else 0.0,
    }


def wave_times(plan: Plan) -> tuple[WaveTimes, WaveTimes, WaveTimes]:
    """Return where P, QRS and T of every beat lie in every lead, before noise and filter."""
    order, gain = plan.artefacts.order, plan.artefacts.chest_gain
    p = [_extent(_p_leads(plan, kind, order, gain), -0.04) for kind in (0, 1)]
    qrs = [_extent(_part(beat, slice(1, QRS_WAVES), order, gain), -0.06) for beat in plan.beats]
    late = slice(QRS_WAVES, QRS_WAVES + T_WAVES)
    t = [_extent(_part(beat, late, order, gain), -0.06) for beat in plan.beats]
    timing = plan.timing
    ends = np.array([beat.qrs_ms / 1000 for beat in plan.beats])[timing.kind]
    return (
        _placed(p, timing.atrial_kind, timing.atrial),
        _placed(qrs, timing.kind, timing.ventricular),
        _placed(t, timing.kind, timing.ventricular, ends, plan.stretch),
    )


def _part(beat: Beat, waves: slice, order: NDArray[np.intp], gain: float) -> NDArray[np.float64]:
    """Return some waves of a beat as leads (12, n) at 1000 Hz from 60 ms before QRS onset."""
    time = np.arange(-60.0, 1000.0)[:, None]
    offset = time - beat.centre[waves]
    width = np.where(offset < 0, beat.left[waves], beat.right[waves])
    return lead_rows(np.exp(-0.5 * (offset / width) ** 2) @ beat.potential[waves][:, order], gain)


def _p_leads(plan: Plan, kind: int, order: NDArray[np.intp], gain: float) -> NDArray[np.float64]:
    wave, time = plan.p_waves[kind], np.arange(-40.0, 260.0)[:, None]
    return lead_rows(np.exp(-0.5 * ((time - wave.centre) / wave.width) ** 2) @ wave.potential[:, order], gain)


def _extent(leads: NDArray[np.float64], begin_s: float) -> NDArray[np.float64]:
    """Return onset, peak and offset (3, 12) in seconds of a wave (12, n) at 1000 Hz that begins at `begin_s`."""
    size = np.abs(leads)
    peak = size.max(axis=1)
    above = size > np.maximum(VISIBLE_MV, VISIBLE_SHARE * peak)[:, None]
    first, last = above.argmax(axis=1), leads.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    places = np.stack([first, size.argmax(axis=1), last]) / 1000 + begin_s
    return np.where(above.any(axis=1), places, np.nan)


def _placed(
    shapes: list[NDArray[np.float64]],
    kind: NDArray[np.intp],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64] | None = None,
    stretch: NDArray[np.float64] | None = None,
) -> WaveTimes:
    """Return the template times at every beat; what lies after `ends` is stretched as the waveform's late waves are."""
    places = np.stack(shapes)[kind]
    if ends is not None and stretch is not None:
        after = ends[:, None, None]
        places = np.where(places > after, after + (places - after) * stretch[:, None, None], places)
    times = (places + starts[:, None, None]).transpose(1, 2, 0) if len(starts) else np.empty((3, 12, 0))
    whole = (times[0] >= 0) & (times[2] < SECONDS - 1 / FS)
    onset, peak, offset = (np.where(whole, one, np.nan) for one in times)
    return WaveTimes(onset, peak, offset)
