"""The opinion beside the ECG: three families of scores, one click from where each came from."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from ecgkt.catalogue import lab_panel
from ecgkt.checkpoints import Card
from ecgkt.dashboard.state import ALL_ROWS, TARGET, Case
from ecgkt.domain import LEADS, Explanation, Predictions
from ecgkt.figures.paper import Paper
from ecgkt.figures.saliency import SMOOTHING_SECONDS, Overlay, hidden_share
from ecgkt.figures.scores import HEADINGS, ScoreRow, basis, score_rows

SHOWN = 7
BAR_RGBA = {"plain": "74, 144, 190, .22", "chosen": "74, 144, 190, .45"}


def show_families(case: Case, predictions: Predictions) -> None:
    """Draw diagnoses next to lab abnormalities, the highest first; a click asks for the target's map."""
    reason = predictions.abstained[0]
    if reason is not None:
        st.warning(f"The model abstains. {reason}")
        return
    own = " In grey: the simulated patient's own values." if case.measured else ""
    told = f"{escape(basis(predictions))}. Click a line to see where on the ECG it comes from.{own}"
    st.html(f'<p class="ecgkt-basis">{told}</p>')
    shown = None if st.session_state.get(ALL_ROWS) else SHOWN
    panel = [lab.name for lab in lab_panel() if lab.shown]
    families = {kind: score_rows(predictions, kind, first_labs=panel) for kind in predictions.labels.kinds}
    families = {kind: _top(rows, shown) for kind, rows in families.items()}
    st.html(_bars([row for rows in families.values() for row in rows]))
    for column, (kind, rows) in zip(st.columns(len(families), gap="medium"), families.items(), strict=True):
        with column, st.container(key=f"rows-{kind}"):
            st.html(f'<p class="ecgkt-heading">{HEADINGS[kind]}</p>')
            for row in rows:
                _show_row(row, _measured(case, predictions, row))
    st.toggle(f"All {len(predictions.labels)} scores", key=ALL_ROWS)


def show_reason(card: Card, explanation: Explanation, paper: Paper) -> None:
    """Say how to read the map of a target, what it misses and what of it is not on the sheet."""
    label = card.labels[explanation.target]
    strongest = sorted(zip(explanation.lead_shares(), LEADS, strict=True), reverse=True)[:3]
    told = ", ".join(f"{lead} {share:.0%}" for share, lead in strongest)
    unseen = Overlay((), hidden_share(explanation, paper)).note
    st.html(
        f'<p class="ecgkt-basis"><b>{escape(label.title)}.</b> {escape(label.rule)} '
        f"Strongest leads: {told} of the map (8% each if it were even). {unseen}{'. ' if unseen else ''}"
        f"{explanation.method.capitalize()} of the raw score, baseline: {explanation.baseline}; drawn averaged over "
        f"{1000 * SMOOTHING_SECONDS:.0f} ms; the map misses "
        f"{explanation.relative_residual or 0.0:.1%} of the score difference that it explains. "
        "It shows where the score came from, not a cause, and methods disagree: look at the ECG first. "
        f"{escape(_worth(card, label.name))}</p>"
    )


def show_provenance(card: Card) -> None:
    """Say where every number comes from."""
    reference = f" Reference set: {card.reference.name}. {card.reference.source}" if card.reference else ""
    st.caption(
        f"Model: {card.title}, checkpoint `{card.id}`. {card.statement} The model saw {card.preprocessing.description} "
        f"(preprocessing `{card.preprocessing.fingerprint}`).{reference} How well each score orders ECGs: page About."
    )


def _worth(card: Card, name: str) -> str:
    """Say how well a score orders ECGs, simulated and real, or that it was not measured on real ones."""
    known = {where: rows[name] for where, rows in card.estimates.items() if name in rows and rows[name].defined}
    told = [f"{where}: {estimate}" for where, estimate in known.items()]
    if not any(where.startswith("real") for where in known):
        told.append("not measured on real ECGs")
    return f"AUROC {'; '.join(told)}."


def _show_row(row: ScoreRow, measured: str) -> None:
    chosen = st.session_state.get(TARGET) == row.name
    st.button(
        f"{row.title}{measured} **{row.figure}**",
        key=f"row-{row.name}",
        type="tertiary",
        width="stretch",
        on_click=_choose,
        args=(None if chosen else row.name,),
    )


def _choose(name: str | None) -> None:
    st.session_state[TARGET] = name


def _top(rows: Sequence[ScoreRow], count: int | None) -> tuple[ScoreRow, ...]:
    """Return the first `count` rows, and the chosen one wherever it stands."""
    chosen = st.session_state.get(TARGET)
    return tuple(row for place, row in enumerate(rows) if count is None or place < count or row.name == chosen)


def _bars(rows: Sequence[ScoreRow]) -> str:
    """Return the style that gives each row a bar of its score's length; the chosen one is darker and outlined."""
    rules = []
    for row in rows:
        chosen = st.session_state.get(TARGET) == row.name
        colour = f"rgba({BAR_RGBA['chosen' if chosen else 'plain']})"
        width = 100 * (row.share or 0.0)
        edge = "border-color: currentColor;" if chosen else ""
        rules.append(
            f".st-key-row-{row.name} button {{background-image: linear-gradient({colour}, {colour}); "
            f"background-size: {width:.1f}% 100%; {edge}}}"
        )
    return f"<style>{''.join(rules)}</style>"


def _measured(case: Case, predictions: Predictions, row: ScoreRow) -> str:
    """Return the simulated patient's value beside the predicted abnormality, where the case has one."""
    lab = predictions.labels[row.name].lab
    value = case.measured.get(lab) if lab else None
    return "" if value is None else f" :gray[:small[{value}]]"
