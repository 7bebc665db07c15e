"""The ECG and the opinion of one case: the ECG first, then the scores, then the map."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard import loading, opinion, state
from ecgkt.dashboard.state import TARGET, ZOOM, Case
from ecgkt.domain import Domain, Explanation
from ecgkt.figures.ecg import draw_ecg
from ecgkt.figures.sheet import draw_sheet

ORIGIN = {
    Domain.SIMULATED: "SIMULATED, no patient",
    Domain.REAL: "real ECG",
    Domain.UNKNOWN: "origin not stated in the file, treated as real",
}


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
    more = f"<br>{escape(case.description)}" if case.description else ""
    st.html(f'<p class="ecgkt-case"><b>{escape(case.title)}</b>{told}{more}</p>')


@st.fragment
def show_reading(folder: Path) -> None:
    """Draw the open case with a model's opinion; a click on a target runs only this part again."""
    case, card = state.current_case(), loading.card(folder)
    if case is None:
        return
    with st.container(key="zoom" if st.session_state.get(ZOOM) else "paper"):
        paper = st.empty()
    waiting = not state.has_predictions(case, card.id)
    if waiting:
        _draw(paper, case, card, None)
    with st.spinner("Scoring", show_time=False):
        predictions = state.predictions_of(case, card.id, lambda: loading.predictor(folder).predict([case.record]))
    target = st.session_state.get(TARGET)
    explanation = None
    if target in predictions.labels.names and predictions.abstained[0] is None:
        explanation = state.explanation_of(case, card.id, target, lambda: _explain(folder, case, target))
    if explanation is not None or not waiting:
        _draw(paper, case, card, explanation)
    if explanation is not None:
        opinion.show_reason(card, explanation)
    opinion.show_families(case, predictions)
    opinion.show_provenance(card)


def _draw(place: st.delta_generator.DeltaGenerator, case: Case, card: Card, explanation: Explanation | None) -> None:
    """Draw the sheet; as a figure to zoom into only when asked, since its script takes seconds to load."""
    title = None if explanation is None else card.labels[explanation.target].title
    told = f"12-lead ECG, {case.title}" + (f", saliency of {title}" if title else "")
    seen = card.preprocessing.description
    if not st.session_state.get(ZOOM):
        sheet = draw_sheet(case.record, explanation=explanation, target_title=title, model_saw=seen)
        source = f"data:image/svg+xml;base64,{b64encode(sheet.encode()).decode()}"
        place.html(f'<img class="ecgkt-sheet" alt="{escape(told)}" src="{source}">')
        return
    figure = draw_ecg(case.record, explanation=explanation, target_title=title, model_saw=seen)
    quiet = {"displayModeBar": False, "scrollZoom": True}
    place.plotly_chart(figure, theme=None, height="stretch", config=quiet, alt=told)


def _explain(folder: Path, case: Case, target: str) -> Explanation:
    from ecgkt.explain.saliency import integrated_gradients

    with st.spinner("Tracing the score back to the ECG", show_time=False):
        return integrated_gradients(loading.predictor(folder), case.record, target)
