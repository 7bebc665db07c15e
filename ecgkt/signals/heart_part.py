"""What of an ECG the heart can have made: what comes again with its beats, or stands in several electrodes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.signals.delineation import Delineation

_BEFORE_SECONDS, _OF_THE_CYCLE = 0.35, 0.4
_ALIKE = 3
_LIMB, _CHEST = ("I", "II"), ("V1", "V2", "V3", "V4", "V5", "V6")
_SEEN_BY_CHEST = (_LIMB, ("V1", "V3", "V5"), ("V2", "V4", "V6"))
_SEEN_BY_LIMB = (("V1", "V4"), ("V2", "V5"), ("V3", "V6"))


def heart_part(signal: NDArray[np.floating], delineation: Delineation) -> NDArray[np.float64] | None:
    """Return what of a signal (12, n) in mV, without gaps and without wander, the heart can have made; None if unknown.

    First, what the beats of one shape have in common (their median, at each one's place). Of the rest, such as atrial
    waves that keep no step with the beats or a beat of its own shape, what three groups of other electrodes agree on
    (the median of what each predicts; the limb leads are predicted from the chest alone, since they share electrodes).
    Noise, hum and a mark in one lead are in neither, nor is what stands still in step with the beats left out. None
    where there are fewer than three beats of one shape.
    """
    common = _common(signal, delineation)
    if common is None:
        return None
    rest = signal - common
    found = np.zeros_like(rest)
    for lead in (*_LIMB, *_CHEST):
        groups = _SEEN_BY_LIMB if lead in _LIMB else _SEEN_BY_CHEST
        row = LEADS.index(lead)
        told = [_predicted(signal, rest, row, [LEADS.index(one) for one in group if one != lead]) for group in groups]
        found[row] = np.median(told, axis=0)
    one, two = found[LEADS.index("I")], found[LEADS.index("II")]
    derived = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    for lead, values in derived.items():
        found[LEADS.index(lead)] = values
    return common + found


def _common(signal: NDArray[np.floating], delineation: Delineation) -> NDArray[np.float64] | None:
    """Return each beat as the median of its shape, zero where fewer than three beats can be compared."""
    beats = np.round(delineation.beats).astype(int)
    if not len(beats) or np.bincount(delineation.shape).max() < _ALIKE:
        return None
    n = signal.shape[1]
    gaps = np.diff(beats)
    before = np.minimum(_BEFORE_SECONDS * delineation.fs, _OF_THE_CYCLE * gaps).astype(int)
    first = np.concatenate(([0], beats[1:] - before))
    last = np.append(first[1:], n)
    common = np.zeros(signal.shape)
    for shape in np.unique(delineation.shape):
        members = np.flatnonzero(delineation.shape == shape)
        if len(members) < _ALIKE:
            continue
        reach = int((beats - first)[members].max()), int((last - beats)[members].max())
        windows = np.full((len(members), len(LEADS), sum(reach)), np.nan)
        for place, beat in enumerate(members):
            start = reach[0] - (beats[beat] - first[beat])
            windows[place, :, start : start + last[beat] - first[beat]] = signal[:, first[beat] : last[beat]]
        enough = np.isfinite(windows[:, 0]).sum(axis=0) >= _ALIKE
        median = np.zeros(windows.shape[1:])
        median[:, enough] = np.nanmedian(windows[:, :, enough], axis=0)
        for beat in members:
            start = reach[0] - (beats[beat] - first[beat])
            common[:, first[beat] : last[beat]] = median[:, start : start + last[beat] - first[beat]]
    return common


def _predicted(
    signal: NDArray[np.floating], rest: NDArray[np.float64], row: int, others: list[int]
) -> NDArray[np.float64]:
    """Return what a lead's rest would be if it hung together with other leads' as the whole signals do."""
    known = signal[others].astype(np.float64)
    weights = np.linalg.lstsq(known @ known.T + 1e-6 * np.eye(len(others)), known @ signal[row], rcond=None)[0]
    predicted: NDArray[np.float64] = weights @ rest[others]
    return predicted
