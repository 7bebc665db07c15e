"""Where a score came from, sample by sample, with the residual that says how far the sum is off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.errors import InvalidValue

COMPLETE_METHODS = frozenset({"integrated gradients"})


@dataclass(frozen=True, eq=False)
class Explanation:
    """Signed attribution (12, n) of the logit of `target` to the model's input, at the input's rate `fs` in Hz.

    `score` and `baseline_score` are the logits of the input and of the `baseline`; the `residual` is the sum of the
    attribution minus their difference, demanded of methods that promise completeness (Sundararajan 2017).
    """

    attribution: NDArray[np.float32]
    fs: float
    method: str
    target: str
    baseline: str
    score: float
    baseline_score: float
    residual: float | None
    checkpoint_id: str

    def __post_init__(self) -> None:
        attribution = np.array(self.attribution, dtype=np.float32)
        if attribution.ndim != 2 or attribution.shape[0] != len(LEADS):
            raise InvalidValue(
                "an attribution of the input's shape (12, n)", f"{attribution.shape}", "explain the whole input"
            )
        if not np.isfinite(attribution).all():
            raise InvalidValue("a finite attribution", "NaN or infinite values", "check the model's weights")
        if self.method in COMPLETE_METHODS and self.residual is None:
            raise InvalidValue(f"a residual for {self.method}", "none", "compute sum - (score - baseline score)")
        attribution.setflags(write=False)
        object.__setattr__(self, "attribution", attribution)

    @property
    def relative_residual(self) -> float | None:
        """Residual as a share of the score difference that the map explains; None without a residual."""
        if self.residual is None:
            return None
        return abs(self.residual) / max(abs(self.score - self.baseline_score), 1e-6)

    def lead_shares(self) -> NDArray[np.float64]:
        """Return (12,) shares of the absolute attribution by lead; zeros where the map is empty."""
        mass: NDArray[np.float64] = np.abs(self.attribution.astype(np.float64)).sum(axis=1)
        total = mass.sum()
        if total > 0:
            mass /= total
        return mass
