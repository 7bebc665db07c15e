from __future__ import annotations

from pathlib import Path

import pytest

from ecgkt.errors import EcgktError
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.training.settings import Recipe

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_parsed_and_builds_its_encoder(path):
    recipe = Recipe.from_toml(path)
    assert recipe.name == path.stem
    EcgEncoder(**recipe.encoder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("patients = 50\nepoch = 3", "epoch"),
        ("patients = 50\n[labs]\nlerning_rate = 1", "lerning_rate"),
        ("patients = 3", "at least 20 patients"),
        ("patients = 50\n[labs]\ncrop_seconds = 30", "crop_seconds up to"),
        ("patients = 50\n[pretrain]\nepochs = 0", "epochs >= 1"),
        ("patients = = 3", "TOML"),
        ('patients = 50\narms = ["basline"]', "arms among"),
        ("patients = 50\nbudgets = [0.0]", "budgets in"),
        ('patients = 50\n[pretrain]\nobjective = "vicregg"', "objective among"),
        ('patients = 50\n[diagnoses]\ntables = "target"', "tables among"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused_in_its_own_spelling(tmp_path, text, told):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(EcgktError, match=told):
        Recipe.from_toml(tmp_path / "recipe.toml")


def test_a_recipe_like_another_has_its_entries_where_it_has_none_of_its_own(tmp_path):
    (tmp_path / "one.toml").write_text("patients = 50\nseeds = [3]\n[labs]\nepochs = 7\nbatch = 8")
    (tmp_path / "two.toml").write_text('like = "one.toml"\nseeds = [1, 2]\n[labs]\nbatch = 16')
    recipe = Recipe.from_toml(tmp_path / "two.toml")
    assert (recipe.name, recipe.patients, recipe.seeds) == ("two", 50, (1, 2))
    assert (recipe.labs.epochs, recipe.labs.batch) == (7, 16)
    (tmp_path / "one.toml").write_text('like = "two.toml"')
    with pytest.raises(EcgktError, match="like itself"):
        Recipe.from_toml(tmp_path / "two.toml")
