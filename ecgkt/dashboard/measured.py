"""What was measured in the open ECG, each number with its source or with the reason why there is none."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.dashboard import loading, state
from ecgkt.dashboard.state import Case
from ecgkt.domain import Explanation
from ecgkt.errors import EcgktError
from ecgkt.explain.beats import explain_beat
from ecgkt.figures import beats as figures
from ecgkt.opinion.measured import Line, foot
from ecgkt.opinion.measured import lines as lines
from ecgkt.signals.measurements import Measurements

_FIRST, _NOT_FIRST = ("Rate", "PR", "QRS", "QT", "QTc"), ("Bazett", "as stated")


def measured_in(case: Case, place: DeltaGenerator | None = None) -> Measurements:
    """Return the measurements of a case's own signal, without any filter; computed once in a session.

    `place` is an `st.empty()` that says how long they wait for their turn.
    """
    return state.answer(state.measurements_key(case), lambda: loading.measurements(case.record, place))


def draw_beats(
    place: DeltaGenerator, case: Case, explanation: Explanation | None = None, target_title: str | None = None
) -> None:
    """Draw the median beats in a place, or say there why there are none; behind them a map's mean over the beats."""
    try:
        found = measured_in(case, place)
    except EcgktError as error:
        place.info(f"No median beat. {error}")
        return
    beats = found.beats
    if beats is None or found.delineation is None:
        place.info("No median beat: too few beats were found.")
        return
    if explanation is not None:
        explanation = explain_beat(explanation, found.delineation, case.record.signal.shape[1])
    edges = (beats.p[0], *beats.qrs, beats.t[1])
    drawn = figures.draw_beats(
        beats.signal,
        beats.time_ms,
        edges,
        beats.count,
        case.record.domain,
        explanation=explanation,
        target_title=target_title,
    )
    source = f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"
    of = f", saliency of {target_title}, mean over the beats" if explanation is not None else ""
    told = escape(f"Median beat of each lead, {case.title}{of}")
    place.html(f'<img class="ecgkt-beats" alt="{told}" src="{source}">')


def show(case: Case, above: DeltaGenerator, *, statements: bool = True) -> None:
    """Draw the measurements in the sidebar; where the signal cannot be measured, say why.

    The first of them stand in one line `above` the ECG where the screen is too narrow for a sidebar. Without
    `statements` neither the rhythm nor the reasons of a refusal, which name it, are told.
    """
    place = st.sidebar.empty()
    try:
        found = measured_in(case, place)
    except EcgktError as error:
        st.sidebar.html(f'<p class="ecgkt-basis"><b>No measurements.</b> {escape(str(error))}</p>')
        return
    with_device = bool(case.device)
    told = lines(found, case.device)
    reason = _one_reason(told)
    rows = "".join(_row(line if statements else replace(line, refusal=""), with_device) for line in told)
    sources = '<th scope="col">device</th>' if with_device else ""
    below = foot(found, statements)
    if reason is not None and not with_device:
        st.sidebar.html(f'<p class="ecgkt-basis"><b>No measurements.</b> {escape(reason)}</p>')
        return
    above.html(f'<p class="ecgkt-basis ecgkt-line">{escape(in_one_line(told))}</p>')
    with st.sidebar:
        st.html(
            f'<table class="ecgkt-measured"><caption>Measurements</caption><thead><tr><td></td>{sources}'
            f'<th scope="col">computed</th></tr></thead><tbody>{rows}</tbody></table>'
            f'<p class="ecgkt-basis">{escape(below)}</p>'
        )


def in_one_line(told: Sequence[Line]) -> str:
    """Return rate, PR, QRS, QT and QTc in one line, computed where they were, else as the device states them."""
    found = []
    for line in told:
        if line.title not in _FIRST or line.formula in _NOT_FIRST:
            continue
        value = line.computed or (f"{line.device} (device)" if line.device else "refused" if line.refusal else "")
        found.append(f"{line.title} {value} {line.formula}".rstrip() if value else "")
    return " \N{MIDDLE DOT} ".join(filter(None, found))


def _one_reason(told: Sequence[Line]) -> str | None:
    """Return the one reason for which nothing was measured, None where something was or the reasons differ."""
    reasons = {line.refusal for line in told}
    return reasons.pop() if len(reasons) == 1 and not any(line.computed for line in told) else None


def _row(line: Line, with_device: bool) -> str:
    """Return a line of the table; a reason stands below its own line, in words."""
    formula = f" <small>{line.formula}</small>" if line.formula else ""
    mark = " <small>\N{GREATER-THAN OR EQUAL TO} 500</small>" if line.marked else ""
    cells = f"<td>{escape(line.device) or 'not stated'}</td>" if with_device else ""
    computed = f"<b>{escape(line.computed)}</b>{mark}" if line.computed else "refused" if line.refusal else ""
    row = f'<tr><th scope="row">{line.title}{formula}</th>{cells}<td>{computed}</td></tr>'
    if not line.refusal:
        return row
    return f'{row}<tr class="why"><td colspan="{3 if with_device else 2}">{escape(line.refusal)}</td></tr>'
