"""How the work list is sorted and what of it is to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard import address
from ecgkt.domain.labels import Kind
from ecgkt.worklist.lines import Outcome
from ecgkt.worklist.rows import AS_LISTED, MISS_FIRST, NO_SCORE_FIRST, Filter, Row, filtered, sorted_rows

SORT, TEXT, ORIGINS, OUTCOMES, LEAST, EVERY = (
    f"work_list_{part}" for part in ("sort", "text", "origins", "outcomes", "least", "every")
)
WORDS = (SORT, EVERY)
"""What of the choices stands in the address: never what was typed, which may be a name."""
_ORDERS = {
    MISS_FIRST: "Do not miss first",
    AS_LISTED: "In the order of the list",
    NO_SCORE_FIRST: "Without a score first",
}
_OUTCOMES = {str(Outcome.SCORED): "scored", str(Outcome.ABSTAINED): "abstained", str(Outcome.REFUSED): "not read"}
_FAMILIES = {Kind.VISIT: "code", Kind.LAB: "laboratory"}


@dataclass(frozen=True)
class Choices:
    """The order `by` which is sorted, a filter, and whether `every` score counts or those shown to work alone."""

    by: str
    wanted: Filter
    every: bool

    def apply(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that are to be seen, in their order."""
        return filtered(sorted_rows(rows, self.by, every=self.every), self.wanted, self.by, every=self.every)


def recall(card: Card) -> None:
    """Give the choices that stand in the address their values before anything is drawn."""
    address.recall(SORT, _options(card), MISS_FIRST, "order", silent=True)
    address.recall(EVERY, (False, True), False)


def choose(card: Card, rows: Sequence[Row]) -> Choices:
    """Draw the choices and return them."""
    columns = st.columns([3.2, 2.2, 1.9, 1.9, 1.6], gap="small", vertical_alignment="bottom")
    by = columns[0].selectbox("Sort by", _options(card), key=SORT, format_func=lambda name: _title(card, name))
    text = columns[1].text_input("Find a name or reason", key=TEXT, persist_state="session")
    origins = _several(columns[2], "Origin", {row.origin: row.origin for row in rows}, ORIGINS)
    outcomes = _several(columns[3], "Outcome", _OUTCOMES, OUTCOMES)
    least = columns[4].number_input(
        "From, of 100",
        0,
        100,
        step=5,
        key=LEAST,
        disabled=by in (AS_LISTED, NO_SCORE_FIRST),
        persist_state="session",
        help="Hides records whose figure is lower: the rank of 100 among the reference set, or where the model is "
        "calibrated, how many in 100 such ECGs. It holds for the figure by which is sorted.",
    )
    every = False
    if held_back(rows):
        every = st.toggle("Count the ranks that were not shown to work on real ECGs all the same", key=EVERY)
    return Choices(by, Filter(text, origins, outcomes, least / 100), every)


def held_back(rows: Sequence[Row]) -> bool:
    """Whether some rows have scores that were not shown to work on ECGs such as theirs."""
    return any(len(row.works) < len(row.figures) for row in rows)


def _options(card: Card) -> list[str]:
    return [*_ORDERS, *(label.name for kind in card.labels.kinds for label in card.labels.of_kind(kind))]


def _title(card: Card, name: str) -> str:
    if name in _ORDERS:
        return _ORDERS[name]
    label = card.labels[name]
    family = _FAMILIES.get(label.kind)
    return f"{label.title} ({family})" if family else label.title


def _several(
    place: st.delta_generator.DeltaGenerator, title: str, options: dict[str, str], key: str
) -> tuple[str, ...]:
    """Draw a choice of several; what was chosen and is no option any more is dropped."""
    if key in st.session_state:
        st.session_state[key] = [one for one in st.session_state[key] if one in options]
    chosen = place.multiselect(
        title, list(options), key=key, format_func=lambda one: options[one], placeholder="All", persist_state="session"
    )
    return tuple(chosen)
