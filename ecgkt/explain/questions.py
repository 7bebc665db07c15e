"""What every attribution method is given: a logit, an input, what to compare it with, and where its beats are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.explain.logits import Score, score_of
from ecgkt.signals.delineation import Delineation, delineate

LEAST_RATE = 200.0


@dataclass(frozen=True, eq=False)
class Question:
    """Why does `logit` say what it says of `signal` (12, n) at `fs` Hz, compared with `baseline` (12, n)?

    `seed` begins what a method draws; `layer` is the residual block that Grad-CAM reads, counted from the last (-1).
    `delineation` may be that of the recording at its own rate, from the same start; `steps` are those of a path where
    they are given.
    """

    logit: Score
    signal: NDArray[np.float32]
    fs: float
    baseline: NDArray[np.float32]
    seed: int = 0
    layer: int = -1
    delineation: Delineation | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.signal)
        if len(shape) != 2 or shape[0] != len(LEADS) or np.shape(self.baseline) != shape:
            raise InvalidValue(
                "a signal (12, n) and a baseline of its shape",
                f"{shape} and {np.shape(self.baseline)}",
                "give both as the model's input",
            )
        if not (np.isfinite(self.signal).all() and np.isfinite(self.baseline).all()):
            raise InvalidValue("a signal and a baseline without gaps", "NaN or infinite values", "preprocess first")

    @cached_property
    def scores(self) -> tuple[float, float]:
        """The logits of the signal and of the baseline."""
        score, reference = score_of(self.logit, np.stack([self.signal, self.baseline])).tolist()
        return score, reference

    @cached_property
    def beats(self) -> Delineation:
        """The beats and waves, those of the model's own input where none were given."""
        return self.delineation or find_waves(self.signal, self.fs)


def find_waves(signal: NDArray[np.floating], fs: float) -> Delineation:
    """Delineate a signal (12, n) of any rate; below 200 Hz a copy at 500 Hz, in whose samples the answer then is."""
    from ecgkt.signals.conditioning import RATE, at_rate, bridged

    if fs >= LEAST_RATE:
        return delineate(signal, fs)
    return delineate(at_rate(bridged(np.asarray(signal, dtype=np.float64)), fs), RATE)
