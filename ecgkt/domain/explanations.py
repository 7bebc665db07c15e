"""Where a score came from, sample by sample, with the residual that says how far the sum is off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS
from ecgkt.errors import InvalidValue

COMPLETE_METHODS = frozenset({"integrated gradients", "gradient SHAP", "DeepLIFT"})
NO_BASELINE = "none"
BETWEEN = " minus "


@dataclass(frozen=True, eq=False)
class Explanation:
    """Signed attribution (12, n) of the logit of `target` to the model's input, at the input's rate `fs` in Hz.

    With `minus`, another target, it explains the difference of both logits; with a `checkpoint_id` of two, joined by
    " minus ", the difference between two models. `score` and `baseline_score` are that logit (or difference) of the
    input and of the `baseline`; a method that takes none says "none" and has a `baseline_score` of NaN. The `residual`
    is the sum of the attribution minus the difference of both scores, demanded of methods that promise completeness
    (Sundararajan 2017). `seed` is what a method that draws was begun with, None for one that does not draw.
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
    minus: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        attribution = np.array(self.attribution, dtype=np.float32)
        if attribution.ndim != 2 or attribution.shape[0] != len(LEADS):
            raise InvalidValue(
                "an attribution of the input's shape (12, n)", f"{attribution.shape}", "explain the whole input"
            )
        if not np.isfinite(attribution).all():
            raise InvalidValue("a finite attribution", "NaN or infinite values", "check the model's weights")
        if not self.fs > 0:
            raise InvalidValue("a rate in Hz", f"{self.fs:g}", "give the rate of the model's input")
        if not np.isfinite(self.score) or np.isfinite(self.baseline_score) == (self.baseline == NO_BASELINE):
            raise InvalidValue(
                "finite scores, and NaN for that of no baseline",
                f"{self.score} and {self.baseline_score} ({self.baseline})",
                "score the input and the baseline",
            )
        if self.method in COMPLETE_METHODS and self.residual is None:
            raise InvalidValue(f"a residual for {self.method}", "none", "compute sum - (score - baseline score)")
        if self.minus == self.target:
            raise InvalidValue("another target to take away", self.target, "choose two targets")
        attribution.setflags(write=False)
        object.__setattr__(self, "attribution", attribution)

    @property
    def difference(self) -> float | None:
        """Score minus baseline score, in logits; None for a method that takes no baseline."""
        return None if self.baseline == NO_BASELINE else self.score - self.baseline_score

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

    def less(self, other: Explanation) -> Explanation:
        """Return the map of the difference of this model's score and another's of the same ECG.

        Every method here is linear in the score, so the difference of two maps is the map of the difference. Raises
        InvalidValue for maps that are not of one question put to one input.
        """
        ours, theirs = (
            (one.target, one.minus, one.method, one.baseline, one.seed, one.fs, one.attribution.shape)
            for one in (self, other)
        )
        if ours != theirs:
            unlike = next((a, b) for a, b in zip(ours, theirs, strict=True) if a != b)
            raise InvalidValue("two maps of one question and one input", f"{unlike[0]} and {unlike[1]}", "ask the same")
        residual = None if self.residual is None or other.residual is None else self.residual - other.residual
        return Explanation(
            attribution=self.attribution - other.attribution,
            fs=self.fs,
            method=self.method,
            target=self.target,
            baseline=self.baseline,
            score=self.score - other.score,
            baseline_score=self.baseline_score - other.baseline_score,
            residual=residual,
            checkpoint_id=f"{self.checkpoint_id}{BETWEEN}{other.checkpoint_id}",
            minus=self.minus,
            seed=self.seed,
        )
