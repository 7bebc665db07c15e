"""What is explained: one logit of a network, or the difference of two, as a function of the ECG alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue
from ecgkt.inference import BATCH, Predictor

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Logit:
    """Column `column` of what a `network` returns (b, k), less its column `minus` where one is given.

    `network` is a module or any function of (b, 12, n) float32 tensors; `tables` (values,) are what a model that reads
    clinical tables is given beside every ECG, NaN where not measured.
    """

    network: Callable[..., Tensor]
    column: int
    minus: int | None = None
    tables: NDArray[np.float32] | None = None

    @classmethod
    def of(
        cls, predictor: Predictor, target: str, minus: str | None = None, tables: NDArray[np.float32] | None = None
    ) -> Logit:
        """Return the raw logit of a target, or of the difference of two.

        Raises UnknownName for a target that the checkpoint does not have, InvalidValue where its tables are missing.
        """
        labels = predictor.card.labels
        column, other = labels.index(target), None if minus is None else labels.index(minus)
        wanted = len(predictor.card.table_names) if predictor.needs_tables else None
        if wanted != (None if tables is None else tables.size):
            raise InvalidValue(
                f"{wanted or 'no'} values of clinical tables for {predictor.card.name}",
                "none" if tables is None else f"{tables.size}",
                "choose a model that needs the ECG alone" if wanted else "leave the tables out",
            )
        if other == column:
            raise InvalidValue("another target to take away", target, "choose two targets")
        values = None if tables is None else np.array(tables, dtype=np.float32).ravel()
        return cls(predictor.network, column, other, values)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (b,) logits of signals (b, 12, n)."""
        import torch

        given: tuple[Tensor, ...] = (x,)
        if self.tables is not None:
            given = (x, torch.from_numpy(self.tables).expand(len(x), -1))
        every = self.network(*given)
        score = every[:, self.column]
        return score if self.minus is None else score - every[:, self.minus]

    def evaluating(self) -> Logit:
        """Return the same logit of a network in evaluation mode: itself, or a copy where it is being trained."""
        from torch import nn

        network = self.network
        trains = isinstance(network, nn.Module) and any(one.training for one in network.modules())
        return self.private() if trains else self

    def private(self) -> Logit:
        """Return the same logit of a copy of the network in evaluation mode, which may be hooked.

        Only the modules are copied; the weights are shared, so that it takes about a forward pass and no memory.
        """
        from torch import nn

        if not isinstance(self.network, nn.Module):
            return self
        shared: dict[int, Any] = {id(one): one for one in (*self.network.parameters(), *self.network.buffers())}
        return replace(self, network=copy.deepcopy(self.network, shared).eval())


Score = Callable[..., "Tensor"]
"""A logit as methods take it: a `Logit`, or any function from (b, 12, n) to (b,)."""


def score_of(logit: Score, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (b,) logits of preprocessed signals (b, 12, n), without gradients."""
    import torch

    out = np.empty(len(signals))
    with torch.inference_mode():
        for start in range(0, len(signals), BATCH):
            out[start : start + BATCH] = logit(torch.from_numpy(signals[start : start + BATCH])).numpy()
    return out
