from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgkt.signals.electrodes import swapped
from ecgkt.signals.measurements import measure
from ecgkt.signals.reversal import find_reversals
from ecgkt.simulation import SimulationSettings, simulate_arrays


@pytest.fixture(scope="module")
def ecgs() -> list[np.ndarray]:
    """Simulated recordings in sinus rhythm and without noise, cabled as they should be."""
    settings = SimulationSettings(enrichment=0.1, artefacts=0.0, faulty=0.0)
    block = simulate_arrays(14, 5, settings)
    calm = [row for row, plan in enumerate(block.plans) if plan.tracing.rhythm == "sinus"]
    return [block.signals[row].astype(float) for row in calm[:10]]


def warned(signal: np.ndarray) -> set[tuple[str, str]]:
    return {one.electrodes for one in find_reversals(measure(signal, 500.0))}


def test_an_ecg_that_is_cabled_as_it_should_be_is_not_warned_of(ecgs):
    assert len(ecgs) >= 8
    assert sum(bool(warned(signal)) for signal in ecgs) <= 1


@pytest.mark.parametrize(
    ("pair", "least"), [(("RA", "LA"), 0.8), (("RA", "LL"), 0.7), (("RA", "RL"), 0.9), (("LA", "RL"), 0.9)]
)
def test_exchanged_limb_cables_are_mostly_told_by_their_names(ecgs, pair, least):
    found = [pair in warned(swapped(signal, *pair)) for signal in ecgs]
    assert np.mean(found) >= least


def test_exchanged_chest_neighbours_in_the_middle_are_often_told(ecgs):
    assert np.mean([("V3", "V4") in warned(swapped(signal, "V3", "V4")) for signal in ecgs]) >= 0.4


def test_the_sentence_names_the_signs_and_what_else_looks_like_it(ecgs):
    (one,) = find_reversals(measure(swapped(ecgs[0], "RA", "LA"), 500.0))
    assert one.sentence.startswith(
        "Looks like a right-left arm reversal: lead I is inverted, P wave included, against V6"
    )
    assert "Dextrocardia" in one.sentence


def test_an_arm_on_a_leg_is_told_by_the_lead_that_is_near_flat(ecgs):
    (one,) = find_reversals(measure(swapped(ecgs[0], "LA", "RL"), 500.0))
    assert "lead III is near flat" in one.sentence
    assert "chest leads" in one.sentence


def test_nothing_is_said_of_a_recording_whose_beats_were_not_measured(ecgs):
    noise = measure(np.random.default_rng(0).normal(0, 0.3, (12, 5000)), 500.0)
    assert find_reversals(noise) == ()
    assert find_reversals(replace(measure(ecgs[0], 500.0), beats=None)) == ()
