"""How alike two maps of one target on one ECG are: of two checkpoints, or of two methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import Explanation
from ecgkt.errors import InvalidValue
from ecgkt.figures.saliency import SMOOTHING_SECONDS

STRONGEST = 0.1


@dataclass(frozen=True)
class Agreement:
    """`cosine` in [-1, 1] of two signed maps, and the share in [0, 1] of their strongest tenths that both have.

    1 is the same places with the same signs, 0 what two unrelated maps have, -1 the same places with opposite signs.
    By chance a tenth of a strongest tenth is shared. Both are None where a map is zero everywhere.
    """

    cosine: float | None
    shared: float | None


def agreement(first: Explanation, second: Explanation) -> Agreement:
    """Return how alike two maps are after averaging each over 50 ms, as they are drawn; strengths are not compared.

    Raises InvalidValue for maps of two targets, or of inputs of other lengths or rates.
    """
    if first.target != second.target:
        raise InvalidValue("two maps of one target", f"{first.target} and {second.target}", "explain the same one")
    if first.attribution.shape != second.attribution.shape or first.fs != second.fs:
        told = " and ".join(f"{one.attribution.shape} at {one.fs:g} Hz" for one in (first, second))
        raise InvalidValue("two maps of one input", told, "compare models of one preprocessing")
    return agreement_of(first.attribution, second.attribution, first.fs)


def agreement_of(first: NDArray[np.floating], second: NDArray[np.floating], fs: float) -> Agreement:
    """Return how alike two maps (12, n) at `fs` Hz are, as `agreement` does."""
    a, b = (averaged(one, fs) for one in (first, second))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    if size == 0:
        return Agreement(None, None)
    count = max(1, round(STRONGEST * a.size))
    tenths = [set(np.argpartition(-np.abs(one).ravel(), count - 1)[:count].tolist()) for one in (a, b)]
    cosine = float(np.clip((a * b).sum() / size, -1, 1))
    return Agreement(cosine, len(tenths[0] & tenths[1]) / count)


def averaged(attribution: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Return a map (12, n) averaged over 50 ms with its signs, as it is drawn and seen."""
    width = max(1, round(SMOOTHING_SECONDS * fs))
    kernel = np.hanning(width + 2)[1:-1]
    kernel /= kernel.sum()
    return np.stack([np.convolve(row, kernel, mode="same") for row in attribution.astype(np.float64)])
