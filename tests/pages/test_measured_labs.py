"""Measured laboratory values of studies of a local folder, beside the predicted ones, through real Streamlit."""

from __future__ import annotations

import csv
import re
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt.catalogue import lab, lab_labels, value_words
from ecgkt.dashboard import state
from ecgkt.domain import Domain, LabValue
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.signals.quality import assess
from tests.data.nearest_labs import Told, nearest, read_rows

ROOT = Path(__file__).resolve().parents[2]
TITLES = {label.name: label for label in lab_labels()}


@pytest.fixture(autouse=True)
def folders(untrained_app: None, cohort: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    monkeypatch.setenv("ECGKT_COHORT", str(prepared))


@pytest.fixture(scope="module")
def expected(cohort: Path, prepared: Path) -> tuple[int, int, Told]:
    """A study that a model reads, its subject, and its values by the csv module."""
    rows, folder = read_rows(cohort / "hosp"), MimicFolder.open(cohort)
    with (cohort / "record_list.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            study, subject = int(row["study_id"]), int(row["subject_id"])
            found = nearest(rows[subject], datetime.fromisoformat(row["ecg_time"]))
            if len(found) > 5 and "potassium" in found and assess(folder.read(study)).refusal is None:
                return study, subject, found
    raise LookupError("no ECG of the cohort with measured values that a model reads")


def open_page(study: int) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60)
    page.query_params["case"] = str(study)
    page.session_state[state.ALL_ROWS] = True
    page.run()
    assert not page.exception
    return page


def bodies(page: AppTest) -> str:
    return " ".join(part.proto.body for part in page.get("html"))


def time_told(minutes: float) -> str:
    if abs(minutes) < 0.5:
        return "at the ECG"
    return f"{abs(minutes):.0f} min {'later' if minutes > 0 else 'before'}"


def test_each_lab_line_has_the_value_that_the_csv_module_finds_or_says_that_none_was_measured(expected):
    study, _, found = expected
    page = open_page(study)
    assert page.session_state[state.CASE].record.domain is Domain.SIMULATED
    buttons = {button.key.removeprefix("row-"): button.label for button in page.button if "row-" in str(button.key)}
    lines = {name: buttons[name] for name in TITLES if name in buttons}
    assert len(lines) == len(TITLES)
    for name, line in lines.items():
        analyte = TITLES[name].lab
        if analyte not in found:
            assert "not measured; " in line and "normal" not in line, name
            continue
        value, minutes, bound = found[analyte]
        words = f"measured {bound} {value_words(lab(analyte), value)}, {time_told(minutes)}; ".replace("  ", " ")
        assert words in line.replace("\\", ""), name
    assert "by the SIMULATED prepared cohort; not measured is not normal" in bodies(page)


def test_without_a_cohort_nothing_is_said_of_the_blood(expected, monkeypatch):
    monkeypatch.delenv("ECGKT_COHORT")
    page = open_page(expected[0])
    assert not page.session_state[state.CASE].measured
    assert not any("measured" in str(button.label) for button in page.button if "row-" in str(button.key))


def test_a_folder_that_is_no_cohort_costs_the_values_alone_and_says_so(expected, monkeypatch, tmp_path):
    monkeypatch.setenv("ECGKT_COHORT", str(tmp_path))
    page = open_page(expected[0])
    assert page.session_state[state.CASE].study == expected[0]
    assert "Measured values: not known. Wanted a prepared cohort" in bodies(page)


def test_values_wait_until_the_reader_has_committed(expected):
    page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60)
    page.query_params["case"], page.query_params["read_first"] = str(expected[0]), "yes"
    page.run()
    assert page.session_state[state.CASE].measured
    assert "Measured:" not in bodies(page) and "drawn nearest" not in bodies(page)


def test_on_a_real_ecg_without_lab_scores_the_values_stand_alone(expected, cohort, tmp_path, monkeypatch):
    study, subject, found = expected
    folder = tmp_path / "folder"
    header = next(cohort.rglob(f"{study}.hea"))
    copy = folder / header.relative_to(cohort)
    copy.parent.mkdir(parents=True)
    shutil.copy(header.with_suffix(".dat"), copy.with_suffix(".dat"))
    copy.write_text("".join(line for line in header.read_text().splitlines(True) if not line.startswith("#")))
    shutil.copy(cohort / "record_list.csv", folder)
    monkeypatch.setenv("ECGKT_RECORDS", str(folder))
    page = open_page(study)
    assert page.session_state[state.CASE].record.domain is Domain.REAL
    assert not any(str(button.key).removeprefix("row-") in TITLES for button in page.button)
    told = bodies(page)
    table = re.search(r"<caption>Measured</caption><tbody>(.*?)</tbody>", told)
    assert table is not None
    lines = dict(re.findall(r'<th scope="row">(.*?)</th><td><b>(.*?)</b>', table[1]))
    assert set(lines) == {lab(name).title for name in found}
    for name, (value, minutes, _) in found.items():
        assert value_words(lab(name), value) in lines[lab(name).title]
        assert f"<td>{time_told(minutes)}</td>" in table[1]
    assert str(subject) not in told


def test_a_printed_bound_keeps_its_sign():
    from ecgkt.opinion.beside import measured_value_words

    troponin = lab("troponin_t")
    assert measured_value_words(troponin, LabValue(0.01, 5, "<"), si=False) == f"< {value_words(troponin, 0.01)}"
