"""Whether maps of the chosen target lie in the right place: one line, measured on simulated patients."""

from __future__ import annotations

from html import escape

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.domain import Explanation
from ecgkt.errors import EcgktError
from ecgkt.explain.placed import NOT_MEASURED as NOT_MEASURED
from ecgkt.explain.placed import misplaced, placed_words

DOUBT = " (do not rely on its place)"


def show(card: Card, explanation: Explanation) -> None:
    """Draw the line; nothing where the map is of a difference of two targets, which was never measured."""
    if explanation.minus is not None:
        return
    try:
        said = sentence(card, explanation)
    except EcgktError as error:
        said = escape(str(error))
    st.html(f'<p class="ecgkt-basis">{said}</p>')


def captioned(card: Card, explanation: Explanation, title: str) -> str:
    """Return how a map is called on the sheet: with a doubt where such maps do not lie in the right place."""
    try:
        wrong = misplaced(card.id, explanation)
    except EcgktError:
        wrong = False
    return f"{title}{DOUBT}" if wrong else title


def sentence(card: Card, explanation: Explanation) -> str:
    """Return, as HTML, what maps of this target by this method were worth on simulated patients of known cause."""
    verdict, figures = placed_words(card.id, explanation)
    return f"<b>{escape(verdict)}</b> {escape(figures)}" if verdict else escape(figures)
