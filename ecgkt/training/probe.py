"""A linear probe: what can be read off a frozen embedding without changing it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgkt.nets.losses import masked_cross_entropy

PRIORS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Prior variances of a weight to choose among, the narrowest first."""
DEFAULT = 0.001
ITERATIONS = 100


def fit_probe(embedding: Tensor, labels: Tensor, judged: tuple[Tensor, Tensor] | None = None) -> nn.Linear:
    """Return a linear layer from relu(embedding) (n, d) to logits of `labels` (n, k), NaN labels left out.

    Ridge logistic regression (le Cessie, van Houwelingen 1992, doi 10.2307/2347628) on standardised dimensions, by
    L-BFGS: weights have a normal prior, whose variance is, of `PRIORS`, the one with the smallest cross-entropy on the
    `judged` embedding and labels (the tuning rows); `DEFAULT` without them. The standardisation is folded in.
    """
    hidden = embedding.relu().float()
    mean, deviation = hidden.mean(dim=0), hidden.std(dim=0) + 1e-3
    scaled, truth = (hidden - mean) / deviation, labels.float()
    share = (truth.nansum(dim=0) + 0.5) / ((~truth.isnan()).sum(dim=0) + 1)
    weight, bias = torch.zeros(truth.shape[1], hidden.shape[1]), torch.log(share / (1 - share))
    found: list[tuple[float, nn.Linear]] = []
    for prior in PRIORS if judged is not None else (DEFAULT,):
        weight, bias = _ridge(scaled, truth, weight, bias, prior)
        head = _folded(weight, bias, mean, deviation)
        found.append((0.0 if judged is None else cross_entropy(head, *judged), head))
    return min(found, key=lambda one: one[0])[1]


def cross_entropy(head: nn.Module, embedding: Tensor, labels: Tensor) -> float:
    """Return the mean cross-entropy of a head that reads relu(embedding) (n, d), over known labels (n, k)."""
    with torch.no_grad():
        return float(masked_cross_entropy(head(embedding.relu()), labels))


def _ridge(scaled: Tensor, truth: Tensor, weight: Tensor, bias: Tensor, prior: float) -> tuple[Tensor, Tensor]:
    """Return weight (k, d) and bias (k,) of all labels at once, each its own convex problem, from where they are."""
    weight, bias = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    known = ~truth.isnan()
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        losses = nn.functional.binary_cross_entropy_with_logits(
            scaled @ weight.T + bias, truth.nan_to_num(0.0), reduction="none"
        )
        loss = ((losses * known).sum() + weight.square().sum() / (2 * prior)) / len(truth)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def _folded(weight: Tensor, bias: Tensor, mean: Tensor, deviation: Tensor) -> nn.Linear:
    head = nn.Linear(weight.shape[1], weight.shape[0])
    folded = weight / deviation
    with torch.no_grad():
        head.weight.copy_(folded.float())
        head.bias.copy_((bias - folded @ mean).float())
    return head


def rows_of(values: NDArray[np.float32], rows: Sequence[int] | NDArray[np.intp]) -> Tensor:
    """Return some rows of a label table's values as a tensor."""
    return torch.from_numpy(np.array(values[rows]))
