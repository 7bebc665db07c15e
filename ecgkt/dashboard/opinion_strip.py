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
    """Draw the strip above the families; a click on a cell chooses its target as a click on its line does.

    Why a cell has no figure stands in its help, and once for all in `strip_words`; where the model abstains, in it.
    """
    abstains = predictions.abstained[0] is not None
    cells = strip_cells(card, predictions, rules, qtc, held_back)
    with st.container(key="strip"):
        heading, *columns = st.columns([0.42, *[1.0] * len(cells)], gap="xsmall", vertical_alignment="center")
        heading.html('<p class="ecgkt-strip">Do not miss</p>')
        for column, cell in zip(columns, cells, strict=True):
            target = cell.condition.target
            chosen = st.session_state.get(TARGET) == target
            column.button(
                _label(cell, abstains),
                help=None if abstains or not cell.reason else f"No figure: {cell.reason}.",
                key=f"miss-{cell.condition.name}",
                type="tertiary",
                width="stretch",
                disabled=abstains,
                on_click=choose,
                args=(None if chosen else target,),
            )


def strip_words(held_back: bool) -> str:
    """Return what the strip is, why figures are held back in it, and what it does not cover, as HTML."""
    why = " No figure: that score was not measured on enough real ECGs to tell." if held_back else ""
    return f"<b>Do not miss</b> {escape(not_covered_words())}{why}"


def _label(cell: Cell, abstains: bool) -> str:
    figure = cell.figure.replace("under ", "< ")
    told = cell.told if abstains else cell.beside
    return f"{plain(cell.condition.title)} **{plain(figure)}** :small[{plain(told) or '&nbsp;'}]"
