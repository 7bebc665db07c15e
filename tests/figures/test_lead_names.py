from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.figures.lead_names import name_heights
from ecgkt.figures.paper import LAYOUTS, lay_out


def heights(signal: np.ndarray, layout: str = "3x4 + II"):
    record = Record(signal.astype(np.float32), 500, "test")
    paper = lay_out(LAYOUTS[layout], record=record)
    traces = paper.traces(record)
    return paper, traces, name_heights(paper, traces)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_names_stand_above_their_baselines_where_nothing_is_in_the_way(layout):
    paper, _, found = heights(np.zeros((12, 5000)), layout)
    assert found == tuple(pytest.approx(cell.baseline_mm + paper.name_mm) for cell in paper.cells)


def test_a_tall_wave_under_a_name_moves_that_name_alone():
    signal = np.zeros((12, 5000))
    row = LEADS.index("V1")
    signal[row, 2550:2700] = 0.9
    paper, traces, found = heights(signal)
    for trace, height in zip(traces, found, strict=True):
        offset = height - trace.cell.baseline_mm
        assert (offset != pytest.approx(paper.name_mm)) == (trace.cell.lead == "V1")
        if trace.cell.lead == "V1":
            assert abs(offset - 9) >= 2


def test_no_name_touches_ink_where_there_is_a_free_height_and_all_lie_on_the_sheet():
    draws = np.random.default_rng(0)
    time = np.arange(5000) / 500
    for _ in range(20):
        size = draws.uniform(-1.4, 1.4, (12, 1))
        beats = np.exp(-(((time[None] * draws.uniform(0.8, 2) + draws.random()) % 1 - 0.3) ** 2) / 0.0008)
        paper, traces, found = heights(size * beats)
        for trace, height in zip(traces, found, strict=True):
            assert 0 < height < paper.height_mm
            under = trace.y_mm[: round(8 / trace.dx_mm)]
            usual = trace.cell.baseline_mm + paper.name_mm
            assert np.abs(under - height).min() >= min(2.1, np.abs(under - usual).min())


def test_a_lead_without_any_sample_has_its_usual_name():
    signal = np.full((12, 5000), np.nan)
    signal[0] = 0
    paper, _, found = heights(signal)
    assert found[-1] == pytest.approx(paper.cells[-1].baseline_mm + paper.name_mm)
