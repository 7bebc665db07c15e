"""The ECG and the opinion of one case: the ECG first, then the scores, then the map."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import Card
from ecgkt.dashboard import (
    address,
    bridge,
    changed,
    exports,
    loading,
    measured,
    method,
    opinion,
    opinion_rows,
    plausible,
    previous,
    reveal,
    state,
    trust,
    why,
    windows,
)
from ecgkt.dashboard.opinion_rows import SI
from ecgkt.dashboard.paper import BEATS, CALIPERS, NARROW_PX, SHEET, View, choose_view
from ecgkt.dashboard.paper import WORDS as PAPER_WORDS
from ecgkt.dashboard.state import CASE, MAP, MODEL, PREVIOUS, READ_FIRST, TARGET, Case
from ecgkt.domain import Explanation, Predictions
from ecgkt.errors import EcgktError
from ecgkt.exports.reading import ORIGIN
from ecgkt.figures.calipers import measure_box
from ecgkt.figures.ecg import draw_ecg, footer_text
from ecgkt.figures.saliency import hidden_share, told_hidden
from ecgkt.figures.sheet import draw_sheet

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Box = Mapping[str, Sequence[float]]
_SCORED = "scored"
UNSCORED = '<style>.st-key-strip, [class*="st-key-rows-"] {visibility: hidden;}</style><span></span>'
"""Until an ECG is scored the lines of the one before it are not to be seen beside it."""
WORDS = (CASE, PREVIOUS, MODEL, TARGET, MAP, *method.WORDS, *PAPER_WORDS, SI, READ_FIRST)
"""What of the Case page stands in its address."""


def show_heading(case: Case) -> None:
    """Say what is open: title, age and sex where known, rate, length, origin, and what was done on reading."""
    record = case.record
    facts = [
        f"{record.age:.0f} years" if record.age is not None else None,
        record.sex,
        f"{record.source}, {record.fs:g} Hz, {record.seconds:.1f} s",
        ORIGIN[record.domain],
        *record.notes,
    ]
    told = " · ".join(escape(fact) for fact in facts if fact)
    more = f" · {escape(case.description)}" if case.description else ""
    st.html(f'<p class="ecgkt-case"><b>{escape(case.title)}</b>{told}{more}</p>')


@st.fragment
def show_reading(folder: Path) -> None:
    """Draw the open case with a model's opinion: the ECG, then its scores, then the map of the chosen target.

    A click on a target runs only this part again, a choice of layout, scale or tool the paper alone.
    """
    opinion_rows.listen()
    held, card = state.current_case(), loading.card(folder)
    if held is None:
        return
    case, other = reveal.veil(held), previous.shown()
    _recall_target(card)
    address.recall(MAP, (False, True), True)
    address.recall(SI, (False, True), False)
    method.recall(card.labels, st.session_state.get(TARGET))
    told = st.container()
    if reveal.waits(held):
        with st.container():
            _show_paper(case, card, None)
        reveal.ask_for_read(case)
        if other is not None:
            changed.show_changes(case, other, card, None)
    else:
        _show_opinion(folder, case, card)
    with told:
        address.tell()


def _show_opinion(folder: Path, case: Case, card: Card) -> None:
    """Draw the ECG, its scores, and the map where one is asked for.

    The ECG has its place before anything is computed, so that the one on screen stays there until the next is drawn.
    """
    waiting, paper = state.scored(case, card.id) is None, st.container()
    with st.container(key="turn"):
        turn, veil = st.empty(), st.empty()
    scored = (case.id, card.id)
    if st.session_state.get(_SCORED) != scored:
        veil.html(UNSCORED)
    if waiting:
        with paper:
            _show_paper(case, card, None)
    predictions = _predict(folder, card, case, turn)
    explanation = _map(folder, card, case, predictions, turn)
    if not waiting:
        with paper:
            _show_paper(case, card, explanation)
    elif explanation is not None:
        st.rerun()
    reveal.show_read(case, card, predictions)
    if (other := previous.shown()) is not None:
        changed.show_changes(case, other, card, (predictions, _predict(folder, card, other.case, turn)))
    opinion.show_families(case, predictions, turn)
    windows.show_all(folder, case, turn)
    st.session_state[_SCORED] = scored
    veil.empty()
    if explanation is not None:
        why.show(case, card, explanation)
        plausible.show(card, explanation)
    if _asks_for_map(predictions):
        with st.container(horizontal=True, vertical_alignment="center", key="map_ways"):
            if explanation is not None:
                trust.show(folder, case, card, explanation)
            method.show(card.labels, st.session_state[TARGET])
    bridge.show(folder, case, predictions)
    opinion.show_basis(case, predictions)
    opinion.show_provenance(card, windows.saw(case, card))


@st.fragment
def _show_paper(case: Case, card: Card, explanation: Explanation | None) -> None:
    """Draw the choices of layout, scale and tool, the ECG as chosen, and the previous one beside it."""
    view, other = choose_view(case.record, lambda view: exports.show(case, card, view, explanation)), previous.shown()
    address.write(*WORDS)
    with st.container(key="sheets"):
        with st.container():
            if other is not None:
                st.html('<p class="ecgkt-basis ecgkt-which"><b>This ECG</b></p>')
            with st.container(key="paper" if view.tool in (SHEET, BEATS) else "zoom"):
                box = _draw(case, card, explanation, view)
        if other is not None:
            with st.container(key="other"):
                changed.show_sheet(other)
    if view.tool == CALIPERS:
        _measure(view, box)


def _map(folder: Path, card: Card, case: Case, predictions: Predictions, turn: DeltaGenerator) -> Explanation | None:
    """Return the map of the chosen target, None where none is asked for or the model abstains."""
    if not _asks_for_map(predictions):
        return None
    target: str = st.session_state[TARGET]
    return method.trace(folder, card, case, target, turn)


def _asks_for_map(predictions: Predictions) -> bool:
    spoken = predictions.abstained[0] is None and st.session_state.get(MAP, True)
    return spoken and st.session_state.get(TARGET) in predictions.labels.names


def _predict(folder: Path, card: Card, case: Case, turn: DeltaGenerator) -> Predictions:
    return state.predictions_of(case, card.id, lambda: loading.scores(folder, case.record, turn))


def _recall_target(card: Card) -> None:
    """Choose the target that a followed address names, and none where it names none."""
    if not address.followed():
        return
    word = address.asked(TARGET)
    if word is not None and word not in card.labels.names:
        address.trouble(f"The link asks for the target {address.quoted(word)}, which this model does not have.")
        word = None
    st.session_state[TARGET] = word


def _draw(case: Case, card: Card, explanation: Explanation | None, view: View) -> Box | None:
    """Draw the ECG as it is looked at; return the box that the calipers span, in mm. Only a copy is filtered."""
    title, hidden = None, ""
    told = f"12-lead ECG, {case.title}, {view.layout.name}, {view.scale}"
    if explanation is not None:
        subject = method.subject(card.labels, explanation)
        title = trust.captioned(case, card, explanation, subject)
        doubted = "its place" if title.startswith(subject) else "this map"
        doubt = "" if title == subject else f"Do not rely on {doubted}."
        hidden = told_hidden(hidden_share(explanation, view.paper))
        told += ". ".join(filter(None, (f", saliency of {subject} by {explanation.method}", hidden, doubt)))
    if view.tool == BEATS:
        measured.draw_beats(st.empty(), case, explanation, title)
        return None
    seen = windows.saw(case, card)
    if view.tool == SHEET:
        _draw_sheet(view, explanation, title, seen, told, hidden)
        return None
    figure = draw_ecg(
        view.drawn,
        view.paper,
        explanation=explanation,
        target_title=title,
        model_saw=seen,
        display_filter=view.display.description,
    )
    return _draw_figure(figure, told, f"{case.id}-{view.layout.name}-{view.scale}-{view.display.name}", view.tool)


def _draw_sheet(
    view: View, explanation: Explanation | None, title: str | None, seen: str, told: str, hidden: str
) -> None:
    """Draw the sheet with its foot, which a narrow screen shows below it.

    A sheet replaces the one before it in one step: with an `st.empty()` in its place the page would lose it for as long
    as the next takes to draw.
    """
    display, true_size = view.display.description, view.px_per_mm is not None
    sheet = draw_sheet(
        view.drawn,
        view.paper,
        explanation=explanation,
        target_title=title,
        model_saw=seen,
        display_filter=display,
        true_size=true_size,
        told_below_px=NARROW_PX,
    )
    source = f"data:image/svg+xml;base64,{b64encode(sheet.encode()).decode()}"
    foot = footer_text(view.drawn, view.paper, seen, display, true_size=true_size)
    foot = " · ".join(filter(None, (foot, hidden)))
    st.html(
        f'<div class="ecgkt-fit"><img class="ecgkt-sheet" alt="{escape(told)}" src="{source}">'
        f'<p class="ecgkt-foot">{escape(foot)}</p></div>'
    )


def _draw_figure(figure: Figure, told: str, name: str, tool: str) -> Box | None:
    """Draw a figure to zoom into, or to span boxes in; its script takes seconds to load, so only when asked."""
    quiet = {"displayModeBar": False, "scrollZoom": True}
    if tool != CALIPERS:
        st.plotly_chart(figure, theme=None, height="stretch", config=quiet, alt=told)
        st.html('<p class="ecgkt-basis">Drag a box or turn the wheel to zoom in; double click for the whole ECG.</p>')
        return None
    figure.update_layout(dragmode="select", newselection={"line": {"color": "#1f5f8b", "width": 1.5}})
    event = st.plotly_chart(
        figure,
        theme=None,
        height="stretch",
        config=quiet,
        alt=told,
        key=f"calipers-{name}",
        on_select="rerun",
        selection_mode="box",
    )
    boxes = event["selection"]["box"]
    return boxes[-1] if boxes else None


def _measure(view: View, box: Box | None) -> None:
    """Say what the calipers span; by the grid, so that the size of the screen does not matter."""
    if box is None:
        said = "Drag a box from one point of the ECG to another: ms, rate and mV. Wheel to zoom in first."
    else:
        try:
            span = measure_box(view.paper, (box["x"][0], box["x"][1]), (box["y"][0], box["y"][1]))
            said = f"<b>{span}</b> on {span.cell.name} from {span.second:.2f} s, relative to the grid ({view.scale})."
        except EcgktError as error:
            said = escape(str(error))
    st.html(f'<p class="ecgkt-basis" role="status">Calipers: {said}</p>')
