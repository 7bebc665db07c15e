"""A line of a work list: one record's scores, or the reason why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TypeVar

from ecgkt.domain import Domain, Predictions, Record
from ecgkt.errors import EcgktError, InvalidValue
from ecgkt.inference import BATCH, Predictor

Read = Callable[[], Record]
Result = TypeVar("Result")
_BATCH_BYTES = 50_000_000


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


def score_all(predictor: Predictor, wanted: Iterable[tuple[str, Read]], batch: int = BATCH) -> Iterator[Line]:
    """Yield a line per (id, how to read it), in that order; the figures are those of `Predictor.predict`.

    `batch` records go through the network together, fewer where they are long. The next ones are read meanwhile; no
    more than two batches are held. Raises InvalidValue where the model reads clinical tables beside the ECG.
    """
    if predictor.needs_tables:
        raise InvalidValue(
            "a model that needs the ECG alone",
            f"{predictor.card.name}, which reads clinical tables too",
            "choose another with --model",
        )
    left = iter(wanted)
    with ThreadPoolExecutor(1, "read") as ahead:
        coming = ahead.submit(_read_some, left, batch)
        while some := coming.result():
            coming = ahead.submit(_read_some, left, batch)
            yield from _score(predictor, some)


def row_of(predictions: Predictions, row: int) -> Predictions:
    """Return the predictions of one record alone."""
    one = slice(row, row + 1)
    return replace(
        predictions,
        probabilities=predictions.probabilities[one],
        ranks=None if predictions.ranks is None else predictions.ranks[one],
        abstained=(predictions.abstained[row],),
        distances=None if predictions.distances is None else predictions.distances[one],
    )


def _read_some(left: Iterator[tuple[str, Read]], most: int) -> list[tuple[str, Record | str]]:
    """Return the next ids, each with its record or the sentence why it cannot be read."""
    some: list[tuple[str, Record | str]] = []
    size = 0
    while len(some) < most and size < _BATCH_BYTES and (following := next(left, None)) is not None:
        found = _tried(following[1])
        size += 0 if isinstance(found, str) else found.signal.nbytes
        some.append((following[0], found))
    return some


def _score(predictor: Predictor, some: Sequence[tuple[str, Record | str]]) -> Iterator[Line]:
    found: dict[int, Predictions | str] = {}
    records = {place: one for place, (_, one) in enumerate(some) if not isinstance(one, str)}
    for domain in sorted({record.domain for record in records.values()}):
        places = [place for place, record in records.items() if record.domain is domain]
        together = _tried(partial(predictor.predict, [records[place] for place in places]))
        for row, place in enumerate(places):
            if isinstance(together, str):  # one of them: which, and the others go on
                found[place] = _tried(partial(predictor.predict, [records[place]]))
            else:
                found[place] = row_of(together, row)
    for place, (name, one) in enumerate(some):
        made = found.get(place, one)
        if isinstance(made, Predictions):
            yield Line(name, made, made.abstained[0] or "", records[place].seconds)
        else:
            yield Line(name, None, str(made))


def _tried(action: Callable[[], Result]) -> Result | str:
    """Return what an action returns, or the sentence why it does not; one file must not end a night's run."""
    try:
        return action()
    except EcgktError as error:
        return str(error)
    except Exception as error:  # whatever it is: its own words may hold a name, its kind does not
        return f"Wanted a record that can be read, got {type(error).__name__} on the way: report this kind of file."
