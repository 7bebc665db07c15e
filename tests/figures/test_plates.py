from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from ecgkt import NOTICE
from ecgkt.domain import LEADS, Domain, Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.paper import lay_out
from ecgkt.figures.plates import UNREVIEWED, Exhibit, Plate, draw_plate, page_width, place
from ecgkt.figures.print import MM_PER_INCH

DOTS_PER_INCH = 254
PER_MM = DOTS_PER_INCH / MM_PER_INCH
STEP_FROM, STEP_TO = 600, 900


def exhibit(kind: str, step_mv: float, domain: Domain) -> Exhibit:
    """Zero on every lead, with a step on lead I from 1.2 to 1.8 s."""
    signal = np.zeros((12, 5000), np.float32)
    signal[LEADS.index("I"), STEP_FROM:STEP_TO] = step_mv
    return Exhibit(Record(signal, 500, "test", domain), kind, ("70/min", "Also labelled: nothing"))


@pytest.fixture
def plate() -> Plate:
    simulated = (exhibit("Simulated", 1.0, Domain.SIMULATED),)
    return Plate("A finding", "Its rule.", simulated, (exhibit("X record 1, real", 0.5, Domain.REAL),))


def words(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("columns", [1, 2])
def test_a_page_is_at_true_scale_in_what_was_saved(plate, columns, tmp_path: Path):
    """The steps of 1 and 0.5 mV are 10 and 5 mm high, and 0.6 s is 15 mm wide, in the saved pixels."""
    figure = draw_plate(plate, columns)
    figure.savefig(tmp_path / "x.png", dpi=DOTS_PER_INCH)
    pixels = matplotlib.image.imread(tmp_path / "x.png")[..., :3].max(axis=2)
    width, height, corners = place(1, 1, columns, lay_out(), head_mm=19 + 5.4)
    assert pixels.shape[1] / PER_MM == pytest.approx(width, abs=0.2)
    assert pixels.shape[0] / PER_MM == pytest.approx(height, abs=0.2)
    cell = lay_out().cells[0]
    for (x, y), millivolt in zip(corners, (1.0, 0.5), strict=True):
        left, base = x + cell.x_mm, y + cell.baseline_mm
        middle = pixels[:, round((left + 25 * 1.5) * PER_MM)]
        rows = (len(middle) - np.flatnonzero(middle < 0.4)) / PER_MM - base
        assert rows[np.abs(rows - 10 * millivolt) < 1].mean() == pytest.approx(10 * millivolt, abs=0.15)
        across = pixels[round(len(pixels) - (base + 5 * millivolt) * PER_MM)]
        edges = np.flatnonzero(across < 0.4) / PER_MM - left
        edges = edges[(edges > 25) & (edges < 50)]
        assert np.ptp(edges) == pytest.approx(25 * (STEP_TO - STEP_FROM) / 500, abs=0.4)


def test_every_page_says_what_it_is(plate):
    said = words(draw_plate(plate))
    for part in ("A finding", "Its rule.", "Simulated", "X record 1, real", "70/min"):
        assert part in said
    assert sum(UNREVIEWED in text and NOTICE in text for text in said) == 2
    assert any("25 mm/s, 10 mm/mV" in text for text in said)


def test_a_kind_without_recordings_keeps_its_place_and_says_so(plate):
    empty = Plate("A finding", "Its rule.", plate.simulated, (), without_real="No real record has it.")
    assert "No real record has it." in words(draw_plate(empty))


@pytest.mark.parametrize("columns", [1, 2])
def test_sheets_lie_on_the_page_and_none_on_another(columns):
    paper = lay_out()
    width, height, corners = place(3, 2, columns, paper)
    assert len(corners) == 5
    assert width == page_width(columns, paper)
    for x, y in corners:
        assert 0 <= x <= width - paper.width_mm
        assert 0 <= y <= height - paper.height_mm
    for number, (x, y) in enumerate(corners):
        for a, b in corners[:number]:
            assert abs(x - a) >= paper.width_mm or abs(y - b) >= paper.height_mm


def test_three_columns_are_refused():
    with pytest.raises(InvalidValue, match="1 or 2 columns"):
        place(1, 1, 3, lay_out())
