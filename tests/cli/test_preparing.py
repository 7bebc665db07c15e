from __future__ import annotations

import shutil

from ecgkt.cli import main


def test_check_tells_facts_and_ends_well(cohort, tmp_path, capsys):
    assert main(["check", str(cohort), "--out", str(tmp_path / "prepared"), "--thorough"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Found:") and "SIMULATED" in told.out
    assert told.err == "No problem found.\n"


def test_check_tells_every_problem_and_ends_with_one(cohort, tmp_path, capsys):
    folder = shutil.copytree(cohort, tmp_path / "copied")
    (folder / "hosp" / "patients.csv.gz").unlink()
    (folder / "hosp" / "labevents.csv.gz").write_bytes(b"")
    assert main(["check", str(folder)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3 and errors[-1] == "2 problems found."
    assert all(line.startswith("Wanted ") for line in errors[:-1])


def test_check_of_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.startswith("Wanted folders with MIMIC's tables")
