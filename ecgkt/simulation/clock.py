"""The calendar of a simulated patient: shifted as MIMIC's is."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from ecgkt.simulation.settings import generator

_BUSY = 1 + 0.6 * np.cos((np.arange(24) - 15) * np.pi / 12)


def first_recorded(seed: int, number: int) -> datetime:
    """Return when a patient's first ECG was recorded, in the shifted years 2112 to 2200; most come in the afternoon."""
    rng = generator(seed, "calendar", number)
    days, seconds = int(rng.integers(0, 32_000)), int(rng.integers(0, 3600))
    hour = int(rng.choice(24, p=_BUSY / _BUSY.sum()))
    return datetime(2112, 3, 1) + timedelta(days=days, hours=hour, seconds=seconds)


def at(start: datetime, hours: float) -> datetime:
    """Return the time `hours` after `start`, in whole seconds."""
    return start + timedelta(seconds=round(hours * 3600))
