"""An independent pandas account of how ECGs join clinical tables: slow, plain, and written without the package's SQL.

From the catalogue it takes facts only (item ids, units, plausible ranges, cut-offs, codes), never code that decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ecgkt.catalogue import lab_panel, measurements, visit_labels

MISSING = [""]
BINS = ("no number", "haemolysed", "unit", "implausible", "usable")
BOUND = re.compile(r"^\s*(<|>|LESS THAN|GREATER THAN)\s*=?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
DENIED = re.compile(r"\b(?:NOT|NON|NO)[\s-]*HEMOLY\w*", re.IGNORECASE)

DAY, MONTH = 24 * 60, 30 * 24 * 60
WINDOWS = {
    ("lab", "input"): (-DAY, 0, "resulted"),
    ("lab", "alignment partner"): (-90, 90, "drawn"),
    ("lab", "target"): (-90, 90, "drawn"),
    ("lab", "reveal"): (-DAY, DAY, "drawn"),
    ("biometric", "input"): (-MONTH, 0, "resulted"),
    ("biometric", "alignment partner"): (-MONTH, MONTH, "drawn"),
    ("biometric", "target"): (-MONTH, MONTH, "drawn"),
    ("biometric", "reveal"): (-MONTH, MONTH, "drawn"),
}
WINDOWS |= {("vital", role): window for (kind, role), window in WINDOWS.items() if kind == "lab"}
ROLES = ("input", "alignment partner", "target", "reveal")


@dataclass(frozen=True)
class Sources:
    """The tables as they lie on disk; times are parsed, nothing is dropped. `ed_diagnosis` may be absent."""

    ecgs: pd.DataFrame
    patients: pd.DataFrame
    admissions: pd.DataFrame
    labevents: pd.DataFrame
    diagnoses_icd: pd.DataFrame
    omr: pd.DataFrame
    edstays: pd.DataFrame
    triage: pd.DataFrame
    vitalsign: pd.DataFrame
    ed_diagnosis: pd.DataFrame | None = None


def read_sources(hosp: Path, ed: Path, ecgs: pd.DataFrame) -> Sources:
    """Read MIMIC-IV's hosp and ED tables; `ecgs` needs study_id, subject_id and ecg_time."""
    listed = ecgs[["study_id", "subject_id", "ecg_time"]].copy()
    listed["ecg_time"] = pd.to_datetime(listed["ecg_time"])
    return Sources(
        listed.reset_index(drop=True),
        _table(hosp, "patients"),
        _table(hosp, "admissions", "admittime", "dischtime", "edregtime"),
        _table(hosp, "labevents", "charttime", "storetime"),
        _table(hosp, "diagnoses_icd"),
        _table(hosp, "omr", "chartdate"),
        _table(ed, "edstays", "intime", "outtime"),
        _table(ed, "triage"),
        _table(ed, "vitalsign", "charttime"),
        _table(ed, "diagnosis") if _path(ed, "diagnosis") else None,
    )


def _path(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / f"{name}.csv.gz", folder / f"{name}.csv") if p.is_file()), None)


def _table(folder: Path, name: str, *times: str) -> pd.DataFrame:
    path = _path(folder, name)
    assert path is not None, f"no {name} in {folder}"
    text = ("value", "valueuom", "comments", "icd_code", "result_value", "result_name", "gender")
    frame = pd.read_csv(
        path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=MISSING, low_memory=False
    )
    for column in times:
        frame[column] = pd.to_datetime(frame[column])
    return frame


def parse_bound(*texts: object) -> tuple[float, str]:
    """Return the bound and its side that the first text gives which begins with one; (NaN, "") where none does."""
    for text in texts:
        found = BOUND.match(text) if isinstance(text, str) else None
        if found:
            return float(found.group(2)), "<" if found.group(1).upper() in ("<", "LESS THAN") else ">"
    return np.nan, ""


def haemolysis_grade(comments: object) -> str:
    """Return slight, moderate, gross or unspecified; "" where no haemolysis is spoken of, or only denied."""
    if not isinstance(comments, str) or "HEMOLY" not in DENIED.sub("", comments).upper():
        return ""
    words = (("SLIGHT", "slight"), ("GROSS", "gross"), ("MODERATE", "moderate"))
    return next((grade for word, grade in words if word in comments.upper()), "unspecified")


def lab_rows(labevents: pd.DataFrame) -> pd.DataFrame:
    """Return every row of a catalogued item with feature, value, censored, grade and the one `bin` it ends in."""
    position = {item: (lab.name, place) for lab in lab_panel() for place, item in enumerate(lab.item_ids)}
    rows = labevents[labevents["itemid"].isin(list(position))].copy()
    rows["feature"] = [position[item][0] for item in rows["itemid"]]
    rows["tie_1"] = [position[item][1] for item in rows["itemid"]]
    rows["tie_2"] = rows["labevent_id"]
    units = {lab.name: set(lab.printed_units) for lab in lab_panel()}
    plausible = {lab.name: lab.plausible for lab in lab_panel()}
    found = [_judge(row, units, plausible) for row in rows.itertuples(index=False)]
    rows[["value", "censored", "grade", "bin"]] = pd.DataFrame(found, index=rows.index)
    return rows.rename(
        columns={"charttime": "drawn", "storetime": "resulted", "ref_range_lower": "low", "ref_range_upper": "high"}
    )


def _judge(row, units, plausible) -> tuple[float, str, str, str]:
    value, censored = row.valuenum, ""
    if pd.isna(value):
        value, censored = parse_bound(row.comments, row.value)
    grade = haemolysis_grade(row.comments)
    unit = row.valueuom.strip() if isinstance(row.valueuom, str) else ""
    low, high = plausible[row.feature]
    if pd.isna(value):
        return value, censored, grade, "no number"
    if grade:
        return value, censored, grade, "haemolysed"
    if unit not in units[row.feature]:
        return value, censored, grade, "unit"
    return value, censored, grade, "usable" if low <= value <= high else "implausible"


COLUMNS = ["subject_id", "feature", "kind", "value", "censored", "drawn", "resulted", "low", "high", "tie_1", "tie_2"]


def measurement_rows(sources: Sources) -> pd.DataFrame:
    """Return all usable labs, vital signs and body-mass indices, one row each (`COLUMNS`)."""
    labs = lab_rows(sources.labevents)
    labs = labs[labs["bin"] == "usable"].assign(kind="lab")
    others = other_rows(sources)
    return pd.concat([labs[COLUMNS], others.loc[others["bin"] == "usable", COLUMNS]], ignore_index=True)


def other_rows(sources: Sources) -> pd.DataFrame:
    """Return every printed vital sign and body-mass index with its `bin`."""
    arrivals = sources.edstays.set_index("stay_id")["intime"]
    triage = sources.triage.assign(charttime=sources.triage["stay_id"].map(arrivals), tie_1=1)
    charted = pd.concat([sources.vitalsign.assign(tie_1=0), triage], ignore_index=True)
    omr = sources.omr.assign(resulted=sources.omr["chartdate"] + pd.Timedelta(days=1), tie_1=0)
    parts = []
    for entry in measurements():
        if entry.kind == "vital":
            part = charted.assign(printed=charted[entry.column], drawn=charted["charttime"], tie_2=charted["stay_id"])
            part["resulted"] = part["drawn"]
        elif entry.table == "omr":
            part = omr[omr["result_name"] == entry.printed_unit].copy()
            part = part.assign(printed=part["result_value"], drawn=part["chartdate"], tie_2=part["seq_num"])
        else:
            continue
        parts.append(_converted(part[part["printed"].notna()].copy(), entry))
    return pd.concat(parts, ignore_index=True)


def _converted(part: pd.DataFrame, entry) -> pd.DataFrame:
    printed = pd.to_numeric(part["printed"], errors="coerce")
    value = printed * entry.factor + entry.offset
    if entry.already_below is not None:
        value = value.mask(printed < entry.already_below, printed)
    low, high = entry.plausible
    part["bin"] = np.where(value.isna(), "no number", np.where(value.between(low, high), "usable", "implausible"))
    return part.assign(feature=entry.name, kind=entry.kind, value=value, censored="", low=np.nan, high=np.nan)


def candidates(sources: Sources, rows: pd.DataFrame, role: str) -> pd.DataFrame:
    """Return every (ECG, row) whose clock of that role lies in its window, nearest first, with minutes from the ECG."""
    both = sources.ecgs.merge(rows, on="subject_id")
    both["drawn_minutes"] = (both["drawn"] - both["ecg_time"]) / pd.Timedelta(minutes=1)
    both["resulted_minutes"] = (both["resulted"] - both["ecg_time"]) / pd.Timedelta(minutes=1)
    parts = []
    for kind in ("lab", "vital", "biometric"):
        first, last, clock = WINDOWS[kind, role]
        part = both[(both["kind"] == kind) & both[f"{clock}_minutes"].between(first, last)].copy()
        part["clock_minutes"] = part[f"{clock}_minutes"]
        parts.append(part)
    return nearest_first(pd.concat(parts, ignore_index=True))


def nearest_first(both: pd.DataFrame) -> pd.DataFrame:
    """Return rows by distance of `clock_minutes`, then the earlier, then item position, then id."""
    order = ["study_id", "feature", "distance", "clock_minutes", "tie_1", "tie_2"]
    return both.assign(distance=both["clock_minutes"].abs()).sort_values(order, kind="stable", ignore_index=True)


def role_values(sources: Sources, rows: pd.DataFrame, role: str) -> pd.DataFrame:
    """Return what an ECG gets in a role: the nearest row of each feature (of reveal all rows), age and sex added."""
    found = candidates(sources, rows, role)
    if role != "reveal":
        found = found.drop_duplicates(["study_id", "feature"])
    columns = ["study_id", "feature", "value", "censored", "drawn_minutes", "resulted_minutes", "low", "high"]
    return pd.concat([found[columns], _age_and_sex(sources)[columns]], ignore_index=True)


def _age_and_sex(sources: Sources) -> pd.DataFrame:
    known = sources.ecgs.merge(sources.patients, on="subject_id")
    age = known["anchor_age"] + known["ecg_time"].dt.year - known["anchor_year"]
    sex = known["gender"].map({"M": 1.0, "F": 0.0})
    parts = [
        known[["study_id"]].assign(feature="age", value=age),
        known[["study_id"]].assign(feature="sex_male", value=sex),
    ]
    both = pd.concat(parts).dropna(subset="value")
    return both.assign(censored="", drawn_minutes=0.0, resulted_minutes=0.0, low=np.nan, high=np.nan)


def stays(sources: Sources) -> pd.DataFrame:
    """Return study_id, stay_id and hadm_id (missing where there is none) of every ECG, in the order of the ECGs."""
    ecgs = sources.ecgs
    ed = ecgs.merge(sources.edstays, on="subject_id")
    ed = ed[(ed["intime"] <= ed["ecg_time"]) & (ed["ecg_time"] <= ed["outtime"])]
    ed = ed.sort_values(["intime", "stay_id"], ascending=[False, True]).drop_duplicates("study_id")
    found = ecgs.merge(ed[["study_id", "stay_id", "hadm_id"]], on="study_id", how="left")
    inside = ecgs.merge(sources.admissions, on="subject_id")
    inside["begin"] = inside[["admittime", "edregtime"]].min(axis=1)
    inside = inside[(inside["begin"] <= inside["ecg_time"]) & (inside["ecg_time"] <= inside["dischtime"])]
    inside = inside.sort_values(["admittime", "hadm_id"], ascending=[False, True]).drop_duplicates("study_id")
    by_time = found["study_id"].map(inside.set_index("study_id")["hadm_id"])
    found["hadm_by_time"] = by_time.astype("Int64")
    found["hadm_id"] = found["hadm_id"].fillna(by_time).astype("Int64")
    found["stay_id"] = found["stay_id"].astype("Int64")
    return found[["study_id", "subject_id", "ecg_time", "stay_id", "hadm_id", "hadm_by_time"]]


Mapper = Callable[[str, int], Iterable[str]]


def visit_codes(sources: Sources, icd10_of: Mapper) -> dict[int, set[str] | None]:
    """Return by study_id the ICD-10 codes of the visit without dots, or None where nothing is coded."""
    hosp = _codes_by(sources.diagnoses_icd, "hadm_id", icd10_of)
    ed = {} if sources.ed_diagnosis is None else _codes_by(sources.ed_diagnosis, "stay_id", icd10_of)
    return {
        row.study_id: hosp.get(row.hadm_id, ed.get(row.stay_id)) if not pd.isna(row.hadm_id) else ed.get(row.stay_id)
        for row in stays(sources).itertuples(index=False)
    }


def _codes_by(table: pd.DataFrame, key: str, icd10_of: Mapper) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for place, code, version in zip(table[key], table["icd_code"], table["icd_version"], strict=True):
        plain = str(code).strip().replace(".", "").upper()
        found.setdefault(place, set()).update(c.replace(".", "").upper() for c in icd10_of(plain, int(version)))
    return found


def visit_label_rows(codes: dict[int, set[str] | None]) -> pd.DataFrame:
    """Return study_id by visit label: 1, 0, or NaN where the visit has no code."""
    rows = {
        study: {
            label.name: np.nan if found is None else float(any(c.startswith(label.codes["icd10"]) for c in found))
            for label in visit_labels()
        }
        for study, found in codes.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("study_id")


def lab_label_rows(sources: Sources, targets: pd.DataFrame) -> pd.DataFrame:
    """Return study_id by lab label from the rows of the role target."""
    wide = {(row.study_id, row.feature): row for row in targets.itertuples(index=False)}
    rows = {
        study: {
            f"{lab.name}_{side}": _abnormal(wide.get((study, lab.name)), lab, side)
            for lab in lab_panel()
            for side in lab.directions
        }
        for study in sources.ecgs["study_id"]
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("study_id")


def _abnormal(row, lab, side: str) -> float:
    if row is None:
        return np.nan
    cutoff = lab.cutoff_low if side == "low" else lab.cutoff_high
    limit = cutoff if cutoff is not None else (row.low if side == "low" else row.high)
    if pd.isna(limit):
        return np.nan
    if row.censored == "<":
        return (1.0 if side == "low" else 0.0) if row.value <= limit else np.nan
    if row.censored == ">":
        return (1.0 if side == "high" else 0.0) if row.value >= limit else np.nan
    return float(row.value < limit if side == "low" else row.value > limit)
