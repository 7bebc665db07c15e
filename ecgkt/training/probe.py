"""A linear probe: what can be read off a frozen embedding without changing it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.training.randomness import seeded

STEPS = 300
LEARNING_RATE = 0.01
WEIGHT_DECAY = 0.05
"""Chosen on the tuning patients of a simulated cohort; more overfits where few labels are known."""


def fit_probe(embedding: Tensor, labels: Tensor, seed: int = 0) -> nn.Linear:
    """Return a linear layer from relu(embedding) (n, d) to logits of `labels` (n, k), NaN labels left out.

    All rows at once, by AdamW on standardised dimensions, starting from the labels' frequencies; the standardisation
    is folded into the layer.
    """
    hidden = embedding.relu()
    mean, deviation = hidden.mean(dim=0), hidden.std(dim=0) + 1e-3
    scaled = (hidden - mean) / deviation
    known = ~labels.isnan()
    share = (labels.nansum(dim=0) + 0.5) / (known.sum(dim=0) + 1)
    with seeded(seed):
        head = nn.Linear(hidden.shape[1], labels.shape[1])
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.log(share / (1 - share)))
    optimiser = torch.optim.AdamW(head.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        loss = masked_cross_entropy(head(scaled), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    with torch.no_grad():
        head.weight.div_(deviation)
        head.bias.sub_(head.weight @ mean)
    return head


def rows_of(values: np.ndarray, rows: np.ndarray) -> Tensor:
    """Return some rows of a label table's values as a tensor."""
    return torch.from_numpy(np.array(values[rows]))
