from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt import checkpoints, readers
from ecgkt.checkpoints import Gate, Rate
from ecgkt.checkpoints.folders import CARD
from ecgkt.domain import Record
from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.inference import Predictor
from ecgkt.reports.gates import Seen, fit_gate, measure_gate
from ecgkt.signals.appearance import GROUPS, appearance
from ecgkt.signals.spoiling import NO_ECG, SPOILS, spoilt

WIDTH = sum(map(len, GROUPS.values()))
ROOT = Path(__file__).resolve().parents[2]


def seen(count: int, seed: int, moved: float = 0.0) -> Seen:
    points = np.random.default_rng(seed).normal(moved, 1, (count, WIDTH))
    return Seen("a set", points, np.arange(count))


@pytest.fixture(scope="module")
def gate() -> Gate:
    reference = seen(400, 0)
    fitted = fit_gate(reference, "a set", "made up")
    return measure_gate(reference, {"moved": seen(50, 1, 9.0)}, {"moved": 2}, [seen(300, 2)], None, fitted, None)


def test_about_one_in_a_hundred_of_its_own_kind_is_beyond_and_all_of_another(gate):
    kinds = {rate.what: rate for rate in gate.rates}
    assert kinds["a set, by a gate of the other half"].abstained < 0.05 * 400
    assert kinds["a set"].abstained < 0.04 * 300
    assert (kinds["moved"].abstained, kinds["moved"].records) == (52, 52)


def test_what_is_beyond_is_told_with_its_name_its_distance_and_in_what(gate):
    known, silent = gate.judge(np.zeros(WIDTH))
    assert known < 1
    assert silent is None
    odd = np.zeros(WIDTH)
    odd[0] = 40.0
    share, sentence = gate.judge(odd)
    assert share > 5
    assert sentence == (
        f"Wanted an ECG like those that the model was checked on (a set), got one {share:.1f} times as far from them "
        "as the limit, in the gain: check electrodes, lead order, gain, speed and noise."
    )


def test_what_is_no_number_is_beyond(gate):
    assert gate.judge(np.full(WIDTH, np.nan))[1] is not None


def test_a_gate_is_read_back_from_its_card_and_judges_the_same(gate, untrained, tmp_path):
    folder = tmp_path / "with"
    card = checkpoints.copy_as(untrained / "transferred", folder)
    checkpoints.update_card(folder, replace(card, gate=gate))
    again = checkpoints.read_card(folder)
    assert again.id == card.id
    assert again.gate.rates == gate.rates
    points = np.random.default_rng(3).normal(0, 2, (20, WIDTH))
    np.testing.assert_allclose(again.gate.shares(points), gate.shares(points), rtol=1e-4)
    assert "From what it abstains" in (folder / "README.md").read_text()
    assert "52 of 52 (100.0%)" in (folder / "README.md").read_text()


def test_a_card_from_before_there_were_gates_is_read(untrained, tmp_path):
    folder = tmp_path / "old"
    checkpoints.copy_as(untrained / "transferred", folder)
    data = json.loads((folder / CARD).read_text())
    del data["gate"]
    (folder / CARD).write_text(json.dumps(data))
    assert checkpoints.read_card(folder).gate is None


def test_a_gate_with_numbers_that_do_not_fit_is_refused(gate):
    data = gate.to_json()
    data["measures"][1]["scale"].pop()
    with pytest.raises(InvalidValue, match="one length"):
        Gate.from_json(data)
    with pytest.raises(InvalidValue, match="once"):
        replace(gate, measures=gate.measures * 2)
    with pytest.raises(InvalidValue, match="3 of 2"):
        Rate("real", "a set", 3, 2)


def test_a_gate_of_other_numbers_is_to_be_fitted_anew(gate):
    with pytest.raises(InvalidCheckpoint, match="python -m ecgkt gate"):
        replace(gate, revision=0).judge(np.zeros(WIDTH))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.open(checkpoints.choose_checkpoint(ROOT / "models"))


@pytest.fixture(scope="module")
def samples() -> list[Record]:
    return [readers.read_record(path) for path in readers.find_records(ROOT / "assets" / "samples")]


def test_no_bundled_sample_is_silenced_and_each_has_its_distance(predictor, samples):
    predictions = predictor.predict(samples)
    assert set(predictions.abstained) == {None}
    assert predictions.distances is not None
    assert (predictions.distances > 0).all()
    assert (predictions.distances <= 1).all()


@pytest.mark.parametrize("how", NO_ECG)
def test_what_is_no_ecg_gets_no_score(predictor, samples, how):
    predictions = predictor.predict([spoilt(samples[0], how, np.random.default_rng(1))])
    assert "like those that the model was checked on (PTB-XL 1-250" in str(predictions.abstained[0])
    assert np.isnan(predictions.probabilities).all()
    assert predictions.distances is not None
    assert predictions.distances[0] > 1


def test_a_card_says_from_what_the_bundled_models_abstain(predictor):
    gate = predictor.card.gate
    assert gate is not None
    kinds = {rate.kind for rate in gate.rates}
    assert kinds == {"real", "simulated", "real, spoilt on purpose"}
    real = [rate for rate in gate.rates if rate.kind == "real"]
    assert 0 < sum(rate.abstained for rate in real) < 0.05 * sum(rate.records for rate in real)
    assert {rate.what for rate in gate.rates if rate.kind.endswith("purpose")} >= set(SPOILS)
    assert "gate" in predictor.card.commands


def test_the_numbers_do_not_depend_on_how_long_the_recording_is(samples):
    signal = samples[0].signal[:, ::5]
    whole, part = appearance(signal, 100.0), appearance(signal[:, :700], 100.0)
    assert np.median(np.abs(whole - part)) < 0.05
    assert len(whole) == WIDTH
