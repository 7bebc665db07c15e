"""The encoder of clinical tables, and the projector that stage 1 compares embeddings through."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TableEncoder(nn.Module):
    """From standardised values (b, k) with NaN where not measured to an embedding (b, width).

    Missingness is a channel of its own: a missing value enters as zero beside a flag of zero.
    """

    def __init__(self, features: int, width: int = 128, hidden: int = 128, dropout: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(
            nn.Linear(2 * features, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, width),
        )

    def forward(self, values: Tensor) -> Tensor:
        """Return the embedding (b, width)."""
        measured = ~values.isnan()
        joined = torch.cat([values.nan_to_num(0.0), measured.to(values.dtype)], dim=1)
        return self.layers(joined)


def projector(width: int, out: int) -> nn.Sequential:
    """Return the three-layer projector of VICReg (Bardes 2022, arXiv 2105.04906): (b, width) to (b, out)."""
    return nn.Sequential(
        nn.Linear(width, out, bias=False),
        nn.BatchNorm1d(out),
        nn.ReLU(),
        nn.Linear(out, out, bias=False),
        nn.BatchNorm1d(out),
        nn.ReLU(),
        nn.Linear(out, out, bias=False),
    )
