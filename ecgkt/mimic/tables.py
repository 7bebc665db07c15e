"""The tables of MIMIC-IV-ECG 1.0, MIMIC-IV 2.2 (hosp) and MIMIC-IV-ED 2.2: columns, their order and types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ecgkt.errors import UnknownName

REPORTS = tuple(f"report_{line}" for line in range(18))
"""The columns of machine_measurements.csv that hold one statement each."""


@dataclass(frozen=True)
class Table:
    """One CSV file: `path` relative to the cohort's folder (MIMIC publishes some with .gz behind it).

    `columns` maps each column, in the file's order, to the pandas dtype it is read as: int64, Int64 (may be empty),
    float64, string, or datetime64[s] for "YYYY-MM-DD[ HH:MM:SS]".
    """

    name: str
    path: str
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    @property
    def header(self) -> tuple[str, ...]:
        """Column names in the file's order."""
        return tuple(self.columns)

    @property
    def times(self) -> tuple[str, ...]:
        """Columns that hold a time, for `parse_dates`."""
        return tuple(name for name, dtype in self.columns.items() if dtype.startswith("datetime64"))

    @property
    def dtypes(self) -> dict[str, str]:
        """Types of all other columns, for `dtype`."""
        return {name: dtype for name, dtype in self.columns.items() if name not in self.times}


def table(name: str) -> Table:
    """Return one table by name; raise UnknownName where there is none."""
    if name not in TABLES:
        raise UnknownName(f"one of: {', '.join(TABLES)}", repr(name), "choose a table from that list")
    return TABLES[name]


def _columns(dtype: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, dtype)


_TIME = "datetime64[s]"

_ALL = (
    Table(
        "record_list",
        "record_list.csv",
        {**_columns("int64", "subject_id", "study_id", "file_name"), "ecg_time": _TIME, "path": "string"},
    ),
    Table(
        "machine_measurements",
        "machine_measurements.csv",
        {
            **_columns("int64", "subject_id", "study_id", "cart_id"),
            "ecg_time": _TIME,
            **_columns("string", *REPORTS, "bandwidth", "filtering"),
            **_columns("int64", "rr_interval", "p_onset", "p_end", "qrs_onset", "qrs_end", "t_end"),
            **_columns("int64", "p_axis", "qrs_axis", "t_axis"),
        },
    ),
    Table(
        "patients",
        "hosp/patients.csv",
        {
            "subject_id": "int64",
            "gender": "string",
            **_columns("int64", "anchor_age", "anchor_year"),
            "anchor_year_group": "string",
            "dod": _TIME,
        },
    ),
    Table(
        "admissions",
        "hosp/admissions.csv",
        {
            **_columns("int64", "subject_id", "hadm_id"),
            **_columns(_TIME, "admittime", "dischtime", "deathtime"),
            **_columns("string", "admission_type", "admit_provider_id", "admission_location", "discharge_location"),
            **_columns("string", "insurance", "language", "marital_status", "race"),
            **_columns(_TIME, "edregtime", "edouttime"),
            "hospital_expire_flag": "int64",
        },
    ),
    Table(
        "labevents",
        "hosp/labevents.csv",
        {
            **_columns("int64", "labevent_id", "subject_id"),
            "hadm_id": "Int64",
            **_columns("int64", "specimen_id", "itemid"),
            "order_provider_id": "string",
            **_columns(_TIME, "charttime", "storetime"),
            "value": "string",
            "valuenum": "float64",
            "valueuom": "string",
            **_columns("float64", "ref_range_lower", "ref_range_upper"),
            **_columns("string", "flag", "priority", "comments"),
        },
    ),
    Table(
        "d_labitems",
        "hosp/d_labitems.csv",
        {"itemid": "int64", **_columns("string", "label", "fluid", "category")},
    ),
    Table(
        "diagnoses_icd",
        "hosp/diagnoses_icd.csv",
        {
            **_columns("int64", "subject_id", "hadm_id", "seq_num"),
            "icd_code": "string",
            "icd_version": "int64",
        },
    ),
    Table(
        "omr",
        "hosp/omr.csv",
        {
            "subject_id": "int64",
            "chartdate": _TIME,
            "seq_num": "int64",
            **_columns("string", "result_name", "result_value"),
        },
    ),
    Table(
        "edstays",
        "ed/edstays.csv",
        {
            "subject_id": "int64",
            "hadm_id": "Int64",
            "stay_id": "int64",
            **_columns(_TIME, "intime", "outtime"),
            **_columns("string", "gender", "race", "arrival_transport", "disposition"),
        },
    ),
    Table(
        "triage",
        "ed/triage.csv",
        {
            **_columns("int64", "subject_id", "stay_id"),
            **_columns("float64", "temperature", "heartrate", "resprate", "o2sat", "sbp", "dbp"),
            "pain": "string",
            "acuity": "float64",
            "chiefcomplaint": "string",
        },
    ),
    Table(
        "vitalsign",
        "ed/vitalsign.csv",
        {
            **_columns("int64", "subject_id", "stay_id"),
            "charttime": _TIME,
            **_columns("float64", "temperature", "heartrate", "resprate", "o2sat", "sbp", "dbp"),
            **_columns("string", "rhythm", "pain"),
        },
    ),
    Table(
        "ed_diagnosis",
        "ed/diagnosis.csv",
        {
            **_columns("int64", "subject_id", "stay_id", "seq_num"),
            "icd_code": "string",
            "icd_version": "int64",
            "icd_title": "string",
        },
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType({one.name: one for one in _ALL})
"""Every table by name."""
