"""A simulated patient as rows of MIMIC's own tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from ecgkt.catalogue import lab, lab_panel
from ecgkt.mimic.waveforms import MISSING_MEASUREMENT
from ecgkt.simulation.plans import Plan
from ecgkt.simulation.readings import Reading
from ecgkt.simulation.settings import generator
from ecgkt.simulation.statements import state
from ecgkt.simulation.tracing import SINUS
from ecgkt.simulation.visits import Visit

Rows = dict[str, list[dict[str, Any]]]

_PRIME, _STRIDE = 9_999_991, 7_919
_BENCHES = {
    **dict.fromkeys(("lactate", "ph", "calcium_ionised"), "Blood Gas"),
    **dict.fromkeys(("haemoglobin", "white_cells", "platelets", "rdw", "inr"), "Hematology"),
}


@dataclass(frozen=True)
class Numbers:
    """The identifiers of one simulated patient; unlike numbers never share one."""

    subject_id: int
    hadm_id: int
    stay_id: int
    study_ids: tuple[int, ...]


def numbers_of(number: int, recordings: int, most: int) -> Numbers:
    """Return MIMIC-like identifiers of eight digits: subjects 1..., admissions 2..., ED stays 3..., studies 4..."""
    spread = number * _STRIDE % _PRIME
    studies = tuple(40_000_000 + (number * most + one) * _STRIDE % _PRIME for one in range(recordings))
    return Numbers(10_000_000 + spread, 20_000_000 + spread, 30_000_000 + spread, studies)


def first_recorded(seed: int, number: int) -> datetime:
    """Return when a patient's first ECG was recorded, in the shifted years 2110 to 2200 of MIMIC."""
    rng = generator(seed, "calendar", number)
    days, seconds = int(rng.integers(0, 32_000)), int(rng.integers(0, 86_400))
    return datetime(2110, 3, 1) + timedelta(days=days, seconds=seconds)


def at(start: datetime, hours: float) -> datetime:
    """Return the time `hours` after `start`, in whole seconds."""
    return start + timedelta(seconds=round(hours * 3600))


def patient_rows(visit: Visit, ids: Numbers, start: datetime) -> Rows:
    """Return the rows that do not depend on the recordings: patient, stay, results, codes, vital signs."""
    p = visit.patient
    hadm: int | None = ids.hadm_id if visit.admitted else None
    begin, end = at(start, visit.vitals[0].hours - 0.4), at(start, max(visit.ecg_hours[-1], 4.0) + 2)
    gender = "M" if p.male else "F"
    rows: Rows = {
        "patients": [
            {
                "subject_id": ids.subject_id,
                "gender": gender,
                "anchor_age": round(p.age),
                "anchor_year": start.year,
                "anchor_year_group": "2014 - 2016",
            }
        ],
        "edstays": [
            {
                "subject_id": ids.subject_id,
                "hadm_id": hadm,
                "stay_id": ids.stay_id,
                "intime": begin,
                "outtime": end,
                "gender": gender,
                "race": "UNKNOWN",
                "arrival_transport": "UNKNOWN",
                "disposition": "ADMITTED" if visit.admitted else "HOME",
            }
        ],
        "labevents": [_lab_row(visit, row, ids, hadm, start) for row in range(len(visit.draws))],
        "omr": _omr_rows(visit, ids, start),
        "admissions": [],
        "diagnoses_icd": [],
    }
    rows["triage"], rows["vitalsign"] = _vital_rows(visit, ids, start)
    if hadm is not None:
        rows["admissions"].append(_admission_row(ids, begin, end))
        rows["diagnoses_icd"] = [
            {"subject_id": ids.subject_id, "hadm_id": hadm, "seq_num": place, "icd_code": code, "icd_version": 10}
            for place, code in enumerate(visit.codes, start=1)
        ]
    return rows


def _admission_row(ids: Numbers, begin: datetime, end: datetime) -> dict[str, Any]:
    return {
        "subject_id": ids.subject_id,
        "hadm_id": ids.hadm_id,
        "admittime": end,
        "dischtime": end + timedelta(days=3),
        "admission_type": "EW EMER.",
        "admission_location": "EMERGENCY ROOM",
        "discharge_location": "HOME",
        "insurance": "Other",
        "language": "?",
        "race": "UNKNOWN",
        "edregtime": begin,
        "edouttime": end,
        "hospital_expire_flag": 0,
    }


def _lab_row(visit: Visit, row: int, ids: Numbers, hadm: int | None, start: datetime) -> dict[str, Any]:
    draw = visit.draws[row]
    analyte = lab(draw.analyte)
    return {
        "labevent_id": ids.subject_id * 1000 + row,
        "subject_id": ids.subject_id,
        "hadm_id": hadm,
        "specimen_id": ids.subject_id * 100 + draw.specimen,
        "itemid": analyte.item_ids[0],
        "charttime": at(start, draw.drawn_hours),
        "storetime": at(start, draw.stored_hours),
        "value": draw.text if np.isfinite(draw.number) else None,
        "valuenum": draw.number if np.isfinite(draw.number) else None,
        "valueuom": analyte.printed_units[0] or None,
        "ref_range_lower": draw.low,
        "ref_range_upper": draw.high if np.isfinite(draw.high) else None,
        "flag": "abnormal" if draw.abnormal else None,
        "priority": "STAT" if draw.urgent else "ROUTINE",
        "comments": draw.comment or None,
    }


def _omr_rows(visit: Visit, ids: Numbers, start: datetime) -> list[dict[str, Any]]:
    p = visit.patient
    inches = 69.0 if p.male else 63.5
    pounds = p.bmi * (inches * 0.0254) ** 2 / 0.4536
    values = {"BMI (kg/m2)": f"{p.bmi:.1f}", "Height (Inches)": f"{inches:g}", "Weight (Lbs)": f"{pounds:.0f}"}
    row = {"subject_id": ids.subject_id, "chartdate": start.date(), "seq_num": 1}
    return [{**row, "result_name": name, "result_value": value} for name, value in values.items()]


def _vital_rows(visit: Visit, ids: Numbers, start: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return triage (the first set) and vitalsign (the others); temperatures in deg F as MIMIC keeps them."""
    rows = []
    for one in visit.vitals:
        v = one.values
        rows.append(
            {
                "subject_id": ids.subject_id,
                "stay_id": ids.stay_id,
                "charttime": at(start, one.hours),
                "temperature": round(v["temperature"] * 1.8 + 32, 1),
                "heartrate": v["heart_rate"],
                "resprate": v["respiratory_rate"],
                "o2sat": v["oxygen_saturation"],
                "sbp": v["systolic_pressure"],
                "dbp": v["diastolic_pressure"],
            }
        )
    triage = {**rows[0], "acuity": 3}
    triage.pop("charttime")
    return [triage], rows


def recording_rows(plan: Plan, reading: Reading, ids: Numbers, when: datetime, path: str) -> Rows:
    """Return the rows of one recording: where it is, and what the machine measured and said."""
    study = ids.study_ids[plan.number]
    who = {"subject_id": ids.subject_id, "study_id": study}
    words = {f"report_{line}": text for line, text in enumerate(state(reading))}
    bandwidth = {0.005: "0.005-150 Hz", 0.05: "0.05-150 Hz", 0.5: "0.5-150 Hz"}[plan.artefacts.high_pass_hz]
    return {
        "record_list": [{**who, "file_name": study, "ecg_time": when, "path": path}],
        "machine_measurements": [
            {
                **who,
                "cart_id": 6_800_000 + plan.patient.number % 97,
                "ecg_time": when,
                **words,
                "bandwidth": bandwidth,
                "filtering": "60 Hz notch Baseline filter" if plan.artefacts.notch else "<not specified>",
                **_machine_times(plan, reading),
            }
        ],
    }


def _machine_times(plan: Plan, reading: Reading) -> Mapping[str, int]:
    """Return what the machine measured, in ms from the start of its median beat; 29999 where there is no P wave."""
    has_p = plan.tracing.rhythm == SINUS and plan.tracing.p_gain > 0.12
    onset = 40 + reading.pr_ms if has_p else 200.0
    return {
        "rr_interval": round(reading.rr_ms),
        "p_onset": 40 if has_p else MISSING_MEASUREMENT,
        "p_end": round(40 + reading.p_ms) if has_p else MISSING_MEASUREMENT,
        "qrs_onset": round(onset),
        "qrs_end": round(onset + reading.qrs_ms),
        "t_end": round(onset + reading.qt_ms),
        "p_axis": round(reading.p_axis) if has_p else MISSING_MEASUREMENT,
        "qrs_axis": round(reading.qrs_axis),
        "t_axis": round(reading.t_axis),
    }


def item_rows() -> list[dict[str, Any]]:
    """Return d_labitems for the panel."""
    return [
        {
            "itemid": analyte.item_ids[0],
            "label": analyte.title,
            "fluid": analyte.fluid,
            "category": _BENCHES.get(analyte.name, "Chemistry"),
        }
        for analyte in lab_panel()
    ]
