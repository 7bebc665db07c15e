"""MIMIC's tables joined to ECGs: who, which labels, which values within a role's window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt.catalogue import feature_specs, lab_labels, lab_panel, measurements, statements_row, visit_row
from ecgkt.domain.features import FeatureSpec, Role
from ecgkt.errors import InvalidCohort
from ecgkt.mimic.tables import REPORTS

CENSORED = re.compile(r"^\s*(?:<|>|LESS THAN|GREATER THAN)\s*=?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
HAEMOLYSED = re.compile(r"HEMOLY", re.IGNORECASE)
NOT_HAEMOLYSED = re.compile(r"(?:NOT|NO|NON)\W*HEMOLY", re.IGNORECASE)


def read_listing(folder: Path) -> pd.DataFrame:
    """Return subject_id, study_id, ecg_time, path of every listed ECG, in the order of the list."""
    listing = read_table(folder, "record_list.csv", ["subject_id", "study_id", "ecg_time", "path"])
    listing["ecg_time"] = pd.to_datetime(listing["ecg_time"])
    return listing


def read_table(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of a CSV, plain or gzipped; raise InvalidCohort where the table or a column is missing."""
    path = next((folder / f"{name}{end}" for end in ("", ".gz") if (folder / f"{name}{end}").is_file()), None)
    if path is None:
        raise InvalidCohort(f"the table {name}[.gz]", "no such file in the cohort's folder", "download or simulate it")
    try:
        header = pd.read_csv(path, nrows=0).columns
        missing = [column for column in columns if column not in header]
        if missing:
            raise InvalidCohort(f"columns {', '.join(columns)} in {name}", f"no {', '.join(missing)}", "check the file")
        return pd.read_csv(path, usecols=list(columns), low_memory=False)[list(columns)]
    except (EOFError, OSError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InvalidCohort(f"a readable {name}", f"{error}", "download it again") from error


def read_labels(folder: Path, rows: pd.DataFrame) -> NDArray[np.float32]:
    """Return (n, k) labels of the catalogue for the listed ECGs: 1, 0, or NaN for no information."""
    return np.concatenate([_tracing(folder, rows), _visit(folder, rows), _labs(folder, rows)], axis=1)


def read_features(folder: Path, rows: pd.DataFrame, specs: Sequence[FeatureSpec]) -> NDArray[np.float32]:
    """Return (n, k) values of the features for the listed ECGs, NaN where nothing lies in the window."""
    events = lab_events(folder)
    vitals = _vital_events(folder)
    biometrics = _biometrics(folder, rows)
    columns: list[Any] = []
    for spec in specs:
        if spec.kind == "lab":
            columns.append(nearest(rows, events[events["itemid"].isin(spec.item_ids)], spec)["valuenum"])
        elif spec.kind == "vital":
            columns.append(nearest(rows, vitals[["subject_id", "charttime", spec.name]].dropna(), spec)[spec.name])
        else:
            columns.append(biometrics[spec.name])
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _tracing(folder: Path, rows: pd.DataFrame) -> NDArray[np.float32]:
    """Read the machine's statements of each ECG."""
    table = read_table(folder, "machine_measurements.csv", ["study_id", *REPORTS]).set_index("study_id")
    said = table[list(REPORTS)].fillna("").reindex(rows["study_id"]).fillna("")
    return np.stack([statements_row([str(statement) for statement in row]) for row in said.to_numpy()])


def _visit(folder: Path, rows: pd.DataFrame) -> NDArray[np.float32]:
    """Give each ECG the codes of the admission it falls into (a day's grace before it); NaN outside any."""
    stays = read_table(folder, "hosp/admissions.csv", ["subject_id", "hadm_id", "admittime", "dischtime"])
    stays["admittime"] = pd.to_datetime(stays["admittime"]) - pd.Timedelta(days=1)
    stays["dischtime"] = pd.to_datetime(stays["dischtime"])
    codes = read_table(folder, "hosp/diagnoses_icd.csv", ["hadm_id", "icd_code", "icd_version"])
    by_stay: dict[int, list[tuple[str, int]]] = {}
    for stay, code, version in codes.itertuples(index=False):
        by_stay.setdefault(int(stay), []).append((str(code), int(version)))
    joined = rows.assign(row=np.arange(len(rows))).merge(stays, on="subject_id")
    joined = joined[(joined["ecg_time"] >= joined["admittime"]) & (joined["ecg_time"] <= joined["dischtime"])]
    stay_of = joined.groupby("row")["hadm_id"].first().to_dict()
    return np.stack([visit_row(by_stay.get(int(stay_of.get(row, -1)), ())) for row in range(len(rows))])


def _labs(folder: Path, rows: pd.DataFrame) -> NDArray[np.float32]:
    """Judge the nearest draw within the target window by the label's cut-off, or by the row's printed range."""
    events = lab_events(folder)
    columns = []
    specs = {spec.name: spec for spec in feature_specs(Role.TARGET) if spec.kind == "lab"}
    draws = {name: nearest(rows, events[events["itemid"].isin(spec.item_ids)], spec) for name, spec in specs.items()}
    for label in lab_labels():
        found = draws[str(label.lab)]
        value = found["valuenum"]
        low = label.direction == "low"
        limit = found["ref_range_lower" if low else "ref_range_upper"] if label.threshold is None else label.threshold
        abnormal = (value < limit) if low else (value > limit)
        known = value.notna() & pd.notna(limit)
        columns.append(np.where(known, abnormal, np.nan).astype(np.float32))
    return np.stack(columns, axis=1)


def lab_events(folder: Path) -> pd.DataFrame:
    """Return the panel's lab rows that have a number in one of the units that the catalogue lists.

    A censored result ("<0.01") counts as its bound; haemolysed specimens are left out.
    """
    columns = ["subject_id", "itemid", "charttime", "storetime", "valuenum", "valueuom", "comments"]
    events = read_table(folder, "hosp/labevents.csv", [*columns, "ref_range_lower", "ref_range_upper"])
    comments = events["comments"].fillna("").astype(str)
    bounds = pd.to_numeric(comments.str.extract(CENSORED, expand=False), errors="coerce")
    events["valuenum"] = events["valuenum"].fillna(bounds)
    events = events[~(comments.str.contains(HAEMOLYSED) & ~comments.str.contains(NOT_HAEMOLYSED))]
    units = {(item, unit) for lab in lab_panel() for item in lab.item_ids for unit in lab.printed_units}
    events = events[events["valuenum"].notna()]
    printed = pd.MultiIndex.from_arrays([events["itemid"], events["valueuom"].fillna("").str.strip()])
    events = events[printed.isin(units)]
    return events.assign(
        charttime=pd.to_datetime(events["charttime"]), storetime=pd.to_datetime(events["storetime"])
    ).drop(columns=["valueuom", "comments"])


def _vital_events(folder: Path) -> pd.DataFrame:
    """Return ED vital signs under the catalogue's names and in its units."""
    vitals = [entry for entry in measurements() if entry.kind == "vital"]
    signs = read_table(folder, "ed/vitalsign.csv", ["subject_id", "charttime", *(entry.column for entry in vitals)])
    values = {entry.name: entry.convert(signs[entry.column].to_numpy(np.float64)) for entry in vitals}
    return pd.DataFrame({"subject_id": signs["subject_id"], "charttime": pd.to_datetime(signs["charttime"]), **values})


def _biometrics(folder: Path, rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    patients = read_table(folder, "hosp/patients.csv", ["subject_id", "gender", "anchor_age", "anchor_year"])
    mine = rows.merge(patients, on="subject_id", how="left")
    age = mine["anchor_age"] + mine["ecg_time"].dt.year - mine["anchor_year"]
    omr = read_table(folder, "hosp/omr.csv", ["subject_id", "chartdate", "result_name", "result_value"])
    bmi = omr[omr["result_name"].str.startswith("BMI", na=False)]
    latest = pd.to_numeric(bmi["result_value"], errors="coerce").groupby(bmi["subject_id"]).median()
    return {
        "age": age.to_numpy(np.float64),
        "sex_male": mine["gender"].map({"M": 1.0, "F": 0.0}).to_numpy(np.float64),
        "bmi": rows["subject_id"].map(latest).to_numpy(np.float64),
    }


def nearest(rows: pd.DataFrame, events: pd.DataFrame, spec: FeatureSpec) -> pd.DataFrame:
    """Return for each ECG the event nearest in time within the window, on the role's clock; NaN where there is none."""
    clock = "charttime" if spec.window.clock == "drawn" else "storetime"
    timed = events.dropna(subset=[clock])
    joined = rows.assign(row=np.arange(len(rows)))[["row", "subject_id", "ecg_time"]].merge(timed, on="subject_id")
    minutes = (joined[clock] - joined["ecg_time"]).dt.total_seconds() / 60
    inside = (minutes >= spec.window.from_minutes) & (minutes <= spec.window.to_minutes)
    joined = joined.assign(distance=minutes.abs())[inside].sort_values(["row", "distance"], kind="stable")
    return joined.drop_duplicates("row").set_index("row").reindex(np.arange(len(rows)))
