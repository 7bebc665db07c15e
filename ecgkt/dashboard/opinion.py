"""The opinion beside the ECG: what must not be missed, three families of scores, and what stands behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.catalogue import lab_panel
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.dashboard import loading, measured_labs
from ecgkt.dashboard.opinion_chosen import show_chosen
from ecgkt.dashboard.opinion_rows import SI, bars, beneath, show_row
from ecgkt.dashboard.opinion_rules import qtc_of, rules_of, show_added, show_rules_alone
from ecgkt.dashboard.opinion_strip import show_strip, strip_words
from ecgkt.dashboard.state import ALL_ROWS, MAP, TARGET, Case, hold
from ecgkt.domain import Predictions
from ecgkt.domain.labels import Kind
from ecgkt.explain.shared_evidence import SHARED, shared_evidence
from ecgkt.figures.scores import HEADINGS, ScoreRow, basis, score_rows
from ecgkt.opinion.beside import Beside, device_says
from ecgkt.opinion.families import folded_words, holds_back, none_open_words, open_rows

SHOWN = 6
FOLDED = "folded"


def show_families(case: Case, predictions: Predictions, turn: DeltaGenerator | None = None) -> None:
    """Draw what must not be missed and the families of scores; a click on a line asks for all of that target.

    Scores that were not shown to work on real ECGs are folded away on all that is not simulated, with the reason.
    Where the model abstains rules still speak, but for a child's ECG. `turn` is an `st.empty()` that says what is
    waited for.
    """
    card = loading.card(loading.chosen_model())
    reason = predictions.abstained[0]
    if reason is not None:
        st.warning(f"The model abstains. {reason}")
        if rules := rules_of(case, turn):
            show_strip(card, predictions, rules, qtc_of(case), held_back=True)
            show_rules_alone(case, rules)
        measured_labs.show(case, told=True)
        return
    hold(ALL_ROWS, MAP, SI, *(f"{FOLDED}-{kind}" for kind in Kind))
    beside = Beside(rules_of(case, turn), device_says(case.record.device), _shared(case, card, turn))
    held_back = holds_back(predictions)
    show_strip(card, predictions, beside.rules, qtc_of(case), held_back)
    panel = [lab.name for lab in lab_panel() if lab.shown]
    families = {kind: score_rows(predictions, kind, first_labs=panel) for kind in predictions.labels.kinds}
    opened = {kind: open_rows(rows, card, held_back) for kind, rows in families.items()}
    st.html(bars([row for rows in families.values() for row in rows], beside.shared))
    weights = [1.35 if opened[kind] else 1.0 for kind in families]
    for column, (kind, rows) in zip(st.columns(weights, gap="medium"), families.items(), strict=True):
        with column, st.container(key=f"rows-{kind}"):
            _show_family(case, predictions, kind, rows, opened[kind], beside)
    with st.container(horizontal=True):
        st.toggle(f"All {sum(map(len, opened.values()))} scores", key=ALL_ROWS)
        st.session_state.setdefault(MAP, True)
        st.toggle("Mark on the ECG where a chosen line comes from", key=MAP)
    compared = [row.name for row in opened.get(Kind.TRACING, ())]
    show_added(case, predictions, card, beside, compared)
    show_chosen(card, predictions, beside)


def show_basis(case: Case, predictions: Predictions) -> None:
    """Say how to read the lines, what the strip leaves out; nothing where the model abstains."""
    if predictions.abstained[0] is None:
        st.html(f'<p class="ecgkt-basis">{escape(_told(case, predictions))} {strip_words(holds_back(predictions))}</p>')


def show_provenance(card: Card, saw: str) -> None:
    """Say where every number comes from; `saw` is what the model saw of this ECG."""
    reference = f" Reference set: {card.reference.name}. {card.reference.source}" if card.reference else ""
    st.caption(
        f"Model: {card.title}, checkpoint `{card.id}`. The model saw {saw} "
        f"(preprocessing `{card.preprocessing.fingerprint}`).{reference} How good each score is: page About."
    )


def _told(case: Case, predictions: Predictions) -> str:
    """Return how to read the lines."""
    said = f"{basis(predictions)}. Click a line to see where on the ECG it comes from and what shares its evidence."
    if predictions.calibrated and predictions.observed:
        said += " Bar: the figure; at its foot the interval, and a tick for how many of the cohort have it."
    return f"{said} {case.measured.told}".rstrip()


def _shared(case: Case, card: Card, turn: DeltaGenerator | None) -> Mapping[str, float]:
    """Return by target the cosine of what shares evidence with the chosen one; nothing where none is chosen."""
    name = st.session_state.get(TARGET)
    if name not in card.labels.names:
        return {}
    opened = loading.predictor(loading.chosen_model())
    found = shared_evidence(opened, loading.features(opened, case, turn))
    return {other: cosine for other, cosine in found.cosines(name).items() if cosine >= SHARED}


def _show_family(
    case: Case,
    predictions: Predictions,
    kind: Kind,
    rows: Sequence[ScoreRow],
    in_sight: Sequence[ScoreRow],
    beside: Beside,
) -> None:
    """Draw the heading, the lines that stand open, and what is folded away with the reason."""
    heading = f'<p class="ecgkt-heading">{HEADINGS[kind]}</p>'
    if kind is Kind.LAB:
        with st.container(horizontal=True, vertical_alignment="center", key="lab-heading"):
            st.html(heading)
            if in_sight or case.measured or st.session_state.get(f"{FOLDED}-{kind}"):
                st.toggle("SI units", key=SI)
    else:
        st.html(heading)
    folded = [row for row in rows if row not in in_sight]
    if folded and not in_sight:
        st.html(f'<p class="ecgkt-basis">{none_open_words(kind, folded, loading.card(loading.chosen_model()))}</p>')
    if kind is Kind.LAB and not in_sight:
        measured_labs.show(case)
    for row in _top(in_sight):
        show_row(row, beneath(row, case, predictions.labels, beside), beside.shared.get(row.name))
    if folded:
        _show_folded(case, predictions, kind, folded, bool(in_sight), beside)


def _show_folded(
    case: Case, predictions: Predictions, kind: Kind, folded: Sequence[ScoreRow], some: bool, beside: Beside
) -> None:
    """Draw what is folded away under one line; opened, each line says why. The chosen one stays in sight."""
    card = loading.card(loading.chosen_model())
    told = folded_words(kind, len(folded)) if some else "Show their ranks all the same"
    opened = st.toggle(told, key=f"{FOLDED}-{kind}")
    reasons = {real_evidence(card, row.name).reason for row in folded}
    for row in folded:
        if opened or row.name == st.session_state.get(TARGET):
            reason = real_evidence(card, row.name).reason if some or len(reasons) > 1 else ""
            below = (beneath(row, case, predictions.labels, beside), reason)
            show_row(row, "; ".join(filter(None, below)), beside.shared.get(row.name))


def _top(rows: Sequence[ScoreRow]) -> tuple[ScoreRow, ...]:
    """Return the first rows, or all where asked, and the chosen one wherever it stands."""
    count = None if st.session_state.get(ALL_ROWS) else SHOWN
    chosen = st.session_state.get(TARGET)
    return tuple(row for place, row in enumerate(rows) if count is None or place < count or row.name == chosen)
