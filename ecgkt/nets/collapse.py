"""How far an embedding has collapsed: to a point, to a few directions, or into dead dimensions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ecgkt.errors import InvalidValue

DEAD = 0.01
"""A dimension is dead where its deviation is at most this share of the root mean square of all values."""
_ROUNDING = 1e-6


def collapse(embedding: Tensor) -> dict[str, float]:
    """Return how far an embedding (n, d) has collapsed: deviation, effective_rank, dead.

    deviation: each row divided by its length, the deviation of each dimension times sqrt(d), their mean. 1 where the
    rows point everywhere, 0 where all point one way (Chen, He 2021, arXiv 2011.10566). effective_rank: see there.
    dead: the share of dimensions whose deviation is at most a hundredth of the root mean square of all values.
    Raises InvalidValue with fewer than 2 rows or a value that is not finite.
    """
    if embedding.ndim != 2 or len(embedding) < 2 or not bool(torch.isfinite(embedding).all()):
        raise InvalidValue(
            "a finite embedding (n, d) of at least 2 rows", f"shape {tuple(embedding.shape)}", "check the encoder"
        )
    z = embedding.detach().to(torch.float64)
    deviation = functional.normalize(z, dim=1).std(dim=0) * z.shape[1] ** 0.5
    dead = z.std(dim=0) <= DEAD * z.square().mean().sqrt()
    return {
        "deviation": float(deviation.mean()),
        "effective_rank": effective_rank(z),
        "dead": float(dead.double().mean()),
    }


def effective_rank(embedding: Tensor) -> float:
    """Return the effective rank of an embedding (n, d): exp of the entropy of its singular values, once centred.

    Near 1 all rows lie on a line; at most the smaller of d and n - 1 (Roy, Vetterli 2007; as a measure of dimensional
    collapse: Garrido 2023, arXiv 2210.02885). 1 where all rows are one point.
    """
    z = embedding.detach().to(torch.float64)
    singular = torch.linalg.svdvals(z - z.mean(dim=0))
    singular = singular[singular > _ROUNDING * torch.linalg.norm(z)]
    share = singular / singular.sum()
    return float(torch.exp(-(share * share.log()).sum()))
