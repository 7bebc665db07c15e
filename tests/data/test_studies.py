from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt import readers
from ecgkt.catalogue import all_labels
from ecgkt.data import tables
from ecgkt.data.studies import read_study
from ecgkt.domain import Domain, FeatureSpec
from ecgkt.domain.features import Role, Window
from ecgkt.errors import InvalidCohort
from ecgkt.signals.preprocessing import Preprocessing


def test_a_simulated_cohort_is_read_whole_and_called_simulated(study, cohort):
    listed = len(pd.read_csv(cohort / "record_list.csv"))
    assert study.cohort.domain is Domain.SIMULATED
    assert len(study.cohort) + sum(study.cohort.excluded.values()) == listed
    assert study.labels.labels == all_labels()
    assert study.signals.shape == (len(study.cohort), 12, 1000)
    assert np.isfinite(study.signals).all()


def test_training_sees_what_the_app_sees(study, cohort):
    listing = tables.read_listing(cohort).set_index("study_id")
    for row in (0, 7):
        path = cohort / f"{listing.loc[study.cohort.record_ids[row], 'path']}.hea"
        np.testing.assert_array_equal(study.signals[row], study.preprocessing.apply(readers.read_record(path)))


def test_no_subject_is_in_two_parts_of_a_study(study):
    parts = [set(study.cohort.subject_ids[study.rows(part)].tolist()) for part in ("train", "tuning", "held_out")]
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(set(study.cohort.subject_ids.tolist()))


def test_a_second_reading_uses_what_was_prepared_and_is_equal(study, cohort):
    again = read_study(cohort, Preprocessing(), progress=lambda rows: pytest.fail("read again") or rows)
    np.testing.assert_array_equal(again.signals, study.signals)
    assert again.cohort.excluded == study.cohort.excluded


def test_the_lab_labels_agree_with_the_values_beside_them(study):
    values = dict(zip(study.partners.names, study.partners.values.T, strict=True))
    for name, lab, above in (("glucose_high", "glucose", 180), ("haemoglobin_low", "haemoglobin", None)):
        label, value = study.labels.column(name), values[lab]
        known = ~np.isnan(label)
        assert known.sum() > 5
        if above is not None:
            np.testing.assert_array_equal(label[known] == 1, value[known] > above)
        assert np.isnan(value[~known]).all()


def listing(*minutes: int) -> pd.DataFrame:
    start = pd.Timestamp("2180-01-01 12:00")
    return pd.DataFrame(
        {
            "subject_id": [1] * len(minutes),
            "study_id": range(len(minutes)),
            "ecg_time": [start + pd.Timedelta(minutes=m) for m in minutes],
        }
    )


def test_the_nearest_value_within_the_window_is_taken_on_the_roles_clock():
    rows = listing(0, 600)
    events = pd.DataFrame(
        {
            "subject_id": [1, 1, 1, 2],
            "charttime": pd.to_datetime(
                ["2180-01-01 11:00", "2180-01-01 12:30", "2180-01-01 14:00", "2180-01-01 12:01"]
            ),
            "storetime": pd.to_datetime(
                ["2180-01-01 11:55", "2180-01-01 13:10", "2180-01-01 14:40", "2180-01-01 12:02"]
            ),
            "valuenum": [1.0, 2.0, 3.0, 9.0],
        }
    )
    drawn = FeatureSpec("k", "K", "lab", "mEq/L", Role.TARGET, Window(-90, 90, "drawn"), (0, 12))
    resulted = FeatureSpec("k", "K", "lab", "mEq/L", Role.INPUT, Window(-90, 0, "resulted"), (0, 12))
    np.testing.assert_array_equal(tables.nearest(rows, events, drawn)["valuenum"], [2.0, np.nan])
    np.testing.assert_array_equal(tables.nearest(rows, events, resulted)["valuenum"], [1.0, np.nan])


def labevents(folder: Path, rows: list[dict[str, object]]) -> None:
    common = {"subject_id": 1, "itemid": 51003, "valueuom": "ng/mL", "charttime": "2180-01-01 12:10:00"}
    columns = ["storetime", "valuenum", "ref_range_lower", "ref_range_upper", "comments"]
    (folder / "hosp").mkdir()
    pd.DataFrame([{**common, **row} for row in rows], columns=[*common, *columns]).to_csv(
        folder / "hosp" / "labevents.csv.gz", index=False
    )


def test_a_censored_result_counts_and_a_haemolysed_or_foreign_one_does_not(tmp_path):
    potassium = {"itemid": 50971, "valueuom": "mEq/L"}
    labevents(
        tmp_path,
        [
            {"comments": "<0.01."},
            {"valuenum": 0.5},
            {**potassium, "valuenum": 7.0, "comments": "GROSSLY HEMOLYZED SPECIMEN"},
            {**potassium, "valuenum": 6.0, "comments": "Specimen not Hemolyzed"},
            {**potassium, "valuenum": 180.0, "valueuom": "mg/dL"},
            {"comments": "see note"},
        ],
    )
    assert tables.lab_events(tmp_path)["valuenum"].tolist() == [0.01, 0.5, 6.0]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "record_list.csv").unlink(), "the table record_list.csv"),
        (lambda folder: (folder / "hosp" / "labevents.csv.gz").write_bytes(b"\x1f\x8b\x08"), "readable hosp/labevents"),
        (lambda folder: _drop(folder / "record_list.csv", "ecg_time"), "no ecg_time"),
    ],
)
def test_a_damaged_cohort_is_told_in_one_sentence(cohort, tmp_path, spoil, told):
    shutil.copytree(cohort, tmp_path / "c", ignore=shutil.ignore_patterns("prepared", "*.dat"))
    spoil(tmp_path / "c")
    with pytest.raises(InvalidCohort, match=told):
        tables.read_listing(tmp_path / "c")
        tables.lab_events(tmp_path / "c")


def test_a_cohort_whose_waveforms_are_missing_is_told(cohort, tmp_path):
    shutil.copytree(cohort, tmp_path / "c", ignore=shutil.ignore_patterns("prepared", "*.dat"))
    with pytest.raises(InvalidCohort, match="readable waveforms"):
        read_study(tmp_path / "c", Preprocessing())


def _drop(path: Path, column: str) -> None:
    pd.read_csv(path).drop(columns=column).to_csv(path, index=False)
