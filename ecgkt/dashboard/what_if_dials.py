"""Dials on a simulated patient: ECG, scores and map move together, beside what the simulator truly made."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.catalogue import Dial, dial_patients, dials, ischaemia_kinds, lab, lab_panel, sensitivities, value_words
from ecgkt.catalogue.dials import ISCHAEMIA
from ecgkt.checkpoints import Card
from ecgkt.dashboard import address, compare_table, loading, method, plausible, reveal, sources, state, what_if_answers
from ecgkt.dashboard.samples import SIMULATED_BLOOD
from ecgkt.dashboard.state import MODEL, Case
from ecgkt.dashboard.what_if import ALL, SHOWN, VIEW, draw_paper, uri
from ecgkt.dashboard.what_if_answers import Answer, Asked, Swept
from ecgkt.domain import LEADS, Explanation, LabValue, MeasuredLabs, Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.moved import MovedRow, first_of, moved_rows, moved_table
from ecgkt.figures.scores import HEADINGS, basis, score_rows
from ecgkt.figures.side_by_side import unit
from ecgkt.figures.sweep import Curve, Sweep, draw_sweep

PATIENT, SENSITIVITY, WHERE, TURNED, TRACED = "patient", "sensitivity", "ischaemia_kind", "dial", "moved_target"
TABLES, RESET, OPEN, CURVES = "moved_rows", "dials_reset", "dials_open", 3
CASE_PAGE = "pages/case.py"
_LEARNED = (
    "The model learned this from the same simulator: it shows what the simulator taught the model, "
    "not what a patient's heart does."
)


def show() -> None:
    """Draw the dials in the sidebar; beside them the ECG, the truth, the scores that moved, and the whole range."""
    asked, turned, model = _choose()
    card = loading.card(model)
    target = _target(asked, turned, card)
    truth = st.empty()
    with st.container(key="what_if_paper"):
        paper = st.empty()
    left, right = st.columns([1, 1.75], gap="medium")
    chart, turn, rows = left.empty(), left.empty(), right.container()
    start, now = what_if_answers.answers(model, (_start(asked), asked), turn)
    if now.predictions.abstained[0] is not None:
        target = None
    truth.html(_truth(start, now))
    title, value = dial_patients()[asked.patient].title, asked.value_map[turned.name]
    told = f"12-lead ECG, SIMULATED, {title}, {turned.title} {turned.told(value)}"
    known = None if target is None else what_if_answers.map_known(model, asked, target)
    draw_paper(paper, now.made.record, card, told, known, title=_caption(card, known))
    with rows:
        _show_rows(start, now, target)
    _write()
    swept = what_if_answers.sweep_known(model, asked, turned)
    if swept is not None:
        _draw_sweep(chart, _sweep(swept, start, now, turned, target))
    if target is not None and known is None:
        known = what_if_answers.map_of(model, asked, now, target, turn)
        draw_paper(paper, now.made.record, card, told, known, title=_caption(card, known))
    if swept is None:
        swept = what_if_answers.sweep(model, asked, turned, turn)
        _draw_sweep(chart, _sweep(swept, start, now, turned, target))
    _show_basis(card, now.predictions, known)
    address.tell()


def _caption(card: Card, explanation: Explanation | None) -> str | None:
    """Return how a map is called on the sheet."""
    if explanation is None:
        return None
    return plausible.captioned(card, explanation, card.labels[explanation.target].title)


def _choose() -> tuple[Asked, Dial, Path]:
    """Draw the choices and return them, with the dial that was turned last and the model."""
    every = dials()
    address.recall(PATIENT, list(dial_patients()), "dialysis", "simulated patient")
    address.recall(SENSITIVITY, list(sensitivities()), "typical", "sensitivity")
    address.recall(WHERE, list(ischaemia_kinds()), next(iter(ischaemia_kinds())), "kind of ischaemia")
    address.recall(TURNED, list(every), "potassium", "dial")
    for name, one in every.items():
        if (
            address.followed() or name not in st.session_state
        ):  # a value that is set again loses a key pressed meanwhile
            address.recall(name, one.values(), one.start, f"value of {one.title}")
    with st.sidebar:
        patients = dial_patients()
        st.selectbox("Simulated patient", list(patients), key=PATIENT, format_func=lambda name: patients[name].title)
        st.segmented_control(
            "The ECG answers to potassium and calcium",
            list(sensitivities()),
            key=SENSITIVITY,
            format_func=lambda name: sensitivities()[name].title,
            required=True,
            help="; ".join(f"{one.title}: {one.said}" for one in sensitivities().values()) + ".",
        )
        for name, one in every.items():
            st.select_slider(
                one.title, one.values(), key=name, format_func=one.told, on_change=_turn, args=(name,), help=one.note
            )
        kinds = ischaemia_kinds()
        st.selectbox(
            "Kind of ischaemia",
            list(kinds),
            key=WHERE,
            format_func=kinds.__getitem__,
            on_change=_turn,
            args=(ISCHAEMIA,),
        )
        st.button("All dials back", key=RESET, on_click=_reset, width="stretch")
    model = sources.choose_model()
    held = st.session_state
    values = tuple((name, float(held[name])) for name in every)
    asked = Asked(held[PATIENT], held[SENSITIVITY], held[WHERE], values)
    return asked, every[held[TURNED]], model


def _turn(name: str) -> None:
    """Remember which dial was turned last, and ask for the map of its own target again."""
    st.session_state[TURNED] = name
    st.session_state[TRACED] = None


def _reset() -> None:
    for name, one in dials().items():
        st.session_state[name] = one.start
    st.session_state[TRACED] = None


def _write() -> None:
    address.write(VIEW, PATIENT, SENSITIVITY, WHERE, *dials(), TURNED, TRACED, MODEL)


def _start(asked: Asked) -> Asked:
    return Asked(
        asked.patient, asked.sensitivity, asked.ischaemia, tuple((name, one.start) for name, one in dials().items())
    )


def _target(asked: Asked, turned: Dial, card: Card) -> str | None:
    """Return the target whose map is drawn: the pressed one, a link's, or the one that speaks of the turned dial."""
    held = st.session_state
    if address.followed():
        held[TRACED] = address.asked(TRACED)
    if held.get(TRACED) in card.labels.names:
        return str(held[TRACED])
    own = turned.target(asked.value_map[turned.name])
    if turned.name == ISCHAEMIA and asked.ischaemia.startswith("depression"):
        own = "st_depression"
    return own if own in card.labels.names else None


def _press(name: str) -> None:
    held = st.session_state
    held[TRACED] = None if held.get(TRACED) == name else name


def _truth(start: Answer, now: Answer) -> str:
    """Return the truth of the simulated patient in one line: what the dials say and what the wave measures."""
    values, before = now.made.position.values, start.made.position.values
    parts = []
    for name, one in dials().items():
        told = one.told(values[name]) if name != ISCHAEMIA or values[name] else "none"
        kind = f" ({ischaemia_kinds()[now.made.position.ischaemia]})" if name == ISCHAEMIA and values[name] else ""
        shown = f"{escape(one.title)} {escape(told + kind)}"
        parts.append(f"<b>{shown}</b>" if values[name] != before[name] else shown)
    wave, was = now.made.intervals, start.made.intervals
    for name, title in (("pr", "PR"), ("qrs", "QRS"), ("qtc", "QTc")):
        parts.append(_moved(f"{title} {wave[name]:.0f}", f"{was[name]:.0f}", " ms", round(wave[name] - was[name]) != 0))
    tallest = int(np.argmax(np.abs(now.made.t_mv)))
    high, low = now.made.t_mv[tallest], start.made.t_mv[tallest]
    parts.append(_moved(f"T in {LEADS[tallest]} {high:.2f}", f"{low:.2f}", " mV", abs(high - low) > 0.01))
    heading = "<b>SIMULATED, no patient. Known truth:</b>"
    return f'<p class="ecgkt-truth">{heading} {" · ".join(parts)}. <em>{_LEARNED}</em></p>'


def _moved(told: str, before: str, unit_name: str, moved: bool) -> str:
    told = told.replace("nan", "none")
    return f"<b>{told}{unit_name}</b> ({before} at the start)" if moved else f"{told}{unit_name}"


def _show_rows(start: Answer, now: Answer, target: str | None) -> None:
    """Draw the score of the turned dial and those that moved most; all of them where asked."""
    reason = now.predictions.abstained[0]
    if reason is not None:
        st.warning(f"The model abstains. {reason}")
        return
    rows = moved_rows(start.predictions, now.predictions, now.logit_changes(start), _truth_words(now))
    counted, heads = unit(now.predictions), ("start", "now")
    whole = bool(st.session_state.get(ALL))
    if whole:
        by_kind: Mapping[Kind, list[MovedRow]] = {kind: [row for row in rows if row.kind is kind] for kind in Kind}
        tables = [
            moved_table(some, HEADINGS[kind], heads, counted, target or "", truth=kind is not Kind.VISIT)
            for kind, some in by_kind.items()
        ]
    else:
        some = first_of(rows, [] if target is None else [target], SHOWN)
        tables = [moved_table(some, "What the model says", heads, counted, target or "", truth=True)]
    compare_table.show(tables, TABLES, _press)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(f"All {len(rows)} scores", key=ALL)
        if st.button("Open this ECG on the Case page", key=OPEN, on_click=sources.open_simulated, args=(_case(now),)):
            reveal.note_seen(state.digest(now.made.record))
            st.switch_page(CASE_PAGE)


def _case(now: Answer) -> Case:
    """Return a simulated recording as a case, with the blood behind it as what was measured at the ECG."""
    position, made = now.made.position, now.made
    moved = [name for name, one in dials().items() if position.values[name] != one.start]
    turned = [f"{dials()[name].title.lower()} {dials()[name].told(position.values[name])}" for name in moved]
    title = ", ".join([dial_patients()[position.patient].title, *turned]) + " (simulated)"
    blood = {one.name: LabValue(made.blood[one.name], 0.0) for one in lab_panel() if one.name in made.blood}
    measured = MeasuredLabs(blood, frozenset(blood), SIMULATED_BLOOD)
    return Case(title, made.record, "From the dials of the page What if.", measured)


def _truth_words(now: Answer) -> dict[str, str]:
    """Return by target what the simulator made: yes or no, for blood with its value; nothing for codes."""
    told, turned = {}, {one.given: one for one in dials().values()}
    for label in now.predictions.labels:
        value = now.made.labels.get(label.name, np.nan)
        if np.isnan(value):
            continue
        words = "yes" if value else "no"
        if label.lab is not None:
            value, one = now.made.blood[label.lab], turned.get(label.lab)
            words += f", {value_words(lab(label.lab), value, si=True) if one is None else one.told(value)}"
        told[label.name] = words
    return told


def _sweep(swept: Swept, start: Answer, now: Answer, turned: Dial, target: str | None) -> Sweep:
    """Return the curves of the chosen target, of the turned dial's own ones, and of what has moved most."""
    predictions, value = now.predictions, now.made.position.values[turned.name]
    moved = {row.name: abs(row.difference or 0.0) for row in moved_rows(start.predictions, predictions, {})}
    spread = {name: np.ptp(some[np.isfinite(some)]) for name, some in swept.shares.items() if np.isfinite(some).any()}
    own = sorted(filter(None, (turned.below, turned.above)), key=lambda name: name != target)
    rest = sorted(spread, key=lambda name: (-round(moved.get(name, 0.0), 4), -spread[name]))
    names = [name for name in dict.fromkeys([target, *own, *rest]) if name in spread]
    told = {row.name: row.share for kind in Kind for row in score_rows(predictions, kind)}
    curves = tuple(Curve(predictions.labels[name].title, swept.shares[name], told.get(name)) for name in names[:CURVES])
    counted = "in 100 such ECGs" if predictions.calibrated else "place of 100"
    return Sweep(turned.title, turned.unit, swept.values, value, turned.told(value), turned.usual, counted, curves)


def _draw_sweep(place: DeltaGenerator, shown: Sweep) -> None:
    place.html(f'<img class="ecgkt-sweep" alt="{escape(shown.said)}" src="{uri(draw_sweep(shown))}">')


def _show_basis(card: Card, predictions: Predictions, explanation: Explanation | None) -> None:
    """Say how to read figures, map and chart, and where they come from."""
    said = [f"{basis(predictions)}." if predictions.abstained[0] is None else ""]
    said.append("Start: the same patient, noise and beats with every dial at its start. Press a row for its map.")
    if explanation is not None:
        said.append(f"Map: {method.made(explanation)}")
    said.append("Codes have no truth here: they follow a stay, not an ECG.")
    st.html(f'<p class="ecgkt-basis">{escape(" ".join(filter(None, said)))}</p>')
    if explanation is not None:
        plausible.show(card, explanation)
    st.caption(f"Model: {card.title}, checkpoint `{card.id}`. {card.statement}")
