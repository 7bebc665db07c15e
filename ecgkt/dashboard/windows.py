"""A recording that is longer than the model reads: which 10 s are shown, and what the scores are over all of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import Card, real_evidence
from ecgkt.dashboard import loading, state
from ecgkt.dashboard.state import CASE, Case
from ecgkt.exports import reading
from ecgkt.figures.scores import score_rows
from ecgkt.opinion.families import holds_back
from ecgkt.signals.windows import LONGEST_SECONDS, WINDOW_SECONDS

if TYPE_CHECKING:
    from ecgkt.inference import Windowed

WINDOW = "window"
_NAMED = 3
_OF_100 = " of 100"


@dataclass(frozen=True)
class Span:
    """One target over the windows: the figure of the median, of the lowest and of the highest window."""

    title: str
    median: str
    lowest: str
    highest: str


def choose() -> None:
    """Draw the choice of window of the open case; nothing where it is one window."""
    case = state.current_case()
    if case is None or len(case.windows) < 2:
        return
    titles = [window.title for window in case.windows]
    key = f"{WINDOW}-{case.id.partition('-')[0]}"
    st.session_state[key] = titles[case.window]
    with st.container(horizontal=True, vertical_alignment="center", key="windows"):
        st.segmented_control(
            "Which part of the recording is shown and read",
            titles,
            key=key,
            required=True,
            label_visibility="collapsed",
            on_change=lambda: _turn(titles.index(st.session_state[key])),
        )
        st.html(f'<p class="ecgkt-basis">{escape(_rule(case))}</p>')


def saw(case: Case, card: Card) -> str:
    """Return what the model saw of a case, for a footer."""
    return reading.saw(card, case.windows[case.window])


def show_all(folder: Path, case: Case, turn: DeltaGenerator | None = None) -> None:
    """Draw the scores over all windows of a case: the first few in a line, the others on a click."""
    if len(case.windows) < 2:
        return
    found = scored(folder, case, turn)
    silent = sum(reason is not None for reason in found.each.abstained)
    count = len(found.each)
    if found.median.abstained[0] is not None:
        st.html(f'<p class="ecgkt-basis">The model abstains in all {count} windows of this recording.</p>')
        return
    of = f"{count - silent} of {count} windows" if silent else f"all {count} windows"
    spans = spans_of(found, loading.card(folder))
    first = " · ".join(f"{escape(span.title)} <b>{span.median}</b> ({_range(span)})" for span in spans[:_NAMED])
    st.html(f'<p class="ecgkt-basis"><b>Over {of}</b>, median (lowest to highest): {first}.</p>')
    with st.expander(f"Every score over {of}"):
        rows = "".join(
            f'<tr><th scope="row">{escape(span.title)}</th><td><b>{span.median}</b></td><td>{span.lowest}</td>'
            f"<td>{span.highest}</td></tr>"
            for span in spans
        )
        st.html(
            '<table class="ecgkt-measured"><thead><tr><td></td><th scope="col">median</th><th scope="col">lowest</th>'
            f'<th scope="col">highest window</th></tr></thead><tbody>{rows}</tbody></table>'
        )


def scored(folder: Path, case: Case, turn: DeltaGenerator | None = None) -> Windowed:
    """Return this session's scores of all windows of a case, computed once."""
    card, whole = loading.card(folder), case.whole or case.record
    opened = loading.predictor(folder)
    key = (case.id.partition("-")[0], card.id, "windows")
    return state.answer(
        key, lambda: loading.in_turn("scores", "Scoring all windows", lambda: opened.predict_windows(whole), turn)
    )


def spans_of(found: Windowed, card: Card) -> list[Span]:
    """Return the targets over the windows, the highest median first in each family.

    On all that is not simulated those are left out that were not shown to work on real ECGs.
    """
    held_back = holds_back(found.median)
    spoken = [row for row, reason in enumerate(found.each.abstained) if reason is None]
    spans = []
    for kind in found.median.labels.kinds:
        each = [{row.name: row for row in score_rows(found.each, kind, window)} for window in spoken]
        for row in score_rows(found.median, kind):
            if held_back and not real_evidence(card, row.name).works:
                continue
            ordered = sorted((one[row.name] for one in each), key=lambda one: one.share or 0.0)
            spans.append(Span(row.title, row.figure, ordered[0].figure, ordered[-1].figure))
    return spans


def _range(span: Span) -> str:
    """Return the two figures, a rank's "of 100" once."""
    lowest = span.lowest.removesuffix(_OF_100) if span.highest.endswith(_OF_100) else span.lowest
    return span.lowest if span.lowest == span.highest else f"{lowest} to {span.highest}"


def _rule(case: Case) -> str:
    """Say what of the recording is shown, and what is left out."""
    more = case.seconds - case.windows[-1].start - WINDOW_SECONDS
    left = f"; {more:.0f} s after the first {LONGEST_SECONDS:g} are not read" if more >= 1 else ""
    return f"of {case.seconds:.1f} s recorded: this part is shown, measured, scored and explained{left}."


def _turn(window: int) -> None:
    case = state.current_case()
    if case is not None:
        st.session_state[CASE] = case.turned(window)
