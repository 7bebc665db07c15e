"""The bridge of a checkpoint: fitted on a small simulated cohort, written, read back, and read on one ECG."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt import checkpoints
from ecgkt.catalogue import all_labels
from ecgkt.cli import main
from ecgkt.domain.features import Role
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidCheckpoint, InvalidCohort, InvalidValue
from ecgkt.explain.blood_inputs import ECG, reference_values, shap_of_blood
from ecgkt.explain.fit_bridge import bridge_rows, fit_bridge, see
from ecgkt.explain.hidden import hidden_of, read_heads
from ecgkt.explain.lab_bridge import FILE, erase_labs, read_bridge, save_bridge
from ecgkt.inference import Predictor

CODE = "e87_hyperkalaemia"
TABLES = ("potassium", "creatinine", "heart_rate", "age", "sex_male", "bmi")


@pytest.fixture(scope="module")
def predictor(untrained) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def fitted(predictor, study, tmp_path_factory):
    seen = see(predictor, study, keep=tmp_path_factory.mktemp("keep"))
    return seen, fit_bridge(predictor, study, seen, "a command", fewest=3)


def test_erasers_and_stand_ins_never_see_a_held_out_patient(study, predictor, fitted):
    seen, bridge = fitted
    held_out = set(study.cohort.subject_ids[study.rows("held_out")].tolist())
    assert set(seen.subjects[seen.held_out].tolist()) == held_out
    assert held_out.isdisjoint(seen.subjects[seen.fitted].tolist())
    spoilt = replace(seen, hidden=np.where(seen.held_out[:, None], 7.0, seen.hidden).astype(np.float32))
    again = fit_bridge(predictor, study, spoilt, "a command", fewest=3)
    np.testing.assert_array_equal(again.labs.readings, bridge.labs.readings)
    np.testing.assert_array_equal(again.surrogates.weights, bridge.surrogates.weights)


def test_what_is_seen_is_what_the_heads_read_and_is_kept_for_a_next_time(study, predictor, tmp_path):
    rows = bridge_rows(study)
    seen = see(predictor, study, keep=tmp_path)
    weights, biases = read_heads(predictor)
    logits = predictor.logits([study.signals[row] for row in rows[:4]])
    np.testing.assert_allclose(seen.hidden[:4] @ weights.T + biases, logits, atol=1e-4)
    (kept,) = tmp_path.glob("*.npy")
    np.save(kept, seen.hidden + 1)
    np.testing.assert_array_equal(see(predictor, study, keep=tmp_path).hidden, seen.hidden + 1)


def test_a_bridge_is_read_back_as_it_was_written_and_only_for_its_weights(fitted, tmp_path):
    _, bridge = fitted
    assert read_bridge(tmp_path, bridge.checkpoint_id) is None
    save_bridge(tmp_path, bridge)
    found = read_bridge(tmp_path, bridge.checkpoint_id)
    assert (found.labs.names, found.names, found.facts) == (bridge.labs.names, bridge.names, dict(bridge.facts))
    assert found.probes == bridge.probes
    np.testing.assert_array_equal(found.labs.removed, bridge.labs.removed)
    np.testing.assert_allclose(found.surrogates.weights, bridge.surrogates.weights, rtol=1e-6)
    with pytest.raises(InvalidCheckpoint, match="python -m ecgkt bridge"):
        read_bridge(tmp_path, "0" * 12)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidCheckpoint, match="a lab bridge in bridge"):
        read_bridge(tmp_path, bridge.checkpoint_id)


def test_on_one_ecg_the_change_is_that_of_the_head_on_erased_features(predictor, fitted, sine_record):
    _, bridge = fitted
    hidden, (weights, biases) = hidden_of(predictor, sine_record), read_heads(predictor)
    place = predictor.card.labels.index(CODE)
    score = float(weights[place] @ hidden + biases[place])
    assert score == pytest.approx(
        float(predictor.logits([predictor.card.preprocessing.apply(sine_record)])[0, place]), abs=1e-4
    )
    erased = erase_labs(bridge, hidden, weights[place], score, CODE)
    for name in bridge.labs.names[:3]:
        without = bridge.labs.erase(hidden[None], name)[0]
        assert erased.changes[name] == pytest.approx(float(weights[place] @ (without - hidden)), abs=1e-3)
    first = erased.strongest
    own = all_labels()[first].lab
    rest = [abs(change) for name, change in erased.changes.items() if all_labels()[name].lab != own]
    assert erased.others(first, all_labels()) == pytest.approx(np.mean(rest))
    assert erased.limit == pytest.approx(np.abs(erased.noise).max())


def test_an_ecg_that_the_model_abstains_from_has_no_features(predictor, sine_record):
    with pytest.raises(InvalidValue, match="18 years or more"):
        hidden_of(predictor, replace(sine_record, age=7.0))


def test_a_cohort_with_too_few_known_labs_is_refused_in_one_line(predictor, study, prepared, untrained, capsys):
    with pytest.raises(InvalidCohort, match="known labs and held-out patients"):
        fit_bridge(predictor, study, see(predictor, study), "a command")
    assert main(["bridge", "--cohort", str(prepared), "--models", str(untrained)]) == 1
    assert "Wanted known labs and held-out patients" in capsys.readouterr().err
    assert not (untrained / "transferred" / FILE).exists()


@pytest.fixture(scope="module")
def reads_blood(untrained, tmp_path_factory) -> Predictor:
    """An untrained model that reads six clinical values beside the ECG."""
    card = checkpoints.read_card(untrained / "transferred")
    labels = card.labels.of_kind(Kind.TRACING, Kind.VISIT)
    tables = {"features": list(TABLES), "role": str(Role.ALIGNMENT_PARTNER)}
    told = replace(
        card,
        name="multimodal",
        arm="multimodal",
        labels=labels,
        architecture={**card.architecture, "tables": tables},
        calibration=replace(card.calibration, slope=(1.0,) * len(labels), intercept=(0.0,) * len(labels)),
        reference=None,
        estimates={},
    )
    folder = tmp_path_factory.mktemp("blood") / "multimodal"
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = checkpoints.build_network(told)
        network.tables.fit_scaling(torch.randn(50, 6) + 60, torch.tensor([True] + [False] * 5))
        checkpoints.save(folder, told, network.state_dict())
    return Predictor.open(folder)


def test_shap_over_the_real_inputs_adds_up_to_the_models_own_score(reads_blood, sine_record):
    hidden = hidden_of(reads_blood, sine_record)
    average = np.zeros_like(hidden)
    values = np.array([62, np.nan, 61, 70, 1, 58], dtype=np.float32)
    shares = shap_of_blood(reads_blood, hidden, average, values, CODE)
    seen = reads_blood.card.preprocessing.apply(sine_record)
    own = reads_blood.logits([seen], values[None])[0, reads_blood.card.labels.index(CODE)]
    assert shares.score == pytest.approx(float(own), abs=1e-4)
    assert abs(shares.residual) < 1e-4
    assert {name for name, _ in shares.parts} == {ECG, "potassium", "heart_rate", "age", "sex_male", "bmi"}
    nothing = dict(shap_of_blood(reads_blood, average, average, np.full(6, np.nan, np.float32), CODE).parts)
    assert nothing == {ECG: 0.0}


def test_of_whom_nothing_was_measured_the_biometrics_are_the_training_means(reads_blood, predictor):
    found = reference_values(reads_blood)
    assert np.isnan(found[:3]).all()
    np.testing.assert_allclose(found[3:], 60, atol=1)
    with pytest.raises(InvalidValue, match="reads the clinical tables"):
        reference_values(predictor)


def test_the_bundled_bridges_belong_to_their_weights():
    for name, folder in checkpoints.list_checkpoints(checkpoints.bundled_folder()).items():
        bridge = read_bridge(Path(folder), checkpoints.read_card(folder).id)
        assert bridge is not None, name
        assert bridge.facts["domain"] == "simulated" and bridge.facts["held_out"] > 5000
