"""What a checkpoint was checked on, so that it can abstain from what is unlike it: summary numbers, never a record."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.novelty import Spread

TRACING, EMBEDDING = "tracing", "embedding"


@dataclass(frozen=True)
class Rate:
    """From how many of `records` the gate abstained; `kind` is "real", "spoilt on purpose", "no ECG" or "simulated"."""

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
    """One way of being unlike: a distance in what is read ("tracing" or "embedding"), and its limit."""

    reads: str
    spread: Spread
    limit: float

    def __post_init__(self) -> None:
        if self.reads not in (TRACING, EMBEDDING):
            raise InvalidValue(f"{TRACING} or {EMBEDDING}", repr(self.reads), "fit the gate anew")
        if not (np.isfinite(self.limit) and self.limit > 0):
            raise InvalidValue("a limit over zero", f"{self.limit}", "fit the gate anew")

    def to_json(self) -> dict[str, Any]:
        """Return plain data; long rows of numbers as the base64 text of their float32 values."""
        spread = self.spread
        return {
            "reads": self.reads,
            "limit": self.limit,
            "dimensions": len(spread.centre),
            "components": len(spread.along),
            "rest": spread.rest,
            **{name: _packed(getattr(spread, name)) for name in ("centre", "scale", "directions", "along")},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measure:
        """Read `to_json`'s data back; raise InvalidValue where the numbers do not fit each other."""
        d, k = int(data["dimensions"]), int(data["components"])
        spread = Spread(
            _unpacked(data["centre"], (d,)),
            _unpacked(data["scale"], (d,)),
            _unpacked(data["directions"], (k, d)),
            _unpacked(data["along"], (k,)),
            float(data["rest"]),
        )
        return cls(data["reads"], spread, float(data["limit"]))


@dataclass(frozen=True, eq=False)
class Gate:
    """What a model was checked on, by name, and from how much else than that it abstains.

    `records` of the set `name` were fitted; `source` says where they come from and their licence. A record beyond the
    limit of any of `measures` is abstained from. `fit` tells how the limits were set; `rates` were measured by the
    card's command "gate" on records that were kept apart.
    """

    name: str
    source: str
    records: int
    fit: str
    measures: tuple[Measure, ...]
    rates: tuple[Rate, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", tuple(self.measures))
        object.__setattr__(self, "rates", tuple(self.rates))
        if len({measure.reads for measure in self.measures}) != len(self.measures) or not self.measures:
            raise InvalidValue("each measure of a gate once", f"{len(self.measures)}", "fit the gate anew")

    def distances(self, read: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float64]:
        """Return how far (n,) records are from the set, as a share of the limit: over 1 is beyond it.

        `read` holds an array (n, d) for each of the measures. A distance that is no number counts as beyond.
        """
        shares = [measure.spread.distances(read[measure.reads]) / measure.limit for measure in self.measures]
        furthest: NDArray[np.float64] = np.nan_to_num(np.max(shares, axis=0), nan=np.inf)
        return furthest

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name,
            "source": self.source,
            "records": self.records,
            "fit": self.fit,
            "measures": [measure.to_json() for measure in self.measures],
            "rates": [[rate.kind, rate.what, rate.abstained, rate.records] for rate in self.rates],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Gate:
        """Read `to_json`'s data back."""
        measures = tuple(Measure.from_json(one) for one in data["measures"])
        rates = tuple(Rate(*row) for row in data["rates"])
        return cls(data["name"], data["source"], data["records"], data["fit"], measures, rates)


def _packed(values: NDArray[np.float64]) -> str:
    return b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def _unpacked(text: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    values = np.frombuffer(b64decode(text, validate=True), dtype="<f4").astype(np.float64)
    if values.size != np.prod(shape) or not np.isfinite(values).all():
        raise InvalidValue(f"numbers of shape {shape}", f"{values.size} numbers", "fit the gate anew")
    return values.reshape(shape)
