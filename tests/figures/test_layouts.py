"""Every layout at every scale, read back from what was drawn: which leads, where, how high and how wide."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from base64 import b64decode
from collections import Counter
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.ecg import draw_ecg
from ecgkt.figures.grid import squares_uri
from ecgkt.figures.paper import GAINS, LAYOUTS, SPEEDS, Paper, Scale, lay_out, shows_small_squares
from ecgkt.figures.print import DOTS_PER_INCH, MM_PER_INCH, ink_sheet, print_ecg
from ecgkt.figures.sheet import FOOT_MM, draw_sheet

SVG = "{http://www.w3.org/2000/svg}"
MINUS = "\N{MINUS SIGN}"
LIMB, CHEST = ["I", "II", "III", "aVR", "aVL", "aVF"], ["V1", "V2", "V3", "V4", "V5", "V6"]
CABRERA = ["aVL", "I", f"{MINUS}aVR", "II", "aVF", "III"]
THREE_BY_FOUR = [["I", "aVR", "V1", "V4"], ["II", "aVL", "V2", "V5"], ["III", "aVF", "V3", "V6"]]
EXPECTED = {
    "3x4 + II": [*THREE_BY_FOUR, ["II"]],
    "3x4 + II, V1, V5": [*THREE_BY_FOUR, ["II"], ["V1"], ["V5"]],
    "6x2": [list(pair) for pair in zip(LIMB, CHEST, strict=True)],
    "12x1": [[lead] for lead in LIMB + CHEST],
    "Cabrera 6x2": [list(pair) for pair in zip(CABRERA, CHEST, strict=True)],
    "Cabrera 12x1": [[lead] for lead in CABRERA + CHEST],
}
SCALES = [Scale(speed, gain) for speed, gain in itertools.product(sorted(SPEEDS), sorted(GAINS))]
STEP_MV, STEP_SECONDS = 1.0, 0.2


def stepped() -> Record:
    """Zero, with a step of 1 mV and 200 ms half a second after each 2.5 s, later by 10 ms from lead to lead."""
    signal = np.zeros((12, 5000), np.float32)
    for row, start in itertools.product(range(12), (0, 2.5, 5, 7.5)):
        first = round((start + 0.5 + 0.01 * row) * 500)
        signal[row, first : first + round(STEP_SECONDS * 500)] = STEP_MV
    return Record(signal, 500, "test")


def sheet_of(name: str, scale: Scale) -> Paper:
    return lay_out(LAYOUTS[name], scale)


def check_steps(name: str, x: np.ndarray, y: np.ndarray, paper: Paper) -> tuple[float, int]:
    """Assert that a drawn line (mm, upwards) holds its own lead's steps at scale; return its baseline and columns."""
    speed, gain = paper.scale.mm_per_second, paper.scale.mm_per_millivolt
    even = np.round(np.linspace(x[0], x[-1], round((x[-1] - x[0]) / speed * 500) + 1), 2)
    x, y = even, np.interp(even, x, y)
    base = float(np.median(y))
    moved = np.flatnonzero(np.abs(y - base) > gain / 2)
    sign = -1 if name.startswith(MINUS) else 1
    inner = moved[np.isin(moved - 1, moved) & np.isin(moved + 1, moved)]
    np.testing.assert_allclose(y[inner] - base, sign * STEP_MV * gain, atol=0.011)
    first = moved[np.diff(moved, prepend=-2) > 1]
    late = 0.5 + 0.01 * LEADS.index(name.removeprefix(MINUS))
    np.testing.assert_allclose(x[first] - x[0], speed * (late + 2.5 * np.arange(len(first))), atol=speed / 500 + 0.001)
    step = (x[-1] - x[0]) / (len(x) - 1)
    assert len(moved) / len(first) * step == pytest.approx(STEP_SECONDS * speed, rel=0.05)
    return base, len(first)


def check_rows(name: str, found: list[tuple[str, float, float, int]]) -> None:
    """Assert that lines (name, left edge, baseline, number of steps) lie in the rows and columns of a layout."""
    expected = EXPECTED[name]
    assert [line[0] for line in found] == [lead for row in expected for lead in row]
    lines = iter(found)
    bases = []
    for row in expected:
        drawn = [next(lines) for _ in row]
        assert len({round(base, 1) for _, _, base, _ in drawn}) == 1
        assert [left for _, left, _, _ in drawn] == sorted(left for _, left, _, _ in drawn)
        assert {steps for _, _, _, steps in drawn} == {4 // len(row)}
        bases.append(drawn[0][2])
    assert bases == sorted(bases, reverse=True)
    assert len(set(bases)) == len(bases)


def test_the_layouts_are_those_that_are_checked_here():
    assert list(LAYOUTS) == list(EXPECTED)
    assert (sorted(SPEEDS), sorted(GAINS)) == ([12.5, 25, 50], [5, 10, 20])


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("name", EXPECTED)
def test_the_sheet_holds_each_lead_at_its_place_and_scale(name, scale):
    paper = sheet_of(name, scale)
    root = ET.fromstring(draw_sheet(stepped(), paper))
    found = []
    for path in root.iter(f"{SVG}path"):
        if path.get("class") == "ink":
            start, _, steps = path.attrib["d"].removeprefix("M").partition("l")
            moves = np.array(steps.split(), dtype=int).reshape(-1, 2)
            at = np.vstack([np.array(start.split(), dtype=int), moves]).cumsum(axis=0) / 100
            lead = path.attrib["data-lead"]
            base, steps_seen = check_steps(lead, at[:, 0], paper.height_mm - at[:, 1], paper)
            found.append((lead, at[0, 0], base, steps_seen))
    check_rows(name, found)
    for pulse in (line for line in root.iter(f"{SVG}polyline") if line.get("class") == "pulse"):
        at = np.array([point.split(",") for point in pulse.attrib["points"].split()], dtype=int) / 100
        top = at[at[:, 1] == at[:, 1].min()]
        assert np.ptp(at[:, 1]) == pytest.approx(scale.mm_per_millivolt)
        assert np.ptp(top[:, 0]) == pytest.approx(0.2 * scale.mm_per_second, abs=0.011)
        assert at.min() >= 0
        assert at[:, 0].max() <= min(left for _, left, _, _ in found) + 0.011


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("name", EXPECTED)
def test_the_figure_to_zoom_into_holds_each_lead_at_its_place_and_scale(name, scale):
    paper = sheet_of(name, scale)
    figure = draw_ecg(stepped(), paper)
    found = []
    for line in figure.data[: len(paper.cells)]:
        y = np.asarray(line.y, dtype=float)
        x = line.x0 + line.dx * np.arange(len(y))
        base, steps_seen = check_steps(line.name, x, y, paper)
        found.append((line.name, line.x0, base, steps_seen))
    check_rows(name, found)
    (pulses,) = (line for line in figure.data if line.name == "calibration 1 mV")
    heights = np.asarray(pulses.y, dtype=float).reshape(-1, 7)[:, :6]
    np.testing.assert_allclose(np.ptp(heights, axis=1), scale.mm_per_millivolt)
    assert len(heights) == len(EXPECTED[name])
    (names,) = (line for line in figure.data if line.name == "lead names")
    assert [text[3:-4] for text in names.text] == [lead for lead, *_ in found]


@pytest.mark.parametrize("scale", [Scale(), Scale(12.5, 5), Scale(50, 20)], ids=str)
@pytest.mark.parametrize("name", EXPECTED)
def test_the_print_holds_each_lead_at_its_place_and_scale(name, scale):
    paper = sheet_of(name, scale)
    figure = print_ecg(stepped(), paper=paper)
    assert figure.get_size_inches()[0] * MM_PER_INCH == pytest.approx(paper.width_mm)
    (axes,) = figure.axes
    found = []
    for line in axes.lines[: len(paper.cells)]:
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        base, steps_seen = check_steps(str(line.get_label()), x, y, paper)
        found.append((str(line.get_label()), x[0], base, steps_seen))
    check_rows(name, found)
    assert len(axes.lines) == len(found) + len(EXPECTED[name])


def test_the_pixels_of_a_print_in_cabreras_order_are_true_millimetres(tmp_path: Path):
    """At 50 mm/s and 20 mm/mV, the step of -aVR hangs 20 mm below its baseline in the saved pixels."""
    paper = sheet_of("Cabrera 6x2", Scale(50, 20))
    print_ecg(stepped(), paper=paper).savefig(tmp_path / "x.png", dpi=DOTS_PER_INCH)
    pixels = matplotlib.image.imread(tmp_path / "x.png")[..., :3].max(axis=2)
    per_mm = DOTS_PER_INCH / MM_PER_INCH
    assert pixels.shape[1] / per_mm == pytest.approx(paper.width_mm, abs=0.2)
    cell = next(cell for cell in paper.cells if cell.lead == "aVR")
    column = round((cell.x_mm + 50 * (0.5 + 0.01 * LEADS.index("aVR") + 0.1)) * per_mm)
    heights = (len(pixels) - np.flatnonzero(pixels[:, column] < 0.4)) / per_mm - 11.0
    assert heights[np.abs(heights - (cell.baseline_mm - 20)) < 1].mean() == pytest.approx(
        cell.baseline_mm - 20, abs=0.2
    )


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("name", EXPECTED)
def test_every_pulse_and_every_name_lies_on_the_sheet(name, scale):
    paper = sheet_of(name, scale)
    for pulse in paper.pulses:
        assert all(0 <= x < paper.cells[0].x_mm + 1e-6 and 0 < y < paper.height_mm for x, y in pulse)
    for cell in paper.cells:
        assert 0 < cell.baseline_mm + paper.name_mm < paper.height_mm
        assert cell.x_mm + (cell.to_second - cell.from_second) * scale.mm_per_second <= paper.width_mm


@pytest.mark.parametrize("name", EXPECTED)
def test_two_strokes_mark_where_a_row_goes_on_with_another_lead_and_leave_the_baseline_free(name):
    paper = sheet_of(name, Scale())
    changes = {(cell.x_mm, cell.baseline_mm) for cell in paper.cells if cell.x_mm > paper.cells[0].x_mm}
    assert len(changes) == sum(len(row) - 1 for row in EXPECTED[name])
    marked = Counter(
        (x, base) for x, low, high in paper.seams for at, base in changes if at == x and abs(low - base) < 6
    )
    assert marked == dict.fromkeys(changes, 2)
    assert all(abs(y - base) >= 3 for x, *ends in paper.seams for at, base in changes if at == x for y in ends)
    drawn = ET.fromstring(draw_sheet(stepped(), paper)).iter(f"{SVG}path")
    assert sum(path.get("class") == "seam" for path in drawn) == len(paper.seams)
    (line,) = (line for line in draw_ecg(stepped(), paper).data if line.name == "lead changes")
    assert np.isfinite(np.array(line.x, dtype=float)).sum() == 2 * len(paper.seams)


@pytest.mark.parametrize("name", EXPECTED)
def test_small_squares_go_where_they_would_be_under_four_pixels(name):
    paper = sheet_of(name, Scale())
    drawn = b64decode(squares_uri(paper).partition(",")[2]).decode()
    limit = float(drawn.partition("max-width: ")[2].partition("px")[0])
    assert limit == pytest.approx(4 * paper.width_mm, abs=0.02)
    assert limit < 4 * paper.width_mm
    small, large = ET.fromstring(drawn).findall(f"{SVG}path")
    assert (small.attrib["class"], large.attrib["class"]) == ("small", "large")
    assert small.attrib["d"].count("V") == paper.width_mm + 1
    assert large.attrib["d"].count("V") == paper.width_mm // 5 + 1
    assert shows_small_squares(4.0)
    assert not shows_small_squares(3.99)


@pytest.mark.parametrize(("px_per_mm", "grids"), [(4.1, 4), (3.9, 2)])
def test_a_print_of_few_dots_has_no_small_squares(px_per_mm, grids):
    from matplotlib.figure import Figure

    axes = Figure().add_axes((0, 0, 1, 1))
    ink_sheet(axes, stepped(), lay_out(), px_per_mm=px_per_mm)
    assert len(axes.collections) == grids + len(lay_out().seams)


def test_a_wave_is_upright_in_minus_avr_where_avr_points_down():
    signal = np.zeros((12, 5000), np.float32)
    signal[LEADS.index("aVR")] = -1.0
    paper = sheet_of("Cabrera 12x1", Scale())
    (trace,) = (one for one in paper.traces(Record(signal, 500, "test")) if one.cell.lead == "aVR")
    assert trace.cell.name == f"{MINUS}aVR"
    np.testing.assert_allclose(trace.y_mm, trace.cell.baseline_mm + 10)


@pytest.mark.parametrize("name", EXPECTED)
def test_no_wave_of_a_record_leaves_its_sheet_and_none_is_rescaled(name):
    """The first lead of the sheet goes 3 mV up and the last 2.5 mV down."""
    layout = LAYOUTS[name]
    plain, signal = lay_out(layout), np.zeros((12, 5000), np.float32)
    last = plain.cells[-1]
    signal[LEADS.index(plain.cells[0].lead)] = 3.0
    signal[LEADS.index(last.lead)] = -2.5
    record = Record(signal, 500, "test")
    paper = lay_out(layout, record=record)
    ink = {trace.cell: trace.y_mm for trace in paper.traces(record)}
    assert all(y.min() >= 0 and y.max() <= paper.height_mm for y in ink.values())
    assert ink[paper.cells[0]].max() - paper.cells[0].baseline_mm == pytest.approx(30)
    assert paper.cells[-1].baseline_mm - ink[paper.cells[-1]].min() == pytest.approx(25)
    moved = {paper.cells[at].baseline_mm - plain.cells[at].baseline_mm for at in range(len(plain.cells))}
    assert moved == {paper.pulses[0][0][1] - plain.pulses[0][0][1]}
    assert paper.height_mm == int(paper.height_mm)


def test_a_sheet_grows_by_two_rows_at_most_and_not_for_a_small_record():
    wild = Record(np.full((12, 5000), 50, np.float32), 500, "test")
    assert lay_out(record=wild).height_mm == lay_out().height_mm + 50
    assert lay_out(record=stepped()) == lay_out()
    assert lay_out(record=Record(np.full((12, 5000), np.nan, np.float32), 500, "test")) == lay_out()


def test_a_scale_of_nothing_is_refused():
    with pytest.raises(InvalidValue, match="mm per second"):
        Scale(0, 10)


def test_the_foot_of_the_sheet_is_outside_the_paper():
    paper = sheet_of("12x1", Scale())
    box = ET.fromstring(draw_sheet(stepped(), paper)).attrib["viewBox"].split()
    assert float(box[3]) / 100 == pytest.approx(paper.height_mm + FOOT_MM)
