"""What training minimises: VICReg for stage 1, masked cross-entropy for stages 2 and 3."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class VicregTerms(NamedTuple):
    """The three terms, each a scalar, before their weights."""

    invariance: Tensor
    variance: Tensor
    covariance: Tensor


def vicreg_terms(a: Tensor, b: Tensor) -> VicregTerms:
    """Return VICReg's terms for two views (n, d) of the same n rows (Bardes, Ponce, LeCun 2022, eq. 1-4).

    Invariance is the mean squared distance; variance a hinge that keeps each dimension's deviation above 1;
    covariance the squared off-diagonal covariance over d, covariance divided by n - 1 of the rows at hand.
    """
    return VicregTerms(
        functional.mse_loss(a, b),
        (_variance(a) + _variance(b)) / 2,
        _covariance(a) + _covariance(b),
    )


def vicreg_loss(a: Tensor, b: Tensor, weights: tuple[float, float, float] = (25.0, 25.0, 1.0)) -> Tensor:
    """Return the weighted sum of VICReg's terms."""
    terms = vicreg_terms(a, b)
    return sum((weight * term for weight, term in zip(weights, terms, strict=True)), a.new_zeros(()))


def _variance(z: Tensor) -> Tensor:
    return functional.relu(1 - torch.sqrt(z.var(dim=0) + 1e-4)).mean()


def _covariance(z: Tensor) -> Tensor:
    centred = z - z.mean(dim=0)
    covariance = centred.T @ centred / (len(z) - 1)
    return (covariance.pow(2).sum() - covariance.diagonal().pow(2).sum()) / z.shape[1]


def masked_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over known labels (n, k); NaN labels carry no loss.

    With nothing known in a batch the loss is zero, still attached to the graph.
    """
    known = ~labels.isnan()
    losses = functional.binary_cross_entropy_with_logits(logits, labels.nan_to_num(0.0), reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)
