"""What a loss is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """Augmented crops (b, 12, m) in mV, another view of the same rows where asked for, and the study's rows (b,)."""

    signals: Tensor
    second: Tensor | None
    rows: NDArray[np.intp]

    def take(self, values: Tensor) -> Tensor:
        """Return the batch's rows of a table (n, ...) of the whole study, where the signals are."""
        return values[torch.from_numpy(self.rows).to(values.device)].to(self.signals.device)

    def only(self, place: int) -> Batch:
        """Return a batch of the row at `place` alone, twice."""
        twice = [place, place]
        return Batch(self.signals[twice], None if self.second is None else self.second[twice], self.rows[twice])
