"""Public collections against records read by hand, and against planted folders."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ecgkt.catalogue import tracing_labels
from ecgkt.data.collections import Collection, open_collection
from ecgkt.domain import LabelTable
from ecgkt.errors import InvalidCohort, InvalidValue

HEADER = "{name} 12 500 5000\n# Age: 60\n# Sex: Male\n# Dx: {codes}\n"
PTBXL = "ecg_id,patient_id,scp_codes,heart_axis,extra_beats,filename_hr\n"


def positives(collection: Collection, stem: str) -> set[str]:
    row = collection.labels.values[[path.stem for path in collection.paths].index(stem)]
    return {name for name, one in zip(tracing_labels().names, row, strict=True) if one == 1}


def unknown(collection: Collection, stem: str) -> set[str]:
    row = collection.labels.values[[path.stem for path in collection.paths].index(stem)]
    return {name for name, one in zip(tracing_labels().names, row, strict=True) if math.isnan(one)}


def test_ptbxl_records_read_by_hand(real_data: Path) -> None:
    ptbxl = open_collection(real_data / "ptb-xl")
    assert ptbxl.name == "PTB-XL" and len(ptbxl) == 250
    assert all(path.is_file() for path in ptbxl.paths)
    assert positives(ptbxl, "00001_hr") == {"sinus_rhythm", "low_qrs_voltage"}
    assert positives(ptbxl, "00002_hr") == {"sinus_rhythm", "sinus_bradycardia"}
    assert positives(ptbxl, "00032_hr") == {"sinus_rhythm", "right_axis_deviation"}
    assert unknown(ptbxl, "00001_hr") == {"left_axis_deviation", "right_axis_deviation"}
    assert {"inferior_infarction", "left_axis_deviation"} <= unknown(ptbxl, "00008_hr")


def test_ptbxl_groups_the_records_of_a_patient(real_data: Path) -> None:
    ptbxl = open_collection(real_data / "ptb-xl")
    assert len(np.unique(ptbxl.subject_ids)) == 228
    assert ptbxl.subject_ids[0] == 15709


def test_cinc_records_read_by_hand(real_data: Path) -> None:
    cinc = open_collection(real_data / "cinc2021")
    assert cinc.name == "CinC 2021" and len(cinc) == len(np.unique(cinc.subject_ids)) == 25
    assert positives(cinc, "E07510") == {"sinus_rhythm", "sinus_bradycardia", "right_bundle_branch_block"}
    assert positives(cinc, "HR06002") == {"sinus_rhythm", "sinus_bradycardia", "incomplete_right_bundle_branch_block"}
    assert positives(cinc, "E07504") == {"long_qt"}
    assert "sinus_rhythm" in unknown(cinc, "E07504")
    assert {"atrial_fibrillation", "atrial_flutter", "st_elevation"} <= unknown(cinc, "JS20008")
    assert np.isnan(cinc.labels.column("inferior_infarction")).all()


def test_ludb_records_read_by_hand(real_data: Path) -> None:
    ludb = open_collection(real_data / "ludb")
    assert ludb.name == "LUDB" and len(ludb) == 100
    assert positives(ludb, "1") == {"sinus_rhythm", "sinus_bradycardia", "left_ventricular_hypertrophy"}
    assert positives(ludb, "34") == {"sinus_rhythm", "paced_rhythm", "complete_av_block"}
    assert "left_axis_deviation" in unknown(ludb, "1") and "right_axis_deviation" in unknown(ludb, "34")
    assert np.isnan(ludb.labels.column("long_qt")).all()


def _ptbxl(folder: Path, *rows: str, files: bool = True) -> Path:
    (folder / "ptbxl_database.csv").write_text(PTBXL + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    if files:
        for number in range(1, len(rows) + 1):
            (folder / f"{number:05d}_hr.hea").touch()
    return folder


def test_a_likelihood_of_zero_is_stated_and_a_low_one_is_doubted(tmp_path: Path) -> None:
    ptbxl = open_collection(
        _ptbxl(
            tmp_path,
            "1,7.0,\"{'AFIB': 0.0, 'IMI': 15.0, 'LVH': 50.0}\",ALAD,,00001_hr",
            "2,7.0,\"{'NORM': 100.0, 'SR': 0.0}\",,1ES,00002_hr",
        )
    )
    assert positives(ptbxl, "00001_hr") == {
        "atrial_fibrillation",
        "left_ventricular_hypertrophy",
        "left_axis_deviation",
    }
    assert "inferior_infarction" in unknown(ptbxl, "00001_hr")
    assert {"atrial_ectopy", "ventricular_ectopy"} <= unknown(ptbxl, "00002_hr")
    assert list(ptbxl.subject_ids) == [7, 7]


def test_records_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    folder = _ptbxl(tmp_path, "1,7.0,{},,,00001_hr", "2,8.0,{},,,00002_hr")
    (folder / "00001_hr.hea").unlink()
    assert [path.name for path in open_collection(folder).paths] == ["00002_hr.hea"]


def test_a_table_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.hea").touch()
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(InvalidCohort, match="as published"):
        open_collection(_ptbxl(inside, "1,7.0,{},,,../secret", files=False))


def test_codes_that_are_code_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCohort, match="as published"):
        open_collection(_ptbxl(tmp_path, "1,7.0,\"__import__('os').getcwd()\",,,00001_hr"))


def test_a_cinc_header_deep_in_the_folder_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "training" / "georgia" / "g1"
    deep.mkdir(parents=True)
    (deep / "E00001.hea").write_text(HEADER.format(name="E00001", codes="164889003, 59118001"), encoding="utf-8")
    cinc = open_collection(tmp_path)
    assert positives(cinc, "E00001") == {"atrial_fibrillation", "right_bundle_branch_block"}


def test_a_folder_without_a_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCohort, match="PTB-XL, CinC 2021, LUDB, CPSC 2018 or CODE-15"):
        open_collection(tmp_path)


def test_a_collection_with_a_table_and_no_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCohort, match="none of those"):
        open_collection(_ptbxl(tmp_path, "1,7.0,{},,,00001_hr", files=False))


def test_a_collection_whose_parts_do_not_align_is_refused() -> None:
    labels = LabelTable(tracing_labels(), np.zeros((2, len(tracing_labels())), dtype=np.float32))
    with pytest.raises(InvalidValue, match="align"):
        Collection("x", (Path("a"),), np.array([1], dtype=np.int64), labels)
