"""Every beat's P, QRS and T in every lead: found on the mean beat of each shape, then placed on the beats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.atrial import NONE, AtrialActivity, atrial_activity
from ecgkt.signals.beats import align, cut_out, find_beats
from ecgkt.signals.boundaries import samples
from ecgkt.signals.conditioning import RATE, Conditioned, condition, median_known
from ecgkt.signals.rhythm import in_step, irregularity, is_flutter, least_coherence, may_flutter, ventricles_paced
from ecgkt.signals.waves import AFTER, BEFORE, Wave, find_p, find_qrs, find_t

_KEEPS_P, _OTHER_SHAPE_KEEPS_P, _FOLLOWS_T = 0.3, 0.75, 0.7
_LONGEST_QT = 0.56
_PARTS = ("onset", "peak", "offset", "first", "last")


@dataclass(frozen=True, eq=False)
class Waves:
    """One wave in b beats, in samples of the recording; NaN where it was not found or is refused.

    `onset`, `peak`, `offset` are (b, 12); `first` and `last` (b,) are the earliest reliable onset and the latest
    reliable offset over the leads (the second earliest and second latest among those in which the wave is clear).
    """

    onset: NDArray[np.float64]
    peak: NDArray[np.float64]
    offset: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Delineation:
    """Beats and waves of one recording, in (fractions of) samples at `fs` Hz.

    `beats` (b,) is a fiducial within each QRS complex, `shape` (b,) 0 for the dominant shape and 1, 2 ... for others,
    `usable` (12,) the leads that could be read, `spikes` (k,) pacing spikes. `p_coherence` says how alike the beats
    are where the P wave is sought (the median correlation of one with the mean of the others), 0 below 3 beats;
    `irregularity` is the median change of RR as a share of RR. P waves are refused (NaN) where they are not coherent
    or the atria flutter, or may.
    """

    fs: float
    beats: NDArray[np.float64]
    shape: NDArray[np.intp]
    usable: NDArray[np.bool_]
    p: Waves
    qrs: Waves
    t: Waves
    spikes: NDArray[np.float64]
    p_coherence: float
    irregularity: float
    atrial: AtrialActivity

    @property
    def ectopic(self) -> NDArray[np.bool_]:
        """Which beats (b,) have another shape than the dominant one."""
        return self.shape > 0

    @property
    def rr_ms(self) -> NDArray[np.float64]:
        """The intervals (b - 1,) between beats."""
        return np.diff(self.beats) * 1000 / self.fs


def delineate(signal: NDArray[np.floating], fs: float) -> Delineation:
    """Delineate a 12-lead signal (12, n) in mV, leads in the order of `LEADS`, at 200 to 2,000 Hz.

    NaN and flat leads are left out. A recording without beats gives a Delineation of none. Raises InvalidValue where
    the shape, the rate or a length under 2 s makes delineation impossible.
    """
    record = condition(signal, fs)
    beats = find_beats(record)
    shape = np.zeros(len(beats), dtype=np.intp)
    if len(beats):
        beats, shape = align(record.signal[record.usable], beats)
    scale = fs / RATE
    placed = _place(record, beats, shape)
    p, qrs, t = (Waves(**{part: wave[part] * scale for part in _PARTS}) for wave in placed.waves)
    return Delineation(
        fs,
        (beats * scale).astype(np.float64),
        shape,
        record.usable,
        p,
        qrs,
        t,
        in_step(record.spikes, placed.waves[1]["first"], RATE) * scale,
        placed.coherence,
        placed.irregularity,
        placed.atrial,
    )


@dataclass(frozen=True, eq=False)
class _Placed:
    waves: list[dict[str, NDArray[np.float64]]]
    coherence: float = 0.0
    irregularity: float = 0.0
    atrial: AtrialActivity = NONE


def _place(record: Conditioned, beats: NDArray[np.intp], shape: NDArray[np.intp]) -> _Placed:
    """Return P, QRS and T of all beats: QRS and T first, P where the rhythm has one."""
    p, qrs, t = waves = [_empty(len(beats)) for _ in range(3)]
    if not len(beats):
        return _Placed(waves)
    windows = cut_out(record.signal, beats, BEFORE, AFTER)[:, record.usable]
    typical = float(np.median(np.diff(beats))) if len(beats) > 1 else RATE
    before, after = np.diff(beats, prepend=beats[0] - typical), np.diff(beats, append=beats[-1] + typical)
    mean, found_qrs, found_t = np.zeros((12, BEFORE + AFTER)), None, None
    for k in range(int(shape.max()), -1, -1):
        members = np.flatnonzero(shape == k)
        mean = np.zeros((12, BEFORE + AFTER))
        mean[record.usable] = _mean_beat(windows[members])
        found_qrs = find_qrs(mean, record.usable)
        _write(qrs, members, beats, found_qrs, np.zeros(len(members)))
        cycle = float(np.median(after[members]))
        longest = min(_LONGEST_QT * np.sqrt(cycle / RATE) * RATE, cycle - samples(60))
        found_t = find_t(mean, record.usable, found_qrs, BEFORE + int(longest))
        if found_t is not None:
            span = int(found_t.first), int(found_t.last)
            likeness, lag = _follow(windows[members], mean[record.usable], span, samples(40))
            _write(t, members, beats, found_t, np.where(likeness > _FOLLOWS_T, lag, 0.0))
    irregular = irregularity(beats.astype(np.float64), shape)
    atrial = atrial_activity(record, qrs["first"], qrs["last"], t["last"])
    coherence = 0.0
    if found_qrs is not None:
        cycle = float(np.median(before[shape == 0]))
        earliest = BEFORE - int(cycle) + (samples(300) if found_t is None else int(found_t.last) - BEFORE)
        found_p = find_p(mean, record.usable, found_qrs, max(min(earliest, int(found_qrs.first) - samples(110)), 0))
        if found_p is not None:
            span = _p_window(found_p, found_qrs)
            coherence = _coherence(windows[shape == 0], span)
            flutters = is_flutter(atrial, coherence, irregular, 60 * RATE / typical) or may_flutter(atrial, irregular)
            paced = ventricles_paced(in_step(record.spikes, qrs["first"], RATE), qrs["first"], RATE)
            if coherence >= least_coherence(irregular, paced=paced) and not flutters:
                likeness, lag = _follow(windows, mean[record.usable], span, samples(20))
                kept = likeness > np.where(shape == 0, _KEEPS_P, _OTHER_SHAPE_KEEPS_P)
                _write(p, np.flatnonzero(kept), beats, found_p, lag[kept])
    for wave in waves:
        _refuse(wave, record)
    return _Placed(waves, coherence, irregular, atrial)


def _mean_beat(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median (leads, n) of windows (b, leads, n), zero where no beat reaches."""
    return np.nan_to_num(median_known(windows))


def _p_window(p: Wave, qrs: Wave) -> tuple[int, int]:
    centre = int(np.median(p.peak))
    first = max(centre - samples(90), 0)
    return first, max(min(centre + samples(90), int(qrs.first) - samples(6)), first + samples(30))


def _coherence(windows: NDArray[np.float64], span: tuple[int, int]) -> float:
    """Return the median correlation of each beat's part with the mean of the others, all leads together."""
    if len(windows) < 3:
        return 0.0
    part = np.nan_to_num(windows[:, :, span[0] : span[1]])
    part = part - part.mean(axis=2, keepdims=True)
    others = part.sum(axis=0) - part
    product = (part * others).sum(axis=(1, 2))
    return float(np.median(product / np.sqrt((part**2).sum(axis=(1, 2)) * (others**2).sum(axis=(1, 2)) + 1e-12)))


def _follow(
    windows: NDArray[np.float64], mean: NDArray[np.float64], span: tuple[int, int], reach: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how alike (correlation) each beat's part (b, leads, n) is to the mean beat's, and its best lag."""
    first, last = max(span[0], reach), min(span[1], mean.shape[1] - reach - 1)
    model = mean[:, first:last]
    model = model - model.mean(axis=1, keepdims=True)
    part = np.nan_to_num(windows[:, :, first - reach : last + reach])
    views = np.lib.stride_tricks.sliding_window_view(part, last - first, axis=2)
    product = np.einsum("blkt,lt->bk", views, model, optimize=True)
    power = (views.var(axis=3) * (last - first)).sum(axis=1)
    likeness = product / np.sqrt(np.maximum(power, 1e-12) * (model**2).sum() + 1e-12)
    best = likeness.argmax(axis=1)
    return likeness[np.arange(len(windows)), best], (best - reach).astype(float)


def _empty(count: int) -> dict[str, NDArray[np.float64]]:
    wide = {part: np.full((count, 12), np.nan) for part in ("onset", "peak", "offset")}
    return {**wide, "first": np.full(count, np.nan), "last": np.full(count, np.nan)}


def _write(
    wave: dict[str, NDArray[np.float64]],
    members: NDArray[np.intp],
    beats: NDArray[np.intp],
    found: Wave,
    lag: NDArray[np.float64],
) -> None:
    start = beats[members] - BEFORE + lag
    for part in ("onset", "peak", "offset"):
        wave[part][members] = start[:, None] + getattr(found, part)
    wave["first"][members], wave["last"][members] = start + found.first, start + found.last


def _refuse(wave: dict[str, NDArray[np.float64]], record: Conditioned) -> None:
    """Set to NaN, in place, what lies in an unusable lead or reaches beyond the recording."""
    length = record.signal.shape[1]
    for part in ("onset", "peak", "offset"):
        wave[part][:, ~record.usable] = np.nan
    with np.errstate(invalid="ignore"):
        beyond = (wave["onset"] < 0) | (wave["offset"] > length - 1)
        cut = (wave["first"] < 0) | (wave["last"] > length - 1)
    for part in ("onset", "peak", "offset"):
        wave[part][beyond] = np.nan
    for part in ("first", "last"):
        wave[part][cut] = np.nan
