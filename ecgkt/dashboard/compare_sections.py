"""What is known of two arms over a cohort, a section at a time, each with its table and figure to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from ecgkt.dashboard import address, compare_stored, saving
from ecgkt.dashboard.compare_stored import Pair
from ecgkt.domain import Estimate
from ecgkt.evaluation.comparison import Difference
from ecgkt.figures.charts import Chart, draw_chart
from ecgkt.figures.printed_charts import svg
from ecgkt.reports.charts import calibration_chart, difference_chart, gap_chart
from ecgkt.reports.main_tables import gap_table
from ecgkt.reports.measured import group_by_arm
from ecgkt.reports.pairs import (
    calibration_by_family,
    harmed_and_helped,
    methods,
    pair_calibration,
    pair_families,
    pair_labels,
    subgroup_chart,
)
from ecgkt.reports.tables import Cell, Table, to_csv

FAMILY, NAMED = "family", 12
FAMILIES = {"tracing": "On this tracing", "visit": "Coded at this visit", "lab": "Laboratory"}
THREE = ("baseline", "transferred", "multimodal")


def show_labels(pair: Pair) -> None:
    """Draw the differences by family, what is harmed and helped, and every label of one family."""
    families = pair_families(pair.first, pair.second, pair.truth)
    table = pair_labels(pair.first, pair.second, pair.comparison, pair.truth)
    verdicts = harmed_and_helped(table)
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _rows(_macros(families), None, families.columns)
    with right:
        _say("<b>Macro AUROC</b>: the mean over the labels of a family, both models on the same ECGs.")
        for verdict in ("harmed", "helped"):
            names = verdicts[verdict]
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            _say(
                f"<b>{verdict.capitalize()} (q below 0.05): {len(names)}.</b> {escape(', '.join(names[:NAMED]))}{more}"
            )
    family = choose_family()
    chart = difference_chart(pair.keys, pair.comparison, family, pair.truth.cohort.domain)
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _draw(chart, "No label of this family has enough positives.")
    with right:
        _rows(table, family, ("title", "positives", "difference", "verdict"))
    _exports(table, chart)


def show_calibration(pair: Pair) -> None:
    """Draw the pooled calibration curves before and after scaling, and the errors by family."""
    table = pair_calibration(pair.first, pair.second, pair.truth)
    a, b = pair.keys
    said = [
        f"{FAMILIES[family]}: {a} {one:.3f} before, {two:.3f} after; {b} {three:.3f} before, {four:.3f} after"
        for family, (one, two, three, four) in calibration_by_family(table).items()
    ]
    _say(f"<b>Mean calibration error</b> (0 is right). {escape('. '.join(said))}.")
    family = choose_family()
    charts = [calibration_chart([pair.first, pair.second], pair.truth, family, scaled) for scaled in (False, True)]
    for column, chart in zip(st.columns(2, gap="medium"), charts, strict=True):
        with column:
            _draw(chart, "No label of this family has enough positives.")
    _exports(table, *charts)


def show_subgroups(pair: Pair) -> None:
    """Draw the paired difference by age, sex and setting."""
    family = choose_family()
    with st.spinner("Measuring each group", show_time=True):
        table = pair.subgroups(family)
    chart = subgroup_chart(table)
    _draw(chart, "No group has enough positives.")
    _rows(table, None, table.columns)
    _exports(table, chart)


def show_gap(pair: Pair) -> None:
    """Draw how much of the gap between baseline and multimodal the transferred arm closes, or why it is undefined."""
    budget = pair.members[0][0].origin.budget
    arms = group_by_arm(compare_stored.listed(pair.where), budget)
    missing = [key for key in THREE if key not in arms]
    if missing:
        st.info(
            f"Undefined: the share of the gap closed needs {', '.join(THREE)}; stored predictions of "
            f"{', '.join(missing)} are missing."
        )
        return
    with st.spinner("Measuring baseline, transferred and multimodal", show_time=True):
        three = {key: compare_stored.arm(pair.where, key, arms[key], pair.resamples) for key in THREE}
    table = gap_table(three, pair.truth.cohort.domain)
    if table is None or not table.rows:
        st.info("Undefined: no diagnosis has enough positives.")
        return
    for note in table.notes:
        st.caption(note)
    chart = gap_chart(table)
    _draw(chart, "")
    _rows(table, None, ("family", "labels", "gain", "gap", "share of the gap closed"))
    _exports(table, chart)


def show_methods(pair: Pair) -> None:
    """Write the paragraph for a paper."""
    said = methods(pair.first, pair.second, pair.truth, pair.comparison, resamples=pair.resamples)
    st.code(said, language=None, wrap_lines=True)
    saving.offer("Methods paragraph", said, "methods.txt", "text/plain")


def choose_family(key: str = FAMILY) -> str:
    """Draw the choice of a family of labels and return it."""
    address.recall(key, list(FAMILIES), "tracing")
    chosen = st.segmented_control(
        "Family",
        list(FAMILIES),
        key=key,
        format_func=FAMILIES.__getitem__,
        label_visibility="collapsed",
        required=True,
    )
    return chosen or "tracing"


def _macros(table: Table) -> Table:
    """Return the table of families with the arms' means alone: the interval that counts is that of the difference."""
    rows = tuple(
        tuple(cell.value if isinstance(cell, Estimate) and cell.defined else cell for cell in row) for row in table.rows
    )
    return replace(table, rows=rows)


def told(cell: Cell) -> str:
    """Return a cell in a reader's words: a figure with its interval, or why there is none."""
    if isinstance(cell, Difference):
        one = cell.estimate
        if one.value is None:
            return f"undefined: {one.reason}"
        return f"{_signed(one.value)} ({_signed(one.low)} to {_signed(one.high)})"
    if isinstance(cell, Estimate):
        return str(cell)
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.3f}" if isinstance(cell, float) else (cell or "")


def _signed(figure: float | None) -> str:
    told = f"{figure or 0.0:+.3f}"
    return told[1:] if float(told) == 0 else told.replace("-", "−")


def _q(cell: Cell) -> str:
    q = cell.q if isinstance(cell, Difference) else None
    return "" if q is None else "< 0.001" if q < 0.001 else f"{q:.3f}"


def _rows(table: Table, family: str | None, columns: tuple[str, ...]) -> None:
    """Draw some columns of the rows of one family as a table that can be read aloud."""
    places = [table.columns.index(column) for column in columns]
    kept = [[row[place] for place in places] for row in table.rows if family is None or family in row[:4]]
    q = [any(_q(row[place]) for row in kept) for place in range(len(places))]
    titles = [
        title for column, with_q in zip(columns, q, strict=True) for title in (column, *(["q"] if with_q else []))
    ]
    head = "".join(f'<th scope="col">{escape(_heading(title))}</th>' for title in titles)
    body = "".join(f"<tr>{_cells(row, q)}</tr>" for row in kept)
    st.html(f'<table class="ecgkt-compared"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def _heading(column: str) -> str:
    said = {"title": "label"}.get(column, column).replace("_", " ")
    return said if column in (*THREE, "q") else said[:1].upper() + said[1:]


def _cells(row: Sequence[Cell], q: Sequence[bool]) -> str:
    first, *others = row
    family, comma, rest = str(first).partition(",")
    name = f"{FAMILIES[family]}{comma}{rest}" if family in FAMILIES else told(first)
    cells = [f'<th scope="row">{escape(name)}</th>']
    for cell, with_q in zip(others, q[1:], strict=True):
        cells += [f"<td>{escape(said)}</td>" for said in (told(cell), *([_q(cell)] if with_q else []))]
    return "".join(cells)


def _draw(chart: Chart | None, otherwise: str) -> None:
    if chart is None:
        st.info(otherwise)
        return
    config = {"displayModeBar": False}
    st.plotly_chart(draw_chart(chart), theme=None, config=config, key=f"chart-{chart.name}", alt=chart.title)


def _exports(table: Table, *charts: Chart | None) -> None:
    """Offer the table as CSV and the figures as SVG; each says whose patients they are, and the notice."""
    with st.container(horizontal=True):
        saving.offer("Table as CSV", to_csv(table), f"{table.name}.csv", "text/csv")
        for chart in charts:
            if chart is not None:
                saving.offer(
                    "Figure as SVG" if len(charts) == 1 else f"Figure as SVG: {chart.name.rpartition('-')[2]}",
                    partial(svg, chart),
                    f"{chart.name}.svg",
                    "image/svg+xml",
                    key=f"svg-{chart.name}",
                )


def _say(html: str) -> None:
    st.html(f'<p class="ecgkt-basis">{html}</p>')
