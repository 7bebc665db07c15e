"""The measured laboratory values of one ECG, looked up in a prepared cohort, beside the csv module's account."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ecgkt.catalogue import lab_panel
from ecgkt.data.layout import Prepared
from ecgkt.data.measured_labs import labs_near
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCohort
from tests.data.nearest_labs import listed, nearest, read_rows, told

PANEL = frozenset(one.name for one in lab_panel())


@pytest.fixture
def first(cohort: Path, prepared: Path) -> tuple[int, int, datetime]:
    """The first ECG of the cohort that has measured values."""
    return next(one for one in listed(cohort) if labs_near(prepared, *one))


def test_every_ecg_of_a_simulated_cohort_has_the_values_that_the_csv_module_finds(cohort, prepared):
    rows = read_rows(cohort / "hosp")
    kept, some = set(pd.read_parquet(Prepared(prepared).records)["study_id"].tolist()), 0
    for study, subject, recorded in listed(cohort):
        found = labs_near(prepared, study, subject, recorded)
        if study not in kept:
            assert not found and "not in the prepared cohort" in found.told
            continue
        assert told(found) == nearest(rows[subject], recorded)
        assert found.looked_for == PANEL
        assert [name for name in PANEL if found.lacks(name)] == [name for name in PANEL if name not in found]
        assert "SIMULATED prepared cohort" in found.told and "not measured is not normal" in found.told
        some += bool(found)
    assert some > 10


@pytest.mark.parametrize(("other_subject", "later"), [(1, timedelta(0)), (0, timedelta(minutes=1))])
def test_another_patients_or_another_times_ecg_of_that_number_gets_no_values(prepared, first, other_subject, later):
    study, subject, recorded = first
    found = labs_near(prepared, study, subject + other_subject, recorded + later)
    assert not found and not found.looked_for
    assert "another ECG of this number" in found.told
    assert str(study) not in found.told and str(subject) not in found.told


def test_where_the_list_has_no_time_the_number_and_the_patient_decide(prepared, first):
    study, subject, recorded = first
    assert told(labs_near(prepared, study, subject, None)) == told(labs_near(prepared, study, subject, recorded))


def test_an_ecg_without_any_value_in_the_window_is_not_measured_and_never_normal(prepared, first, tmp_path):
    shutil.copytree(prepared, tmp_path / "p", ignore=shutil.ignore_patterns("*.i16"))
    path = Prepared(tmp_path / "p").values(Role.TARGET)
    pd.read_parquet(path).iloc[:0].to_parquet(path)
    found = labs_near(tmp_path / "p", *first)
    assert not found and found.looked_for == PANEL
    assert "nothing was drawn near this ECG, within 90 min" in found.told and "not measured is not normal" in found.told


@pytest.mark.parametrize("spoilt", ["manifest", "records", "targets"])
def test_a_folder_that_is_no_prepared_cohort_or_is_damaged_gets_one_sentence(prepared, first, tmp_path, spoilt):
    shutil.copytree(prepared, tmp_path / "p", ignore=shutil.ignore_patterns("*.i16"))
    copy = Prepared(tmp_path / "p")
    path = {"manifest": copy.manifest, "records": copy.records, "targets": copy.values(Role.TARGET)}[spoilt]
    for content in (path.read_bytes()[:40], b"", None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(InvalidCohort, match="Wanted a prepared cohort") as raised:
            labs_near(tmp_path / "p", *first)
        assert str(tmp_path) not in str(raised.value) and str(first[1]) not in str(raised.value)


def test_the_window_is_told_as_the_recipe_has_it(prepared, first, tmp_path):
    shutil.copytree(prepared, tmp_path / "p", ignore=shutil.ignore_patterns("*.i16"))
    path = Prepared(tmp_path / "p").manifest
    for recipe, words in (
        ("ours", "nearest this ECG, within 90 min,"),
        ("cardiolab", "nearest this ECG, within 60 min,"),
        ("mds_ed", "nearest the arrival in the emergency department, 0 to 90 min after it,"),
    ):
        path.write_text(json.dumps({**json.loads(path.read_text()), "recipe": recipe, "simulated": False}))
        assert words in labs_near(tmp_path / "p", *first).told
        assert "SIMULATED" not in labs_near(tmp_path / "p", *first).told
