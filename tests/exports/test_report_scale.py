"""A millimetre of the report is a millimetre of the page: rendered and measured, whatever is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pypdfium2
import pytest

from ecgkt.exports.reading import Drawing
from ecgkt.exports.report import report_pdf
from ecgkt.figures.page import PAGE_SIZES
from ecgkt.figures.paper import LAYOUTS, Scale
from tests.exports.ruler import PX_PER_MM, centres, longest_runs

NEAR_MM = 0.1
DRAWINGS = [
    pytest.param("3x4 + II", 25, 10, "A4", id="usual"),
    pytest.param("3x4 + II", 25, 10, "US Letter", id="letter", marks=pytest.mark.slow),
    pytest.param("6x2", 25, 5, "A4", id="half-gain", marks=pytest.mark.slow),
    pytest.param("12x1", 25, 10, "A4", id="12x1", marks=pytest.mark.slow),
    pytest.param("Cabrera 6x2", 12.5, 20, "US Letter", id="slow-paper", marks=pytest.mark.slow),
    pytest.param("3x4 + II, V1, V5", 50, 10, "A4", id="fast-paper", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("layout", "speed", "gain", "size"), DRAWINGS)
def test_the_calibration_pulse_and_the_squares_measure_what_they_say(reading, rule, layout, speed, gain, size):
    pdf = report_pdf(replace(reading, mapped=None), Drawing(LAYOUTS[layout], Scale(speed, gain)), PAGE_SIZES[size])
    page = rule(pdf, 0)
    left, _, top, bottom = page.sheet()
    zone = max(10.0, 0.2 * speed + 5.0)
    high = top + 1.6 * gain + 18
    pulse = page.window(left + 5.2, left + 5.0 + zone - 0.2, top, min(bottom, high))
    ends = centres(pulse.sum(axis=0), 0.8 * gain * PX_PER_MM)[:2]
    assert ends[1] - ends[0] == pytest.approx(0.2 * speed, abs=NEAR_MM), "200 ms"
    flat = centres(pulse.sum(axis=1), 0.8 * min(0.2 * speed, 4.5) * PX_PER_MM)
    below = [one - flat[0] for one in flat[1:]]
    assert min(abs(one - gain) for one in below) < NEAR_MM, f"1 mV: {below}"
    inside = slice(round((top + 1) * PX_PER_MM), round((bottom - 1) * PX_PER_MM))
    deep = page.pink[inside] & (page.rgb[inside, :, 1] < 200)
    large = centres(deep.mean(axis=0), 0.5)
    assert np.diff(large) == pytest.approx(5.0, abs=NEAR_MM)
    small = centres(page.pink[inside].mean(axis=0), 0.5)
    assert np.diff(small) == pytest.approx(1.0, abs=NEAR_MM)
    assert len(small) > 100
    whole = small[1:-1]
    assert whole[-1] - whole[0] == pytest.approx(len(whole) - 1, abs=NEAR_MM), "no drift; the outermost lines are cut"


def test_a_known_millivolt_is_ten_millimetres_high_and_200_ms_are_five_wide(reading, rule, step_record):
    known = replace(reading, record=step_record, predictions=None, mapped=None, measurements=None, title="Steps")
    page = rule(report_pdf(known), 0)
    left, _, top, _ = page.sheet()
    trace = page.window(left + 35, left + 55, top, top + 20)
    flat = centres(longest_runs(trace), 4 * PX_PER_MM)
    assert len(flat) == 2
    assert flat[1] - flat[0] == pytest.approx(10.0, abs=NEAR_MM)
    rises = centres(trace.sum(axis=0), 8 * PX_PER_MM)
    assert len(rises) == 2
    assert rises[1] - rises[0] == pytest.approx(5.0, abs=NEAR_MM)


def test_a_page_is_exactly_a4_or_us_letter_and_the_ruler_at_its_foot_is_50_mm(reading, rule):
    plain = replace(reading, mapped=None)
    for name, (width, height) in {"A4": (297.0, 210.0), "US Letter": (279.4, 215.9)}.items():
        pdf = report_pdf(plain, size=PAGE_SIZES[name])
        document = pypdfium2.PdfDocument(pdf)
        points = document[0].get_size()
        document.close()
        assert [one * 25.4 / 72 for one in points] == pytest.approx([width, height], abs=0.01)
    foot = rule(pdf, 0).window(200, 275, height - 10, height - 3)
    ends = centres(foot.sum(axis=0), 1.6 * PX_PER_MM)
    assert ends[-1] - ends[0] == pytest.approx(50.0, abs=NEAR_MM)
    assert longest_runs(foot).max() / PX_PER_MM > 50


def test_every_second_of_every_lead_is_drawn_once_however_many_pages_it_takes(reading, simulated):
    from ecgkt.figures.pages import cut_sheet
    from ecgkt.figures.paper import lay_out

    for layout in LAYOUTS.values():
        for speed, gain in ((25, 10), (50, 10), (50, 20), (12.5, 5)):
            paper = lay_out(layout, Scale(speed, gain), simulated)
            parts = cut_sheet(paper, simulated, 288, 168)
            seconds = sum(cell.to_second - cell.from_second for part in parts for cell in part.paper.cells)
            assert seconds == pytest.approx(sum(cell.to_second - cell.from_second for cell in paper.cells))
            for part in parts:
                assert part.paper.scale == paper.scale
                assert part.paper.width_mm <= 288
                assert part.paper.height_mm <= 168
                assert len(part.paper.pulses) == part.last - part.first + 1
                for pulse in part.paper.pulses:
                    assert all(0 <= x <= part.paper.width_mm and 0 <= y <= part.paper.height_mm for x, y in pulse)
