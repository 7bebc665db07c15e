"""A local copy of MIMIC-IV-ECG in its published layout."""

from __future__ import annotations

import time

import numpy as np
import pytest

from ecgkt.domain import Domain
from ecgkt.errors import InvalidCohort, UnknownName, UnsafeFile
from ecgkt.readers.mimic_folder import ListedStudy, MimicFolder

HEADER = "subject_id,study_id,file_name,ecg_time,path\n"
MIMIC_LEADS = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")


def row(subject_id, study_id, path=None):
    path = path or f"files/p1000/p{subject_id}/s{study_id}/{study_id}"
    return f"{subject_id},{study_id},{study_id},2180-07-23 08:44:00,{path}\n"


@pytest.fixture
def folder(save, wfdb_files):
    files = wfdb_files(
        leads=MIMIC_LEADS, steps_per_unit=200.0, signal_name="40689238.dat",
        record_line="40689238 12 500 1000 08:44:00 23/07/2180", comments=["<subject_id>: 10000032"],
    )  # fmt: skip
    place = "files/p1000/p10000032/s40689238/40689238"
    table = HEADER + row(10000032, 40689238) + row(10000032, 44458630) + row(10000117, 45090959)
    return save({f"{place}.hea": files["rec.hea"], f"{place}.dat": files["rec.dat"], "record_list.csv": table.encode()})


def test_a_study_is_read_by_its_number_with_leads_by_name(folder, millivolts):
    record = MimicFolder.open(folder).read(40689238)
    np.testing.assert_allclose(record.signal, millivolts, atol=0.5 / 200 + 1e-6)
    assert (record.source, record.domain, record.age) == ("MIMIC-IV-ECG", Domain.REAL, None)


def test_studies_are_listed_in_order_by_subject_and_up_to_a_limit(folder):
    mimic = MimicFolder.open(folder)
    assert len(mimic) == 3
    assert mimic.studies(10000032) == (ListedStudy(40689238, 10000032), ListedStudy(44458630, 10000032))
    assert mimic.studies(limit=1) == (ListedStudy(40689238, 10000032),)
    assert mimic.studies(subject_id=1) == ()


def test_a_simulated_cohort_in_this_layout_says_so(save, wfdb_files):
    files = wfdb_files(comments=["simulated: ecgkt 0.1.0"])
    folder = save({"a/rec.hea": files["rec.hea"], "a/rec.dat": files["rec.dat"]})
    (folder / "record_list.csv").write_text(HEADER + row(1, 2, "a/rec"))
    assert MimicFolder.open(folder).read(2).domain is Domain.SIMULATED


def test_a_study_that_is_not_listed_is_unknown(folder, refusal):
    mimic = MimicFolder.open(folder)
    assert "a study of record_list.csv" in refusal(lambda: mimic.read(1))
    with pytest.raises(UnknownName):
        mimic.read(1)


def test_a_listed_study_without_its_files_is_refused(folder, refusal):
    mimic = MimicFolder.open(folder)
    assert "none at that path" in refusal(lambda: mimic.read(45090959))


@pytest.mark.parametrize("path", ["../outside/rec", "/etc/passwd", "files/../../rec", "C:\\rec", "s3://bucket/rec"])
def test_a_listed_path_that_leads_out_of_the_folder_is_refused(save, refusal, path):
    folder = save({"record_list.csv": (HEADER + row(1, 2, path)).encode()})
    with pytest.raises(UnsafeFile):
        MimicFolder.open(folder).read(2)


@pytest.mark.parametrize(
    "table",
    [
        "",
        "study_id,path\n1,a\n",
        HEADER + "x,2,2,t,a\n",
        HEADER + ",2,2,t,a\n",
        HEADER + row(1, 2) + row(3, 2),
        HEADER + '1,2,"',
    ],
)
def test_a_table_that_is_no_record_list_is_refused(save, refusal, table):
    folder = save({"record_list.csv": table.encode()})
    assert "record_list.csv" in refusal(lambda: MimicFolder.open(folder))


def test_a_folder_without_a_record_list_is_refused(tmp_path, refusal):
    assert "record_list.csv" in refusal(lambda: MimicFolder.open(tmp_path))
    with pytest.raises(InvalidCohort):
        MimicFolder.open(tmp_path)


def test_the_full_record_list_opens_within_seconds(save):
    rows = (row(10_000_000 + number // 5, 40_000_000 + number) for number in range(800_035))
    folder = save({"record_list.csv": (HEADER + "".join(rows)).encode()})
    start = time.perf_counter()
    mimic = MimicFolder.open(folder)
    assert len(mimic) == 800_035 and len(mimic.studies(10_000_007)) == 5
    assert time.perf_counter() - start < 15


def write_list(folder, *lines: str, header: str = "subject_id,study_id,file_name,ecg_time,path"):
    (folder / "record_list.csv").write_text("\n".join([header, *lines]) + "\n")
    return MimicFolder.open(folder)


def test_earlier_ecgs_are_those_of_the_same_patient_the_latest_first(tmp_path):
    folder = write_list(
        tmp_path,
        "1,11,11,2130-01-05 08:00:00,a",
        "2,12,12,2130-01-01 08:00:00,b",
        "1,13,13,2130-01-17 08:00:00,c",
        "1,14,14,2130-01-17 08:00:00,d",
        "1,15,15,2129-01-17 08:00:00,e",
        "1,16,16,,f",
    )
    assert [(one.study_id, one.before.days) for one in folder.earlier(13)] == [(11, 12), (15, 365)]
    assert [one.study_id for one in folder.earlier(11)] == [15]
    assert folder.earlier(15) == folder.earlier(12) == folder.earlier(16) == folder.earlier(99) == ()


def test_a_list_without_times_opens_and_knows_no_earlier_ecg(tmp_path):
    folder = write_list(tmp_path, "1,11,a", "1,12,b", header="subject_id,study_id,path")
    assert len(folder) == 2
    assert folder.earlier(12) == ()
