"""The figure of median beats, read back: each lead at its place, to scale, with the edges where they are."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ecgkt.domain import LEADS, Domain
from ecgkt.errors import InvalidValue
from ecgkt.figures.beats import draw_beats

SVG = "{http://www.w3.org/2000/svg}"
TIME = np.arange(-400, 700, 2.0)
NAN = float("nan")


def beats() -> np.ndarray:
    """Zero with 1 mV from 0 to 100 ms; V1 goes 2 mV down, V6 could not be read."""
    signal = np.zeros((12, len(TIME)))
    signal[:, (TIME >= 0) & (TIME < 100)] = 1.0
    signal[LEADS.index("V1"), (TIME >= 0) & (TIME < 100)] = -2.0
    signal[LEADS.index("V6")] = NAN
    return signal


def drawn(edges=(-160.0, 0.0, 100.0, 400.0), domain=Domain.REAL) -> ET.Element:
    return ET.fromstring(draw_beats(beats(), TIME, edges, 9, domain))


def line(path: ET.Element) -> np.ndarray:
    start, _, steps = path.attrib["d"].removeprefix("M").partition("l")
    moves = np.array(steps.split(), dtype=int).reshape(-1, 2)
    return np.vstack([np.array(start.split(), dtype=int), moves]).cumsum(axis=0) / 100


def of(root: ET.Element, kind: str, lead: str) -> list[ET.Element]:
    return [path for path in root.iter(f"{SVG}path") if path.get("class") == kind and path.get("data-lead") == lead]


@pytest.mark.parametrize("lead", LEADS[:11])
def test_a_beat_is_drawn_at_fifty_mm_per_second_and_ten_mm_per_millivolt(lead):
    root = drawn()
    (ink,) = of(root, "ink", lead)
    at = line(ink)
    base = np.median(at[:, 1])
    moved = np.flatnonzero(np.abs(at[:, 1] - base) > 1)
    assert base - at[moved[0], 1] == pytest.approx(-20 if lead == "V1" else 10, abs=0.01)
    assert at[moved[0], 0] - at[0, 0] == pytest.approx(50 * 0.3, abs=0.01)
    assert at[moved[-1], 0] - at[moved[0], 0] == pytest.approx(50 * 0.098, abs=0.01)


def test_edges_stand_at_their_times_in_every_lead_and_an_unknown_one_is_left_out():
    root = drawn(edges=(NAN, 0.0, 100.0, 400.0))
    for lead in LEADS:
        marks = [float(edge.attrib["d"].removeprefix("M").split()[0]) / 100 for edge in of(root, "edge", lead)]
        assert np.diff(marks) == pytest.approx([50 * 0.1, 50 * 0.3], abs=0.011)
    (ink,) = of(root, "ink", "II")
    first = float(of(root, "edge", "II")[0].attrib["d"].removeprefix("M").split()[0]) / 100
    assert first - line(ink)[0, 0] == pytest.approx(50 * 0.3, abs=0.011)


def test_all_ink_lies_on_the_sheet_and_a_lead_that_was_not_read_has_none():
    root = drawn()
    width, height = (float(side) / 100 for side in root.attrib["viewBox"].split()[2:])
    for lead in LEADS[:11]:
        at = line(of(root, "ink", lead)[0])
        assert at.min() >= 0
        assert at[:, 0].max() <= width
        assert at[:, 1].max() <= height - 9.6
    assert of(root, "ink", "V6")[0].attrib["d"] == ""


def test_the_foot_says_how_many_beats_and_that_no_filter_was_used():
    said = " ".join(text.text or "" for text in drawn(domain=Domain.SIMULATED).iter(f"{SVG}text"))
    assert "50 mm/s, 10 mm/mV relative to the grid · median of 9 alike beats, no filter" in said
    assert "SIMULATED" in said
    assert "dashed" not in " ".join(text.text or "" for text in drawn(edges=(NAN,)).iter(f"{SVG}text"))


def test_a_beat_far_from_its_onset_is_refused():
    with pytest.raises(InvalidValue, match="QRS onset"):
        draw_beats(beats(), TIME + 5000, (), 3, Domain.REAL)
