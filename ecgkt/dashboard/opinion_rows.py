"""The lines of a family of scores: what each says, how it is marked, and what a click on it does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import streamlit as st

from ecgkt.dashboard.state import TARGET, Case
from ecgkt.domain import LabelSet
from ecgkt.figures.scores import ScoreRow
from ecgkt.opinion.beside import Beside, beneath_words

SI = "si_units"
BAR_RGB = "74, 144, 190"
FOOT_PX = 4
_ANSWERED = "click_answered"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$<>]|:(?=\w))")


def choose(name: str | None) -> None:
    """Choose a target, or none; of several clicks that one run of the page answers, the last one counts.

    Streamlit collects clicks that come while a run is busy, and then answers the newest of them first.
    """
    if not st.session_state.get(_ANSWERED):
        st.session_state[TARGET], st.session_state[_ANSWERED] = name, True


def listen() -> None:
    """Begin a run of the page: the next click is a new one."""
    st.session_state[_ANSWERED] = False


def plain(text: str) -> str:
    """Return a text that Streamlit's Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def show_row(row: ScoreRow, below: str, shared: float | None) -> None:
    """Draw one line as a button: title and figure, and in small below them what stands beside the score."""
    chosen = st.session_state.get(TARGET) == row.name
    told = row.interval or ("uncalibrated here" if row.figure.endswith("of 100") else "no interval")
    if shared is not None:
        told = f"shares evidence {shared:.2f}"
    st.button(
        f"{plain(row.title)} **{row.figure}** :small[{plain(below) or '&nbsp;'}] :small[{plain(told) or '&nbsp;'}]",
        key=f"row-{row.name}",
        type="tertiary",
        width="stretch",
        on_click=choose,
        args=(None if chosen else row.name,),
    )


def beneath(row: ScoreRow, case: Case, labels: LabelSet, beside: Beside) -> str:
    """Return what stands below a title: rules and device, the code, or a lab's measured value and its limit."""
    return beneath_words(row, labels, beside, case.measured, si=bool(st.session_state.get(SI)))


def bars(rows: Sequence[ScoreRow], shared: Mapping[str, float]) -> str:
    """Return the style that gives each line a bar of its figure; at its foot the interval and a tick at the prevalence.

    The chosen line is outlined and darker; those that share evidence with it have a mark at their edge.
    """
    rules = []
    for row in rows:
        chosen = st.session_state.get(TARGET) == row.name
        edge = "border-color: currentColor;" if chosen else ""
        if row.name in shared:
            edge = f"box-shadow: inset 4px 0 rgb({BAR_RGB}); border-color: rgb({BAR_RGB});"
        layers = ", ".join(_layers(row, chosen))
        rules.append(f".st-key-row-{row.name} button {{background: {layers}; {edge}}}")
    return f"<style>{''.join(rules)}</style>"


def _layers(row: ScoreRow, chosen: bool) -> list[str]:
    """Return the layers of a bar, the uppermost first; all in per cent of the line's width."""
    end = 100 * (row.share or 0.0)
    layers = [_stretch(0.0, end, f"rgba({BAR_RGB}, {'.42' if chosen else '.2'})")]
    if row.frequency is None:
        return layers
    base = 100 * row.frequency.prevalence
    tick = f"transparent {base:.1f}%, currentColor {base:.1f}% calc({base:.1f}% + 2px), transparent 0"
    span = _stretch(100 * row.frequency.low, 100 * row.frequency.high, f"rgb({BAR_RGB})")
    foot = f"0 100% / 100% {FOOT_PX}px no-repeat"
    return [f"linear-gradient(to right, {tick}) {foot}", f"{span} {foot}", *layers]


def _stretch(low: float, high: float, colour: str) -> str:
    return f"linear-gradient(to right, transparent {low:.1f}%, {colour} {low:.1f}% {high:.1f}%, transparent 0)"
