"""QRS complex, P wave and T wave on the mean beat of one shape, in all leads at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.boundaries import (
    agreed,
    bump,
    corner,
    extreme,
    first_reliable,
    samples,
    spatial,
    steepest,
    value_at,
)
from ecgkt.signals.conditioning import smoothed

_SMALLEST_T_MV = 0.008
BEFORE, AFTER = samples(500), samples(800)
Lead = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Wave:
    """Samples after the start of the window: per lead (12,), and over the leads `first` onset and `last` offset."""

    onset: Lead
    peak: Lead
    offset: Lead
    first: float
    last: float


def find_qrs(beat: NDArray[np.float64], usable: NDArray[np.bool_]) -> Wave:
    """Return the QRS complex of a beat (12, BEFORE + AFTER) whose fiducial stands at BEFORE.

    First between the ends of the leads' common steep part, then in each lead from its own slope: onset at 4.5 % and
    offset at 9.5 % of the lead's steepest, or at seven times its noise.
    """
    low, high = BEFORE - samples(120), BEFORE + samples(150)
    slope = smoothed(beat, 6.0, 1)
    common = spatial(slope, _clear(slope, usable, low, high))
    noise = float(np.median(np.sort(common[samples(40) : BEFORE - samples(40)])[:60]))
    top = low + int(common[low:high].argmax())
    active = common > max(0.08 * common[top], 2 * noise)
    first = _walk(active, top, -1, low - samples(20))
    last = min(_walk(active, top, 1, high + samples(60)), _slow_from(common, top))
    left, right = first - samples(8), last + samples(12)
    size = np.abs(smoothed(beat, 10.0, 1))
    quiet = np.sort(size[:, samples(40) : BEFORE - samples(40)], axis=1)[:, :60].mean(axis=1)
    steep = size[:, left : right + 1]
    largest = steep.max(axis=1)
    begins = (steep > np.maximum(0.045 * largest, 7 * quiet)[:, None]).argmax(axis=1) + left
    ends = right - (steep > np.maximum(0.095 * largest, 7 * quiet)[:, None])[:, ::-1].argmax(axis=1)
    seen = usable & (largest > 6 * quiet)
    strong = seen if seen.any() else usable
    onset, offset = agreed(begins.astype(float), strong, 0.5), agreed(ends.astype(float), strong, 0.5)
    first_on, last_off = first_reliable(begins.astype(float), strong, -1), first_reliable(ends.astype(float), strong, 1)
    return Wave(onset, _r_peak(beat, onset, offset), offset, first_on, last_off)


def _clear(slope: NDArray[np.float64], usable: NDArray[np.bool_], low: int, high: int) -> NDArray[np.bool_]:
    """Return the usable leads whose steepest part is at least five times as steep as their rest; all where none is."""
    rest = np.sqrt(np.median(slope[:, : low + samples(60)] ** 2, axis=1)) + 1e-9
    clear: NDArray[np.bool_] = usable & (np.abs(slope[:, low:high]).max(axis=1) > 5 * rest)
    return clear if clear.any() else usable


def _slow_from(common: NDArray[np.float64], top: int) -> int:
    """Return where the leads' common slope is least before it rises slowly, into a T wave without an ST segment.

    What rises within 50 ms (within 30 ms, where it stays faint) is still the QRS complex.
    """
    from scipy.signal import argrelmax, argrelmin

    course = smoothed(common[top : top + samples(400)], 8.0)
    for dip in argrelmin(course)[0]:
        tops = argrelmax(course[dip:])[0]
        if not len(tops):
            break
        late = course[dip] < 0.4 * course[0] and tops[0] > samples(50)
        faint = course[dip] < 0.2 * course[0] and course[dip + tops[0]] < 0.3 * course[0] and tops[0] > samples(30)
        if late or faint:
            return top + int(dip)
    return len(common)


def _walk(active: NDArray[np.bool_], start: int, step: int, stop: int) -> int:
    """Return the last active sample from `start` on, across pauses of up to 16 ms."""
    place = end = start
    pause = 0
    stop = min(max(stop, 0), len(active) - 1)
    while place != stop and pause <= 8:
        place += step
        end, pause = (place, 0) if active[place] else (end, pause + 1)
    return end


def _r_peak(beat: NDArray[np.float64], onset: Lead, offset: Lead) -> Lead:
    """Return the top of the R wave where one stands over the line from onset to offset, else the nadir."""
    time = np.arange(beat.shape[1])[None]
    begin, end = np.round(onset).astype(int), np.round(offset).astype(int)
    low, high = value_at(beat, begin), value_at(beat, end)
    share = (time - begin[:, None]) / np.maximum(end - begin, 1)[:, None]
    over = beat - (low[:, None] + share * (high - low)[:, None])
    inside = (time >= begin[:, None]) & (time <= end[:, None])
    tall, deep = np.where(inside, over, 0.0).max(axis=1), np.where(inside, -over, 0.0).max(axis=1)
    upright = tall > np.maximum(0.1 * deep, 0.015)
    course = np.where(upright[:, None], over, -over)
    peak: Lead = np.where(inside, course, -np.inf).argmax(axis=1).astype(float)
    return peak


def find_t(beat: NDArray[np.float64], usable: NDArray[np.bool_], qrs: Wave, latest: int) -> Wave | None:
    """Return the T wave between the QRS offset and `latest` (the next P wave or QRS), or None where none stands out
    by 8 uV in three leads.
    """
    start = round(qrs.last)
    first, last = start + samples(60), min(latest, beat.shape[1] - 2)
    if last - first < samples(80):
        return None
    before = max(int(qrs.first) - samples(40), 0)
    level = smoothed(beat, 10.0)
    level = level - np.median(level[:, before : before + samples(34)], axis=1)[:, None]
    held = level.copy()
    held[:, :start], held[:, last:] = held[:, start : start + 1], held[:, last : last + 1]
    stands = bump(held, 38.0)
    centre = _vote(stands, usable, first, last)
    if centre is None:
        return None
    nearness = np.exp(-0.5 * ((np.arange(beat.shape[1]) - centre) / samples(90)) ** 2)
    top = extreme(np.abs(stands) * nearness, np.full(12, centre), samples(90), first, last - 1)
    size, sign = np.abs(value_at(stands, top)), np.sign(value_at(stands, top))
    if np.sort(size[usable])[::-1][:3].min() < _SMALLEST_T_MV:
        return None
    top = extreme(level * sign[:, None], top, samples(40), first - samples(20), last - 1)
    slope = np.gradient(level, axis=1)
    rise = steepest(slope, top, sign, -1, samples(8), samples(140), first - samples(20))
    fall = steepest(slope, top, sign, 1, samples(8), samples(140), last - 2)
    onset = corner(level, slope, rise, np.maximum(rise - samples(120), start), np.maximum(rise - samples(100), start))
    offset = corner(level, slope, fall, np.minimum(fall + samples(120), last), np.minimum(fall + samples(80), last))
    strong, share = _strong(size, usable)
    peak = agreed(top.astype(float), strong, np.clip(2 * share, 0, 1))
    onset, offset = (agreed(edge, strong, 0.8 * np.clip(1.6 * share, 0, 1), samples(60)) for edge in (onset, offset))
    return Wave(onset, peak, offset, first_reliable(onset, strong, -1), first_reliable(offset, strong, 1))


def find_p(beat: NDArray[np.float64], usable: NDArray[np.bool_], qrs: Wave, earliest: int) -> Wave | None:
    """Return the P wave between `earliest` (after the T wave before) and the QRS onset, or None.

    Where it stands is a vote: each lead's prominence is scaled to its own largest and limited, so that a large wave in
    few leads (the foot of a QRS complex, a glitch) does not win against a small one in all. Leads in which the wave is
    small follow the others.
    """
    end = round(qrs.first)
    first, last = max(earliest, end - samples(340), 2), end - samples(20)
    if last - first < samples(60):
        return None
    level = smoothed(beat, 6.0)
    level[:, end:] = level[:, end : end + 1]
    held = level.copy()
    held[:, :first] = held[:, first : first + 1]
    centre = _vote(bump(held, 28.0), usable, first, last)
    if centre is None:
        return None
    stands = bump(held, 20.0)
    nearness = np.exp(-0.5 * ((np.arange(beat.shape[1]) - centre) / samples(60)) ** 2)
    top = extreme(np.abs(stands) * nearness, np.full(12, centre), samples(60), first, end - 2)
    size, sign = np.abs(value_at(stands, top)), np.sign(value_at(stands, top))
    slope = np.gradient(level, axis=1)
    stop = max(first - samples(40), 0)
    rise = steepest(slope, top, sign, -1, samples(4), samples(70), stop)
    fall = steepest(slope, top, sign, 1, samples(4), samples(70), end - 1)
    onset = corner(level, slope, rise, np.maximum(rise - samples(75), stop), np.maximum(rise - samples(60), stop))
    offset = corner(level, slope, fall, np.minimum(fall + samples(36), end), np.minimum(fall + samples(56), end))
    strong, share = _strong(size, usable)
    peak = agreed(top.astype(float), strong, np.clip(3 * share, 0, 1))
    span = first_reliable(onset, strong, -1), first_reliable(offset, strong, 1)
    onset, offset = (agreed(edge, strong, 0.6 * np.clip(1.6 * share, 0, 1), samples(30)) for edge in (onset, offset))
    return Wave(onset, peak, offset, *span)


def _vote(stands: NDArray[np.float64], usable: NDArray[np.bool_], first: int, last: int) -> int | None:
    """Return where the leads together stand out from around, each by its own measure; None where nowhere."""
    from scipy.signal import find_peaks

    own = np.percentile(np.abs(stands[:, first:last]), 95, axis=1, keepdims=True) + 1e-3
    course = smoothed(np.sqrt((np.minimum(np.abs(stands / own), 1.0)[usable] ** 2).mean(axis=0)), 9.0)
    tops, _ = find_peaks(course[first:last])
    return first + int(tops[course[first + tops].argmax()]) if len(tops) else None


def _strong(size: NDArray[np.float64], usable: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return the usable leads with at least 0.3 of the wave's third largest size, and each lead's share of that."""
    ranked = np.sort(size[usable])[::-1]
    share = size / (ranked[min(2, len(ranked) - 1)] + 1e-9)
    strong: NDArray[np.bool_] = usable & (share >= 0.3)
    return (strong if strong.any() else usable), share
