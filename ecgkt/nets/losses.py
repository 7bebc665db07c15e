"""What stages 2 and 3 minimise, over what is known alone; stage 1's objectives have their own file."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def masked_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over known labels (n, k); NaN labels carry no loss.

    With nothing known in a batch the loss is zero, still attached to the graph.
    """
    known = ~labels.isnan()
    losses = functional.binary_cross_entropy_with_logits(logits, labels.nan_to_num(0.0), reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)


def masked_squared_error(predicted: Tensor, values: Tensor) -> Tensor:
    """Return the mean squared error over known values (n, k); NaN values carry no loss, and none known gives zero."""
    known = ~values.isnan()
    losses = (predicted - values.nan_to_num(0.0)).square()
    return (losses * known).sum() / known.sum().clamp(min=1)
