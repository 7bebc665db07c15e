"""The network of the multimodal arm: diagnoses from the ECG's and the tables' embeddings together."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ecgkt.nets.beside import Beside
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.nets.tables import TableEncoder


class MultimodalNetwork(nn.Module):
    """Both encoders, with one linear head per family of labels over the joined embeddings."""

    def __init__(self, encoder: EcgEncoder | Beside, tables: TableEncoder | Beside, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.encoder = encoder
        self.tables = tables
        self.relu = nn.ReLU()
        width = encoder.width + tables.width
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in heads.items()})

    def forward(self, x: Tensor, values: Tensor) -> Tensor:
        """Return logits (b, k) of signals (b, 12, n) and table values (b, features), NaN where not measured."""
        return self.read(self.embed(x, values))

    def embed(self, x: Tensor, values: Tensor) -> Tensor:
        """Return the joined embedding (b, encoder width + tables width)."""
        return torch.cat([self.encoder(x), self.tables(values)], dim=1)

    def read(self, embedding: Tensor) -> Tensor:
        """Return logits from a joined embedding."""
        hidden = self.relu(embedding)
        return torch.cat([head(hidden) for head in self.heads.values()], dim=1)
