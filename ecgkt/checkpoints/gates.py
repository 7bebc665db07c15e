"""What a checkpoint was checked on, so that it abstains from what is unlike it: summary numbers, never a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.evaluation.novelty import Spread
from ecgkt.signals.appearance import GROUPS, REVISION

_DIGITS = 6


@dataclass(frozen=True)
class Rate:
    """From how many of `records` the gate abstained; `kind` is "real", "simulated" or "real, spoilt on purpose"."""

    kind: str
    what: str
    abstained: int
    records: int

    def __post_init__(self) -> None:
        if not 0 <= self.abstained <= self.records or self.records == 0:
            raise InvalidValue("some of at least one record", f"{self.abstained} of {self.records}", "count anew")

    def __str__(self) -> str:
        return f"{self.abstained} of {self.records} ({self.abstained / self.records:.1%})"


@dataclass(frozen=True, eq=False)
class Measure:
    """One way of being unlike, a group of `signals.appearance`: how its numbers spread, and the largest distance."""

    group: str
    spread: Spread
    limit: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.limit) and self.limit > 0):
            raise InvalidValue("a limit over zero", f"{self.limit}", "fit the gate anew")

    def to_json(self) -> dict[str, Any]:
        """Return plain data, six digits to a number."""
        spread = self.spread
        rows = {name: _rounded(getattr(spread, name)) for name in ("centre", "scale", "directions", "along")}
        return {"group": self.group, "limit": self.limit, "rest": spread.rest, **rows}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measure:
        """Read `to_json`'s data back; raise InvalidValue where the numbers do not fit each other."""
        centre, scale, along = (np.array(data[name], dtype=np.float64) for name in ("centre", "scale", "along"))
        directions = np.array(data["directions"], dtype=np.float64).reshape(-1, len(centre))
        if centre.shape != scale.shape or directions.shape != (len(along), len(centre)):
            raise InvalidValue("numbers of one length", f"{centre.shape} and {directions.shape}", "fit the gate anew")
        return cls(data["group"], Spread(centre, scale, directions, along, float(data["rest"])), float(data["limit"]))


@dataclass(frozen=True, eq=False)
class Gate:
    """What a model was checked on, by name, and from how much else than that it abstains.

    `records` of the set `name` were fitted; `source` says where they come from and their licence, `fit` how the limits
    were set. A record beyond the limit of any of `measures` is abstained from. `rates` were measured by the card's
    command "gate" on records that were kept apart. `revision` is that of the numbers that are read.
    """

    name: str
    source: str
    records: int
    fit: str
    measures: tuple[Measure, ...]
    rates: tuple[Rate, ...] = ()
    revision: int = REVISION

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", tuple(self.measures))
        object.__setattr__(self, "rates", tuple(self.rates))
        if not self.measures or len({measure.group for measure in self.measures}) != len(self.measures):
            raise InvalidValue("each measure of a gate once", f"{len(self.measures)}", "fit the gate anew")

    def shares(self, appearances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, measures) how far records lie from the set, as a share of the limit: over 1 is beyond it.

        `appearances` (n, d) are those of `signals.appearance`. What is no number counts as beyond.
        """
        if self.revision != REVISION or [measure.group for measure in self.measures] != list(GROUPS):
            raise InvalidCheckpoint(
                f"a gate of revision {REVISION}", f"{self.revision}", "fit it anew with `python -m ecgkt gate`"
            )
        edges = np.cumsum([len(names) for names in GROUPS.values()])[:-1]
        parts = np.split(np.atleast_2d(appearances), edges, axis=1)
        columns = [m.spread.distances(part) / m.limit for m, part in zip(self.measures, parts, strict=True)]
        return np.nan_to_num(np.stack(columns, axis=1), nan=np.inf)

    def judge(self, appearance: NDArray[np.float64]) -> tuple[float, str | None]:
        """Return how far one record lies, as a share of the limit, and the sentence about it where that is beyond."""
        shares = self.shares(appearance)[0]
        furthest, place = float(shares.max()), int(shares.argmax())
        if furthest <= 1:
            return furthest, None
        told = f"{furthest:.1f} times" if furthest < 99 else "over 99 times"
        return furthest, (
            f"Wanted an ECG like those that the model was checked on ({self.name}), got one {told} as far from them as "
            f"the limit, in {self.measures[place].group}: check electrodes, lead order, gain, speed and noise."
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name,
            "source": self.source,
            "records": self.records,
            "fit": self.fit,
            "revision": self.revision,
            "rates": [[rate.kind, rate.what, rate.abstained, rate.records] for rate in self.rates],
            "measures": [measure.to_json() for measure in self.measures],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Gate:
        """Read `to_json`'s data back."""
        measures = tuple(Measure.from_json(one) for one in data["measures"])
        rates = tuple(Rate(*row) for row in data["rates"])
        return cls(data["name"], data["source"], data["records"], data["fit"], measures, rates, int(data["revision"]))


def _rounded(values: NDArray[np.float64]) -> list[Any]:
    if values.ndim > 1:
        return [_rounded(row) for row in values]
    return [float(f"{value:.{_DIGITS}g}") for value in values]
