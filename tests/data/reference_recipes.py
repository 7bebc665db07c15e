"""An independent pandas account of what MDS-ED and CardioLab make of an ECG, as their published code does it.

Told in our words from the relatives' code (Lopez Alcaraz 2024, arXiv 2407.17856, 2407.18629). Laboratory features go by
the label in d_labitems, vital signs by our catalogue's names.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.data.reference_joins import Sources, nearest_first

STATISTICS = ("mean", "median", "min", "max", "sd", "first", "last", "change", "slope")
NO_CAP = np.inf
MDS_ED_LABELS = dict.fromkeys(
    (
        *("Absolute Basophil Count", "Absolute Eosinophil Count", "Absolute Lymphocyte Count"),
        *("Alanine Aminotransferase (ALT)", "Albumin", "Alkaline Phosphatase", "Asparate Aminotransferase (AST)"),
        *("Bands", "Base Excess", "Basophils", "Bicarbonate", "Bilirubin, Direct", "Bilirubin, Total"),
        *("C-Reactive Protein", "Calcium, Total", "Carboxyhemoglobin", "Chloride", "Creatine Kinase (CK)"),
        *("Creatine Kinase, MB Isoenzyme", "Creatinine", "Eosinophils", "Fibrinogen, Functional", "Free Calcium"),
        *("Glucose", "Hematocrit", "Hemoglobin", "INR(PT)", "Lactate", "Lymphocytes", "Magnesium", "Neutrophils"),
        *("Oxygen Saturation", "PT", "PTT", "Phosphate", "Platelet Count", "Potassium", "RDW", "Red Blood Cells"),
        *("Sodium", "Troponin T", "Urea Nitrogen", "White Blood Cells", "pCO2", "pH"),
    ),
    NO_CAP,
) | {
    "Absolute Basophil Count": 20.0,
    "Absolute Eosinophil Count": 20.0,
    "Absolute Lymphocyte Count": 100.0,
    "Alanine Aminotransferase (ALT)": 2000.0,
    "Alkaline Phosphatase": 2000.0,
    "Asparate Aminotransferase (AST)": 2000.0,
    "Creatine Kinase (CK)": 2000.0,
    "Glucose": 2000.0,
    "Lactate": 2000.0,
    "Platelet Count": 2000.0,
}
"""The 45 labels, each with the value above which MDS-ED drops a row."""

VITALS = {
    "temperature": ("temperature", 50.0, 150.0),
    "heart_rate": ("heartrate", -np.inf, 700.0),
    "respiratory_rate": ("resprate", -np.inf, 300.0),
    "oxygen_saturation": ("o2sat", 0.0, 100.0),
    "systolic_pressure": ("sbp", -np.inf, 500.0),
    "diastolic_pressure": ("dbp", -np.inf, 500.0),
}
"""Our name: column of ed/vitalsign and its limits in printed units (temperature in degrees Fahrenheit)."""

BODY = {
    "bmi": ("BMI (kg/m2)", 1.0, -np.inf, 100.0),
    "weight": ("Weight (Lbs)", 0.453592, 20.0, 400.0),
    "height": ("Height (Inches)", 2.54, 60.0, 400.0),
}
"""Our name: result_name of omr, factor to kg/m2, kg or cm, limits after it."""

_ONCE = ["subject_id", "hadm_id", "charttime", "valuenum", "valueuom", "label", "fluid"]


def read_items(hosp: Path) -> pd.DataFrame:
    """Return d_labitems: itemid, label, fluid, category."""
    path = next(path for path in (hosp / "d_labitems.csv.gz", hosp / "d_labitems.csv") if path.is_file())
    return pd.read_csv(path)


def mds_ed_stays(sources: Sources, minutes: float = 90) -> pd.DataFrame:
    """Return study_id, subject_id, ecg_time, stay_id and intime of the ECGs at most `minutes` after an ED arrival.

    Of several stays the first; several ECGs of one stay are several rows.
    """
    both = sources.ecgs.merge(sources.edstays[["subject_id", "stay_id", "intime"]], on="subject_id")
    both = both[(both["intime"] <= both["ecg_time"]) & (_minutes(both, "ecg_time", "intime") <= minutes)]
    both = both.sort_values(["study_id", "intime", "stay_id"]).drop_duplicates("study_id")
    return both[["study_id", "subject_id", "ecg_time", "stay_id", "intime"]].reset_index(drop=True)


def mds_ed_labs(sources: Sources, items: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the 45 labels in each label's most frequent fluid: subject_id, feature, drawn, value, place.

    Repeated rows count once; rows without valuenum or above the cap are left out, whatever comments and units say.
    `place` is the row's place in labevents.
    """
    rows = sources.labevents.assign(place=np.arange(len(sources.labevents)))
    rows = rows.merge(items[["itemid", "label", "fluid"]], on="itemid")
    rows = rows[rows["label"].isin(list(MDS_ED_LABELS))]
    fluids = rows.groupby("label")["fluid"].agg(lambda found: found.value_counts().index[0])
    rows = rows[rows["fluid"] == rows["label"].map(fluids)].sort_values("place").drop_duplicates(_ONCE)
    rows = rows[rows["valuenum"] <= rows["label"].map(MDS_ED_LABELS)]
    rows = rows.assign(feature=rows["label"], drawn=rows["charttime"], value=rows["valuenum"])
    return rows[["subject_id", "feature", "drawn", "value", "place", "labevent_id"]]


def vital_rows(sources: Sources, celsius: bool = True) -> pd.DataFrame:
    """Return ED vital signs (triage left out) within the relatives' limits, by subject_id, stay_id and feature."""
    parts = []
    for name, (column, low, high) in VITALS.items():
        part = sources.vitalsign[sources.vitalsign[column].between(low, high)]
        value = part[column].astype(float)
        value = (value - 32) / 1.8 if name == "temperature" and celsius else value
        part = part.assign(feature=name, value=value, drawn=part["charttime"], place=part.index, labevent_id=part.index)
        parts.append(part[["subject_id", "stay_id", "feature", "drawn", "value", "place", "labevent_id"]])
    return pd.concat(parts, ignore_index=True)


def nine_statistics(values: np.ndarray, minutes: np.ndarray) -> dict[str, float]:
    """Return the nine statistics of values (n,) in their order, at minutes (n,) after the arrival.

    sd is that of a population; change is (last - first) / first, NaN where first is 0; slope is that of least squares
    per minute, 0 for a single value or a single moment.
    """
    spread = minutes - minutes.mean()
    square = float((spread**2).sum())
    return {
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "min": float(values.min()),
        "max": float(values.max()),
        "sd": float(np.sqrt(((values - values.mean()) ** 2).mean())),
        "first": float(values[0]),
        "last": float(values[-1]),
        "change": float((values[-1] - values[0]) / values[0]) if values[0] != 0 else np.nan,
        "slope": float((spread * values).sum() / square) if square > 0 else 0.0,
    }


def mds_ed_features(
    sources: Sources, items: pd.DataFrame, order: tuple[str, ...] = ("drawn", "labevent_id")
) -> pd.DataFrame:
    """Return long rows study_id, feature, statistic, value, n of labs and vital signs drawn in the 90 min from arrival.

    `order` decides what is first and last: by time and event here; the published code takes the file's, ("place",).
    """
    stays = mds_ed_stays(sources)
    labs = stays.merge(mds_ed_labs(sources, items), on="subject_id")
    vitals = stays.merge(vital_rows(sources).drop(columns="subject_id"), on="stay_id")
    both = pd.concat([labs, vitals], ignore_index=True)
    both["minutes"] = _minutes(both, "drawn", "intime")
    both = both[both["minutes"].between(0, 90)].sort_values(["study_id", "feature", *order])
    rows = []
    for (study, feature), part in both.groupby(["study_id", "feature"], sort=True):
        found = nine_statistics(part["value"].to_numpy(float), part["minutes"].to_numpy(float))
        rows += [(study, feature, name, found[name], len(part)) for name in STATISTICS]
    return pd.DataFrame(rows, columns=["study_id", "feature", "statistic", "value", "n"])


def body_measures(sources: Sources, days: float = 30) -> pd.DataFrame:
    """Return study_id, feature, value, drawn_minutes of the body measure nearest each ECG, dated at 00:00."""
    parts = []
    for name, (printed, factor, low, high) in BODY.items():
        rows = sources.omr[sources.omr["result_name"] == printed]
        value = pd.to_numeric(rows["result_value"], errors="coerce") * factor
        rows = rows.assign(feature=name, value=value, drawn=rows["chartdate"], tie_1=0, tie_2=rows["seq_num"])
        parts.append(rows[value.between(low, high)])
    return _nearest(sources, pd.concat(parts), days * 24 * 60)


def acuity(sources: Sources) -> pd.Series:
    """Return triage acuity by study_id, of the MDS-ED stay."""
    stays = mds_ed_stays(sources).merge(sources.triage[["stay_id", "acuity"]], on="stay_id")
    return stays.set_index("study_id")["acuity"].dropna()


def cardiolab_labs(sources: Sources, item_ids: dict[str, tuple[int, ...]], minutes: float = 60) -> pd.DataFrame:
    """Return the lab drawn nearest each ECG by feature; rows without valuenum are left out, haemolysed ones kept."""
    place = {item: (name, order) for name, items in item_ids.items() for order, item in enumerate(items)}
    rows = sources.labevents[sources.labevents["itemid"].isin(list(place)) & sources.labevents["valuenum"].notna()]
    rows = rows.assign(
        feature=[place[item][0] for item in rows["itemid"]],
        tie_1=[place[item][1] for item in rows["itemid"]],
        tie_2=rows["labevent_id"],
        value=rows["valuenum"],
        drawn=rows["charttime"],
    )
    return _nearest(sources, rows, minutes)


def cardiolab_vitals(sources: Sources, minutes: float = 30) -> pd.DataFrame:
    """Return the ED vital sign nearest each ECG, each sign by itself, temperature in degrees Celsius."""
    return _nearest(sources, vital_rows(sources).assign(tie_1=0, tie_2=0), minutes)


def median_limits(labevents: pd.DataFrame, item_ids: dict[str, tuple[int, ...]]) -> pd.DataFrame:
    """Return by feature the median of the printed lower and upper limits, rows with both at 0 left out."""
    rows = {}
    for name, items in item_ids.items():
        part = labevents[labevents["itemid"].isin(items) & labevents["valuenum"].notna()]
        part = part[~((part["ref_range_lower"] == 0) & (part["ref_range_upper"] == 0))]
        rows[name] = (part["ref_range_lower"].median(), part["ref_range_upper"].median())
    return pd.DataFrame.from_dict(rows, orient="index", columns=["low", "high"])


def cardiolab_labels(nearest: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """Return study_id, feature, low, high: 1 beyond the median limit, else 0; a limit that is missing says 0."""
    found = nearest[["study_id", "feature", "value"]].merge(limits, left_on="feature", right_index=True)
    return found.assign(low=(found["value"] < found["low"]) * 1.0, high=(found["value"] > found["high"]) * 1.0)


def _nearest(sources: Sources, rows: pd.DataFrame, minutes: float) -> pd.DataFrame:
    both = sources.ecgs.merge(rows, on="subject_id")
    both["drawn_minutes"] = _minutes(both, "drawn", "ecg_time")
    both = both[both["drawn_minutes"].between(-minutes, minutes)].assign(clock_minutes=lambda b: b["drawn_minutes"])
    both = nearest_first(both).drop_duplicates(["study_id", "feature"])
    return both[["study_id", "feature", "value", "drawn_minutes"]].reset_index(drop=True)


def _minutes(frame: pd.DataFrame, clock: str, anchor: str) -> pd.Series:
    return (frame[clock] - frame[anchor]) / pd.Timedelta(minutes=1)
