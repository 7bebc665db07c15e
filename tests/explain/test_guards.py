"""The checks beside a map: what they pass, and that they turn red where a model or a map is wrong on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ecgkt import checkpoints
from ecgkt.dashboard import samples
from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.explain.guards import Guard, GuardRails, State, Stopped, check, check_quickly, checking, figures
from ecgkt.explain.guards.limits import limits
from ecgkt.explain.guards.randomised import randomised, stages
from ecgkt.explain.methods import explain
from ecgkt.inference import Predictor
from ecgkt.signals import shortcut

SHORTCUT_TARGET = "i50_heart_failure"


def model(name: str) -> Predictor:
    return Predictor.open(checkpoints.bundled_folder() / name)


@pytest.fixture(scope="module")
def transferred() -> Predictor:
    return model("transferred")


@pytest.fixture(scope="module")
def planted() -> Predictor:
    return model("checks/shortcut")


@pytest.fixture(scope="module")
def fibrillation() -> Record:
    return sample("Atrial fibrillation")


def sample(start: str) -> Record:
    return samples.load(next(title for title in samples.titles() if title.startswith(start))).record


def marked(record: Record, phase: float = 0.3) -> Record:
    return replace(record, signal=record.signal + shortcut.mark(record.signal.shape[1], record.fs, phase))


def states(rails: GuardRails) -> dict[str, State]:
    return {guard.name: guard.state for guard in rails.guards}


def quick(predictor: Predictor, record: Record, target: str) -> dict[str, State]:
    return states(check_quickly(predictor, record, explain(predictor, record, target)))


def simulated() -> list[Record]:
    return [samples.load(title).record for title in samples.titles() if title != samples.REAL]


def heart(predictor: Predictor, record: Record, target: str) -> State:
    explanation = explain(predictor, record, target, method="gradients")
    return states(check_quickly(predictor, record, explanation))[checking.HEART]


def test_a_score_that_rests_on_a_planted_mark_turns_red_and_without_the_mark_it_does_not(planted):
    red, green = [], []
    for place, record in enumerate(simulated()):
        with_mark = marked(record, 0.2 + 0.05 * place)
        if np.diff(planted.predict([record, with_mark]).probabilities[:, column(planted)]) > 0.3:
            red.append(heart(planted, with_mark, SHORTCUT_TARGET))
            green.append(heart(planted, record, SHORTCUT_TARGET))
    assert len(red) >= 5
    assert red.count(State.FAILED) >= 0.9 * len(red)
    assert green.count(State.PASSED) >= 0.9 * len(green)


def column(predictor: Predictor) -> int:
    return predictor.card.labels.index(SHORTCUT_TARGET)


def test_the_same_mark_leaves_the_scores_of_an_honest_model_on_the_heart(transferred, fibrillation):
    assert heart(transferred, marked(fibrillation), "atrial_fibrillation") is State.PASSED


def test_a_model_of_shuffled_diagnoses_was_never_shown_to_know_them(fibrillation, transferred):
    shuffled, target = model("checks/random_labels"), "atrial_fibrillation"
    rails = check_quickly(shuffled, fibrillation, explain(shuffled, fibrillation, target))
    assert states(rails)[checking.KNOWN] is State.FAILED
    assert rails.verdict.startswith("Do not rely on this map: the model was not shown to know this target")
    assert quick(transferred, fibrillation, target)[checking.KNOWN] is State.PASSED


def test_nearly_every_diagnosis_of_the_shuffled_model_is_red():
    card = model("checks/random_labels").card
    names = [label.name for label in card.labels if str(label.kind) != "lab"]
    limit = limits()[checking.KNOWN]["any"].value
    known = [card.estimates[checking.SIMULATED][name].low for name in names]
    assert np.mean([low is None or low < limit for low in known]) >= 0.9


def test_a_network_of_random_weights_is_red_since_nobody_has_measured_it(transferred, fibrillation):
    network = randomised(transferred.network, stages(transferred.network), 3)
    card = replace(transferred.card, estimates={}, name="random")
    random = Predictor(checkpoints.Checkpoint(card, network.state_dict()))
    explanation = explain(random, fibrillation, "atrial_fibrillation", method="gradients")
    rails = check_quickly(random, fibrillation, explanation)
    assert states(rails)[checking.KNOWN] is State.FAILED
    assert not rails.reliable


@pytest.mark.slow
def test_a_map_of_a_target_that_the_model_reads_well_passes_all_checks(transferred):
    record = sample("Left bundle-branch block")
    explanation = explain(transferred, record, "left_bundle_branch_block")
    told: list[float] = []
    rails = check(transferred, record, explanation, tell=lambda share, words: told.append(share))
    assert states(rails) == dict.fromkeys(checking.TITLES, State.PASSED)
    assert rails.whole and rails.reliable
    assert told == sorted(told) and told[0] == 0 and told[-1] == 1 and len(told) > 20
    again = check(transferred, record, explanation)
    assert [guard.figure for guard in again.guards] == [guard.figure for guard in rails.guards]


@pytest.mark.slow
def test_a_map_of_noise_fails_each_check_that_looks_at_the_map(transferred):
    record = sample("Left bundle-branch block")
    right = explain(transferred, record, "left_bundle_branch_block")
    noise = np.random.default_rng(0).normal(size=right.attribution.shape).astype(np.float32)
    missed = float(noise.astype(float).sum()) - (right.score - right.baseline_score)
    rails = check(transferred, record, replace(right, attribution=noise, residual=missed))
    failed = {guard.name for guard in rails.of(State.FAILED)}
    assert failed >= {checking.SUM, checking.METHODS, checking.SCORE, checking.NOISE}


def test_a_map_that_reads_the_ecg_and_not_the_weights_fails_their_check(transferred, fibrillation):
    class PeakDetector(figures.Subject):
        def map_of(self, signal, network=None, method=None):
            return np.abs(np.gradient(signal, axis=1)).astype(np.float32)

    explanation = explain(transferred, fibrillation, "atrial_fibrillation")
    slopes = np.abs(np.gradient(transferred.card.preprocessing.apply(fibrillation), axis=1))
    subject = PeakDetector(transferred, fibrillation, replace(explanation, attribution=slopes))
    guard = checking._weights(subject, lambda share, words: None)
    assert guard.figure == 1.0
    assert guard.state is State.FAILED


def test_weights_are_shuffled_from_the_heads_down_and_the_network_is_left_as_it_was(transferred):
    network = transferred.network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    parts = stages(network)
    assert parts[0] == "heads" and parts[-1] == "stem" and len(parts) == 8
    changed = randomised(network, parts[:2], 0).state_dict()
    for name, tensor in before.items():
        assert torch.equal(network.state_dict()[name], tensor)
        upper = name.startswith("heads") or ".embed." in name
        assert torch.equal(changed[name], tensor) != (upper and tensor.ndim > 0)
        assert torch.equal(changed[name].flatten().sort().values, tensor.flatten().sort().values)


def test_noise_is_of_the_recordings_own_level(transferred):
    record = sample("Sinus rhythm")
    loud = replace(
        record, signal=record.signal + np.random.default_rng(1).normal(0, 0.02, record.signal.shape).astype(np.float32)
    )
    levels = [
        figures.Subject(transferred, one, explain(transferred, one, "sinus_rhythm", method="gradients")).foreign.std()
        for one in (record, loud)
    ]
    at_100_hz = 0.02 / np.sqrt(5)
    assert levels[1] == pytest.approx(np.hypot(levels[0], at_100_hz), rel=0.3)


def test_the_checks_stop_when_asked(transferred, fibrillation):
    explanation = explain(transferred, fibrillation, "atrial_fibrillation")
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Stopped):
        check(transferred, fibrillation, explanation, stop=stop)
    assert len(asked) == 3


def test_what_cannot_be_checked_is_said_and_does_not_count_as_passed(transferred, fibrillation):
    coarse = replace(fibrillation, signal=fibrillation.signal[:, ::5], fs=100.0)
    rails = check_quickly(transferred, coarse, explain(transferred, coarse, "atrial_fibrillation", method="gradients"))
    assert states(rails)[checking.SUM] is State.UNDEFINED
    assert states(rails)[checking.HEART] is State.UNDEFINED
    assert rails.count == "passed 1 of 1 checks, 2 could not be made"
    assert rails.dots == "●––"


def test_a_map_is_checked_with_the_model_that_made_it(transferred, planted, fibrillation):
    with pytest.raises(InvalidValue, match="the one model that made it"):
        check_quickly(planted, fibrillation, explain(transferred, fibrillation, "atrial_fibrillation"))


def test_a_check_keeps_to_its_limit_on_the_right_side():
    def guard(figure: float | None, above: bool, **rest: object) -> Guard:
        return Guard("a", "A", "not a", figure, 0.5, above, "said", "source", **rest)

    assert guard(0.5, True).state is guard(0.5, False).state is State.PASSED
    assert guard(0.4, True).state is guard(0.6, False).state is State.FAILED
    assert guard(None, True, reason="no beats").state is State.UNDEFINED
    assert guard(None, True, reason="no beats", needed=True).state is State.FAILED
    with pytest.raises(InvalidValue, match="or a reason"):
        guard(None, True)
    with pytest.raises(InvalidValue, match="finite"):
        guard(float("nan"), True)


def test_every_limit_is_told_with_what_it_was_measured_on():
    assert set(limits()) == set(checking.TITLES)
    for rows in limits().values():
        for limit in rows.values():
            assert limit.n >= 5
            assert limit.source.startswith("95% of")
