from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from ecgkt import NOTICE
from ecgkt.domain import LEADS, Domain, Explanation, Record
from ecgkt.figures.ink import TOLERANCE_MM
from ecgkt.figures.paper import Scale, lay_out
from ecgkt.figures.sheet import FOOT_MM, UNITS_PER_MM, draw_sheet

SVG = "{http://www.w3.org/2000/svg}"


def points(path: ET.Element) -> np.ndarray:
    """Return the points (n, 2) of an ink path in millimetres from the upper left corner."""
    start, _, steps = path.attrib["d"].removeprefix("M").partition("l")
    moves = np.array(steps.split(), dtype=int).reshape(-1, 2)
    return np.vstack([np.array(start.split(), dtype=int), moves]).cumsum(axis=0) / UNITS_PER_MM


def drawn(signal: np.ndarray, domain: Domain = Domain.REAL, **more) -> ET.Element:
    return ET.fromstring(draw_sheet(Record(signal.astype(np.float32), 500, "test", domain), **more))


def inks(root: ET.Element) -> list[ET.Element]:
    return [path for path in root.iter(f"{SVG}path") if path.get("class") == "ink"]


def words(root: ET.Element) -> str:
    return " | ".join(text.text or "" for text in root.iter(f"{SVG}text"))


def test_the_sheet_is_in_hundredths_of_a_millimetre():
    paper = lay_out()
    box = drawn(np.zeros((12, 5000))).attrib["viewBox"].split()
    assert box == [
        "0",
        "0",
        f"{paper.width_mm * UNITS_PER_MM:.0f}",
        f"{(paper.height_mm + FOOT_MM) * UNITS_PER_MM:.0f}",
    ]


@pytest.mark.parametrize("lead", LEADS)
def test_one_millivolt_is_ten_millimetres_up_on_its_own_lead_alone(lead):
    signal = np.zeros((12, 5000))
    signal[LEADS.index(lead)] = 1.0
    paper = lay_out()
    for path, cell in zip(inks(drawn(signal)), paper.cells, strict=True):
        assert path.attrib["data-lead"] == cell.lead
        line = points(path)
        height = 10 if cell.lead == lead else 0
        np.testing.assert_allclose(paper.height_mm - line[:, 1], cell.baseline_mm + height, atol=0.006)
        assert line[0, 0] == pytest.approx(cell.x_mm, abs=0.01)
        assert line[-1, 0] - line[0, 0] == pytest.approx(25 * (cell.to_second - cell.from_second - 0.002), abs=0.01)


def test_a_wave_is_drawn_where_it_is_without_drift():
    time = np.arange(5000) / 500
    signal = np.tile(np.sin(2 * np.pi * 7 * time), (12, 1))
    paper = lay_out()
    strip = points(inks(drawn(signal))[-1])
    expected = paper.height_mm - paper.cells[-1].baseline_mm - 10 * signal[1]
    x = np.arange(strip[0, 0], strip[-1, 0], 0.002)
    ink = cKDTree(np.stack([x, np.interp(x, *strip.T)], axis=1))
    off, _ = ink.query(np.stack([paper.cells[-1].x_mm + 25 * time, expected], axis=1))
    assert off.max() < TOLERANCE_MM + 0.01
    assert strip[:, 1].min() == pytest.approx(expected.min(), abs=0.006)


def test_a_gap_in_the_recording_is_a_gap_in_the_line():
    signal = np.zeros((12, 5000))
    signal[1, 1000:1100] = np.nan
    paths = inks(drawn(signal))
    assert paths[-1].attrib["d"].count("M") == 2
    assert paths[0].attrib["d"].count("M") == 1


def test_the_pulses_are_a_millivolt_high_and_200_ms_wide():
    pulses = [line for line in drawn(np.zeros((12, 5000))).iter(f"{SVG}polyline") if line.get("class") == "pulse"]
    assert len(pulses) == 4
    for pulse in pulses:
        at = np.array([point.split(",") for point in pulse.attrib["points"].split()], dtype=int) / UNITS_PER_MM
        assert np.ptp(at[:, 1]) == pytest.approx(10)
        top = at[at[:, 1] == at[:, 1].min()]
        assert np.ptp(top[:, 0]) == pytest.approx(5)


def test_an_overlay_lies_behind_its_own_lead():
    attribution = np.zeros((12, 1000), np.float32)
    attribution[LEADS.index("aVL")] = 1
    scores = {"score": 1.0, "baseline_score": 0.0, "residual": 0.0, "checkpoint_id": "abc"}
    explanation = Explanation(attribution, 100.0, "integrated gradients", "x", "zero signal", **scores)
    root = drawn(np.zeros((12, 5000)), explanation=explanation, target_title="LBBB & more")
    kinds = [child.tag.removeprefix(SVG) for child in root]
    assert max(i for i, kind in enumerate(kinds[:-8]) if kind == "image" and root[i].get("data-lead")) < kinds.index(
        "polyline"
    )
    cells = {cell.lead: cell for cell in lay_out().cells[:12]}
    for image in root.iter(f"{SVG}image"):
        lead = image.get("data-lead")
        if lead == "aVL":
            assert int(image.attrib["x"]) / UNITS_PER_MM == pytest.approx(cells["aVL"].x_mm, abs=0.01)
            low = lay_out().height_mm - cells["aVL"].baseline_mm
            top = int(image.attrib["y"]) / UNITS_PER_MM
            assert top < low < top + int(image.attrib["height"]) / UNITS_PER_MM
    assert "LBBB & more: lowers" in words(root)
    assert f"{NOTICE} · 75% of the map lies outside the seconds shown of each lead" in words(root)


def test_the_foot_says_scale_filter_and_notice_and_a_simulated_one_is_marked():
    said = words(drawn(np.zeros((12, 5000)), model_saw="100 Hz"))
    for part in ("10 mm/mV relative to the grid", "raw signal, no display filter", "the model saw 100 Hz", NOTICE):
        assert part in said
    assert "SIMULATED" not in said
    assert "SIMULATED" in words(drawn(np.zeros((12, 5000)), Domain.SIMULATED))


def test_the_foot_of_a_short_recording_says_how_long_its_columns_are():
    record = Record(np.zeros((12, 3650), np.float32), 500, "test")
    root = ET.fromstring(draw_sheet(record, lay_out(record=record)))
    assert "7.3 s recorded, columns of 1.8 s" in words(root)
    assert "columns of" not in words(drawn(np.zeros((12, 5000))))


def test_a_narrow_sheet_leaves_the_words_of_its_foot_to_the_page():
    rule = "@media (max-width: 830px) {.said {display: none}}"
    root = drawn(np.zeros((12, 5000)), told_below_px=830)
    assert rule in [style.text for style in root.iter(f"{SVG}style")]
    assert rule not in [style.text for style in drawn(np.zeros((12, 5000))).iter(f"{SVG}style")]
    said = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "said"]
    assert len(said) == 2 and said[1] == NOTICE


def test_the_lines_of_the_foot_keep_to_the_sheet_however_long_they_are():
    for words_of_model in ("100 Hz", "100 Hz, " + "a long story of windows and filters, " * 4):
        root = drawn(np.zeros((12, 5000)), model_saw=words_of_model)
        for text in root.iter(f"{SVG}text"):
            if text.get("class") == "said":
                end = int(text.attrib["x"]) + 0.5 * len(text.text or "") * int(text.attrib["font-size"])
                assert end <= lay_out().width_mm * UNITS_PER_MM


def test_the_ink_of_a_sheet_follows_record_and_paper_whatever_was_drawn_before(sine_record):
    other = replace(sine_record, signal=sine_record.signal[:, ::-1])
    small, large = lay_out(record=sine_record), lay_out(scale=Scale(25, 20), record=sine_record)
    fresh = [draw_sheet(replace(record), paper) for record in (sine_record, other) for paper in (small, large)]
    again = [draw_sheet(record, paper) for record in (sine_record, other) for paper in (small, large)]
    assert fresh == again == [draw_sheet(record, paper) for record in (sine_record, other) for paper in (small, large)]
    assert len(set(again)) == 4
