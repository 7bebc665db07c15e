"""What an ECG is compared with: named signals (12, n) that stand for the absence of what is explained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import Record
from ecgkt.errors import UnknownName
from ecgkt.signals.preprocessing import Preprocessing

ZERO = "zero signal"
BASELINES = (ZERO,)


def lay(name: str, record: Record, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return the named baseline (12, n) of a record, as the model's input; raises UnknownName for another name."""
    if name not in BASELINES:
        raise UnknownName(f"a baseline among {', '.join(BASELINES)}", repr(name), "choose one of them")
    return np.zeros_like(preprocessing.apply(record))
