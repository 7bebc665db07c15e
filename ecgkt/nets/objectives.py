"""What stage 1 minimises: two projections of the same rows agree, and the embedding does not collapse.

One contract, `Objective`. Another objective is a class with `compare`, and a line in `OBJECTIVES`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgkt.errors import InvalidValue

Terms = Mapping[str, Tensor]
"""Scalars by name: "loss" with its graph; the others are for the log, without."""


class Objective(nn.Module, ABC):
    """From projections a, b (n, d) of two views, row i of both being one recording, to `Terms`.

    Row i of `a` belongs to row i of `b`; the order of the rows means nothing. In training over several processes the
    caller hands in the rows of all of them. Computed in float32 at least, whatever the precision of the encoders.
    """

    def forward(self, a: Tensor, b: Tensor) -> Terms:
        """Return the loss and what it is made of; raise InvalidValue where a and b are no (n, d) with n >= 2."""
        if a.ndim != 2 or a.shape != b.shape or len(a) < 2:
            raise InvalidValue(
                "two views of one shape (n, d) with at least 2 rows",
                f"{tuple(a.shape)} and {tuple(b.shape)}",
                "project the same rows of both",
            )
        with torch.autocast(a.device.type, enabled=False):
            return self.compare(*(view.to(torch.promote_types(view.dtype, torch.float32)) for view in (a, b)))

    @abstractmethod
    def compare(self, a: Tensor, b: Tensor) -> Terms:
        """Return the terms of checked views (n, d)."""


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


def _variance(z: Tensor) -> Tensor:
    return functional.relu(1 - torch.sqrt(z.var(dim=0) + 1e-4)).mean()


def _covariance(z: Tensor) -> Tensor:
    centred = z - z.mean(dim=0)
    covariance = centred.T @ centred / (len(z) - 1)
    return (covariance.pow(2).sum() - covariance.diagonal().pow(2).sum()) / z.shape[1]


class Vicreg(Objective):
    """The weighted sum of `vicreg_terms` (Bardes, Ponce, LeCun 2022, arXiv 2105.04906)."""

    def __init__(self, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0) -> None:
        super().__init__()
        self.weights = VicregWeights(invariance, variance, covariance)

    def compare(self, a: Tensor, b: Tensor) -> Terms:
        """Return the loss and the three terms before their weights."""
        terms = vicreg_terms(a, b)
        loss = a.new_zeros(())
        for weight, term in zip(self.weights, terms, strict=True):
            loss = loss + weight * term
        return {"loss": loss, **{name: term.detach() for name, term in terms._asdict().items()}}


class VicregWeights(NamedTuple):
    """The weights of VICReg's terms."""

    invariance: float
    variance: float
    covariance: float


class InfoNce(Objective):
    """Each row is told from all others, both ways round, by cosine (van den Oord 2018; Radford 2021).

    The cross-entropy of the scaled cosines (n, n) against the diagonal, over rows and over columns, halved. The
    scale, 1 / `temperature` at first, is learnt as a logarithm and held at 100 or below.
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        if not 0.01 <= temperature <= 10:
            raise InvalidValue("a temperature from 0.01 to 10", f"{temperature}", "use about 0.1")
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))

    def compare(self, a: Tensor, b: Tensor) -> Terms:
        """Return the loss, the temperature, and the share of rows whose own partner is the nearest of all."""
        with torch.no_grad():
            self.log_scale.clamp_(max=math.log(100))
        cosine = functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T
        logits = self.log_scale.exp() * cosine
        own = torch.arange(len(a), device=a.device)
        loss = (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
        found = (cosine.argmax(dim=1) == own).to(loss.dtype).mean()
        return {"loss": loss, "temperature": (-self.log_scale).exp().detach(), "found": found.detach()}


class SigReg(Objective):
    """LeJEPA: views agree, and every shadow of each is standard normal (Balestriero, LeCun 2025, arXiv 2511.08544).

    Each view is projected on `directions` random unit vectors; the Epps-Pulley statistic of each shadow is n times
    the integral over t in [-5, 5], by `knots` points, of exp(-t^2 / 2) |phi(t) - exp(-t^2 / 2)|^2, phi the empirical
    characteristic function. The loss is `share` of its mean and 1 - share of the mean squared distance of the
    views from their mean. Directions are new at every step in training, and the same on every process.
    """

    steps: Tensor

    def __init__(self, share: float = 0.05, directions: int = 256, knots: int = 17, seed: int = 0) -> None:
        super().__init__()
        if not 0 < share < 1 or min(directions, knots - 1) < 1:
            raise InvalidValue(
                "a share in (0, 1), directions and 2 knots", f"{share}, {directions}, {knots}", "correct them"
            )
        self.share, self.directions, self.knots, self.seed = share, directions, knots, seed
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def compare(self, a: Tensor, b: Tensor) -> Terms:
        """Return the loss, the distance of the views and the statistic."""
        if self.training:
            self.steps += 1
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + int(self.steps))
        lines = functional.normalize(torch.randn(a.shape[1], self.directions, generator=generator), dim=0).to(a)
        distance = (a - b).square().mean() / 4
        statistic = (self._epps_pulley(a @ lines) + self._epps_pulley(b @ lines)) / 2
        loss = self.share * statistic + (1 - self.share) * distance
        return {"loss": loss, "distance": distance.detach(), "statistic": statistic.detach()}

    def _epps_pulley(self, shadows: Tensor) -> Tensor:
        """Return the mean statistic of shadows (n, directions)."""
        t = torch.linspace(-5, 5, self.knots, device=shadows.device, dtype=shadows.dtype)
        normal = torch.exp(-t.square() / 2)
        angle = shadows.unsqueeze(-1) * t
        away = (angle.cos().mean(dim=0) - normal).square() + angle.sin().mean(dim=0).square()
        return len(shadows) * torch.trapezoid(away * normal, t, dim=-1).mean()


OBJECTIVES: Mapping[str, type[Objective]] = MappingProxyType({"vicreg": Vicreg, "infonce": InfoNce, "sigreg": SigReg})
"""Objectives by the name that a recipe gives them."""


def objective(name: str, settings: Mapping[str, Any] | None = None) -> Objective:
    """Return the objective of this name, built with its settings; raise InvalidValue where either is unknown."""
    if name not in OBJECTIVES:
        raise InvalidValue(f"an objective among {', '.join(OBJECTIVES)}", name, "correct the spelling")
    try:
        return OBJECTIVES[name](**dict(settings or {}))
    except TypeError as error:
        raise InvalidValue(f"settings of {name}", ", ".join(settings or {}), f"correct them ({error})") from error
