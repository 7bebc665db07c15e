"""Two encoders side by side: what was learnt before is kept, and what is new is learnt beside it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Beside(nn.Module):
    """Two encoders of the same input, each with a `width`; their embeddings are joined.

    With `kept` frozen this is side-tuning (Zhang 2020, arXiv 1912.13503): fine-tuning cannot forget what stages 1 and
    2 have learnt, since it changes the other encoder only.
    """

    def __init__(self, kept: nn.Module, side: nn.Module) -> None:
        super().__init__()
        self.kept, self.side = kept, side
        self.width = int(kept.width) + int(side.width)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return both embeddings (b, width), the kept one first."""
        return torch.cat([self.kept(x), self.side(x)], dim=1)
