"""The encoder of clinical tables, and the projector that stage 1 compares embeddings through."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TableEncoder(nn.Module):
    """From values (b, k) with NaN where not measured to an embedding (b, width).

    Values enter in their own units: the scaling, fitted on training rows, is part of the weights. Missingness is a
    channel of its own: a missing value enters as zero beside a flag of zero.
    """

    logarithmic: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, width: int = 128, hidden: int = 128, dropout: float = 0.1) -> None:
        super().__init__()
        self.width, self.hidden, self.dropout = width, hidden, dropout
        self.register_buffer("logarithmic", torch.zeros(features, dtype=torch.bool))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.layers = nn.Sequential(
            nn.Linear(2 * features, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, width),
        )

    def fit_scaling(self, values: Tensor, logarithmic: Tensor) -> None:
        """Fit mean and deviation on training values (n, k), after the logarithm where `logarithmic` (k,) says so."""
        self.logarithmic.copy_(logarithmic)
        scaled = self._logarithm(values)
        count = (~scaled.isnan()).sum(dim=0)
        mean = scaled.nansum(dim=0) / count.clamp(min=1)
        variance = (scaled - mean).square().nansum(dim=0) / count.clamp(min=1)
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(variance > 1e-12, variance.sqrt(), 1.0))

    def another(self) -> TableEncoder:
        """Return an untrained encoder of the same tables, with this one's scaling."""
        other = TableEncoder(len(self.mean), self.width, self.hidden, self.dropout)
        for name, buffer in self.named_buffers():
            other.get_buffer(name).copy_(buffer)
        return other

    def forward(self, values: Tensor) -> Tensor:
        """Return the embedding (b, width)."""
        scaled = self.scaled(values)
        measured = (~scaled.isnan()).to(scaled.dtype)
        embedding: Tensor = self.layers(torch.cat([scaled.nan_to_num(0.0), measured], dim=1))
        return embedding

    def scaled(self, values: Tensor) -> Tensor:
        """Return values (b, k) in training deviations from the training mean, at most 6; NaN stays NaN."""
        return ((self._logarithm(values) - self.mean) / self.deviation).clamp(-6, 6)

    def _logarithm(self, values: Tensor) -> Tensor:
        return torch.where(self.logarithmic, values.clamp(min=1e-3).log(), values)


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
