"""Which rows of a batch a fault comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgkt.errors import EcgktError
from ecgkt.training.batches import Batch
from ecgkt.training.processes import alone


def offending(module: nn.Module, loss_of: Callable[[Batch], Mapping[str, Tensor]], batch: Batch) -> NDArray[np.intp]:
    """Return the rows whose own loss or gradient is not finite; all of the batch where no row is so by itself.

    Each row is tried as a batch of two of its kind, in evaluation mode, without the other processes.
    """
    parameters = [one for one in module.parameters() if one.requires_grad]
    training = [part for part in module.modules() if part.training]
    module.eval()
    with alone():
        bad = [place for place in range(len(batch.rows)) if not _finite(parameters, loss_of, batch.only(place))]
    for part in training:
        part.training = True
    return batch.rows[bad] if bad else batch.rows


def _finite(parameters: list[nn.Parameter], loss_of: Callable[[Batch], Mapping[str, Tensor]], batch: Batch) -> bool:
    try:
        loss = loss_of(batch)["loss"]
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    except (EcgktError, RuntimeError):  # a loss that cannot be had of two rows tells nothing about them
        return True
    return all(bool(torch.isfinite(one).all()) for one in (loss, *gradients) if one is not None)
