from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.figures.lead_names import LEFT_MM, name_places
from ecgkt.figures.paper import LAYOUTS, lay_out


def places(signal: np.ndarray, layout: str = "3x4 + II"):
    record = Record(signal.astype(np.float32), 500, "test")
    paper = lay_out(LAYOUTS[layout], record=record)
    traces = paper.traces(record)
    return paper, traces, name_places(paper, traces)


def usual(paper, cell):
    return pytest.approx((cell.x_mm + LEFT_MM, cell.baseline_mm + paper.name_mm))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_names_stand_above_the_start_of_their_lines_where_nothing_is_in_the_way(layout):
    paper, _, found = places(np.zeros((12, 5000)), layout)
    assert list(found) == [usual(paper, cell) for cell in paper.cells]


def test_a_tall_wave_under_a_name_moves_that_name_alone():
    signal = np.zeros((12, 5000))
    signal[LEADS.index("V1"), 2550:2700] = 0.9
    paper, traces, found = places(signal)
    for trace, place in zip(traces, found, strict=True):
        assert (place == usual(paper, trace.cell)) == (trace.cell.lead != "V1")


def test_no_name_touches_ink_where_there_is_a_free_place_and_all_lie_on_the_sheet():
    draws = np.random.default_rng(0)
    time = np.arange(5000) / 500
    touched = 0
    for _ in range(20):
        size = draws.uniform(-1.4, 1.4, (12, 1))
        beats = np.exp(-(((time[None] * draws.uniform(0.8, 2) + draws.random()) % 1 - 0.3) ** 2) / 0.0008)
        paper, traces, found = places(size * beats)
        for trace, (x, y) in zip(traces, found, strict=True):
            assert 0 < y < paper.height_mm
            assert 0 <= x - trace.cell.x_mm <= 11
            at = trace.x0_mm + trace.dx_mm * np.arange(len(trace.y_mm))
            under = trace.y_mm[(at > x) & (at < x + 2.4 * len(trace.cell.name))]
            touched += np.abs(under - y).min() < 1.5
    assert touched <= 2


def test_a_lead_without_any_sample_has_its_usual_name():
    signal = np.full((12, 5000), np.nan)
    signal[0] = 0
    paper, traces, found = places(signal)
    assert found[-1] == usual(paper, traces[-1].cell)
