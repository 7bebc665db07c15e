"""What stages 2 and 3 minimise, masked cross-entropy; what stage 1 minimises is in `objectives`."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ecgkt.nets.objectives import Vicreg


def vicreg_loss(a: Tensor, b: Tensor, weights: tuple[float, float, float] = (25.0, 25.0, 1.0)) -> Tensor:
    """Return the weighted sum of VICReg's terms."""
    loss: Tensor = Vicreg(*weights)(a, b)["loss"]
    return loss


def masked_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over known labels (n, k); NaN labels carry no loss.

    With nothing known in a batch the loss is zero, still attached to the graph.
    """
    known = ~labels.isnan()
    losses = functional.binary_cross_entropy_with_logits(logits, labels.nan_to_num(0.0), reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)
