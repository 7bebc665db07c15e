"""How the relatives prepare a cohort: pandas over whole files, one ECG after another, in one process.

python -m benchmarks.peers_way FOLDER --out DIR

The order of steps and the row-wise joins are those of MDS-ED's published preprocessing (Lopez Alcaraz 2024, arXiv
2407.17856: `iterrows` over the ECGs, for each a comparison with the whole table's subjects), written anew for the
product of `python -m ecgkt prepare` in the main things: waveforms, and for each ECG of an adult the value of each
analyte and vital sign that is nearest within 90 minutes, age, sex, and the labels. It makes less of them than
`prepare` does: one role of four, no censored values, no check of haemolysis, units, quality or leakage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import wfdb

from ecgkt.catalogue import lab_labels, lab_panel, measurements, statements_row, tracing_labels, visit_labels, visit_row
from ecgkt.domain import LEADS
from ecgkt.mimic.tables import REPORTS

WITHIN = pd.Timedelta(minutes=90)
MINIMUM_AGE = 18


def main() -> None:
    """Prepare one cohort folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=("all", "tables", "waveforms"), default="all")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    ecgs = adults(arguments.folder)
    if arguments.part != "tables":
        write_waveforms(arguments.folder, ecgs, arguments.out / "waveforms.npy")
    if arguments.part != "waveforms":
        prepared_table(arguments.folder, ecgs).to_csv(arguments.out / "rows.csv", index=False)


def adults(folder: Path) -> pd.DataFrame:
    """Return the listed ECGs of known adults with age and sex."""
    ecgs = pd.read_csv(folder / "record_list.csv", parse_dates=["ecg_time"])
    patients = pd.read_csv(folder / "hosp" / "patients.csv.gz")
    ecgs = ecgs.merge(patients[["subject_id", "gender", "anchor_age", "anchor_year"]], on="subject_id")
    ecgs["age"] = ecgs.apply(lambda row: row["anchor_age"] + row["ecg_time"].year - row["anchor_year"], axis=1)
    ecgs["sex_male"] = ecgs["gender"].apply(lambda gender: 1 if gender == "M" else 0)
    return ecgs[ecgs["age"] >= MINIMUM_AGE].reset_index(drop=True)


def write_waveforms(folder: Path, ecgs: pd.DataFrame, target: Path) -> None:
    """Read one record at a time and write float32 millivolts (n, 5000, 12)."""
    store = np.lib.format.open_memmap(target, mode="w+", dtype=np.float32, shape=(len(ecgs), 5000, len(LEADS)))
    for place, row in ecgs.iterrows():
        record = wfdb.rdrecord(str(folder / row["path"]))
        order = [record.sig_name.index(lead) for lead in LEADS]
        store[place] = record.p_signal[:, order]
    store.flush()


def prepared_table(folder: Path, ecgs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per ECG: nearest values, then every label of the catalogue."""
    ecgs = ecgs.copy()
    add_stays(folder, ecgs)
    columns = [ecgs, vital_signs(folder, ecgs), visit_codes(folder, ecgs), statements(folder, ecgs)]
    return pd.concat([*columns, laboratory(folder, ecgs)], axis=1)


def add_stays(folder: Path, ecgs: pd.DataFrame) -> None:
    """Give each ECG its emergency stay and its admission, one ECG after another."""
    stays = pd.read_csv(folder / "ed" / "edstays.csv.gz", parse_dates=["intime", "outtime"])
    admissions = pd.read_csv(
        folder / "hosp" / "admissions.csv.gz", parse_dates=["admittime", "dischtime", "edregtime"], low_memory=False
    )
    stay_ids, hadm_ids = [], []
    for _, row in ecgs.iterrows():
        own = stays[stays["subject_id"] == row["subject_id"]]
        own = own[(own["intime"] <= row["ecg_time"]) & (own["outtime"] >= row["ecg_time"])].sort_values("intime")
        stay_ids.append(own["stay_id"].iloc[-1] if len(own) else np.nan)
        hadm_id = own["hadm_id"].iloc[-1] if len(own) else np.nan
        if pd.isna(hadm_id):
            own = admissions[admissions["subject_id"] == row["subject_id"]]
            start = own[["admittime", "edregtime"]].min(axis=1)
            own = own[(start <= row["ecg_time"]) & (own["dischtime"] >= row["ecg_time"])].sort_values("admittime")
            hadm_id = own["hadm_id"].iloc[-1] if len(own) else np.nan
        hadm_ids.append(hadm_id)
    ecgs["stay_id"], ecgs["hadm_id"] = stay_ids, hadm_ids


def nearest(rows: pd.DataFrame, when: pd.Timestamp) -> pd.DataFrame:
    """Return the rows within 90 minutes of a time, the nearest first."""
    rows = rows[(rows["charttime"] >= when - WITHIN) & (rows["charttime"] <= when + WITHIN)].copy()
    rows["distance"] = (rows["charttime"] - when).abs()
    return rows.sort_values(["distance", "charttime"])


def vital_signs(folder: Path, ecgs: pd.DataFrame) -> pd.DataFrame:
    """Return the nearest charted value of each vital sign."""
    charted = pd.read_csv(folder / "ed" / "vitalsign.csv.gz", parse_dates=["charttime"], low_memory=False)
    charted = charted[charted["subject_id"].isin(ecgs["subject_id"].unique())]
    signs = [one for one in measurements() if one.kind == "vital"]
    found = []
    for _, row in ecgs.iterrows():
        near = nearest(charted[charted["subject_id"] == row["subject_id"]], row["ecg_time"])
        values = {}
        for sign in signs:
            known = near[sign.column].dropna()
            values[sign.name] = float(sign.convert(known.to_numpy()[:1])[0]) if len(known) else np.nan
        found.append(values)
    return pd.DataFrame(found)


def visit_codes(folder: Path, ecgs: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of each visit's codes: of its admission, else of its emergency stay."""
    hospital = pd.read_csv(folder / "hosp" / "diagnoses_icd.csv.gz", dtype={"icd_code": str})
    emergency = pd.read_csv(folder / "ed" / "diagnosis.csv.gz", dtype={"icd_code": str})
    found = []
    for _, row in ecgs.iterrows():
        codes = hospital[hospital["hadm_id"] == row["hadm_id"]]
        if not len(codes):
            codes = emergency[emergency["stay_id"] == row["stay_id"]]
        found.append(visit_row(zip(codes["icd_code"], codes["icd_version"], strict=True)))
    return pd.DataFrame(found, columns=list(visit_labels().names))


def statements(folder: Path, ecgs: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of the machine's statements."""
    said = pd.read_csv(folder / "machine_measurements.csv", dtype=dict.fromkeys(REPORTS, str), low_memory=False)
    said = ecgs[["study_id"]].merge(said, on="study_id", how="left")
    rows = said[list(REPORTS)].apply(lambda row: statements_row(row.dropna()), axis=1)
    return pd.DataFrame(list(rows), columns=list(tracing_labels().names))


def laboratory(folder: Path, ecgs: pd.DataFrame) -> pd.DataFrame:
    """Return the nearest value of each analyte and whether it is low or high, from the whole of labevents."""
    items = {item: one.name for one in lab_panel() for item in one.item_ids}
    labs = pd.read_csv(folder / "hosp" / "labevents.csv.gz", low_memory=False)
    labs["analyte"] = labs["itemid"].map(items)
    labs = labs.dropna(subset=["analyte", "valuenum"])
    labs = labs[labs["subject_id"].isin(ecgs["subject_id"].unique())]
    labs["charttime"] = pd.to_datetime(labs["charttime"])
    found = []
    for _, row in ecgs.iterrows():
        near = nearest(labs[labs["subject_id"] == row["subject_id"]], row["ecg_time"])
        values = {}
        for one in lab_panel():
            own = near[near["analyte"] == one.name]
            values[one.name] = own["valuenum"].iloc[0] if len(own) else np.nan
            values[f"{one.name}_from"] = own["ref_range_lower"].iloc[0] if len(own) else np.nan
            values[f"{one.name}_to"] = own["ref_range_upper"].iloc[0] if len(own) else np.nan
        found.append({**values, **_abnormal(values)})
    return pd.DataFrame(found)


def _abnormal(values: dict[str, float]) -> dict[str, float]:
    labels = {}
    for label in lab_labels():
        low = label.direction == "low"
        value = values[label.lab]
        limit = label.threshold if label.threshold is not None else values[f"{label.lab}_{'from' if low else 'to'}"]
        known = not (pd.isna(value) or pd.isna(limit))
        labels[label.name] = float(value < limit if low else value > limit) if known else np.nan
    return labels


if __name__ == "__main__":
    main()
