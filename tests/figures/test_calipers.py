from __future__ import annotations

import itertools

import pytest

from ecgkt.errors import InvalidValue
from ecgkt.figures.calipers import measure_box
from ecgkt.figures.paper import LAYOUTS, Scale, lay_out

SHEETS = [(name, Scale(speed, gain)) for name in LAYOUTS for speed, gain in ((25, 10), (50, 5), (12.5, 20))]


@pytest.mark.parametrize(("name", "scale"), SHEETS, ids=str)
def test_a_box_of_half_a_second_and_a_millivolt_is_read_as_such_on_every_lead(name, scale):
    paper = lay_out(LAYOUTS[name], scale)
    for cell in paper.cells:
        left, low = cell.x_mm + 1.2 * scale.mm_per_second, cell.baseline_mm - 0.2 * scale.mm_per_millivolt
        sides = (left, left + 0.5 * scale.mm_per_second), (low, low + scale.mm_per_millivolt)
        span = measure_box(paper, *sides)
        assert span.milliseconds == pytest.approx(500)
        assert span.millivolt == pytest.approx(1)
        assert span.per_minute == pytest.approx(120)
        assert span.cell.lead == cell.lead
        assert span.second == pytest.approx(cell.from_second + 1.2)
        assert str(span) == "500 ms · 120/min · 1.00 mV"


def test_it_does_not_matter_from_which_corner_the_box_is_drawn():
    x, y = (100.0, 130.0), (40.0, 52.0)
    spans = [measure_box(lay_out(), (a, b), (c, d)) for (a, b), (c, d) in itertools.product((x, x[::-1]), (y, y[::-1]))]
    assert len({str(span) for span in spans}) == 1


def test_no_rate_is_said_of_what_is_too_short_for_a_cycle():
    span = measure_box(lay_out(), (100, 102.5), (40, 41))
    assert span.per_minute is None
    assert str(span) == "100 ms · 0.10 mV"


def test_a_box_that_begins_beside_the_leads_is_refused():
    with pytest.raises(InvalidValue, match="draw it over the ECG"):
        measure_box(lay_out(), (2, 30), (40, 41))
