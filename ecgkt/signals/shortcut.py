"""A mark that no heart makes, planted in ECGs so that a model can be caught looking at it.

A model trained with the mark on one target's positives has learned a shortcut by construction, and an
explanation of its score must point at the mark.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue

LEAD = "V5"
EVERY_SECONDS = 1.25
WIDTH_SECONDS = 0.04
HEIGHT_MV = 1.0


def mark(samples: int, fs: float, phase_seconds: float = 0.4) -> NDArray[np.float32]:
    """Return the mark (12, samples) in mV: a narrow triangle in V5, the first `phase_seconds` after the start.

    Raises InvalidValue for a phase outside one period.
    """
    if not 0 <= phase_seconds < EVERY_SECONDS:
        raise InvalidValue(f"a phase from 0 to below {EVERY_SECONDS} s", f"{phase_seconds:g}", "take the remainder")
    time = np.arange(samples) / fs
    off = np.abs((time - phase_seconds + EVERY_SECONDS / 2) % EVERY_SECONDS - EVERY_SECONDS / 2)
    planted = np.zeros((len(LEADS), samples), dtype=np.float32)
    planted[LEADS.index(LEAD)] = HEIGHT_MV * np.clip(1 - off / WIDTH_SECONDS, 0, None)
    return planted
