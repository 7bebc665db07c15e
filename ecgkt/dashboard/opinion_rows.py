"""The lines of a family of scores: what each says, how it is marked, and what a click on it does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ecgkt.catalogue import lab, limit_words, value_words
from ecgkt.dashboard.state import TARGET, Case, LabValue
from ecgkt.domain import LabelSet
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import ScoreRow
from ecgkt.signals.rules import RuleSaid

SI = "si_units"
BAR_RGB = "74, 144, 190"
FOOT_PX = 4
_ANSWERED = "click_answered"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$<>]|:(?=\w))")


@dataclass(frozen=True)
class Beside:
    """What stands beside the scores of a case: what rules and the device say by label, which targets share evidence.

    `shared` are cosines by target of what shares evidence with the chosen one, empty where none is chosen.
    """

    rules: Mapping[str, RuleSaid]
    device: Mapping[str, bool]
    shared: Mapping[str, float]


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
    if row.kind is Kind.LAB:
        analyte = lab(str(labels[row.name].lab))
        si = bool(st.session_state.get(SI))
        told = limit_words(analyte, str(labels[row.name].direction), si)
        measured = case.measured.get(analyte.name)
        if measured is None:
            return told
        return f"measured {value_words(analyte, measured.value, si)}{time_words(measured)}; {told}"
    if row.kind is Kind.VISIT:
        return row.detail
    return tracing_words(row.name, beside)


def tracing_words(name: str, beside: Beside) -> str:
    """Return what rules and the device say of one target, in a few words."""
    rule, device = beside.rules.get(name), beside.device.get(name)
    told = []
    if rule is not None:
        answer = "cannot say" if rule.met is None else "yes" if rule.met else "no"
        told.append(f"rules: {answer}, {rule.why}")
    if device is not None:
        told.append(f"device: {'yes' if device else 'no'}")
    return "; ".join(told) or "no rule"


def time_words(measured: LabValue) -> str:
    """Return when a value was drawn, relative to the ECG: ", 20 min later"; empty where that is not known."""
    if measured.minutes is None:
        return ", time not known"
    minutes = round(abs(measured.minutes))
    if minutes == 0:
        return ", at the ECG"
    told = f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    return f", {told} {'later' if measured.minutes > 0 else 'before'}"


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
