"""A map beat by beat: its mean over the beats that make up the median beat, aligned as that is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import Explanation
from ecgkt.signals.delineation import Delineation
from ecgkt.signals.median_beats import averaged

FROM_MS, TO_MS = -300.0, 700.0
"""The part of a beat that is kept, from QRS onset: the one that `figures.beats` draws."""


def mean_beat(
    attribution: NDArray[np.floating], fs: float, delineation: Delineation, samples: int
) -> tuple[NDArray[np.float64], int] | None:
    """Return the mean (12, m) of an attribution (12, n) at `fs` over the alike beats, and how many went in.

    Column k lies at FROM_MS + 1000 k / fs from QRS onset. The beats are those of the median beat of the recording of
    `samples` samples that was delineated, with the same onset; between two samples the attribution is interpolated
    linearly. What lies outside the map is left out of the mean; 0 where no beat reaches. None without a beat.
    """
    onsets = np.round(delineation.qrs.first)[averaged(delineation, samples)] / delineation.fs
    within = onsets[onsets * fs < attribution.shape[1]]
    if not len(within):
        return None
    offsets = np.arange(round((TO_MS - FROM_MS) * fs / 1000)) + FROM_MS * fs / 1000
    at = within[:, None] * fs + offsets[None, :]
    below = np.floor(at + 1e-6)
    known = (below >= 0) & (below + 1 < attribution.shape[1])
    low = np.where(known, below, 0).astype(int)
    values, share = np.asarray(attribution, dtype=np.float64), at - below
    taken = np.where(known, (1 - share) * values[:, low] + share * values[:, np.where(known, low + 1, 0)], 0)
    mean: NDArray[np.float64] = taken.sum(axis=1) / np.maximum(known.sum(axis=0), 1)
    return mean, len(within)


def explain_beat(explanation: Explanation, delineation: Delineation, samples: int) -> Explanation | None:
    """Return a map as the map of its mean beat, from FROM_MS on, as `mean_beat`; None without a beat.

    The scores are those of the whole ECG, and it has no residual: a mean over beats adds up to none of them.
    """
    found = mean_beat(explanation.attribution, explanation.fs, delineation, samples)
    if found is None:
        return None
    values, count = found
    method = f"{explanation.method}, mean of {count} beats"
    return replace(explanation, attribution=values.astype(np.float32), method=method, residual=None)
