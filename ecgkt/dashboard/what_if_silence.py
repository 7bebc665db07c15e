"""Silence an electrode or a wave of the open ECG: every score before and after, the largest change first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from ecgkt.checkpoints import Card, real_evidence
from ecgkt.dashboard import address, compare_table, loading, method, plausible, reading, reveal, sources, state, trust
from ecgkt.dashboard.state import CASE, MODEL, READ_FIRST, TARGET, Case
from ecgkt.dashboard.what_if import ALL, SHOWN, VIEW, draw_paper
from ecgkt.domain import LEADS, Record
from ecgkt.domain.labels import Kind
from ecgkt.errors import EcgktError
from ecgkt.explain.moves import Moves, moves
from ecgkt.explain.silence import WAVES, Parts, silence
from ecgkt.figures.moved import MovedRow, moved_rows, moved_table
from ecgkt.figures.scores import HEADINGS, basis
from ecgkt.figures.side_by_side import unit
from ecgkt.opinion.families import holds_back
from ecgkt.signals.electrodes import ELECTRODES

SILENCED, LEVELLED, WITHIN, TABLES, UNSHOWN = "silenced", "levelled", "within", "silence_rows", "silence_unshown"
WITHINS = {
    "all leads": LEADS,
    "limb leads": LEADS[:6],
    "V1-V3": LEADS[6:9],
    "V4-V6": LEADS[9:],
}
_ELECTRODE = (
    "A silenced electrode rests at the level of Wilson's central terminal, and the leads that hang on it follow: with "
    "an arm or the leg the terminal itself moves, and every chest lead with it."
)
_WAVE = "A silenced wave is a straight line between its ends. ST is from the end of QRS to the start of T."
_FLAT = (
    "In use the model would abstain from such an ECG; here it is asked all the same, since what is missing is known."
)


def show() -> None:
    """Draw the parts to silence, the ECG without them over the ECG as it was, and the scores before and after."""
    sources.choose()
    model = sources.choose_model()
    if (sentence := state.problem()) is not None:
        st.error(sentence)
    case = state.current_case()
    if case is None:
        return
    if reveal.waits(case):
        reveal.ask()
        return
    labels = loading.card(model).labels
    parts, target = _choose(), _target(loading.card(model))
    method.recall(labels, target)
    _show(case, parts, target, model)
    address.write(VIEW, CASE, MODEL, SILENCED, LEVELLED, WITHIN, TARGET, *method.WORDS, READ_FIRST)
    address.tell()


def _choose() -> Parts:
    address.recall_several(SILENCED, ELECTRODES, (), "electrode")
    address.recall_several(LEVELLED, list(WAVES), (), "wave")
    address.recall(WITHIN, list(WITHINS), next(iter(WITHINS)), "group of leads")
    with st.sidebar:
        st.pills("Silence electrodes", ELECTRODES, key=SILENCED, selection_mode="multi", help=_ELECTRODE)
        st.pills("Silence waves in every beat", list(WAVES), key=LEVELLED, selection_mode="multi", help=_WAVE)
        st.selectbox("Waves in", list(WITHINS), key=WITHIN, filter_mode=None)
    held = st.session_state
    return Parts(tuple(held[SILENCED] or ()), tuple(held[LEVELLED] or ()), WITHINS[held[WITHIN]])


def _target(card: Card) -> str | None:
    """Return the target whose map is drawn: the one chosen on the Case page or pressed here, or a link's."""
    held = st.session_state
    if address.followed():
        held[TARGET] = address.asked(TARGET)
    return str(held[TARGET]) if held.get(TARGET) in card.labels.names else None


def _press(name: str) -> None:
    held = st.session_state
    held[TARGET] = None if held.get(TARGET) == name else name


def _show(case: Case, parts: Parts, target: str | None, model: Path) -> None:
    card = loading.card(model)
    reading.show_heading(case)
    with st.container(key="what_if_paper"):
        paper = st.empty()
    left, right = st.columns([1, 1.75], gap="medium")
    turn = left.empty()
    try:
        record = loading.in_turn("silence", "Silencing", lambda: silence(case.record, parts), turn)
    except EcgktError as error:
        left.warning(str(error))
        record, parts = case.record, Parts()
    beneath = case.record if parts else None
    told = f"12-lead ECG, {case.title}" + (f", {'; '.join(record.notes[-2:])}" if parts else "")
    draw_paper(paper, record, card, told, None, beneath)
    opened = loading.predictor(model)
    try:
        moved = loading.in_turn("moves", "Scoring", lambda: moves(opened, case.record, record), turn)
    except EcgktError as error:
        left.warning(f"The model abstains from the ECG as it is. {error}")
        return
    with right:
        _show_rows(card, moved, target)
    with left:
        _show_basis(card, record, moved, target, parts)
    found = None if target is None else method.trace(model, card, case, target, turn)
    if found is not None:
        title = trust.captioned(case, card, found, card.labels[found.target].title)
        draw_paper(paper, record, card, told, found, beneath, title)
        with left:
            plausible.show(card, found)


def _show_rows(card: Card, moved: Moves, target: str | None) -> None:
    """Draw the scores that moved most, or all of them; on a real ECG those that were shown to work on real ones."""
    logits = dict(zip(card.labels.names, moved.change.tolist(), strict=True))
    rows = moved_rows(moved.before, moved.after, logits)
    held_back = holds_back(moved.before)
    unshown = {row.name for row in rows if held_back and not real_evidence(card, row.name).works}
    if unshown and not st.session_state.get(UNSHOWN):
        rows = tuple(row for row in rows if row.name not in unshown or row.name == target)
    compare_table.show(_tables(rows, unit(moved.before), target, bool(st.session_state.get(ALL))), TABLES, _press)
    with st.container(horizontal=True):
        st.toggle(f"All {len(rows)} scores", key=ALL)
        if unshown:
            st.toggle(f"The {len(unshown)} targets not shown to work on real ECGs", key=UNSHOWN)


def _tables(rows: Sequence[MovedRow], counted: str, target: str | None, whole: bool) -> list[str]:
    heads, pressed = ("before", "after"), target or ""
    if not whole:
        some = [row for place, row in enumerate(rows) if place < SHOWN or row.name == target]
        return [moved_table(some, "What the model says", heads, counted, pressed, logit=True)]
    kinds = [kind for kind in Kind if any(row.kind is kind for row in rows)]
    by_kind = {kind: [row for row in rows if row.kind is kind] for kind in kinds}
    return [moved_table(by_kind[kind], HEADINGS[kind], heads, counted, pressed, logit=True) for kind in kinds]


def _show_basis(card: Card, record: Record, moved: Moves, target: str | None, parts: Parts) -> None:
    """Say what is silenced, what the model would do in use, and how to read figures and map."""
    if parts:
        done = record.notes[-((1 if parts.waves else 0) + (1 if parts.electrodes else 0)) :]
        st.html(
            f'<p class="ecgkt-truth"><b>{escape("; ".join(done))}.</b> Blue beneath the ink: the ECG as it was.</p>'
        )
    else:
        st.html('<p class="ecgkt-truth"><b>Choose an electrode or a wave at the side</b> to see every score move.</p>')
    if moved.refusal is not None:
        st.html(f'<p class="ecgkt-truth">{escape(moved.refusal)} {_FLAT}</p>')
    said = [f"{basis(moved.before)}.", "Logit: the change of the raw score."]
    if moved.before.calibrated:
        said.insert(1, "Intervals stand on the Case page.")
    if target is not None:
        said.append("The map is that of the ECG as it was: silence what it marks, and see whether the score follows.")
    said.append("A change shows what the score is read from, not a cause. Press a row for its map.")
    st.html(f'<p class="ecgkt-basis">{escape(" ".join(said))}</p>')
    st.caption(f"Model: {card.title}, checkpoint `{card.id}`. {card.statement}")
