"""Delineations written by hand, so that every region is known to the sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ecgkt.signals.atrial import NONE
from ecgkt.signals.delineation import Delineation, Waves


@pytest.fixture
def marked() -> Callable[..., Delineation]:
    """Return a maker of delineations at 500 Hz of ten seconds, with beats each second and all leads alike.

    Waves are (onset, offset) in ms from QRS onset; None is a wave that was not found. QRS begins 0.5 s after each full
    second.
    """

    def make(
        p: tuple[float, float] | None = (-160.0, -60.0),
        qrs: tuple[float, float] = (0.0, 100.0),
        t: tuple[float, float] | None = (220.0, 400.0),
        beats: int = 10,
        irregularity: float = 0.0,
    ) -> Delineation:
        onset = 500.0 * (np.arange(beats) + 0.5)

        def wave(span: tuple[float, float] | None) -> Waves:
            begin, end = (onset + (np.nan if span is None else edge / 2) for edge in (span or (0, 0)))
            wide = [np.repeat(edge[:, None], 12, axis=1) for edge in (begin, (begin + end) / 2, end)]
            return Waves(*wide, begin, end)

        return Delineation(
            fs=500.0,
            beats=onset + 20,
            shape=np.zeros(beats, dtype=np.intp),
            usable=np.ones(12, dtype=bool),
            p=wave(p),
            qrs=wave(qrs),
            t=wave(t),
            spikes=np.empty(0),
            p_coherence=0.0 if p is None else 1.0,
            irregularity=irregularity,
            atrial=NONE,
        )

    return make
