"""How often a label was there among ECGs with such a score: counted, with interval and prevalence."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from ecgkt.errors import InvalidValue


@dataclass(frozen=True)
class Frequency:
    """A share in [0, 1] with its 95 % interval, where `prevalence` of the ECGs have the label.

    `positives` of `n` ECGs were counted; both are 0 where the share was re-derived for another prevalence.
    """

    value: float
    low: float
    high: float
    prevalence: float
    n: int = 0
    positives: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.value <= self.high <= 1:
            raise InvalidValue("0 <= low <= value <= high <= 1", f"{self}", "count again")
        if not 0 <= self.prevalence <= 1:
            raise InvalidValue("a prevalence from 0 to 1", f"{self.prevalence}", "give a share")

    def where_prevalence_is(self, prevalence: float) -> Frequency:
        """Return the frequency where another share has the label, and ECGs with it and without it look the same.

        Bayes' rule: the odds are multiplied by the ratio of the two prevalences' odds (Elkan 2001, theorem 2; Saerens,
        Latinne, Decaestecker 2002, doi 10.1162/089976602753284446). The interval is that of the count, moved likewise.
        Raises InvalidValue where either prevalence is 0 or 1, whose odds have no ratio.
        """
        if not 0 < prevalence < 1 or not 0 < self.prevalence < 1:
            raise InvalidValue("prevalences between 0 and 1", f"{self.prevalence} and {prevalence}", "give shares")
        ratio = prevalence / (1 - prevalence) * (1 - self.prevalence) / self.prevalence
        value, low, high = (p * ratio / (p * ratio + 1 - p) for p in (self.value, self.low, self.high))
        return Frequency(value, low, high, prevalence)


@dataclass(frozen=True)
class Observed:
    """How often one label was there in b ranges of the calibrated probability, from the lowest range to the highest.

    `edges` (b - 1,) part the ranges and rise; `n` ECGs and `positives` of them, (b,) each, whose shares never fall;
    `low` and `high` (b,) are the 95 % intervals of those shares.
    """

    edges: tuple[float, ...]
    n: tuple[int, ...]
    positives: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("edges", "n", "positives", "low", "high"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if {len(self.n), len(self.positives), len(self.low), len(self.high)} != {len(self.edges) + 1}:
            raise InvalidValue("one count and interval per range", "different lengths", "count again")
        if any(not a < b for a, b in pairwise(self.edges)):
            raise InvalidValue("edges that rise", f"{self.edges}", "count again")
        if any(not 0 <= k <= n or n == 0 for k, n in zip(self.positives, self.n, strict=True)):
            raise InvalidValue("0 <= positives <= n in each range, and n of 1 or more", "other counts", "count again")

    @property
    def prevalence(self) -> float:
        """Share of all counted ECGs that have the label."""
        return sum(self.positives) / sum(self.n)

    def at(self, probability: float) -> Frequency:
        """Return the frequency among the counted ECGs whose calibrated probability lies in the range of this one."""
        place = bisect_right(self.edges, probability)
        n, positives = self.n[place], self.positives[place]
        share = positives / n
        low, high = min(self.low[place], share), max(self.high[place], share)
        return Frequency(share, low, high, self.prevalence, n, positives)
