from __future__ import annotations

from pathlib import Path

import pytest

from ecgkt import checkpoints
from ecgkt.cli import main
from ecgkt.cli.reproducing import BEGIN, END

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def recipe(tiny_recipe) -> Path:
    return tiny_recipe(
        'arms = ["baseline", "transferred", "multimodal", "ecg_only", "shortcut"]\nbudgets = [0.5, 1.0]\n'
    )


@pytest.mark.slow
def test_one_command_makes_the_weights_and_the_tables_and_keeps_them_when_it_runs_again(
    recipe, prepared, tmp_path, capsys
):
    readme, models, out = tmp_path / "README.md", tmp_path / "models", tmp_path / "out"
    readme.write_text(f"# Before\n{BEGIN}\nold table\n{END}\nafter\n")
    words = ["reproduce", "--recipe", str(recipe), "--cohort", str(prepared), "--out", str(out), "--workers", "1"]
    words += [
        "--models",
        str(models),
        "--readme",
        str(readme),
        "--resamples",
        "50",
        "--page",
        str(tmp_path / "results.md"),
    ]
    assert main(words) == 0
    text = readme.read_text()
    assert text.startswith("# Before\n") and text.endswith("after\n")
    assert "old table" not in text
    assert "SIMULATED patients" in text
    assert "| 50% | transferred | 1 |" in text
    page = (tmp_path / "results.md").read_text()
    assert "Each label, multimodal" in page
    assert "transferred minus ecg_only" in page
    assert set(checkpoints.list_checkpoints(models)) == {"baseline", "transferred", "multimodal"}
    assert set(checkpoints.list_checkpoints(models / "checks")) == {"shortcut"}
    card = checkpoints.read_card(models / "transferred")
    assert card.name == "transferred"
    assert card.training["budget"] == 1.0
    assert card.estimates["simulated, held out"]
    assert "DELIBERATELY WRONG" in (models / "checks" / "shortcut" / "README.md").read_text()
    capsys.readouterr()
    assert main(words) == 0
    said = capsys.readouterr().err
    assert said.count(" kept (") == said.count(" of 13: ") == 13
    assert readme.read_text() == text


def test_a_readme_without_the_marks_is_refused_before_anything_is_made(recipe, prepared, tmp_path, capsys):
    readme = tmp_path / "README.md"
    readme.write_text("# Nothing to fill")
    words = ["reproduce", "--recipe", str(recipe), "--cohort", str(prepared), "--out", str(tmp_path / "out")]
    assert main([*words, "--readme", str(readme)]) == 1
    assert "Wanted README.md with the marks" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_shipped_readme_has_the_marks():
    text = (ROOT / "README.md").read_text()
    assert text.count(BEGIN) == text.count(END) == 1
