from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from ecgkt.figures.sweep import LEFT, RIGHT, WIDTH, Curve, Sweep, draw_sweep


@pytest.fixture
def sweep() -> Sweep:
    values = np.linspace(2, 8, 7)
    shares = np.array([0.0, 0.1, 0.2, np.nan, 0.6, 0.8, 1.0])
    curve = Curve("Potassium <high>", shares, 0.5)
    return Sweep("Potassium", "mmol/L", values, 5.0, "5.0 mmol/L", (3.3, 5.1), "in 100 such ECGs", (curve,))


def place(value: float) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * (value - 2) / 6


def test_the_present_position_and_the_usual_range_are_where_they_belong(sweep):
    svg = draw_sweep(sweep)
    root = ElementTree.fromstring(svg)
    usual = next(one for one in root if one.get("class") == "usual")
    assert float(usual.get("x")) == pytest.approx(place(3.3), abs=0.1)
    assert float(usual.get("width")) == pytest.approx(place(5.1) - place(3.3), abs=0.2)
    here = next(one for one in root if one.get("class") == "here")
    assert float(re.match(r"M([\d.]+)", here.get("d"))[1]) == pytest.approx(place(5.0), abs=0.1)


def test_where_the_model_abstains_the_line_has_a_gap(sweep):
    curve = next(one for one in ElementTree.fromstring(draw_sweep(sweep)) if one.get("class") == "curve")
    assert curve.get("d").count("M") == 2
    assert curve.get("d").count("L") == 4


def test_a_dial_without_a_usual_range_has_no_shade(sweep):
    assert 'class="usual"' not in draw_sweep(replace(sweep, usual=None))


def test_the_chart_is_told_in_words(sweep):
    assert sweep.said == ("Scores over Potassium (mmol/L); at 5.0 mmol/L: Potassium <high> 50 in 100 such ECGs.")


def test_a_dial_that_begins_at_nothing_begins_at_zero(sweep):
    svg = draw_sweep(replace(sweep, values=np.linspace(0, 0.4, 7), position=0.2, usual=None))
    assert ">-0<" not in svg
    assert ">0.2<" in svg
