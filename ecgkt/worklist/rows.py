"""The rows of a work list as a reader sees them: figures in words, sorted, filtered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecgkt.catalogue import do_not_miss
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.domain import Domain
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import score_rows
from ecgkt.worklist.lines import Line, Outcome

MISS_FIRST, AS_LISTED, NO_SCORE_FIRST = "do-not-miss", "listed", "no-score"
ORIGIN = {Domain.SIMULATED: "simulated", Domain.REAL: "real", Domain.UNKNOWN: "not stated"}
UNREAD = "not read"
_USUAL = "sinus_rhythm"


@dataclass(frozen=True)
class Figure:
    """One target's figure in words, "1 in 3" or "93rd of 100"; its `interval`, "" without one.

    `share` in [0, 1] is what it is sorted by, None where the checkpoint has no reference set for it.
    """

    target: str
    title: str
    kind: Kind
    words: str
    interval: str
    share: float | None


@dataclass(frozen=True, eq=False)
class Row:
    """A line with its running `number` from 1 on, its `name` and its figures by target, the highest of a family first.

    `works` are the targets whose scores were shown to work on ECGs such as this one: all on a simulated one. `waits`
    says that nothing which the model said of it may be told yet, nor be guessed from its place.
    """

    number: int
    name: str
    line: Line
    figures: Mapping[str, Figure]
    works: frozenset[str]
    waits: bool = False

    @classmethod
    def of(cls, number: int, name: str, line: Line, card: Card) -> Row:
        """Return the row of a line that was scored with this card's checkpoint."""
        if line.predictions is None:
            return cls(number, name, line, {}, frozenset())
        found = [one for kind in line.predictions.labels.kinds for one in score_rows(line.predictions, kind)]
        figures = {
            one.name: Figure(one.name, one.title, one.kind, one.figure, one.interval, one.share) for one in found
        }
        if line.domain is Domain.SIMULATED:
            return cls(number, name, line, figures, frozenset(figures))
        return cls(number, name, line, figures, frozenset(one for one in figures if real_evidence(card, one).works))

    def veiled(self, name: str) -> Row:
        """Return the row of an ECG that waits for its reader, under a name that does not tell the answer."""
        return replace(self, name=name, figures={}, works=frozenset(), waits=True)

    @property
    def origin(self) -> str:
        """Where the record comes from, in words."""
        return UNREAD if self.line.domain is None else ORIGIN[self.line.domain]

    def figure(self, target: str, *, every: bool = False) -> Figure | None:
        """Return a target's figure; None where there is none, or it was not shown to work and not `every` is asked."""
        return self.figures.get(target) if every or target in self.works else None

    def urgent(self, *, every: bool = False) -> Figure | None:
        """Return the highest figure among what must not be missed."""
        return _highest(self.figure(one.target, every=every) for one in do_not_miss())

    def finding(self, *, every: bool = False) -> Figure | None:
        """Return the highest figure of what the tracing itself shows beside sinus rhythm, which most have."""
        names = [name for name, one in self.figures.items() if one.kind is Kind.TRACING and name != _USUAL]
        return _highest(self.figure(name, every=every) for name in names)


@dataclass(frozen=True)
class Filter:
    """What is to be seen: rows that hold `text`, of these origins and outcomes (all where empty), from a share on.

    `least` in [0, 1] holds for the target by which is sorted; 0 holds back nothing.
    """

    text: str = ""
    origins: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    least: float = 0.0


def sorted_rows(rows: Iterable[Row], by: str, *, every: bool = False) -> list[Row]:
    """Return rows by a target's figure, the highest first, or by one of the orders above.

    A rank and a frequency cannot be compared: ranked records stand together, above those with frequencies; then those
    without a figure, abstentions and refusals, each in the order of the list. What waits for its reader stands first,
    in the order of the list.
    """
    rows = sorted(rows, key=lambda row: row.number)
    waiting = [row for row in rows if row.waits]
    return waiting + _sorted([row for row in rows if not row.waits], by, every)


def _sorted(rows: Sequence[Row], by: str, every: bool) -> list[Row]:
    if by == AS_LISTED:
        return list(rows)
    if by == NO_SCORE_FIRST:
        return sorted(rows, key=lambda row: (row.line.outcome is Outcome.SCORED, row.number))
    outcomes = list(Outcome)

    def place(row: Row) -> tuple[int, bool, bool, float, int]:
        share = share_of(row, by, every=every)
        made = row.line.predictions
        counted = made is not None and made.calibrated
        return outcomes.index(row.line.outcome), share is None, counted, -(share or 0.0), row.number

    return sorted(rows, key=place)


def share_of(row: Row, by: str, *, every: bool = False) -> float | None:
    """Return the share by which a row is sorted, None where it has none."""
    found = sorting_figure(row, by, every=every)
    return None if found is None else found.share


def sorting_figure(row: Row, by: str, *, every: bool = False) -> Figure | None:
    """Return the figure by which a row is sorted."""
    if by in (AS_LISTED, NO_SCORE_FIRST):
        return None
    return row.urgent(every=every) if by == MISS_FIRST else row.figure(by, every=every)


def filtered(rows: Sequence[Row], wanted: Filter, by: str, *, every: bool = False) -> list[Row]:
    """Return the rows that a filter lets through, in their order; no score of one that waits is filtered by."""
    return [row for row in rows if _passes(row, wanted, by, every)]


def _passes(row: Row, wanted: Filter, by: str, every: bool) -> bool:
    if wanted.origins and row.origin not in wanted.origins:
        return False
    if row.waits:
        return _holds(wanted.text, f"{row.number} {row.name}")
    if wanted.outcomes and str(row.line.outcome) not in wanted.outcomes:
        return False
    if wanted.least > 0 and by not in (AS_LISTED, NO_SCORE_FIRST):
        share = share_of(row, by, every=every)
        if share is None or share < wanted.least:
            return False
    return _holds(wanted.text, f"{row.number} {row.name} {row.line.reason}")


def _holds(text: str, told: str) -> bool:
    return text.strip().casefold() in told.casefold()


def _highest(figures: Iterable[Figure | None]) -> Figure | None:
    found = [one for one in figures if one is not None and one.share is not None]
    return max(found, key=lambda one: one.share or 0.0, default=None)
