"""A model card in a reader's order: what it is and is not for, on whom, how good, its limits, how it was made."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.checkpoints.reporting import (
    BEHIND,
    CALIBRATED,
    COST,
    GOOD,
    GROUPS,
    INPUTS,
    ITEMS,
    LIMITS,
    MADE,
    OUTPUTS,
    OVERSIGHT,
    REVIEW,
    TRAINED,
    WHAT,
    of_section,
)
from ecgkt.dashboard import card_figures, plain_tables

COLUMNS = ("Item", "Answer")
STANDARDS = "TRIPOD+AI (2024) and Article 13(3) of the EU AI Act"
DISCLAIMER = f"The items are those of {STANDARDS}, as far as they are about a model. No conformity is claimed."


def show(card: Card, folder: Path) -> None:
    """Draw a card, the first screen for who reads no further; nothing stands here that it does not hold."""
    st.html(plain_tables.STYLE)
    st.html(f'<h1 class="ecgkt-title">{escape(card.title)}</h1>')
    left, right = st.columns([6, 5], gap="large")
    with left:
        _section(card, WHAT, REVIEW, TRAINED, caption="What it is, and on whom it was trained")
    with right:
        st.html(card_figures.families_html(card))
        _section(card, LIMITS, caption=LIMITS)
    left, right = st.columns([7, 4], gap="large")
    with left:
        _section(card, GOOD, CALIBRATED, caption="How it was measured")
    right.html(card_figures.errors_html(card))
    card_figures.show_targets(card)
    left, right = st.columns(2, gap="large")
    with left:
        _section(card, OUTPUTS, INPUTS, OVERSIGHT, caption="How to read it and what it reads")
        st.html(card_figures.gate_html(card))
    with right:
        _section(card, GROUPS, caption=GROUPS)
        st.html(card_figures.cost_html(card, folder))
        _section(card, COST, BEHIND, caption=BEHIND)
    _section(card, MADE, caption=MADE)
    _show_standards(card)


def _section(card: Card, *sections: str, caption: str) -> None:
    rows = [(item.title, item.answer(card)) for section in sections for item in of_section(section)]
    st.html(plain_tables.table_html(caption, COLUMNS, rows, words=True))


def _show_standards(card: Card) -> None:
    """Draw where each item stands, what of it is answered, and what is not."""
    rows = [
        (
            item.title,
            item.section,
            item.tripod or "–",
            item.act or "–",
            "answered" if item.told(card) else "not reported",
        )
        for item in ITEMS
    ]
    missing = sum(row[-1] == "not reported" for row in rows)
    with st.expander(f"Where each item stands: {len(rows) - missing} answered, {missing} not reported"):
        columns = ("Item", "On this page under", "TRIPOD+AI", "EU AI Act, 13(3)", "Here")
        st.html(plain_tables.table_html("Where each item stands", columns, rows, words=True))
    st.caption(DISCLAIMER)
