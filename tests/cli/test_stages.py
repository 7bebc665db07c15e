from __future__ import annotations

from pathlib import Path

import pytest

from ecgkt import checkpoints
from ecgkt.cli import main, stages
from ecgkt.domain.labels import Kind


@pytest.fixture
def recipe(tiny_recipe) -> Path:
    return tiny_recipe()


def test_each_stage_is_a_command(recipe, prepared, tmp_path, capsys):
    common = ["--cohort", str(prepared), "--recipe", str(recipe)]
    align, labs, last = (tmp_path / name for name in ("align", "labs", "transferred"))
    assert main(["pretrain", *common, "--out", str(align)]) == 0
    assert main(["train-labs", *common, "--parent", str(align), "--out", str(labs)]) == 0
    assert main(["train-diagnoses", *common, "--parent", str(labs), "--out", str(last)]) == 0
    card = checkpoints.read_card(last)
    assert card.parents == {"align": checkpoints.read_card(align).id, "labs": checkpoints.read_card(labs).id}
    assert main(["train-diagnoses", *common, "--parent", str(align), "--out", str(tmp_path / "x")]) == 1
    assert "Wanted parents of transferred of stage labs, got align" in capsys.readouterr().err


def test_a_recipe_trains_both_arms_measures_them_and_goes_on_where_it_was(recipe, prepared, tmp_path, capsys):
    runs, models = tmp_path / "runs", tmp_path / "models"
    arguments = [
        "train",
        "--recipe",
        str(recipe),
        "--cohort",
        str(prepared),
        "--runs",
        str(runs),
        "--models",
        str(models),
    ]
    assert main(arguments) == 0
    cards = {name: checkpoints.read_card(folder) for name, folder in checkpoints.list_checkpoints(models).items()}
    assert set(cards) == {"baseline", "transferred"}
    for card in cards.values():
        assert set(card.estimates["simulated, held out"]) == set(card.labels.names)
        assert all(card.labels.of_kind(kind) for kind in Kind)
    capsys.readouterr()
    assert main(arguments) == 0
    assert capsys.readouterr().err.count("already there") == 4
    again = {name: checkpoints.read_card(folder).id for name, folder in checkpoints.list_checkpoints(models).items()}
    assert again == {name: card.id for name, card in cards.items()}


def test_evaluate_and_reference_write_what_they_measured_into_the_card(recipe, cohort, prepared, tmp_path, capsys):
    models = tmp_path / "models"
    common = ["--recipe", str(recipe), "--cohort", str(prepared)]
    assert main(["train-diagnoses", *common, "--out", str(models / "baseline")]) == 0
    part = ["--part", "tuning", "--write"]
    assert main(["evaluate", "--cohort", str(prepared), "--models", str(models), *part]) == 0
    assert "AUROC, simulated, tuning" in capsys.readouterr().out
    named = ["--name", "a set", "--source", "made up"]
    assert main(["reference", "--records", str(cohort / "files"), *named, "--models", str(models)]) == 0
    other = tmp_path / "other"
    assert main(["prepare", str(cohort), "--out", str(other), "--split-seed", "5"]) == 0
    assert main(["evaluate", "--cohort", str(other), "--models", str(models)]) == 1
    assert "Wanted a cohort split as the checkpoint's was (hash 0), got one split by hash 5" in capsys.readouterr().err
    card = checkpoints.read_card(models / "baseline")
    assert "simulated, tuning" in card.estimates
    assert card.reference is not None
    assert card.reference.records > 30
    assert "--name 'a set'" in card.commands["reference set"]
    assert str(tmp_path) not in str(card.to_json())


@pytest.mark.slow
def test_the_smoke_run_does_everything_once(tmp_path, capsys):
    assert stages.SMOKE.is_file()
    assert main(["smoke", "--out", str(tmp_path)]) == 0
    assert "Smoke test passed" in capsys.readouterr().err
    assert (tmp_path / "models" / "transferred" / "weights.safetensors").is_file()
