"""Nine electrodes and the twelve leads between them: what a lead would show if cables hung on other electrodes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.signals.conditioning import bridged

ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
RIGHT_LEG = "RL"
LIMB_PAIRS = (("RA", "LA"), ("RA", "LL"), ("LA", "LL"))
LEG_PAIRS = (("RA", RIGHT_LEG), ("LA", RIGHT_LEG))
CHEST_PAIRS = tuple(pairwise(ELECTRODES[3:]))


def potentials(signal: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (9, n) mV at `ELECTRODES` against Wilson's central terminal, from leads (12, n) of which eight are read.

    RA = -(I + II) / 3, LA = (2 I - II) / 3, LL = (2 II - I) / 3 follow from I = LA - RA, II = LL - RA and a terminal of
    zero; a chest lead is its electrode's own potential (Wilson 1934).
    """
    if np.ndim(signal) != 2 or np.shape(signal)[0] != len(LEADS):
        raise InvalidValue("a signal of shape (12 leads, n samples)", f"{np.shape(signal)}", "give all 12 leads")
    leads = np.asarray(signal, dtype=np.float64)
    one, two = leads[0], leads[1]
    return np.stack([-(one + two) / 3, (2 * one - two) / 3, (2 * two - one) / 3, *leads[6:]])


def leads_between(electrodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the leads (12, n) that are formed from potentials (9, n) against any point (Goldberger 1942)."""
    right, left, foot = electrodes[:3]
    terminal = (right + left + foot) / 3
    limb = [left - right, foot - right, foot - left]
    augmented = [1.5 * (limb_potential - terminal) for limb_potential in (right, left, foot)]
    return np.stack([*limb, *augmented, *(electrodes[3:] - terminal)])


def swapped(signal: NDArray[np.floating], one: str, other: str) -> NDArray[np.float64]:
    """Return the leads (12, n) in mV as they would be recorded with the cables of two electrodes exchanged.

    The terminal moves with the limbs. The right leg's potential is not in an ECG; it is taken for the left leg's
    (Krasteva 2019, doi 10.3390/s19132920). Raises InvalidValue for another name than `ELECTRODES` or `RL`.
    """
    for name in (one, other):
        if name not in (*ELECTRODES, RIGHT_LEG):
            raise InvalidValue(f"one of {', '.join(ELECTRODES)} or {RIGHT_LEG}", repr(name), "name an electrode")
    true = potentials(signal)
    at = dict(zip(ELECTRODES, true, strict=True)) | {RIGHT_LEG: true[ELECTRODES.index("LL")]}
    at[one], at[other] = at[other], at[one]
    return leads_between(np.stack([at[name] for name in ELECTRODES]))


def silenced(signal: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float32]:
    """Return the leads (12, n) in mV as if these electrodes stood still at the level of Wilson's central terminal.

    All leads that hang on a silenced electrode follow. An arm or the leg moves the terminal, so every chest lead
    follows with it; the lead between the other two limbs stays as it is. A chest electrode moves its own lead alone,
    which becomes flat. What all nine electrodes have in common is in no ECG, so "nothing" needs a level: here the
    terminal of the undisturbed recording, against which the three limbs add up to zero. With it the silenced parts add
    up (silencing A and B is silencing A, then B with the level of before), and all nine silenced are the zero signal,
    the usual baseline of an attribution. An electrode that falls off is another thing: it floats and picks up mains.

    Only differences are added to the leads: where Einthoven and Goldberger held they still do, where the file is off by
    its rounding it stays off by as much. A gap (NaN) stays one; what other leads lack for it is bridged linearly.
    Raises InvalidValue for another name than `ELECTRODES`.
    """
    for name in names:
        if name not in ELECTRODES:
            raise InvalidValue(f"one of {', '.join(ELECTRODES)}", repr(name), "name an electrode")
    given = np.asarray(signal, dtype=np.float64)
    at = potentials(given if np.isfinite(given).all() else bridged(given))
    at[[place for place, name in enumerate(ELECTRODES) if name not in names]] = 0.0
    change = leads_between(at)
    change[[LEADS.index(name) for name in hangs_on_none(names)]] = 0.0
    return (given - change).astype(np.float32)


def hangs_on_none(names: Sequence[str]) -> tuple[str, ...]:
    """Return the leads that hang on none of these electrodes: silencing them leaves those leads as they are."""
    mixed = leads_between(np.eye(len(ELECTRODES)))
    chosen = [ELECTRODES.index(name) for name in names]
    return tuple(lead for lead, row in zip(LEADS, mixed, strict=True) if not np.abs(row[chosen]).max(initial=0) > 1e-9)
