from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.paper import LAYOUTS, Layout, Scale, lay_out


def with_pulse(lead: str, fs: float = 500, at: float = 0.0, millivolt: float = 1.0, seconds: float = 0.2) -> Record:
    """Ten flat seconds with one rectangular pulse on one lead, repeated in each 2.5 s."""
    signal = np.zeros((12, round(10 * fs)), np.float32)
    for start in (0, 2.5, 5, 7.5):
        first = round((start + 1 + at) * fs)
        signal[LEADS.index(lead), first : first + round(seconds * fs)] = millivolt
    return Record(signal, fs, "test")


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_draws_each_lead_once_and_its_rhythm_strip(name):
    layout = LAYOUTS[name]
    drawn = Counter(cell.lead for cell in lay_out(layout).cells)
    assert drawn == Counter(LEADS) + Counter(layout.rhythm)


def test_a_layout_with_a_lead_twice_cannot_exist():
    with pytest.raises(InvalidValue, match="V1"):
        Layout("wrong", rows=(("I", "II", "III", "aVR", "aVL", "aVF"), ("V1", "V1", "V3", "V4", "V5", "V6")))


@pytest.mark.parametrize("fs", [250, 500, 1000])
@pytest.mark.parametrize("lead", LEADS)
def test_one_millivolt_is_ten_millimetres_and_200_ms_are_five(lead, fs):
    paper = lay_out()
    record = with_pulse(lead, fs)
    for trace in paper.traces(record):
        high = trace.y_mm > trace.cell.baseline_mm + 5
        if trace.cell.lead != lead:
            assert not high.any(), f"{lead} drawn in the place of {trace.cell.lead}"
            continue
        assert trace.y_mm.max() - trace.cell.baseline_mm == pytest.approx(10, abs=1e-4)
        pulses = 4 if trace.cell.to_second - trace.cell.from_second == 10 else 1
        assert high.sum() * trace.dx_mm == pytest.approx(5 * pulses, abs=2 * trace.dx_mm)


def test_columns_are_contiguous_and_each_shows_its_own_seconds():
    paper = lay_out()
    for row in (paper.cells[:4], paper.cells[4:8], paper.cells[8:12]):
        assert [(cell.from_second, cell.to_second) for cell in row] == [(0, 2.5), (2.5, 5), (5, 7.5), (7.5, 10)]
        for left, right in itertools.pairwise(row):
            assert right.x_mm - left.x_mm == pytest.approx(62.5)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("seconds", [5.0, 7.3])
def test_a_short_recording_shows_as_much_of_every_lead_and_keeps_its_scale(name, seconds):
    record = Record(np.zeros((12, round(400 * seconds)), np.float32), 400, "test")
    short, whole = lay_out(LAYOUTS[name], record=record), lay_out(LAYOUTS[name])
    assert short.width_mm == whole.width_mm
    for trace, usual in zip(short.traces(record), whole.cells, strict=True):
        shown = seconds * (usual.to_second - usual.from_second) / 10
        assert len(trace.y_mm) / 400 == pytest.approx(shown, abs=0.003)
        assert len(trace.y_mm) * trace.dx_mm == pytest.approx(25 * shown, abs=0.1)
        assert trace.x0_mm == pytest.approx(whole.cells[0].x_mm + 25 * trace.cell.from_second, abs=0.1)


def test_the_calibration_pulse_of_each_row_is_as_high_as_a_millivolt_of_the_trace():
    paper = lay_out(scale=Scale(mm_per_second=50, mm_per_millivolt=20))
    for pulse in paper.pulses:
        heights = [y for _, y in pulse]
        widths = [x for x, y in pulse if y == max(heights)]
        assert max(heights) - min(heights) == 20
        assert max(widths) - min(widths) == pytest.approx(10)
    assert str(paper.scale) == "50 mm/s, 20 mm/mV"


def test_a_shorter_recording_ends_where_it_ends():
    record = with_pulse("V6").first_seconds(8)
    trace = next(trace for trace in lay_out().traces(record) if trace.cell.lead == "V6")
    assert len(trace.y_mm) == 250
