"""`bundle` and the cohort of `open`: what is written, and one sentence where something is missing."""

from __future__ import annotations

from pathlib import Path

from ecgkt.cli import main
from ecgkt.reports.summary import read_summary


def test_a_prepared_cohort_is_written_in_counts(prepared: Path, tmp_path, capsys):
    assert main(["bundle", "--cohort", str(prepared), "--out", str(tmp_path)]) == 0
    assert read_summary(tmp_path / "cohort.json").kept > 0
    assert "The cohort in counts is in" in capsys.readouterr().err
    assert not (tmp_path / "predictions").exists()


def test_nothing_to_bundle_is_told_in_one_sentence(tmp_path, capsys):
    assert main(["bundle", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("Wanted --results, --cohort or both, got neither")


def test_predictions_that_lack_an_arm_are_told_in_one_sentence(stored_results: Path, tmp_path, capsys):
    assert main(["bundle", "--results", str(stored_results), "--out", str(tmp_path)]) == 1
    assert "got no ecg_only" in capsys.readouterr().err


def test_the_app_is_not_opened_on_a_folder_that_is_no_prepared_cohort(tmp_path, capsys):
    assert main(["open", "--cohort", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("Wanted a prepared cohort")
