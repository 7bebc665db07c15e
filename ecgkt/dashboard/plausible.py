"""Whether maps of the chosen target lie in the right place: one line, measured on simulated patients."""

from __future__ import annotations

from html import escape

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.domain import Estimate, Explanation
from ecgkt.errors import EcgktError
from ecgkt.explain.baselines import ZERO
from ecgkt.explain.judged import Worth, read_judged
from ecgkt.explain.methods import METHODS

NOT_MEASURED = (
    "Whether maps of this target lie in the right place was not measured: no cause with a place of its own in the ECG "
    "is known for it, or this model was not among those measured."
)


def show(card: Card, explanation: Explanation) -> None:
    """Draw the line; nothing where the map is of a difference of two targets, which was never measured."""
    if explanation.minus is not None:
        return
    try:
        said = sentence(card, explanation)
    except EcgktError as error:
        said = escape(str(error))
    st.html(f'<p class="ecgkt-basis">{said}</p>')


def sentence(card: Card, explanation: Explanation) -> str:
    """Return, as HTML, what maps of this target by this method were worth on simulated patients of known cause."""
    judged, method = read_judged(), explanation.method
    worth = None if judged is None else judged.of(explanation.target, card.id, method)
    if judged is None or worth is None:
        return NOT_MEASURED
    if not worth.score.defined:
        return (
            f"Whether maps of this target lie in the right place is not known: {worth.score.n} simulated ECGs with a "
            "known cause of it are too few."
        )
    good = judged.good_methods(worth.target, card.id)
    return f"{_verdict(worth, good)} {_figures(worth, _usual(explanation))}"


def _verdict(worth: Worth, good: tuple[str, ...]) -> str:
    """Return, in bold, whether the place of the map says something, and which method does better where it does not."""
    if worth.good:
        return "<b>Maps of this target by this method point at the right waves, on simulated patients.</b>"
    if good:
        return f"<b>Do not rely on where this map lies: {escape(good[0])} does better for this target.</b>"
    return "<b>Do not rely on where this map lies: no method is good enough for this target.</b>"


def _figures(worth: Worth, usual: bool) -> str:
    causes = ", ".join(worth.causes)
    told = (
        f"On {worth.score.n} simulated ECGs of known cause ({escape(causes)}), maps by {escape(worth.method)} lie "
        f"on the changed waves {_short(worth.score)}, against {_short(worth.random)} for random weights and "
        f"{_short(worth.peaks)} for a peak detector (0: chance; {_value(worth.ceiling)}: a map of the change itself)."
    )
    return told if usual else f"{told} Measured with the usual baseline, not the one chosen here."


def _usual(explanation: Explanation) -> bool:
    return explanation.baseline in (ZERO, METHODS[explanation.method].baseline)


def _short(estimate: Estimate) -> str:
    if estimate.value is None:
        return "unknown"
    value, low, high = (f"{round(one or 0.0, 2) + 0.0:.2f}" for one in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})".replace("-", "\N{MINUS SIGN}")


def _value(estimate: Estimate) -> str:
    return "unknown" if estimate.value is None else f"{estimate.value:.2f}"
