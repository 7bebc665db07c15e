"""Two ECGs of one patient beside each other: the other sheet, the median beats over each other, and what changed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from ecgkt.catalogue import repeatability
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.dashboard import measured
from ecgkt.dashboard.paper import current_view
from ecgkt.dashboard.previous import when
from ecgkt.dashboard.state import Beside, Case
from ecgkt.domain import Predictions
from ecgkt.errors import EcgktError
from ecgkt.figures.beats import overlay_beats
from ecgkt.figures.scores import HEADINGS
from ecgkt.figures.sheet import draw_sheet
from ecgkt.figures.side_by_side import ComparedRow, compared_rows, difference_words, unit
from ecgkt.opinion.families import holds_back
from ecgkt.signals.changes import Change, changes
from ecgkt.signals.measurements import MedianBeats

SCORES_SHOWN = 5
_TITLES = {
    "heart_rate": "Rate",
    "pr": "PR",
    "qrs": "QRS",
    "qt": "QT",
    "qtc_fridericia": "QTc (Fridericia)",
    "qrs_axis": "QRS axis",
    "t_axis": "T axis",
    "st": "ST at J",
}
_UNITS = {"/min": "/min", "ms": " ms", "deg": "\N{DEGREE SIGN}", "mV": " mV"}
_DIGITS = {"mV": 2}


def show_sheet(beside: Beside) -> None:
    """Draw the other ECG in the layout, scale and filter of the open one, as wide as that."""
    record = beside.case.record
    view = current_view(record)
    drawn = draw_sheet(
        view.drawn, view.paper, display_filter=view.display.description, true_size=view.px_per_mm is not None
    )
    known = [f"{record.age:.0f} years" if record.age is not None else "", record.sex or "", record.source]
    facts = escape(", ".join(fact for fact in known if fact))
    told = f"{beside.case.title}, {when(beside)}"
    st.html(
        f'<p class="ecgkt-basis ecgkt-which"><b>{escape(told)}</b> {facts}</p>'
        f'<img class="ecgkt-sheet ecgkt-other" style="{view.ratio}" alt="12-lead ECG, {escape(told)}, '
        f'{escape(view.layout.name)}, {view.scale}" src="{_uri(drawn)}">'
    )


def show_changes(case: Case, beside: Beside, card: Card, scores: tuple[Predictions, Predictions] | None) -> None:
    """Draw the beats over each other and the tables of changes.

    `scores` are those of the open and of the other ECG, None where they may not be shown yet.
    """
    for sentence in _doubts(case, beside.case):
        st.warning(sentence)
    try:
        now, other = measured.measured_in(case), measured.measured_in(beside.case)
    except EcgktError as error:
        st.info(f"No changes are measured. {error}")
        return
    earlier, later = (other, now) if beside.is_earlier else (now, other)
    known = repeatability()
    table = _table("Measurements", beside, [_line(one) for one in changes(earlier, later, known.limits)])
    st.html(
        f'<div class="ecgkt-changes">{_beats(case, beside, now.beats, other.beats)}<div>{table}<p class="ecgkt-basis">'
        "Bold: more than the first and the last 5 s of one ECG differ by in 19 of 20 of "
        f"{known.records} real ECGs (that limit behind it). Electrodes placed anew add to it; no significance is "
        "claimed.</p></div></div>"
    )
    if scores is not None:
        _show_scores(beside, card, *scores)


def _beats(case: Case, beside: Beside, now: MedianBeats | None, other: MedianBeats | None) -> str:
    """Return the median beats over each other, nothing where one ECG has none."""
    if now is None or other is None:
        return ""
    title = f"{beside.case.title}, {when(beside)}"
    drawn = overlay_beats((now.signal, now.time_ms), (other.signal, other.time_ms), case.record.domain, title)
    told = escape(f"Median beat of each lead of both ECGs, black: {case.title}, blue: {title}")
    return f'<img class="ecgkt-beats" alt="{told}" src="{_uri(drawn)}">'


def _doubts(case: Case, other: Case) -> list[str]:
    """Return what speaks against both ECGs being of one patient."""
    told = []
    a, b = case.record, other.record
    if a.sex and b.sex and a.sex != b.sex:
        told.append("The two files name different sexes. Are both ECGs of one patient?")
    if a.domain != b.domain:
        told.append(f"One ECG is {a.domain}, the other {b.domain}: they are not of one patient.")
    return told


def _show_scores(beside: Beside, card: Card, now: Predictions, other: Predictions) -> None:
    reason = _incomparable(now, other)
    if reason is not None:
        st.html(f'<p class="ecgkt-basis">{escape(reason)}</p>')
        return
    held_back = holds_back(now)
    ordered = [now, other] if beside.is_earlier else [other, now]
    families = {kind: compared_rows(ordered, kind) for kind in now.labels.kinds}
    if held_back:
        families = {
            kind: tuple(row for row in rows if real_evidence(card, row.name).works) for kind, rows in families.items()
        }
    shown = {kind: rows for kind, rows in families.items() if rows}
    if not shown:
        st.html('<p class="ecgkt-basis">No change of scores: none was shown to work on real ECGs.</p>')
        return
    with st.container(key="changes"):
        columns = st.columns(len(families), gap="medium")
    for column, (kind, rows) in zip(columns, shown.items(), strict=False):
        column.html(_table(f"Change: {HEADINGS[kind]}", beside, [_score_line(row) for row in rows[:SCORES_SHOWN]]))
    works = " that were shown to work on real ECGs" if held_back else ""
    st.html(
        f'<p class="ecgkt-basis">The {SCORES_SHOWN} largest changes of each family{works} {unit(now)}, one checkpoint '
        "on both ECGs. How far the scores of one patient differ by chance was not measured.</p>"
    )


def _incomparable(now: Predictions, other: Predictions) -> str | None:
    for one, which in ((now, "this"), (other, "the other")):
        if (why := one.abstained[0]) is not None:
            return f"No change of scores: the model abstains on {which} ECG. {why}"
    if now.domain != other.domain or (not now.calibrated and now.reference is None):
        return "No change of scores: they share no scale."
    return None


def _table(caption: str, beside: Beside, lines: Sequence[Sequence[str]]) -> str:
    heads = [escape(when(beside)), "this ECG"]
    first, second = heads if beside.is_earlier else reversed(heads)
    body = "".join(
        f'<tr><th scope="row">{title}</th><td>{one}</td><td>{two}</td><td>{apart}</td></tr>'
        for title, one, two, apart in lines
    )
    return (
        f'<div><table class="ecgkt-measured"><caption>{escape(caption)}</caption><thead><tr><td></td>'
        f'<th scope="col">{first}</th><th scope="col">{second}</th><th scope="col">change</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _line(change: Change) -> tuple[str, str, str, str]:
    """Return a line in which the figures as they are told make up the change, bold where that is beyond its limit."""
    digits = _DIGITS.get(change.unit, 0)
    first, second = (None if one is None else round(one, digits) for one in (change.earlier, change.later))
    told = replace(change, earlier=first, later=second)
    said = "\N{EN DASH}" if told.difference is None else _spelled(told.difference, change.unit, signed=True)
    if told.beyond_limit and change.limit is not None:
        said = f"<b>{said}</b> <small>({_spelled(change.limit, change.unit)})</small>"
    values = ["refused" if one is None else _spelled(one, change.unit) for one in (first, second)]
    return f"{_TITLES[change.name]} {change.lead}".strip(), values[0], values[1], said


def _score_line(row: ComparedRow) -> tuple[str, str, str, str]:
    return escape(row.title), escape(row.figures[1]), escape(row.figures[0]), escape(difference_words(row.difference))


def _spelled(value: float, unit_name: str, *, signed: bool = False) -> str:
    number = f"{value:{'+' if signed else ''}.{_DIGITS.get(unit_name, 0)}f}"
    if float(number) == 0:
        number = number.lstrip("+-")
    return number.replace("-", "\N{MINUS SIGN}") + _UNITS[unit_name]


def _uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
