"""A simulated patient as rows of MIMIC's own tables; the laboratory's rows are made in `lab_rows`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from ecgkt.mimic.waveforms import MISSING_MEASUREMENT
from ecgkt.simulation.clock import at
from ecgkt.simulation.plans import Plan
from ecgkt.simulation.readings import Reading
from ecgkt.simulation.statements import state
from ecgkt.simulation.stays import MOST_STAYS, Stay
from ecgkt.simulation.tracing import SINUS
from ecgkt.simulation.visits import Visit

Rows = dict[str, list[dict[str, Any]]]

_PRIME, _STRIDE = 9_999_991, 7_919
_GROUPS = (2008, 2011, 2014, 2017, 2020)


@dataclass(frozen=True)
class Numbers:
    """The identifiers of one simulated patient, admissions and ED stays by stay; unlike numbers never share one."""

    subject_id: int
    hadm_ids: tuple[int, ...]
    stay_ids: tuple[int, ...]
    study_ids: tuple[int, ...]


def numbers_of(number: int, recordings: int, most: int) -> Numbers:
    """Return MIMIC-like identifiers of eight digits: subjects 1..., admissions 2..., ED stays 3..., studies 4..."""

    def spread(first: int, many: int, count: int) -> tuple[int, ...]:
        return tuple(first + (number * many + one) * _STRIDE % _PRIME for one in range(count))

    return Numbers(
        spread(10_000_000, 1, 1)[0],
        spread(20_000_000, MOST_STAYS, MOST_STAYS),
        spread(30_000_000, MOST_STAYS, MOST_STAYS),
        spread(40_000_000, most, recordings),
    )


def patient_rows(visit: Visit, ids: Numbers, start: datetime) -> Rows:
    """Return the rows of patient, stays, codes, vital signs and biometrics; nothing depends on the recordings."""
    rows: Rows = {
        "patients": [_person(visit, ids, start)],
        "edstays": [],
        "admissions": [],
        "diagnoses_icd": [],
        "ed_diagnosis": [],
        "omr": _omr_rows(visit, ids, start),
    }
    for place, stay in enumerate(visit.history.stays):
        subject = {"subject_id": ids.subject_id}
        hadm, stay_id = ids.hadm_ids[place], ids.stay_ids[place]
        if np.isfinite(stay.arrival):
            rows["edstays"].append(_emergency_row(stay, ids.subject_id, hadm, stay_id, start))
            rows["ed_diagnosis"] += [
                {
                    **subject,
                    "stay_id": stay_id,
                    "seq_num": seq,
                    "icd_code": code.text,
                    "icd_version": code.version,
                    "icd_title": code.title,
                }
                for seq, code in enumerate(visit.emergency_codes[place], start=1)
            ]
        if stay.is_admission:
            rows["admissions"].append(_admission_row(stay, ids.subject_id, hadm, start))
            rows["diagnoses_icd"] += [
                {**subject, "hadm_id": hadm, "seq_num": seq, "icd_code": code.text, "icd_version": code.version}
                for seq, code in enumerate(visit.codes[place], start=1)
            ]
    rows["triage"], rows["vitalsign"] = _vital_rows(visit, ids, start)
    return rows


def _person(visit: Visit, ids: Numbers, start: datetime) -> dict[str, Any]:
    year, died = int(visit.history.present.year), visit.history.died
    first = max(group for group in _GROUPS if group <= max(year, _GROUPS[0]))
    return {
        "subject_id": ids.subject_id,
        "gender": "M" if visit.patient.male else "F",
        "anchor_age": round(visit.patient.age),
        "anchor_year": start.year,
        "anchor_year_group": f"{first} - {first + 2}",
        "dod": at(start, died).date() if np.isfinite(died) else None,
    }


def _emergency_row(stay: Stay, subject: int, hadm: int, stay_id: int, start: datetime) -> dict[str, Any]:
    return {
        "subject_id": subject,
        "hadm_id": hadm if stay.is_admission else None,
        "stay_id": stay_id,
        "intime": at(start, stay.arrival),
        "outtime": at(start, stay.ed_out),
        "gender": "M" if stay.patient.male else "F",
        "race": "UNKNOWN",
        "arrival_transport": "UNKNOWN",
        "disposition": "ADMITTED" if stay.is_admission else "HOME",
    }


def _admission_row(stay: Stay, subject: int, hadm: int, start: datetime) -> dict[str, Any]:
    through = np.isfinite(stay.arrival)
    left = at(start, stay.discharged)
    long = stay.discharged - stay.admitted > 24 * 8
    return {
        "subject_id": subject,
        "hadm_id": hadm,
        "admittime": at(start, stay.admitted),
        "dischtime": left,
        "deathtime": left if stay.died else None,
        "admission_type": "EW EMER." if through else "ELECTIVE",
        "admission_location": "EMERGENCY ROOM" if through else "PHYSICIAN REFERRAL",
        "discharge_location": "DIED" if stay.died else "REHAB" if long else "HOME",
        "insurance": "Other",
        "language": "?",
        "race": "UNKNOWN",
        "edregtime": at(start, stay.arrival) if through else None,
        "edouttime": at(start, stay.ed_out) if through else None,
        "hospital_expire_flag": int(stay.died),
    }


def _omr_rows(visit: Visit, ids: Numbers, start: datetime) -> list[dict[str, Any]]:
    """Return biometrics of the day of the first ECG and of each clinic."""
    p = visit.patient
    inches = 69.0 if p.male else 63.5
    pounds = p.bmi * (inches * 0.0254) ** 2 / 0.4536
    values = {"BMI (kg/m2)": f"{p.bmi:.1f}", "Height (Inches)": f"{inches:g}", "Weight (Lbs)": f"{pounds:.0f}"}
    days = sorted({at(start, hours).date() for hours in (0.0, *visit.history.clinics)})
    return [
        {"subject_id": ids.subject_id, "chartdate": day, "seq_num": 1, "result_name": name, "result_value": value}
        for day in days
        for name, value in values.items()
    ]


def _vital_rows(visit: Visit, ids: Numbers, start: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return triage (the first set) and vitalsign (the others); temperatures in deg F as MIMIC keeps them."""
    rows = []
    for one in visit.vitals:
        v = one.values
        rows.append(
            {
                "subject_id": ids.subject_id,
                "stay_id": ids.stay_ids[0],
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
