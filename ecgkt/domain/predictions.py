"""What a checkpoint says of some records, and in which domain it may be read as a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.frequencies import Frequency, Observed
from ecgkt.domain.labels import LabelSet
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidValue


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of n records of one domain.

    `probabilities` (n, k) lie in [0, 1] in the order of `labels`. They are calibrated only where `domain` equals
    `calibrated_in`; elsewhere read `ranks` (n, k): the share of the reference set `reference` that scores lower,
    None where the checkpoint has no reference set. `abstained[i]` holds the sentence why record i has no scores
    (its row is NaN), or None. `observed` has by label how often it was there by range of the probability, counted
    where calibration was measured; labels without a count are not in it. `distances` (n,) say how far each record lies
    from what the checkpoint was checked on, as a share of the limit of its gate; NaN where it was not read, None where
    the checkpoint has no gate.
    """

    labels: LabelSet
    probabilities: NDArray[np.float64]
    checkpoint_id: str
    domain: Domain
    calibrated_in: Domain
    ranks: NDArray[np.float64] | None = None
    reference: str | None = None
    abstained: tuple[str | None, ...] = ()
    observed: Mapping[str, Observed] = field(default_factory=dict)
    distances: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        probabilities = np.array(self.probabilities, dtype=np.float64)
        if probabilities.ndim != 2 or probabilities.shape[1] != len(self.labels):
            raise InvalidValue(
                f"probabilities of shape (n, {len(self.labels)})", f"{probabilities.shape}", "one column per label"
            )
        abstained = tuple(self.abstained) or (None,) * len(probabilities)
        if len(abstained) != len(probabilities):
            raise InvalidValue("one abstention entry per record", f"{len(abstained)}", "give None where there is none")
        silent = np.array([reason is not None for reason in abstained], dtype=bool)
        _check_unit_interval("probabilities", probabilities, silent)
        object.__setattr__(self, "probabilities", _frozen(probabilities))
        object.__setattr__(self, "abstained", abstained)
        if (self.ranks is None) != (self.reference is None):
            raise InvalidValue("ranks together with the name of their reference set", "one of them", "give both")
        if self.ranks is not None:
            ranks = np.array(self.ranks, dtype=np.float64)
            if ranks.shape != probabilities.shape:
                raise InvalidValue(f"ranks of shape {probabilities.shape}", f"{ranks.shape}", "one rank per score")
            _check_unit_interval("ranks", ranks, silent)
            object.__setattr__(self, "ranks", _frozen(ranks))
        if self.distances is not None:
            distances = np.array(self.distances, dtype=np.float64)
            if distances.shape != (len(probabilities),):
                raise InvalidValue(f"{len(probabilities)} distances", f"{distances.shape}", "give one per record")
            object.__setattr__(self, "distances", _frozen(distances))

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def calibrated(self) -> bool:
        """Whether the probabilities may be read as frequencies: calibration was measured in this very domain."""
        return self.domain is not Domain.UNKNOWN and self.domain is self.calibrated_in

    def probability(self, name: str, row: int = 0) -> float:
        """Return one probability; NaN where the model abstained."""
        return float(self.probabilities[row, self.labels.index(name)])

    def frequency(self, name: str, row: int = 0) -> Frequency | None:
        """Return how often the label was there among ECGs with such a score; None where uncalibrated or not counted."""
        if not self.calibrated or self.abstained[row] is not None or name not in self.observed:
            return None
        return self.observed[name].at(self.probability(name, row))

    def rank(self, name: str, row: int = 0) -> float | None:
        """Return one rank in the reference set, or None without one."""
        return None if self.ranks is None else float(self.ranks[row, self.labels.index(name)])

    def to_json(self, row: int = 0) -> dict[str, Any]:
        """Return one record's scores as plain data: frequencies where calibrated, ranks elsewhere, never both.

        `frequencies` are what was counted among ECGs with such a score; `probabilities` are the calibrated scores
        behind them, finer than the ranges in which was counted.
        """
        out: dict[str, Any] = {
            "checkpoint": self.checkpoint_id,
            "domain": str(self.domain),
            "calibrated": self.calibrated,
            "abstained": self.abstained[row],
        }
        if self.abstained[row] is not None:
            return out
        if self.calibrated:
            counted = {name: self.frequency(name, row) for name in self.labels.names}
            out["frequencies"] = {name: _plain(one) for name, one in counted.items() if one is not None}
            out["probabilities"] = {name: round(self.probability(name, row), 6) for name in self.labels.names}
        else:
            out["note"] = "uncalibrated here"
            if self.ranks is not None:
                out["reference"] = self.reference
                out["ranks"] = {
                    name: round(float(rank), 4) for name, rank in zip(self.labels.names, self.ranks[row], strict=True)
                }
        return out


def _plain(frequency: Frequency) -> dict[str, float]:
    return {name: round(value, 6) for name, value in asdict(frequency).items()}


def _check_unit_interval(what: str, values: NDArray[np.float64], silent: NDArray[np.bool_]) -> None:
    spoken = values[~silent]
    if not ((spoken >= 0) & (spoken <= 1)).all():
        raise InvalidValue(f"{what} in [0, 1]", "values outside, or logits", "apply the sigmoid and the calibration")
    if not np.isnan(values[silent]).all():
        raise InvalidValue(f"no {what} where the model abstains", "figures", "set those rows to NaN")


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.setflags(write=False)
    return values
