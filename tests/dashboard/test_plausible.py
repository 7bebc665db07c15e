"""The line that says whether a map lies in the right place, as measured on simulated patients."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt import checkpoints
from ecgkt.dashboard import plausible
from ecgkt.domain import Explanation
from ecgkt.explain import judged, placed
from ecgkt.explain.baselines import ZERO
from ecgkt.explain.judging import CEILING, PEAKS, RANDOM, summarise

INTEGRATED, WAVE = "integrated gradients", "occlusion by wave"
LEVELS = {
    "st_elevation": {INTEGRATED: 0.05, WAVE: 0.3},
    "long_qt": {INTEGRATED: 0.05, WAVE: 0.05},
}


@pytest.fixture
def card(untrained: Path):
    return checkpoints.load(untrained / "transferred").card


@pytest.fixture
def table(card, tmp_path: Path, monkeypatch):
    rng, rows = np.random.default_rng(0), []
    for target, methods in LEVELS.items():
        for patient in range(20):
            for method, level in methods.items():
                made = {("transferred", method): level, ("baseline", method): 0.05, (RANDOM, method): 0.05}
                made |= {("", CEILING): 0.4, ("", PEAKS): 0.1}
                for (model, by), score in made.items():
                    told = {"cause": "injury", "target": target, "patient": patient, "model": model, "method": by}
                    rows.append({**told, "score": score + float(rng.normal(0, 0.01)), "falls": 1.0})
    path = tmp_path / "plausibility.json"
    path.write_text(json.dumps(summarise(rows, {"transferred": card.id, "baseline": "b" * 12}, {})))
    monkeypatch.setattr(judged, "PLAUSIBILITY", path)
    monkeypatch.setattr(placed, "read_judged", lambda: judged.read_judged(path))


def made(card, target: str, method: str = INTEGRATED) -> Explanation:
    residual = 0.0 if method == INTEGRATED else None
    return Explanation(np.ones((12, 1000)), 100.0, method, target, ZERO, 1.0, 0.0, residual, card.id)


def test_a_map_that_lies_right_is_said_to_with_its_figures_and_what_stands_beside_them(card, table):
    said = plausible.sentence(card, made(card, "st_elevation", WAVE))
    assert "point at the right waves, on simulated patients" in said
    assert "20 simulated ECGs of known cause (injury)" in said
    assert "lie on the changed waves 0.30 (" in said and "random weights" in said and "0.40: a map of" in said


def test_a_poor_map_names_the_method_that_does_better(card, table):
    said = plausible.sentence(card, made(card, "st_elevation"))
    assert "Do not rely on where this map lies: occlusion by wave does better for this target" in said


def test_a_target_for_which_no_method_is_good_enough_says_so(card, table):
    for method in (INTEGRATED, WAVE):
        said = plausible.sentence(card, made(card, "long_qt", method))
        assert "no method is good enough for this target" in said


def test_a_map_is_doubted_on_its_sheet_where_such_maps_were_measured_not_to_lie_right(card, table):
    assert plausible.captioned(card, made(card, "long_qt"), "Long QT") == f"Long QT{plausible.DOUBT}"
    assert plausible.captioned(card, made(card, "st_elevation"), "ST elevation").endswith(plausible.DOUBT)
    assert plausible.captioned(card, made(card, "st_elevation", WAVE), "ST elevation") == "ST elevation"
    assert plausible.captioned(card, made(card, "sinus_tachycardia"), "Fast") == "Fast"


def test_what_was_not_measured_is_said_to_be_so(card, table):
    assert plausible.sentence(card, made(card, "sinus_tachycardia")) == plausible.NOT_MEASURED
    assert plausible.sentence(card, made(card, "st_elevation", "gradients")) == plausible.NOT_MEASURED


def test_another_baseline_than_the_measured_one_is_said_to_be_so(card, table):
    other = replace(made(card, "st_elevation"), baseline="typical beat")
    assert "Measured with the usual baseline, not the one chosen here" in plausible.sentence(card, other)
    assert "usual baseline" not in plausible.sentence(card, made(card, "st_elevation"))
