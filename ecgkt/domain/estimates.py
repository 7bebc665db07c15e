"""A measured figure with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ecgkt.errors import InvalidValue


@dataclass(frozen=True)
class Estimate:
    """`value` with the `level` interval `low` to `high`; `n` rows, `positives` among them.

    `unit` is what was resampled (subjects). An undefined estimate has no figures and a `reason`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    positives: int
    unit: str = "subject"
    level: float = 0.95
    reason: str | None = None

    def __post_init__(self) -> None:
        figures = (self.value, self.low, self.high)
        if self.reason is not None:
            if figures != (None, None, None):
                raise InvalidValue("no figures where there is a reason", f"{figures}", "use Estimate.undefined")
        elif self.value is None or self.low is None or self.high is None:
            raise InvalidValue("value, low and high, or a reason", f"{figures}", "use Estimate.undefined")
        elif not self.low <= self.value <= self.high:
            raise InvalidValue("low <= value <= high", f"{figures}", "check the resampling")
        if not 0 <= self.positives <= self.n:
            raise InvalidValue("0 <= positives <= n", f"{self.positives} of {self.n}", "count again")

    @classmethod
    def undefined(cls, reason: str, n: int, positives: int) -> Estimate:
        """Return an estimate that says why it has no figure."""
        return cls(None, None, None, n, positives, reason=reason)

    @property
    def defined(self) -> bool:
        """Whether there is a figure."""
        return self.reason is None

    def __str__(self) -> str:
        if self.value is None:
            return f"undefined ({self.reason})"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a card; `Estimate(**data)` reads it back."""
        return asdict(self)
