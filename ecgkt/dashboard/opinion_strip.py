"""The strip of what must not be missed: always in the same place and order, each with its figure or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard.opinion_rows import choose, plain
from ecgkt.dashboard.state import TARGET
from ecgkt.domain import Predictions
from ecgkt.opinion.strip import Cell, not_covered_words, strip_cells
from ecgkt.signals.measurements import Measured
from ecgkt.signals.rules import RuleSaid


def show_strip(
    card: Card, predictions: Predictions, rules: Mapping[str, RuleSaid], qtc: Measured | None, held_back: bool
) -> None:
    """Draw the strip above the families; a click on a cell chooses its target as a click on its line does."""
    cells = strip_cells(card, predictions, rules, qtc, held_back)
    with st.container(key="strip"):
        heading, *columns = st.columns([0.42, *[1.0] * len(cells)], gap="xsmall", vertical_alignment="center")
        heading.html('<p class="ecgkt-strip">Do not miss</p>')
        for column, cell in zip(columns, cells, strict=True):
            target = cell.condition.target
            chosen = st.session_state.get(TARGET) == target
            column.button(
                _label(cell),
                key=f"miss-{cell.condition.name}",
                type="tertiary",
                width="stretch",
                disabled=predictions.abstained[0] is not None,
                on_click=choose,
                args=(None if chosen else target,),
            )


def strip_words() -> str:
    """Return what the strip is and what it does not cover, as HTML."""
    return f"<b>Do not miss</b> {escape(not_covered_words())}"


def _label(cell: Cell) -> str:
    figure = cell.figure.replace("under ", "< ")
    return f"{plain(cell.condition.title)} **{plain(figure)}** :small[{plain(cell.told) or '&nbsp;'}]"
