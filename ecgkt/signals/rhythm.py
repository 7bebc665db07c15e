"""What can be said of the rhythm by rules: whether a P wave leads each QRS complex, and if not, what is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ecgkt.signals.atrial import AtrialActivity
    from ecgkt.signals.delineation import Delineation

FEWEST_BEATS = 4
_IRREGULAR = 0.09
_FREE_P = 0.38
_STEADY = 0.0065


class RhythmKind(StrEnum):
    """The statements that the rules can make."""

    P_BEFORE_QRS = "a P wave before each QRS complex"
    FIBRILLATION = "atrial fibrillation"
    FLUTTER = "atrial flutter"
    P_OR_FLUTTER = "P waves or flutter waves, not told apart"
    VENTRICULAR_PACING = "ventricular pacing"
    COMPLETE_BLOCK = "complete AV block"
    NO_P = "no P wave before the QRS complexes"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Rhythm:
    """`kind` and what led to it: RR irregularity (share of RR), P coherence, atrial rate (per minute) or NaN."""

    kind: RhythmKind
    irregularity: float
    p_coherence: float
    atrial_rate: float

    @property
    def has_pr(self) -> bool:
        """Whether a PR interval has a meaning."""
        return self.kind == RhythmKind.P_BEFORE_QRS


def state_rhythm(d: Delineation) -> Rhythm:
    """Return the statement for a delineation; UNKNOWN below 4 beats. A rule, not a diagnosis.

    In order: spikes at most QRS onsets; regular waves at flutter rates; a P wave fixed to the QRS complexes; regular
    P waves on their own clock with regular QRS complexes; irregular QRS complexes without any of these.
    """
    kind, rate = RhythmKind.NO_P, float("nan")
    if len(d.beats) < FEWEST_BEATS:
        kind = RhythmKind.UNKNOWN
    elif ventricles_paced(d.spikes, d.qrs.first, d.fs):
        kind = RhythmKind.VENTRICULAR_PACING
    elif is_flutter(d.atrial, d.p_coherence, d.irregularity, 60_000 / float(np.median(d.rr_ms))):
        kind, rate = RhythmKind.FLUTTER, d.atrial.flutter_rate
    elif d.p_coherence >= least_coherence(d.irregularity):
        kind = RhythmKind.P_OR_FLUTTER if may_flutter(d.atrial, d.irregularity) else RhythmKind.P_BEFORE_QRS
    elif d.irregularity > _IRREGULAR:
        kind = RhythmKind.FIBRILLATION
    elif d.atrial.free > _FREE_P:
        kind, rate = RhythmKind.COMPLETE_BLOCK, d.atrial.free_rate
    return Rhythm(kind, d.irregularity, d.p_coherence, rate)


def irregularity(beats: NDArray[np.float64], shape: NDArray[np.intp]) -> float:
    """Return the median change from one RR interval to the next as a share of RR, other shapes left out."""
    rr = np.diff(beats)
    plain = (shape[1:] == 0) & (shape[:-1] == 0)
    if plain.sum() < 3:
        plain[:] = True
    change = np.abs(np.diff(rr))[plain[1:] & plain[:-1]]
    return float(np.median(change) / np.median(rr)) if len(change) >= 2 else 0.0


def least_coherence(irregular: float, *, paced: bool = False) -> float:
    """Return the P coherence from which P waves count: more where RR is irregular, as in atrial fibrillation.

    More still under ventricular pacing, where what a spike leaves behind is fixed to the QRS complexes too.
    """
    if paced:
        return 0.9
    return float(np.clip(0.55 + 3 * (irregular - 0.08), 0.55, 0.8))


def is_flutter(atrial: AtrialActivity, coherence: float, irregular: float, rate: float) -> bool:
    """Return whether the activity between the QRS complexes is regular enough for flutter.

    The limit lies above what T waves reach in sinus rhythm (0.50 at most in PTB-XL 1-250 and LUDB 1-100); it is lower
    where no P wave is fixed to the QRS complexes or the atrial rate is twice a fast ventricular one, higher where RR
    is irregular, as in coarse fibrillation.
    """
    if irregular > _IRREGULAR:
        return atrial.flutter > 0.7
    if not coherence >= least_coherence(irregular):
        return atrial.flutter > 0.4
    twice = rate >= 120 and abs(atrial.flutter_rate / rate - 2) < 0.2
    return atrial.flutter > (0.46 if twice else 0.53)


def may_flutter(atrial: AtrialActivity, irregular: float) -> bool:
    """Return whether a wave that is fixed to the QRS complexes may as well be a flutter wave with a fixed ratio.

    The parts of the cycle are as alike as in flutter, and RR is as steady as it (up to 0.65 %), or as uneven as with a
    varying ratio. It holds in 2 of 317 sinus rhythms of PTB-XL 1-250 and LUDB 1-100, and the statement is that nobody
    knows: a PR interval without meaning is worse than none.
    """
    if irregular > _IRREGULAR:
        return atrial.even > 0.7
    return irregular <= _STEADY and atrial.even > 0.5


def ventricles_paced(spikes: NDArray[np.float64], onsets: NDArray[np.float64], fs: float) -> bool:
    """Return whether a spike stands from 70 ms before to 30 ms after the onset of most QRS complexes."""
    if len(spikes) < 2:
        return False
    gap = (spikes[None, :] - onsets[:, None]) * 1000 / fs
    return bool(((gap > -70) & (gap < 30)).any(axis=1).mean() > 0.5)


def in_step(spikes: NDArray[np.float64], onsets: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the spikes, or none where they keep no step with the beats: electrode noise is as sharp as pacing."""
    if not len(spikes) or not np.isfinite(onsets).any():
        return spikes[:0]
    gap = (onsets[np.isfinite(onsets)][None, :] - spikes[:, None]) * 1000 / fs
    gap = np.where(gap > -40, gap, 1e9).min(axis=1)
    near = (np.abs(gap[:, None] - gap[None, :]) <= 12) & (gap < 1e9)
    return spikes if near.sum(axis=1).max() >= max(2, 0.4 * len(spikes)) else spikes[:0]
