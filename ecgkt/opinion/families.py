"""Which scores of a family stand open on an ECG, and what is said where none does."""

from __future__ import annotations

from collections.abc import Sequence

from ecgkt.checkpoints import Card, real_evidence
from ecgkt.checkpoints.evidence import NEVER
from ecgkt.domain import Domain, Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import ScoreRow

NOUN = {Kind.TRACING: "targets", Kind.VISIT: "codes", Kind.LAB: "laboratory scores"}


def holds_back(predictions: Predictions) -> bool:
    """Whether scores that were not shown to work on real ECGs are folded away: on all that is not simulated."""
    return predictions.domain is not Domain.SIMULATED


def open_rows(rows: Sequence[ScoreRow], card: Card, held_back: bool) -> tuple[ScoreRow, ...]:
    """Return the rows that stand open: all, or on a real ECG those whose scores were shown to work on real ones."""
    return tuple(row for row in rows if not held_back or real_evidence(card, row.name).works)


def none_open_words(kind: Kind, folded: Sequence[ScoreRow], card: Card) -> str:
    """Return why a family shows nothing on a real ECG."""
    never = all(real_evidence(card, row.name) == NEVER for row in folded)
    why = "ever measured on real ECGs" if never else "shown to work on real ECGs"
    return f"None of the {len(folded)} {NOUN[kind]} was {why}, so none is shown on this one."


def folded_words(kind: Kind, count: int) -> str:
    """Return what is said of scores that are folded away while others of their family stand open."""
    return f"{count} {NOUN[kind]} not shown to work on real ECGs"
