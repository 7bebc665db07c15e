"""The published tables, from small invented rows in their format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import mds_ed_labs
from ecgkt.data.ready_made import CODE_LISTS, STATISTICS, published_split, read_ext_icd, read_mds_ed
from ecgkt.errors import EcgktError, InvalidCohort, InvalidValue

EXT_HEADER = (
    "file_name,study_id,subject_id,ecg_time,ed_stay_id,ed_hadm_id,hosp_hadm_id,ed_diag_ed,ed_diag_hosp,hosp_diag_hosp,"
    "all_diag_hosp,all_diag_all,gender,age,anchor_year,anchor_age,dod,ecg_no_within_stay,ecg_taken_in_ed,"
    "ecg_taken_in_hosp,ecg_taken_in_ed_or_hosp,fold,strat_fold"
)
EXT_ROWS = (
    "mimic/files/p1/p101/s1/1,1,101,2150-03-01 10:20:00,,,,[],[],[],[],[],M,61.0,2150,61,,-1,False,False,False,3,18",
    "mimic/files/p1/p102/s2/2,2,102,2151-07-05 23:59:59,31.0,,,\"['R079', 'I10']\",[],[],[],\"['R079', 'I10']\",F,44.0,"
    "2150,43,,0,True,False,True,19,17",
    "mimic/files/p1/p103/s3/3,3,103,2149-01-02 00:00:00,33.0,77.0,77.0,['I509'],\"['I5023', 'N179']\","
    "\"['I5023', 'N179']\",\"['N179', 'I5023']\",\"['N179', 'I5023']\",F,80.0,2149,80,2149-02-01,2,"
    "True,True,True,18,19",
)


def ext_icd(folder: Path, header: str = EXT_HEADER, rows: tuple[str, ...] = EXT_ROWS) -> Path:
    path = folder / "records_w_diag_icd10.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def mds_ed(folder: Path, rows: int = 3, without: str = "", **cells: object) -> Path:
    """Write `rows` invented ECGs with every column that MDS-ED's code names, and a handful of labels."""
    numbers = np.arange(rows)
    columns: dict[str, object] = {
        "general_data": numbers,
        "general_file_name": "mimic/files/p1",
        "general_study_id": 500 + numbers,
        "general_subject_id": 900 + numbers,
        "general_ecg_time": "2150-03-01 10:20:00",
        "general_ed_stay_id": 31.0 + numbers,
        "general_ed_hadm_id": "",
        "general_ecg_no_within_stay": numbers,
        "general_strat_fold": 17 + numbers % 3,
        "general_race": "WHITE",
        "demographics_age": 61.0,
        "demographics_gender": 1,
        **{f"demographics_ethnicity_{name}": name == "white" for name in ("asian", "black/african", "white")},
        "biometrics_bmi": "",
        "biometrics_weight": 80.5,
        "biometrics_height": "",
        **{f"vitals_{name}_{one}": 36.5 for name in ("temperature", "heartrate") for one in STATISTICS},
        "vitals_acuity": 2.0,
        **{f"labvalues_{lab.column}_{one}": 1.5 for lab in mds_ed_labs() for one in STATISTICS},
        "diagnoses_i50": 1,
        "diagnoses_c7a": 0,
        "deterioration_severe_hypoxemia": -999.0,
        "deterioration_icu_24h": 1.0,
        **cells,
    }
    columns.pop(without, None)
    path = folder / "mds_ed.csv"
    pd.DataFrame(columns, index=numbers).to_csv(path, index=False)
    return path


def test_codes_come_per_kind_of_stay_and_none_is_an_empty_tuple(tmp_path: Path) -> None:
    rows = read_ext_icd(ext_icd(tmp_path))
    assert list(rows["all_diag_all"]) == [(), ("R079", "I10"), ("N179", "I5023")]
    assert list(rows["ed_diag_ed"]) == [(), ("R079", "I10"), ("I509",)]
    assert list(rows["hosp_diag_hosp"]) == [(), (), ("I5023", "N179")]


def test_ids_times_and_numbers_within_a_stay_are_typed(tmp_path: Path) -> None:
    rows = read_ext_icd(ext_icd(tmp_path))
    assert rows["study_id"].tolist() == [1, 2, 3] and rows["subject_id"].tolist() == [101, 102, 103]
    assert rows["ed_stay_id"].isna().tolist() == [True, False, False] and rows["ed_stay_id"][2] == 33
    assert rows["hosp_hadm_id"].isna().tolist() == [True, True, False] and rows["ed_hadm_id"][2] == 77
    assert rows["ecg_no_within_stay"].tolist() == [-1, 0, 2]
    assert rows["ecg_time"][1] == pd.Timestamp("2151-07-05 23:59:59") and rows["ecg_time"].dtype == "datetime64[s]"


def test_folds_become_parts_by_either_column(tmp_path: Path) -> None:
    path = ext_icd(tmp_path)
    assert read_ext_icd(path)["part"].tolist() == ["tuning", "train", "held_out"]
    assert read_ext_icd(path, fold="fold")["part"].tolist() == ["train", "held_out", "tuning"]
    split = published_split(read_ext_icd(path))
    assert (split.train, split.tuning, split.held_out) == ({102}, {101}, {103})


def test_a_subject_in_two_published_parts_is_refused(tmp_path: Path) -> None:
    rows = read_ext_icd(ext_icd(tmp_path, rows=(*EXT_ROWS[:2], EXT_ROWS[2].replace(",103,", ",102,"))))
    with pytest.raises(InvalidValue, match="1 subjects both in train and held_out"):
        published_split(rows)


def test_a_gzipped_table_and_one_with_an_index_column_are_read_alike(tmp_path: Path) -> None:
    path = ext_icd(tmp_path, f"Unnamed: 0,{EXT_HEADER}", tuple(f"{n},{row}" for n, row in enumerate(EXT_ROWS)))
    zipped = tmp_path / "records_w_diag_icd10.csv.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    pd.testing.assert_frame_equal(read_ext_icd(zipped), read_ext_icd(ext_icd(tmp_path)))


@pytest.mark.parametrize("column", ["study_id", "all_diag_all", "strat_fold", "ecg_no_within_stay"])
def test_a_missing_column_is_named_in_one_sentence(tmp_path: Path, column: str) -> None:
    with pytest.raises(InvalidCohort, match=f"got no {column}: ") as raised:
        read_ext_icd(ext_icd(tmp_path, EXT_HEADER.replace(f"{column},", "x,").replace(f",{column}", ",x")))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (EXT_ROWS[2].replace("['I509']", "I509"), "'I509'"),
        (EXT_ROWS[2].replace("['I509']", ""), "empty cell"),
        (EXT_ROWS[2].replace(",18,19", ",18,20"), "folds 0 to 19"),
        (EXT_ROWS[2].replace(",18,19", ",18,"), "folds 0 to 19"),
        (EXT_ROWS[2].replace("2149-01-02 00:00:00", "yesterday"), "yesterday"),
        (EXT_ROWS[2].replace("s3/3,3,103", "s2/2,2,103"), "twice"),
        (EXT_ROWS[2].replace("s3/3,3,103", "s3/3,three,103"), "readable"),
        (EXT_ROWS[2].replace(",77.0,77.0,", ",77.5,77.0,"), "whole ids"),
    ],
)
def test_a_row_that_is_not_as_published_is_refused(tmp_path: Path, row: str, says: str) -> None:
    with pytest.raises(InvalidCohort, match=says):
        read_ext_icd(ext_icd(tmp_path, rows=(*EXT_ROWS[:2], row)))


def test_a_list_of_codes_is_never_run_as_code(tmp_path: Path) -> None:
    row = EXT_ROWS[0].replace("[],[],[],[],[]", "[].append(print(1)),[],[],[],[]")
    with pytest.raises(InvalidCohort, match="a list of codes such as"):
        read_ext_icd(ext_icd(tmp_path, rows=(row,)))


@pytest.mark.parametrize("read", [read_ext_icd, read_mds_ed])
def test_an_absent_or_truncated_file_is_one_sentence(tmp_path: Path, read) -> None:
    with pytest.raises(InvalidCohort, match="no such file"):
        read(tmp_path / "absent.csv")
    whole = (ext_icd if read is read_ext_icd else mds_ed)(tmp_path).read_bytes()
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(whole)[:-20])
    with pytest.raises(EcgktError, match="download it again"):
        read(cut)


def test_mds_ed_features_are_told_by_name_and_statistic(tmp_path: Path) -> None:
    table = read_mds_ed(mds_ed(tmp_path))
    told = table.columns.set_index("column")
    assert list(told.index) == list(table.features.columns)
    assert tuple(told.loc["labvalues_bilirubin,_total_rate_change"]) == (
        "lab",
        "bilirubin,_total",
        "rate_change",
        "bilirubin_total",
    )
    assert tuple(told.loc["vitals_heartrate_first"]) == ("vital", "heartrate", "first", "heart_rate")
    assert tuple(told.loc["vitals_acuity"]) == ("vital", "acuity", "", "acuity")
    assert tuple(told.loc["demographics_gender"]) == ("biometric", "gender", "", "sex_male")
    assert tuple(told.loc["demographics_ethnicity_asian"]) == ("biometric", "ethnicity_asian", "", "")
    labs = told[told["kind"] == "lab"]
    assert len(labs) == 405 and (labs["statistic"].isin(STATISTICS)).all()
    assert list(labs["catalogue"].unique()) == [one.name for one in mds_ed_labs()]


def test_mds_ed_values_keep_their_rows_and_their_gaps(tmp_path: Path) -> None:
    table = read_mds_ed(mds_ed(tmp_path, biometrics_bmi=["", 25.5, ""]))
    assert table.features["biometrics_bmi"].isna().tolist() == [True, False, True]
    assert table.features["biometrics_bmi"][1] == 25.5
    assert table.features["demographics_ethnicity_white"].tolist() == [1.0] * 3
    assert table.features["demographics_ethnicity_asian"].tolist() == [0.0] * 3
    assert (table.features.dtypes == np.float32).all()
    assert table.records["study_id"].tolist() == [500, 501, 502]
    assert table.records["part"].tolist() == ["train", "tuning", "held_out"]
    assert table.records["ed_stay_id"].tolist() == [31, 32, 33]


def test_mds_ed_labels_are_codes_and_events_and_what_is_undefined_is_unknown(tmp_path: Path) -> None:
    table = read_mds_ed(mds_ed(tmp_path, deterioration_icu_24h=[1.0, 0.0, -999.0]))
    assert list(table.diagnoses) == ["I50", "C7A"] and (table.diagnoses.dtypes == np.int8).all()
    assert table.diagnoses["I50"].tolist() == [1, 1, 1]
    assert table.events["severe_hypoxemia"].isna().all()
    np.testing.assert_array_equal(table.events["icu_24h"], [1.0, 0.0, np.nan])


def test_mds_ed_is_read_in_pieces_that_join(tmp_path: Path, monkeypatch) -> None:
    path = mds_ed(tmp_path, rows=7, biometrics_bmi=np.arange(7))
    whole = read_mds_ed(path)
    monkeypatch.setattr("ecgkt.data.ready_made._ROWS_AT_ONCE", 3)
    pieces = read_mds_ed(path)
    for name in ("records", "columns", "features", "diagnoses", "events"):
        pd.testing.assert_frame_equal(getattr(pieces, name), getattr(whole, name))
    assert whole.features["biometrics_bmi"].tolist() == list(range(7))


@pytest.mark.parametrize("column", ["general_study_id", "general_strat_fold", "general_ed_stay_id"])
def test_mds_ed_without_a_needed_column_is_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(InvalidCohort, match=f"no {column}"):
        read_mds_ed(mds_ed(tmp_path, without=column))


def test_mds_ed_labels_are_asked_for_and_judged(tmp_path: Path) -> None:
    with pytest.raises(InvalidCohort, match="others in diagnoses_i50"):
        read_mds_ed(mds_ed(tmp_path, diagnoses_i50=[1, 0, -999]))
    with pytest.raises(InvalidCohort, match="deterioration_severe_hypoxemia"):
        read_mds_ed(mds_ed(tmp_path, deterioration_severe_hypoxemia=["", "1", "0"]))
    path = mds_ed(tmp_path)
    header, rest = path.read_text().split("\n", 1)
    path.write_text(header.replace("diagnoses_", "d_") + "\n" + rest)
    with pytest.raises(InvalidCohort, match="diagnoses_ labels"):
        read_mds_ed(path)


def test_every_kind_of_stay_is_a_column(tmp_path: Path) -> None:
    assert set(CODE_LISTS) <= set(read_ext_icd(ext_icd(tmp_path)))
