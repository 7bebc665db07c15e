"""The lab bridge on the Case page, through real Streamlit, with a bridge that was made up for untrained weights."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import checkpoints
from ecgkt.catalogue import all_labels
from ecgkt.dashboard import samples, state
from ecgkt.domain import Estimate
from ecgkt.domain.labels import Kind
from ecgkt.explain.erasure import fit_erasers, shuffled_erasers
from ecgkt.explain.hidden import read_heads
from ecgkt.explain.lab_bridge import FILE, LabBridge, save_bridge
from ecgkt.explain.surrogate import AGE, SEX, fit_surrogates
from ecgkt.inference import Predictor
from tests.pages.words import text_of

CODE = "e87_hyperkalaemia"
LABS = [label.name for label in all_labels() if label.kind is Kind.LAB]


def made_up(folder: Path, *, noise: float = 1e-3, known: float = 0.6) -> LabBridge:
    """A bridge of real shape for a checkpoint: labs are noise, but what goes with potassium is the score itself."""
    predictor = Predictor.open(folder)
    weights, biases = read_heads(predictor)
    generator = np.random.default_rng(0)
    hidden = np.abs(generator.normal(size=(800, weights.shape[1])))
    labels = predictor.card.labels
    logits = hidden @ weights.T + biases
    concepts = (generator.random((800, len(LABS))) < 0.3).astype(float)
    score = logits[:, labels.index(CODE)]
    concepts[:, LABS.index("potassium_high")] = score > np.median(score)
    erasers = fit_erasers(hidden, concepts, LABS)
    control = shuffled_erasers(hidden, concepts, 5, 0)
    control = replace(control, removed=control.removed * np.float32(noise))
    codes = [label.name for label in labels if label.kind is not Kind.LAB]
    people = np.full((800, 2), 60.0)
    inputs = np.concatenate([logits[:, labels.positions(LABS)], people], axis=1)
    scores = logits[:, labels.positions(codes)]
    told = Estimate(known + 0.05, known, known + 0.1, 300, 100)
    bridge = LabBridge(
        predictor.card.id,
        erasers,
        control,
        tuple(codes),
        np.full((len(LABS), len(codes)), 0.1),
        np.full(len(codes), 0.01),
        np.full((len(LABS), len(codes)), -0.1),
        {name: (told, Estimate(0.5, 0.45, 0.55, 300, 100)) for name in LABS},
        fit_surrogates(inputs, scores, (inputs, scores), codes, [*LABS, AGE, SEX]),
        {"cohort": "c" * 12, "domain": "simulated", "fitted": 800, "held_out": 800, "command": "made up"},
    )
    save_bridge(folder, bridge)
    return bridge


@pytest.fixture
def bridged(untrained, tmp_path, monkeypatch):
    found = checkpoints.load(untrained / "transferred")
    checkpoints.save(tmp_path / "transferred", found.card, found.weights)
    monkeypatch.setenv("ECGKT_MODELS", str(tmp_path))
    return tmp_path / "transferred"


def choose(page: AppTest, target: str) -> AppTest:
    page.session_state[state.TARGET] = target
    page.session_state[state.MAP] = False
    page.run()
    assert not page.exception
    return page


def opened(page: AppTest) -> AppTest:
    page.session_state["bridge_open"] = True
    page.run()
    assert not page.exception
    return page


def test_without_a_bridge_nothing_is_said(case_page, bridged):
    assert "Lab bridge" not in text_of(choose(case_page(), CODE))


def test_one_line_says_what_goes_with_which_lab_beside_other_labs_and_noise(case_page, bridged):
    made_up(bridged)
    page = case_page()
    assert "Lab bridge" not in text_of(page)
    told = text_of(choose(page, CODE))
    line = re.search(r"Lab bridge\.</b> (.*?)</p>", told).group(1)
    assert re.match(r"Erasing what the embedding knows of .* (lowers|raises) this score by \d\.\d\d logits, ", line)
    assert "erasing another lab&#x27;s moves it by" in line and "noise by up to" in line
    assert not re.search("cause|carried|because|confiden", line)
    assert "Lab bridge" not in text_of(choose(page, "potassium_high"))


def test_a_lab_that_noise_outdoes_or_that_the_embedding_does_not_know_is_not_named(case_page, bridged):
    made_up(bridged, noise=1e6)
    assert "No lab stands out" in text_of(choose(case_page(), CODE))


def test_a_lab_that_no_probe_reads_is_not_named(case_page, bridged):
    made_up(bridged, known=0.49)
    assert "No lab stands out" in text_of(choose(case_page(), CODE))


def test_the_table_and_the_bars_stand_behind_a_click_and_measured_beside_predicted(case_page, bridged):
    bridge = made_up(bridged)
    page = choose(case_page(), CODE)
    assert "What goes with each lab" not in text_of(page)
    told = text_of(opened(page))
    assert "What goes with each lab" in told and "labs dealt out anew at random" in told
    assert "4.31 mEq/L" in told and "logits on average" in told
    fidelity = bridge.surrogates.fidelity[bridge.surrogates.index(CODE)]
    assert f"stands for {fidelity:.2f}" in told and told.count('class="bar"') == 9
    assert "They share evidence" in told or "they share evidence" in told


def test_where_the_stand_in_stands_for_little_no_bar_is_drawn(case_page, bridged):
    bridge = made_up(bridged)
    low = replace(bridge.surrogates, fidelity=np.full(len(bridge.names), 0.4))
    save_bridge(bridged, replace(bridge, surrogates=low))
    told = text_of(opened(choose(case_page(), CODE)))
    assert "Not shown" in told and "only 0.40" in told and 'class="bar"' not in told


def test_a_real_ecg_is_told_that_the_bridge_is_of_simulated_patients(case_page, bridged):
    made_up(bridged)
    page = case_page()
    page.selectbox(state.SAMPLE).set_value(samples.REAL).run()
    assert "Fitted on simulated patients only" in text_of(choose(page, "atrial_fibrillation"))


def test_a_bridge_of_other_weights_is_refused_in_one_line(case_page, bridged):
    bridge = made_up(bridged)
    save_bridge(bridged, replace(bridge, checkpoint_id="0" * 12))
    assert "Wanted a lab bridge of checkpoint" in text_of(choose(case_page(), CODE))
    (bridged / FILE).write_bytes(b"no archive")
    assert "Wanted a lab bridge in bridge.npz" in text_of(choose(case_page(), CODE))
