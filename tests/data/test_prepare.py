"""prepare: what it writes, that it goes on where it was stopped, and that planted faults are told in one sentence."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import all_labels, cohort_recipe, lab
from ecgkt.data import audit
from ecgkt.data.layout import Prepared
from ecgkt.data.prepare import prepare
from ecgkt.data.studies import read_measurements
from ecgkt.data.waveforms.stored import StoredWaveforms
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCohort


@pytest.fixture
def source(cohort: Path, tmp_path: Path) -> Path:
    """A copy of the simulated cohort that a test may spoil."""
    shutil.copytree(cohort, tmp_path / "source")
    return tmp_path / "source"


@pytest.fixture
def copy(prepared: Path, tmp_path: Path) -> Prepared:
    """A copy of the prepared cohort that a test may spoil."""
    shutil.copytree(prepared, tmp_path / "copy")
    return Prepared(tmp_path / "copy")


def manifest(prepared: Prepared) -> dict:
    return json.loads(prepared.manifest.read_text())


def content(prepared: Prepared) -> dict[str, object]:
    """Everything that was written, by file, independent of how parquet packs it."""
    found: dict[str, object] = {
        "splits": prepared.splits.read_text(),
        "waveforms": StoredWaveforms.open(prepared.folder),
    }
    found["waveforms"] = found["waveforms"].samples.tobytes()
    for path in sorted(prepared.folder.glob("*.parquet")):
        found[path.name] = pd.read_parquet(path).to_csv(index=False)
    told = manifest(prepared)
    return {**found, "manifest": {name: told[name] for name in told if name != "key"}}


def test_every_file_is_there_and_the_numbers_add_up(prepared, cohort):
    told = manifest(Prepared(prepared))
    records = pd.read_parquet(Prepared(prepared).records)
    assert told["listed"] == len(pd.read_csv(cohort / "record_list.csv"))
    assert told["listed"] == told["kept"] + sum(told["excluded"].values())
    assert told["kept"] == len(records) == sum(told["parts"].values())
    assert records["row"].tolist() == list(range(len(records)))
    assert told["simulated"] is True and "SIMULATED" in told["statement"]
    assert set(told["labels"]) == set(all_labels().names)
    assert {one["what"] for one in told["audit"]} >= {"patient in two parts of the split"}
    assert len(told["inputs"]["labevents"]["sha256"]) == 64
    assert not Prepared(prepared).stage.exists()


def test_each_kept_row_has_its_own_waveform(prepared, cohort):
    import wfdb

    records = pd.read_parquet(Prepared(prepared).records)
    stored = StoredWaveforms.open(prepared)
    stored.verify()
    for row in records.sample(5, random_state=1).itertuples():
        signal = wfdb.rdrecord(str(cohort / row.path))
        lead = stored.signal(row.slot)[list(range(12)).index(4)]
        np.testing.assert_allclose(lead, signal.p_signal[:, signal.sig_name.index("aVL")], atol=1e-6, equal_nan=True)


def test_a_run_that_was_stopped_goes_on_and_ends_equal(cohort, prepared, tmp_path):
    def stop(step: str, done: int, total: int) -> None:
        if step == "values":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare([cohort], tmp_path / "p", progress=stop)
    assert not (tmp_path / "p" / "manifest.json").exists()
    written = (tmp_path / "p" / "waveforms.i16").stat().st_mtime_ns
    again = prepare([cohort], tmp_path / "p", workers=2)
    assert (tmp_path / "p" / "waveforms.i16").stat().st_mtime_ns == written
    assert content(again) == content(Prepared(prepared))


def test_a_finished_folder_is_kept_and_another_cohorts_is_refused(source, copy, cohort):
    before = copy.manifest.stat().st_mtime_ns
    assert prepare([cohort], copy.folder).folder == copy.folder
    assert copy.manifest.stat().st_mtime_ns == before
    with pytest.raises(InvalidCohort, match="choose an empty folder"):
        prepare([cohort], copy.folder, "mds_ed")
    with pytest.raises(InvalidCohort, match="choose an empty folder"):
        prepare([cohort], copy.folder, split_seed=3)
    (source / "record_list.csv").write_text((source / "record_list.csv").read_text() + "\n")
    with pytest.raises(InvalidCohort, match="another inputs"):
        prepare([source], copy.folder)


def _cut(source: Path) -> None:
    path = source / "hosp" / "labevents.csv.gz"
    path.write_bytes(path.read_bytes()[:-400])


def _without(table: str, column: str) -> Callable[[Path], None]:
    def spoil(source: Path) -> None:
        path = next(source.rglob(f"{table}.csv*"))
        pd.read_csv(path, dtype=str).drop(columns=column).to_csv(path, index=False)

    return spoil


def _with(table: str, column: str, value: str) -> Callable[[Path], None]:
    def spoil(source: Path) -> None:
        path = next(source.rglob(f"{table}.csv*"))
        rows = pd.read_csv(path, dtype=str)
        rows.loc[3, column] = value
        rows.to_csv(path, index=False)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_cut, "Wanted to go through hosp/labevents, got .*Unexpected end of GZIP stream"),
        (_without("labevents", "storetime"), "published columns in labevents.csv.gz, got no storetime"),
        (_without("record_list", "ecg_time"), "published columns in record_list.csv, got no ecg_time"),
        (_with("labevents", "charttime", "yesterday"), "hosp/labevents, got .*Line: 5; could not convert .*yesterday"),
        (_with("record_list", "path", "../../etc/passwd"), "below the folder of record_list.csv"),
        (lambda source: (source / "hosp" / "patients.csv.gz").unlink(), "the table hosp/patients.csv"),
        (
            lambda source: shutil.copy(source / "hosp" / "omr.csv.gz", source / "omr.csv.gz"),
            "one file of the table omr",
        ),
        (lambda source: shutil.rmtree(source / "files"), "readable waveforms, got none"),
    ],
)
def test_a_damaged_download_is_told_in_one_sentence(source, tmp_path, spoil, told):
    spoil(source)
    with pytest.raises(InvalidCohort, match=told) as error:
        prepare([source], tmp_path / "p")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "p" / "manifest.json").exists()


def test_after_the_fault_is_mended_the_same_folder_is_finished(source, cohort, prepared, tmp_path):
    def stop(step: str, done: int, total: int) -> None:
        if step == "values":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare([source], tmp_path / "p", progress=stop)
    table = source / "ed" / "vitalsign.csv.gz"
    whole = table.read_bytes()
    table.write_bytes(whole[:-300])
    with pytest.raises(InvalidCohort, match=r"ed/vitalsign, got .*GZIP"):
        prepare([source], tmp_path / "p")
    assert (tmp_path / "p" / "stage" / "lab_rows.parquet").is_file()
    assert (tmp_path / "p" / "waveforms.parquet").is_file()
    table.write_bytes(whole)
    assert content(prepare([source], tmp_path / "p")) == content(Prepared(prepared))


def test_absent_records_eleven_leads_and_minors_are_left_out_and_counted(source, prepared, tmp_path):
    listed = pd.read_csv(source / "record_list.csv")
    kept = pd.read_parquet(Prepared(prepared).records)
    some = kept.drop_duplicates("subject_id").head(3)
    (source / f"{some['path'].iloc[0]}.dat").unlink()
    header = source / f"{some['path'].iloc[1]}.hea"
    lines = header.read_text().splitlines()
    lines[0] = lines[0].replace(" 12 ", " 11 ")
    header.write_text("\n".join([*lines[:12], *lines[13:]]) + "\n")
    patients = pd.read_csv(source / "hosp" / "patients.csv.gz", dtype=str)
    young = patients["subject_id"].astype(int) == some["subject_id"].iloc[2]
    patients.loc[young, "anchor_age"] = "3"
    patients.to_csv(source / "hosp" / "patients.csv.gz", index=False)
    told = manifest(prepare([source], tmp_path / "p"))
    before = manifest(Prepared(prepared))["excluded"]
    assert told["excluded"]["waveform absent"] == 1
    assert told["excluded"]["not 12 leads"] == 1
    assert told["excluded"]["under 18 years"] == (listed["subject_id"] == some["subject_id"].iloc[2]).sum()
    assert told["excluded"].get("insufficient quality", 0) <= before.get("insufficient quality", 0)
    assert told["kept"] + sum(told["excluded"].values()) == len(listed)


FULL = """
import resource, sys
from pathlib import Path
from ecgkt.data.prepare import prepare
from ecgkt.data.studies import read_measurements
from ecgkt.errors import EcgktError

def fill(step, done, total):
    if step == "prepare" and done == int(sys.argv[3]):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

try:
    prepare([Path(sys.argv[1])], Path(sys.argv[2]), progress=fill)
except EcgktError as error:
    print(error)
"""


@pytest.mark.parametrize("step", range(5))
def test_a_disk_that_fills_at_any_step_is_one_sentence_and_what_was_made_is_kept(cohort, prepared, tmp_path, step):
    """From this step on no file may grow beyond 1,000 bytes, as if the disk were full; then there is room again."""
    run = [sys.executable, "-c", FULL, str(cohort), str(tmp_path / "p"), str(step)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert said.count("\n") == 1
    assert said.startswith("Wanted room to write")
    assert (tmp_path / "p" / "stage" / "lab_rows.parquet").is_file() == (step > 0)
    assert (tmp_path / "p" / "waveforms.parquet").is_file() == (step > 1)
    assert content(prepare([cohort], tmp_path / "p")) == content(Prepared(prepared))


def test_a_patient_planted_in_two_parts_is_found(copy):
    rows = pd.read_csv(copy.splits)
    other = {"train": "tuning", "tuning": "held_out", "held_out": "train"}[rows["part"].iloc[0]]
    pd.concat([rows, rows.head(1).assign(part=other)]).to_csv(copy.splits, index=False)
    with pytest.raises(InvalidCohort, match="no patient in two parts of the split, got 1 of"):
        audit.refuse_leakage(audit.audit(copy, cohort_recipe()))


def test_a_patient_whose_records_stand_in_another_part_than_published_is_found(copy):
    records = pd.read_parquet(copy.records)
    subject = records["subject_id"].iloc[0]
    here = records["part"].iloc[0]
    records.loc[records["subject_id"] == subject, "part"] = "tuning" if here != "tuning" else "train"
    records.to_parquet(copy.records, index=False)
    with pytest.raises(InvalidCohort, match="patient in two parts"):
        audit.refuse_leakage(audit.audit(copy, cohort_recipe()))


@pytest.mark.parametrize("planted", [5.0, None])
def test_an_input_that_resulted_after_the_ecg_or_at_no_known_time_is_found(copy, planted):
    inputs = pd.read_parquet(copy.values(Role.INPUT))
    assert (inputs["resulted_minutes"] <= 0).all()
    inputs.loc[inputs.index[7], "resulted_minutes"] = planted
    inputs.to_parquet(copy.values(Role.INPUT), index=False)
    with pytest.raises(InvalidCohort, match="no input that resulted after the prediction time, got 1 of"):
        audit.refuse_leakage(audit.audit(copy, cohort_recipe()))


def test_labels_that_an_input_defines_are_reported_one_by_one(prepared):
    told = {one["what"]: one for one in manifest(Prepared(prepared))["audit"]}
    found = told["label e87_hyperkalaemia whose evidence (potassium) is an input"]
    inputs = pd.read_parquet(Prepared(prepared).values(Role.INPUT))
    labels = pd.read_parquet(Prepared(prepared).labels)
    with_potassium = set(inputs.loc[inputs["feature"] == "potassium", "row"])
    known = set(labels.loc[labels["e87_hyperkalaemia"].notna(), "row"])
    assert (found["count"], found["of"]) == (len(with_potassium & known), len(known))
    assert found["count"] > 3
    assert "label i10_hypertension" not in "".join(told)


def test_the_relatives_recipes_say_what_had_not_resulted_and_go_on(cohort, tmp_path):
    told = manifest(prepare([cohort], tmp_path / "p", "mds_ed"))
    late = next(one for one in told["audit"] if one["what"].startswith("input that resulted"))
    assert late["count"] > 0 and not late["forbidden"]
    assert told["excluded"]["not within 90 minutes of an arrival"] > 0
    assert told["values"]["input"]["potassium_slope"] == told["values"]["input"]["potassium_mean"]


def test_published_codes_and_folds_are_used_where_the_recipe_goes_by_them(source, tmp_path):
    listed = pd.read_csv(source / "record_list.csv")
    subjects = {subject: place % 20 for place, subject in enumerate(sorted(listed["subject_id"].unique()))}
    fold = listed["subject_id"].map(subjects)
    rows = listed.assign(
        ed_stay_id="", ed_hadm_id="", hosp_hadm_id="", gender="F", age=70, anchor_year=2150, anchor_age=70, dod="",
        ecg_no_within_stay=0, ecg_taken_in_ed=True, ecg_taken_in_hosp=True, ecg_taken_in_ed_or_hosp=True,
        fold=fold, strat_fold=fold,
    )  # fmt: skip
    for name in ("ed_diag_ed", "ed_diag_hosp", "hosp_diag_hosp", "all_diag_hosp", "all_diag_all"):
        rows[name] = ["['I4891', 'E119']" if place % 2 else "[]" for place in range(len(rows))]
    rows.to_csv(source / "records_w_diag_icd10.csv", index=False)
    done = prepare([source], tmp_path / "p", "cardiolab")
    records = pd.read_parquet(done.records)
    wanted = records["subject_id"].map(subjects)
    assert (records["part"] == np.select([wanted < 18, wanted == 18], ["train", "tuning"], "held_out")).all()
    given = set(listed["study_id"][1::2])
    labels = pd.read_parquet(done.labels)
    has = records["study_id"].isin(given).to_numpy()
    assert (labels["i48_atrial_fibrillation"][has] == 1).all()
    assert labels["i48_atrial_fibrillation"][~has].isna().all()
    assert manifest(done)["split"] == "strat_fold of MIMIC-IV-ECG-Ext-ICD"


def test_a_table_of_a_few_rows_that_ends_every_way(tmp_path, cohort):
    """Invented rows of one analyte, each ending in another bin, told in the manifest."""
    source = tmp_path / "source"
    shutil.copytree(cohort, source)
    path = source / "hosp" / "labevents.csv.gz"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = rows[~rows["itemid"].isin([str(item) for item in lab("potassium").item_ids])]
    one = {
        **rows.iloc[0].to_dict(),
        "itemid": "50971",
        "valueuom": "mEq/L",
        "comments": "",
        "value": "4",
        "valuenum": "4",
    }
    kinds = [
        {},
        {"valuenum": "", "value": "", "comments": "<3.0."},
        {"valuenum": "", "value": ">9.5"},
        {"valuenum": "", "value": "___", "comments": "see below"},
        {"comments": "HEMOLYSIS FALSELY ELEVATES K."},
        {"comments": "SPECIMEN SLIGHTLY HEMOLYZED."},
        {"comments": "GROSSLY HEMOLYZED"},
        {"comments": "Specimen not Hemolyzed."},
        {"comments": "QNS TO VERIFY.  QNS TO VERIFY HEMOLYSIS."},
        {"valueuom": "mg/dL"},
        {"valuenum": "77"},
    ]
    made = pd.DataFrame([{**one, **kind, "labevent_id": str(9_000_000_000 + i)} for i, kind in enumerate(kinds)])
    with gzip.open(path, "wt") as file:
        pd.concat([rows, made]).to_csv(file, index=False)
    told = manifest(prepare([source], tmp_path / "p"))
    assert told["rows"]["potassium"] == {
        "haemolysed": 4, "implausible": 1, "no number": 1, "unit": 1, "used": 4, "censored": 2
    }  # fmt: skip
    assert told["haemolysis"]["potassium"] == {"gross": 1, "slight": 1, "unspecified": 2}
    assert told["foreign_units"]["potassium"] == {"mg/dL": 1}


def test_the_engine_reaches_for_no_network(tmp_path):
    from ecgkt.data.joins.engine import engine

    with engine(tmp_path) as connection, pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM read_csv('https://example.org/x.csv')")


SPANS = {"p_ms": ("p_onset", "p_end"), "pr_ms": ("p_onset", "qrs_onset")}
SPANS |= {"qrs_ms": ("qrs_onset", "qrs_end"), "qt_ms": ("qrs_onset", "t_end")}


def test_the_carts_measurements_are_those_of_the_published_table_row_by_row(prepared, cohort):
    ours = pd.read_parquet(Prepared(prepared).measurements)
    records = pd.read_parquet(Prepared(prepared).records)
    printed = pd.read_csv(cohort / "machine_measurements.csv").set_index("study_id").loc[records["study_id"]]
    printed = printed.replace(29999, np.nan).reset_index()
    assert ours["row"].tolist() == list(range(len(records)))
    for name, (start, end) in SPANS.items():
        np.testing.assert_array_equal(ours[name], printed[end] - printed[start])
    for name in ("p_axis", "qrs_axis", "t_axis"):
        turned = printed[name].where(printed[name] <= 180, printed[name] - 360)
        np.testing.assert_array_equal(ours[name], turned)
    np.testing.assert_array_equal(ours["rr_ms"], printed["rr_interval"])
    assert ours["p_ms"].isna().any() and ours["p_ms"].notna().any()
    assert manifest(Prepared(prepared))["measurements"] == ours.drop(columns="row").notna().sum().to_dict()


def test_what_a_cart_cannot_have_measured_is_missing_and_a_cohort_without_the_table_has_nothing(source, tmp_path):
    path = source / "machine_measurements.csv"
    rows = pd.read_csv(path, keep_default_na=False)
    first = pd.read_csv(source / "record_list.csv").sort_values(["subject_id", "ecg_time", "study_id"])["study_id"]
    strange = [
        {"rr_interval": 0, "p_onset": 40, "p_end": 29999, "qrs_onset": 200, "qrs_end": 200, "t_end": 600},
        {"p_axis": 29999, "qrs_axis": 270, "t_axis": -500},
    ]
    for study, change in zip(first, strange, strict=False):
        rows.loc[rows["study_id"] == study, list(change)] = list(change.values())
    rows.to_csv(path, index=False)
    done = prepare([source], tmp_path / "p")
    ours = pd.read_parquet(done.measurements).set_index(pd.read_parquet(done.records)["study_id"])
    one, two = ours.loc[first.iloc[0]], ours.loc[first.iloc[1]]
    assert one[["rr_ms", "p_ms", "qrs_ms"]].isna().all()
    assert (one["pr_ms"], one["qt_ms"]) == (160, 400)
    assert two[["p_axis", "t_axis"]].isna().all() and two["qrs_axis"] == -90
    path.unlink()
    names, values = read_measurements(prepare([source], tmp_path / "without"))
    assert names == tuple(ours.columns[1:])
    assert values.shape == (len(ours), 8) and np.isnan(values).all()


def test_a_cohort_that_was_prepared_without_the_carts_measurements_says_so(copy):
    copy.measurements.unlink()
    with pytest.raises(InvalidCohort, match="cart's measurements, got no measurements"):
        read_measurements(copy)
