"""MIMIC's layout against the real headers."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from ecgkt.errors import UnknownName
from ecgkt.mimic import TABLES, table
from ecgkt.mimic.tables import REPORTS

DEMO = [name for name in TABLES if TABLES[name].path.startswith(("hosp/", "ed/")) and name != "ed_diagnosis"]
"""The real demo does not carry the diagnoses of the emergency department."""


def _real(folder: Path, path: str) -> Path:
    if path.startswith("ed/"):
        return folder / "mimic-iv-ed-demo-2.2" / path.removeprefix("ed/")
    return folder / "mimic-iv-demo-2.2" / f"{path}.gz"


@pytest.mark.parametrize("name", DEMO)
def test_columns_are_the_real_headers(name: str, real_data: Path) -> None:
    real = pd.read_csv(_real(real_data, table(name).path), nrows=0)
    assert tuple(real.columns) == table(name).header


@pytest.mark.parametrize("name", DEMO)
def test_real_tables_read_as_the_types_that_the_schema_gives(name: str, real_data: Path) -> None:
    schema = table(name)
    path = _real(real_data, schema.path)
    frame = pd.read_csv(path, dtype=schema.dtypes, parse_dates=list(schema.times), nrows=2000)
    for column, dtype in schema.columns.items():
        if dtype.startswith("datetime64"):
            assert pd.api.types.is_datetime64_any_dtype(frame[column]) or frame[column].isna().all(), column
        else:
            assert str(frame[column].dtype) == dtype, column


def test_machine_measurements_are_the_real_columns_with_all_statements(real_data: Path) -> None:
    with (real_data / "mimic-iv-ecg-measurements/demo_patients_659.csv").open(encoding="utf-8") as lines:
        real = next(csv.reader(lines))
    assert tuple(real) == tuple(name for name in table("machine_measurements").header if name not in REPORTS)
    assert len(REPORTS) == 18 and table("machine_measurements").header[4:22] == REPORTS


def test_the_record_list_is_the_published_one() -> None:
    assert table("record_list").header == ("subject_id", "study_id", "file_name", "ecg_time", "path")


def test_diagnoses_of_the_emergency_department_are_as_its_documentation_lists_them() -> None:
    wanted = ("subject_id", "stay_id", "seq_num", "icd_code", "icd_version", "icd_title")
    assert table("ed_diagnosis").header == wanted
    assert table("ed_diagnosis").columns["icd_code"] == "string"


def test_a_schema_cannot_be_changed_in_passing() -> None:
    with pytest.raises(TypeError):
        table("omr").columns["more"] = "string"


def test_an_unknown_table_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="labevents"):
        table("chartevents")


def test_each_table_is_described_once() -> None:
    from ecgkt.mimic.tables import _ALL

    assert len({one.path for one in _ALL}) == len(_ALL) == len(TABLES)
