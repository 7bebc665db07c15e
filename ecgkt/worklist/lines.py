"""A line of a work list: one record's scores, or the reason why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Domain, Predictions, Record
from ecgkt.errors import EcgktError, InvalidValue
from ecgkt.inference import BATCH, Look, Predictor

Read = Callable[[], Record]


class Outcome(StrEnum):
    """What came of a record."""

    SCORED = "scored"
    ABSTAINED = "abstained"
    """It was read, and the model says why it gives no score."""
    REFUSED = "refused"
    """It could not be read, and the reader says why."""


@dataclass(frozen=True, eq=False)
class Line:
    """One record: `predictions` of it alone, None where it was refused; `seconds` is its length, NaN where refused.

    `reason` is the sentence why it has no scores, "" where it has.
    """

    record: str
    predictions: Predictions | None
    reason: str = ""
    seconds: float = float("nan")

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if self.predictions is None:
            return Outcome.REFUSED
        return Outcome.SCORED if self.predictions.abstained[0] is None else Outcome.ABSTAINED

    @property
    def domain(self) -> Domain | None:
        """Where the record comes from, None where it was refused."""
        return None if self.predictions is None else self.predictions.domain


@dataclass(frozen=True, eq=False)
class _Looked:
    """A record before it is scored: the `look` and the `domain` of one that was read, or why it was refused."""

    record: str
    look: Look | None
    domain: Domain = Domain.UNKNOWN
    seconds: float = float("nan")
    problem: str = ""


def score_all(predictor: Predictor, wanted: Iterable[tuple[str, Read]], batch: int = BATCH) -> Iterator[Line]:
    """Yield a line per (id, how to read it), in that order, `batch` records to a forward pass.

    The next records are read and prepared while the network computes; no more than two batches are held. Raises
    InvalidValue where the model reads clinical tables beside the ECG.
    """
    if predictor.needs_tables:
        raise InvalidValue(
            "a model that needs the ECG alone",
            f"{predictor.card.name}, which reads clinical tables too",
            "choose another with --model",
        )
    batches = _batches(wanted, batch)
    with ThreadPoolExecutor(1, "look") as ahead:
        coming = ahead.submit(_look_at, predictor, next(batches, ()))
        for following in batches:
            looked, coming = coming.result(), ahead.submit(_look_at, predictor, following)
            yield from _score(predictor, looked)
        yield from _score(predictor, coming.result())


def _batches(wanted: Iterable[tuple[str, Read]], size: int) -> Iterator[list[tuple[str, Read]]]:
    left = iter(wanted)
    while some := list(islice(left, size)):
        yield some


def _look_at(predictor: Predictor, wanted: Sequence[tuple[str, Read]]) -> list[_Looked]:
    return [_look(predictor, name, read) for name, read in wanted]


def _look(predictor: Predictor, name: str, read: Read) -> _Looked:
    """Read and prepare one record; whatever goes wrong with one file is told on its line, and the others go on."""
    try:
        record = read()
        return _Looked(name, predictor.look(record), record.domain, record.seconds)
    except EcgktError as error:
        return _Looked(name, None, problem=str(error))
    except Exception as error:  # one file among 800,000 must not end the night's run; its message may hold a name
        told = (
            f"Wanted a record that can be read, got {type(error).__name__} inside the reader: report this kind of file."
        )
        return _Looked(name, None, problem=told)


def _score(predictor: Predictor, looked: Sequence[_Looked]) -> Iterator[Line]:
    signals = {place: one.look.signal for place, one in enumerate(looked) if one.look and one.look.signal is not None}
    logits = np.full((len(looked), len(predictor.card.labels)), np.nan)
    if signals:
        logits[list(signals)] = predictor.logits(list(signals.values()))
    for place, one in enumerate(looked):
        yield _line(predictor, one, logits[place : place + 1])


def _line(predictor: Predictor, one: _Looked, logits: NDArray[np.float64]) -> Line:
    if one.look is None:
        return Line(one.record, None, one.problem)
    distances = None if predictor.card.gate is None else np.array([one.look.distance])
    made = predictor.read_logits(logits, one.domain, (one.look.refusal,), distances)
    return Line(one.record, made, one.look.refusal or "", one.seconds)
