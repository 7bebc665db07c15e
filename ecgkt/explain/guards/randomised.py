"""Networks that have lost what they learnt, from the heads down to the first layer (Adebayo 2018, arXiv 1810.03292)."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

_BESIDE = re.compile(r"^encoder\.(kept\.|side\.)?")


def stages(network: nn.Module) -> tuple[str, ...]:
    """Return the parts of an ECG network from the heads down: heads, embed, the blocks from the last, stem."""
    parts = list(dict.fromkeys(_stage(name) for name in network.state_dict()))
    depth = ["stem", *sorted(part for part in parts if part.startswith("block ")), "embed", "heads"]
    return tuple(part for part in reversed(depth) if part in parts)


def randomised(network: nn.Module, parts: Sequence[str], seed: int) -> nn.Module:
    """Return a copy of a network in which the values of each tensor of these parts are shuffled.

    Shuffled and not drawn anew: the spread of the weights stays, and nothing but what they had learnt is lost. The
    network that is given stays as it was.
    """
    import torch

    generator = np.random.default_rng(seed)
    changed = copy.deepcopy(network)
    with torch.no_grad():
        for name, tensor in changed.state_dict().items():
            if tensor.ndim and _stage(name) in parts:
                order = torch.from_numpy(generator.permutation(tensor.numel()))
                tensor.copy_(tensor.flatten()[order].view_as(tensor))
    return changed.eval()


def _stage(name: str) -> str:
    bare = _BESIDE.sub("", name)
    if bare.startswith("blocks."):
        return f"block {int(bare.split('.')[1]) + 1}"
    return bare.split(".")[0]
