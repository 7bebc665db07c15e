"""Whether cables seem to hang on the wrong electrodes: rules of the literature on the median beat, told with signs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.signals.electrodes import CHEST_PAIRS, RIGHT_LEG
from ecgkt.signals.measurements import Measurements
from ecgkt.signals.median_beats import MedianBeats

_LEAST_P_MV_MS = 0.5
_I_AGAINST_V6 = -0.2
_I_AGAINST_V6_WITHOUT_P = -0.7
_II_AGAINST_V6 = -0.3
_NEAR_FLAT_SHARE, _NEAR_FLAT_MV = 0.10, 0.15
_SHORTER_WAY = (0.78, 0.83, 0.83, 0.83, 0.83)
"""By pair; V1 has one neighbour only, and a large step to V2 is common."""
_I, _II, _III, _AVR, _V6 = (LEADS.index(lead) for lead in ("I", "II", "III", "aVR", "V6"))


@dataclass(frozen=True)
class Reversal:
    """Two electrodes whose cables seem to be exchanged, the signs that say so, and what else looks like it."""

    electrodes: tuple[str, str]
    name: str
    signs: str
    also: str

    @property
    def sentence(self) -> str:
        """The warning, for a reader who sees the ECG."""
        return f"Looks like {self.name}: {self.signs}. {self.also} Check the cables before reading."


@dataclass(frozen=True, eq=False)
class _Beat:
    """Of the median beat, by lead (12,): net areas of P and QRS in mV ms (P is NaN where there is none), its size
    from P to T in mV, and the part from QRS to T (12, n).
    """

    p: NDArray[np.float64]
    qrs: NDArray[np.float64]
    size: NDArray[np.float64]
    ventricular: NDArray[np.float64]

    @property
    def has_p(self) -> bool:
        return bool(np.isfinite(self.p).all())


def find_reversals(measurements: Measurements) -> tuple[Reversal, ...]:
    """Return the reversals that a recording looks like, the likeliest first; none where its beats were not measured.

    The signs are those of Batchvarov 2007 (doi 10.1093/europace/eum198): a nearly flat limb lead, since the legs are
    at one potential; negative P and QRS in I or II, positive in aVR; I and V6 of opposite direction; an abnormal
    progression of QRS-T over the chest, which the exchange of two neighbours would make shorter. Without P waves only
    reversed arms are looked for. Left arm with left leg is not: see docs/abstention.md for how well each is found.
    """
    beats = measurements.beats
    if beats is None or not np.isfinite(beats.qrs).all():
        return ()
    signal = _with_limb_leads(beats.signal)
    near = (beats.time_ms >= -60) & (beats.time_ms <= beats.qrs[1] + 60)
    unread: NDArray[np.bool_] = np.logical_not(np.isfinite(signal[:, near]).all(axis=1))
    if unread[[_I, _II, _III, *range(LEADS.index("V1"), len(LEADS))]].any():
        return ()
    beat = _read(beats, signal)
    found = (_leg(beat) or _arm_and_leg(beat) or _arms(beat), _chest(beat))
    return tuple(one for one in found if one is not None)


def _with_limb_leads(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the beat with one of I, II and III that was not read (a flat one is not) from the other two."""
    unread = np.isnan(signal[:3]).all(axis=1)
    if unread.sum() != 1:
        return signal
    one, two, three = signal[:3]
    filled = signal.copy()
    place = int(unread.argmax())
    filled[place] = (two - three, one + three, two - one)[place]
    return filled


def _read(beats: MedianBeats, filled: NDArray[np.float64]) -> _Beat:
    step = float(beats.time_ms[1] - beats.time_ms[0])
    signal = np.nan_to_num(filled)
    end = beats.t[1] if np.isfinite(beats.t[1]) else beats.qrs[1] + 280
    p = np.full(len(LEADS), np.nan)
    start = -60.0
    if np.isfinite(beats.p).all():
        part = signal[:, (beats.time_ms >= beats.p[0]) & (beats.time_ms <= beats.p[1])]
        if part.shape[1] > 2:
            line = part[:, :1] + np.linspace(0, 1, part.shape[1]) * (part[:, -1:] - part[:, :1])
            p, start = (part - line).sum(axis=1) * step, beats.p[0]
    inside = (beats.time_ms >= beats.qrs[0]) & (beats.time_ms <= beats.qrs[1])
    whole = (beats.time_ms >= start) & (beats.time_ms <= end)
    late = (beats.time_ms >= beats.qrs[0]) & (beats.time_ms <= end)
    return _Beat(p, signal[:, inside].sum(axis=1) * step, np.ptp(signal[:, whole], axis=1), signal[:, late])


def _leg(beat: _Beat) -> Reversal | None:
    """Look for an arm's cable on a leg: the legs are nearly at one potential."""
    limb = beat.size[[_I, _II, _III]]
    lead = int(limb.argmin())
    if limb[lead] > min(_NEAR_FLAT_SHARE * limb.max(), _NEAR_FLAT_MV):
        return None
    electrodes = (("RA", "LA"), ("RA", RIGHT_LEG), ("LA", RIGHT_LEG))[lead]
    name = ("both arm cables on the legs", "the right arm cable on a leg", "the left arm cable on a leg")[lead]
    signs = (
        f"lead {LEADS[lead]} is near flat ({1000 * limb[lead]:.0f} \N{MICRO SIGN}V) and the other limb leads are not"
    )
    return Reversal(electrodes, name, signs, "The central terminal moves with it, and so do all chest leads.")


def _arms(beat: _Beat) -> Reversal | None:
    likeness = _likeness(beat, _I, _V6)
    turned = likeness < _I_AGAINST_V6 and beat.p[_I] < -_LEAST_P_MV_MS
    if not (turned or (not beat.has_p and likeness < _I_AGAINST_V6_WITHOUT_P and beat.qrs[_I] < 0)):
        return None
    signs = "lead I is inverted" + (", P wave included," if beat.has_p else "") + " against V6"
    signs += ", aVR upright" if beat.qrs[_AVR] > 0 else ""
    return Reversal(("RA", "LA"), "a right-left arm reversal", signs, "Dextrocardia inverts lead I as well.")


def _arm_and_leg(beat: _Beat) -> Reversal | None:
    p_turned = beat.has_p and beat.p[_II] < -_LEAST_P_MV_MS and beat.p[_AVR] > _LEAST_P_MV_MS
    if not (p_turned and beat.p[_II] < beat.p[_I] and _likeness(beat, _II, _V6) < _II_AGAINST_V6):
        return None
    also = "A low atrial rhythm with left axis deviation looks alike."
    return Reversal(
        ("RA", "LL"),
        "a reversal of right arm and left leg",
        "lead II is inverted, P wave included, against V6, aVR upright",
        also,
    )


def _chest(beat: _Beat) -> Reversal | None:
    """Look for the neighbours whose exchange makes the way from V1 to V6 much shorter."""
    chest = beat.ventricular[LEADS.index("V1") :]
    apart = np.linalg.norm(chest[:, None] - chest[None], axis=2)

    def way(order: list[int]) -> float:
        return float(sum(apart[a, b] for a, b in pairwise(order)))

    orders = [[*range(k), k + 1, k, *range(k + 2, 6)] for k in range(5)]
    shares = [way(order) / (way(list(range(6))) + 1e-9) for order in orders]
    best = int(np.argmin(shares))
    if shares[best] >= _SHORTER_WAY[best]:
        return None
    pair = CHEST_PAIRS[best]
    signs = f"QRS and T would change more evenly from V1 to V6 with {pair[0]} and {pair[1]} exchanged"
    return Reversal(pair, f"a reversal of {pair[0]} and {pair[1]}", signs, "A local infarction can look alike.")


def _likeness(beat: _Beat, one: int, other: int) -> float:
    a, b = beat.ventricular[one], beat.ventricular[other]
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum() + 1e-12))
