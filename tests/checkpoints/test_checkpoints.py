from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ecgkt import checkpoints
from ecgkt.checkpoints.folders import CARD, WEIGHTS, bundled_folder
from ecgkt.domain import Estimate, LabelSet
from ecgkt.errors import EcgktError, InvalidCheckpoint, InvalidValue, UnknownName
from ecgkt.signals.preprocessing import Preprocessing


@pytest.fixture
def folder(untrained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untrained / "transferred", tmp_path / "transferred"))


def test_what_is_saved_is_loaded_equal(folder):
    checkpoint = checkpoints.load(folder)
    again = checkpoints.load(folder)
    assert checkpoint.card.to_json() == again.card.to_json()
    network = checkpoints.build_network(checkpoint.card)
    network.load_state_dict(dict(checkpoint.weights))


def test_no_file_of_a_checkpoint_is_a_pickle(folder):
    assert {path.name for path in folder.iterdir()} == {WEIGHTS, CARD, "README.md"}
    assert (folder / WEIGHTS).read_bytes()[8:9] == b"{"


def test_the_readme_says_what_the_card_says(folder):
    text = (folder / "README.md").read_text()
    card = checkpoints.read_card(folder)
    assert "Research demonstration, not for diagnosis" in text
    assert "SIMULATED patients only" in text
    assert card.id in text
    assert card.preprocessing.fingerprint in text


def test_heads_that_were_fitted_claim_no_epochs():
    """The bundled baseline was trained in steps; the transferred arm keeps its encoders and fits heads to them."""
    kept, trained = (checkpoints.read_card(bundled_folder() / name) for name in ("transferred", "baseline"))
    assert "nothing was trained in steps" in kept.training_facts["settings"]
    assert "epochs" not in kept.training_facts["settings"]
    assert "epochs 8" in trained.training_facts["settings"]


def edit(folder: Path, change) -> None:
    data = json.loads((folder / CARD).read_text())
    change(data)
    (folder / CARD).write_text(json.dumps(data))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(format=99),
        lambda data: data.pop("labels"),
        lambda data: data.update(unknown=1),
        lambda data: data["labels"].reverse(),
        lambda data: data["preprocessing"].update(highpass_hz=0.3),
        lambda data: data["preprocessing"].update(sharpen=True),
        lambda data: data["calibration"]["slope"].pop(),
        lambda data: data["calibration"]["slope"].__setitem__(0, 9.0),
        lambda data: data.update(weights_sha256="0" * 64),
        lambda data: data.update(parents={}),
        lambda data: data.update(training_domain="moon"),
    ],
)
def test_a_card_that_was_changed_is_refused_in_one_sentence(folder, change):
    edit(folder, change)
    with pytest.raises(EcgktError, match=r"^Wanted .*, got .*: .*\.$"):
        checkpoints.load(folder)


@pytest.mark.parametrize("spoil", ["truncate", "remove", "card is no json"])
def test_a_damaged_folder_is_refused(folder, spoil):
    if spoil == "truncate":
        (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])
    elif spoil == "remove":
        (folder / WEIGHTS).unlink()
    else:
        (folder / CARD).write_text("{")
    with pytest.raises(InvalidCheckpoint):
        checkpoints.load(folder)


def test_saving_again_replaces_the_checkpoint_and_leaves_nothing_else_behind(folder):
    checkpoint = checkpoints.load(folder)
    doubled = {name: tensor * 2 for name, tensor in checkpoint.weights.items()}
    card = checkpoints.save(folder, checkpoint.card, doubled)
    assert card.id != checkpoint.card.id
    name = next(name for name, tensor in doubled.items() if tensor.is_floating_point())
    torch.testing.assert_close(checkpoints.load(folder).weights[name], doubled[name])
    assert [path.name for path in folder.parent.iterdir()] == ["transferred"]


def test_a_failed_save_leaves_the_last_good_checkpoint(folder):
    checkpoint = checkpoints.load(folder)
    with pytest.raises(AttributeError):
        checkpoints.save(folder, checkpoint.card, {"x": "no tensor"})  # type: ignore[dict-item]
    assert checkpoints.load(folder).card.id == checkpoint.card.id
    assert [path.name for path in folder.parent.iterdir()] == ["transferred"]


def test_estimates_are_added_without_touching_the_weights_or_the_id(folder):
    card = checkpoints.read_card(folder)
    estimate = Estimate(0.8, 0.7, 0.9, 100, 20)
    checkpoints.update_card(folder, replace(card, estimates={"real, a set": {"atrial_fibrillation": estimate}}))
    again = checkpoints.load(folder).card
    assert again.id == card.id
    assert again.estimates["real, a set"]["atrial_fibrillation"] == estimate
    assert "0.800 (0.700 to 0.900)" in (folder / "README.md").read_text()


def test_the_id_changes_with_anything_that_changes_a_score(folder):
    card = checkpoints.read_card(folder)
    others = [
        replace(card, preprocessing=Preprocessing(highpass_hz=0.4)),
        replace(card, weights_sha256="f" * 64),
        replace(card, calibration=replace(card.calibration, slope=(2.0,) * len(card.labels))),
        replace(card, labels=LabelSet(card.labels.labels[::-1])),
    ]
    assert len({card.id, *(other.id for other in others)}) == 5


def test_a_stage_3_checkpoint_names_its_parents(folder):
    card = checkpoints.read_card(folder)
    with pytest.raises(InvalidValue, match="names its parents"):
        replace(card, parents={"align": "a" * 12})


def test_checkpoints_are_found_by_name_and_the_default_is_the_method(untrained, folder):
    assert checkpoints.choose_checkpoint(untrained).name == "transferred"
    assert checkpoints.list_checkpoints(folder) == {"transferred": folder}
    with pytest.raises(UnknownName, match="transferred"):
        checkpoints.choose_checkpoint(untrained, "other")


def test_a_folder_without_checkpoints_is_told(tmp_path):
    with pytest.raises(InvalidCheckpoint, match="folder of checkpoints"):
        checkpoints.list_checkpoints(tmp_path)


def test_the_environment_names_the_folder_of_models(untrained, monkeypatch):
    monkeypatch.setenv("ECGKT_MODELS", str(untrained))
    assert checkpoints.choose_checkpoint() == untrained / "transferred"
