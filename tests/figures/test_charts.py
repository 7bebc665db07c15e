"""Charts: the same points on screen and on paper, and in each whose patients they are and the notice."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from ecgkt import NOTICE
from ecgkt.domain import Domain
from ecgkt.errors import InvalidValue
from ecgkt.figures.charts import Chart, Series, draw_chart, offsets
from ecgkt.figures.printed_charts import print_chart, svg, write_svg

CLEAR = Series("clear", (0.1, -0.05), (0.0, 2.0), (0.08, -0.07), (0.13, -0.01))
UNCLEAR = Series("unclear", (0.02,), (1.0,), (-0.01,), (0.05,), faint=True)


@pytest.fixture
def dots() -> Chart:
    rows = ("Atrial fibrillation", "Heart failure", "Anaemia *")
    note = "* a lab defines this diagnosis."
    return Chart("dots", "A minus B", "Difference", "", (CLEAR, UNCLEAR), Domain.SIMULATED, rows, note, zero=True)


@pytest.fixture
def curve() -> Chart:
    line = Series("transferred", (0.1, 0.3), (0.12, 0.28), (0.08, 0.2), (0.2, 0.36), joined=True)
    return Chart("curve", "Calibration", "Predicted", "Observed", (line,), Domain.REAL, diagonal=True)


@pytest.fixture
def budgets() -> Chart:
    ticks = ((0.01, "1%"), (0.1, "10%"), (1.0, "100%"))
    line = Series("baseline", (0.01, 0.1, 1.0), (0.6, 0.7, 0.8), (0.5, 0.6, 0.7), (0.7, 0.8, 0.9), joined=True)
    return Chart("budgets", "Efficiency", "Share", "AUROC", (line,), Domain.SIMULATED, ticks=ticks)


def test_a_dot_plot_has_one_row_per_label_and_its_interval_lies_along_x(dots):
    figure = draw_chart(dots)
    clear, unclear = figure.data
    assert tuple(clear.x) == (0.1, -0.05)
    assert tuple(clear.y) == (0.0, 2.0)
    np.testing.assert_allclose(clear.error_x.array, [0.03, 0.04])
    np.testing.assert_allclose(clear.error_x.arrayminus, [0.02, 0.02])
    assert clear.error_y.array is None
    assert tuple(figure.layout.yaxis.ticktext) == dots.rows
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert unclear.opacity < 1
    assert figure.layout.shapes[0].x0 == 0


def test_paper_holds_the_same_points_and_intervals_as_the_screen(dots, curve, budgets):
    for chart in (dots, curve, budgets):
        screen, axes = draw_chart(chart), print_chart(chart).axes[0]
        for trace, container in zip(screen.data, axes.containers, strict=True):
            points, _, bars = container
            np.testing.assert_allclose(np.asarray(points.get_xdata(), float), trace.x)
            np.testing.assert_allclose(np.asarray(points.get_ydata(), float), trace.y)
            segment = bars[0].get_segments()[0]
            bar = trace.error_x if chart.rows else trace.error_y
            middle = trace.x[0] if chart.rows else trace.y[0]
            ends = segment[:, 0 if chart.rows else 1]
            np.testing.assert_allclose(ends, [middle - bar.arrayminus[0], middle + bar.array[0]])


@pytest.mark.parametrize(("name", "mark"), [("dots", "SIMULATED patients"), ("curve", "Real patients")])
def test_every_drawing_says_whose_patients_and_the_notice(name, mark, request, tmp_path: Path):
    chart = request.getfixturevalue(name)
    (written,) = draw_chart(chart).layout.annotations
    said = written.text.replace("<br>", " ")
    assert mark in said and NOTICE in said and chart.note in said
    assert (written.x, written.xanchor) == (1, "right"), "the names of the rows leave it no room before"
    assert max(map(len, written.text.split("<br>")[1:]), default=0) <= 72
    write_svg(chart, tmp_path / "x.svg")
    written = (tmp_path / "x.svg").read_text()
    assert mark in written and NOTICE in written and chart.title in written
    assert ("SIMULATED" in written) == (chart.domain is Domain.SIMULATED)


def test_a_printed_chart_is_the_same_file_each_time_and_its_letters_are_letters(dots, tmp_path: Path):
    for name in ("a.svg", "b.svg"):
        write_svg(dots, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    texts = [node.text for node in ET.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"Atrial fibrillation", "Heart failure", "Anaemia *"} <= set(texts)


def test_budgets_stand_on_a_logarithmic_axis_with_their_own_words(budgets):
    axis = draw_chart(budgets).layout.xaxis
    assert axis.type == "log"
    assert tuple(axis.ticktext) == ("1%", "10%", "100%")
    printed = print_chart(budgets).axes[0]
    assert printed.get_xscale() == "log"
    assert [label.get_text() for label in printed.get_xticklabels()] == ["1%", "10%", "100%"]


def test_series_that_share_rows_stand_apart_and_others_on_their_row(dots):
    assert offsets(dots) == [0.0, 0.0]
    both = Chart("x", "x", "x", "", (CLEAR, CLEAR), Domain.REAL, dots.rows)
    assert offsets(both) == [-0.25, 0.25]


def test_a_series_of_unequal_lengths_is_refused():
    with pytest.raises(InvalidValue, match="as many x, y, low and high"):
        Series("x", (1.0, 2.0), (1.0,))
    with pytest.raises(InvalidValue, match="as many"):
        Series("x", (1.0, 2.0), (1.0, 2.0), (0.5,), (1.5,))


def test_a_downloaded_figure_is_the_printed_file(dots, tmp_path: Path):
    write_svg(dots, tmp_path / "a.svg")
    assert svg(dots) == (tmp_path / "a.svg").read_bytes()
    assert b"SIMULATED patients" in svg(dots)
