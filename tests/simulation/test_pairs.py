"""The same simulated patient with and without a cause differs where the cause acts, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.simulation import SimulationSettings
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.pairs import KNOWN_CAUSES, VISIBLE_MV, find_pair, known_cause, may_act, plan_without
from ecgkt.simulation.patients import draw_patient
from ecgkt.simulation.plans import plan_record, plan_tracing
from ecgkt.simulation.settings import FS
from ecgkt.simulation.tracing import FIBRILLATION, SINUS
from ecgkt.simulation.truth import truth_of_plan
from ecgkt.simulation.waveforms import clean_leads, synthesise

SETTINGS = SimulationSettings(enrichment=8.0, faulty=0.0)
SEED = 11
POTASSIUM = known_cause("high potassium", "potassium_high")


@pytest.fixture(scope="module")
def acting() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number in range(400):
        for known in may_act(SEED, number, SETTINGS):
            found.setdefault(known.name, []).append(number)
    return found


def pair_of(name: str, acting: dict[str, list[int]]):
    known = next(one for one in KNOWN_CAUSES if one.name == name)
    for number in acting.get(name, []):
        if (pair := find_pair(SEED, number, known, SETTINGS)) is not None:
            return pair
    pytest.fail(f"{name} acts in none of 400 patients")


def test_both_recordings_have_the_same_noise_so_that_their_difference_is_the_filtered_change(acting):
    pair = pair_of("high potassium", acting)
    noise = pair.given.signal - clean_leads([pair.plans[0]])[0].numpy()
    other = pair.without.signal - clean_leads([pair.plans[1]])[0].numpy()
    quiet = replace(pair.plans[0].artefacts, high_pass_hz=0.001, low_pass_hz=1e6, notch=False)
    plans = [replace(plan, artefacts=quiet) for plan in pair.plans]
    given, without = synthesise(plans).numpy()
    difference = given - without
    level = (difference - pair.change).mean(axis=1, keepdims=True)  # the device takes each lead's own off
    np.testing.assert_allclose(difference - level, pair.change, atol=2e-3)
    assert np.abs(noise).max() > 0 and np.corrcoef(noise.ravel(), other.ravel())[0, 1] > 0.9


def test_the_change_is_that_of_the_simulators_own_truth(acting):
    pair = pair_of("high potassium", acting)
    truth = truth_of_plan(SEED, pair.plans[0], SETTINGS)
    np.testing.assert_allclose(pair.change, truth.effects[truth.causes.index("high_potassium")], atol=2e-3)


@pytest.mark.parametrize("name", ["high potassium", "QT-prolonging drug", "injury"])
def test_a_cause_of_repolarisation_leaves_the_p_wave_and_every_beat_where_it_was(name, acting):
    pair = pair_of(name, acting)
    given, without = pair.plans
    np.testing.assert_array_equal(given.timing.ventricular, without.timing.ventricular)
    starts = given.timing.ventricular[(given.timing.ventricular > 1) & (given.timing.kind == 0)]
    before = np.concatenate([pair.change[:, int((s - 0.04) * FS) : int((s - 0.02) * FS)] for s in starts], axis=1)
    assert np.abs(before).max() < 0.2 * np.abs(pair.change).max()


def test_without_fibrillation_the_same_beats_follow_p_waves(acting):
    pair = pair_of("fibrillation", acting)
    given, without = pair.plans
    assert (given.tracing.rhythm, without.tracing.rhythm) == (FIBRILLATION, SINUS)
    np.testing.assert_array_equal(given.timing.ventricular, without.timing.ventricular)
    assert not len(given.timing.atrial) and len(without.timing.atrial) == (without.timing.kind == 0).sum()
    assert given.atrial_activity is not None and without.atrial_activity is None
    assert (given.beats[0].potential == without.beats[0].potential).all()


def test_a_shorter_pr_moves_the_p_wave_and_nothing_else(acting):
    pair = pair_of("long PR", acting)
    given, without = pair.plans
    late = given.tracing.pr_ms - without.tracing.pr_ms
    assert late > 20
    np.testing.assert_allclose(without.timing.atrial - given.timing.atrial, late / 1000)
    assert (given.beats[0].potential == without.beats[0].potential).all()


def test_a_premature_beat_gets_the_usual_shape_at_the_same_time(acting):
    pair = pair_of("ventricular ectopy", acting)
    given, without = pair.plans
    early = given.timing.kind == 1
    assert early.any() and not without.timing.kind.any()
    first = given.timing.ventricular[early & given.timing.inside()][0]
    inside = pair.change[:, int(first * FS) : int((first + 0.1) * FS)]
    assert np.abs(inside).max() > 0.3
    usual = given.timing.ventricular[(given.timing.kind == 0) & (given.timing.ventricular > 0.1)]
    usual = usual[(usual < 9.5) & (np.abs(usual[:, None] - given.timing.ventricular[early]).min(axis=1) > 1.0)]
    if len(usual):
        start = int(usual[0] * FS)
        assert np.abs(pair.change[:, start : start + 40]).max() < 0.05


def test_pairs_of_every_cause_but_the_rarest_are_found_and_are_visible(acting):
    found = {name for name in {one.name for one in KNOWN_CAUSES} if acting.get(name)}
    assert len(found) >= len({one.name for one in KNOWN_CAUSES}) - 2
    assert np.abs(pair_of("low calcium", acting).change).max() >= VISIBLE_MV


def test_a_cause_that_does_not_act_has_no_pair(acting):
    healthy = next(number for number in range(400) if number not in acting["high potassium"])
    assert find_pair(SEED, healthy, POTASSIUM, SETTINGS) is None


def test_the_change_at_a_models_rate_lies_where_the_models_input_changes(acting):
    pair = pair_of("pacing", acting)
    preprocessing = Preprocessing()
    change = pair.change_at(preprocessing.fs)
    seen = preprocessing.apply(pair.given) - preprocessing.apply(pair.without)
    assert change.shape == seen.shape
    lead = int(np.abs(change).max(axis=1).argmax())
    lags = [np.corrcoef(change[lead, 50:-50], np.roll(seen[lead], lag)[50:-50])[0, 1] for lag in range(-3, 4)]
    assert int(np.argmax(lags)) == 3 and max(lags) > 0.8, LEADS[lead]


def test_the_rate_and_unknown_causes_have_no_pair():
    plan = plan_record(SEED, 0, 0, SETTINGS)
    for cause in ("rate", "bad luck"):
        with pytest.raises(InvalidValue, match="a cause that changes waves"):
            plan_without(SEED, plan, SETTINGS, frozenset({cause}))
    with pytest.raises(UnknownName):
        known_cause("bad luck", "potassium_high")


def test_taking_nothing_away_gives_the_same_recording():
    patient = draw_patient(SEED, 4, SETTINGS)
    plan = plan_tracing(SEED, patient, 0, draw_tracing(SEED, patient, 0, SETTINGS), SETTINGS)
    same = plan_without(SEED, plan, SETTINGS, frozenset())
    np.testing.assert_array_equal(*synthesise([plan, same]).numpy())
