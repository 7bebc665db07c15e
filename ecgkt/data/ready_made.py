"""The relatives' published tables as they are: MIMIC-IV-ECG-Ext-ICD and MDS-ED, for comparison with our own joins.

What was seen where. Neither file was at hand. Ext-ICD's columns: AI4HealthUOL/ECG-MIMIC, `src/full_preprocessing.py`,
which writes them, and `src/mimic_ecg_preprocessing.py`, which reads them. MDS-ED's: AI4HealthUOL/MDS-ED, the version of
`src/full_preprocessing.py` that writes `mds_ed.csv`, and `src/demo.ipynb`, which reads it by the prefixes `general_`,
`demographics_`, `biometrics_`, `vitals_`, `labvalues_`, `diagnoses_` and `deterioration_`. That code yields 1,943
columns while users of the published file tell of 1,936: which are left out could not be seen, so that only those
`general_` columns are asked for that both the code and its users name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ecgkt.catalogue import mds_ed_labs, measurements, other_measurements
from ecgkt.domain.cohorts import Split
from ecgkt.errors import InvalidCohort

CODE_LISTS = ("ed_diag_ed", "ed_diag_hosp", "hosp_diag_hosp", "all_diag_hosp", "all_diag_all")
"""ED codes of the ED stay, hospital codes of its admission, hospital codes of the admission, both hospital ones, and
those or else the ED's."""

FOLDS = 20
STATISTICS = ("mean", "median", "min", "max", "std", "first", "last", "rate_change", "coeff")
UNDEFINED = -999.0

_LIST = re.compile(r"\[(?:'[^']*'(?:, ?'[^']*')*)?\]")
_IDS = ("ed_stay_id", "ed_hadm_id", "hosp_hadm_id")
_GENERAL = ("study_id", "subject_id", "ecg_time", "ed_stay_id", "ecg_no_within_stay", "strat_fold")
_KINDS = {"demographics": "biometric", "biometrics": "biometric", "vitals": "vital", "labvalues": "lab"}
_TRUTH = {"True": "1", "False": "0"}
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class MdsEdTable:
    """MDS-ED's table of n ECGs, every frame in the file's row order.

    records: study_id, subject_id, ecg_time, ed_stay_id, ecg_no_within_stay, fold, part.
    columns: one row per feature: column (its name in `features`), kind (lab, vital, biometric), name (MDS-ED's own),
    statistic ("" for a single value), catalogue (our name for it, or "").
    features: (n, k) float32 in MDS-ED's units, NaN where not measured.
    diagnoses: (n, d) int8, 1 or 0, by ICD-10 code. events: (n, 15) float32, 1, 0 or NaN where undefined (-999 there).
    """

    records: pd.DataFrame
    columns: pd.DataFrame
    features: pd.DataFrame
    diagnoses: pd.DataFrame
    events: pd.DataFrame


def read_ext_icd(path: Path, fold: str = "strat_fold") -> pd.DataFrame:
    """Return MIMIC-IV-ECG-Ext-ICD's `records_w_diag_icd10.csv` (plain or .gz), one row per ECG in the file's order.

    Columns: file_name, study_id, subject_id, ecg_time, ed_stay_id, ed_hadm_id, hosp_hadm_id (missing outside a stay),
    `CODE_LISTS` as tuples of ICD-10 codes (() for none), ecg_no_within_stay (0 for the first, -1 outside any stay),
    fold and part. `fold` names the column of the folds: strat_fold, or fold for those of the paper's experiments.
    Raises InvalidCohort where a column is missing, a list is no list, an ECG stands twice, or a fold is not 0 to 19.
    """
    plain = ("file_name", "study_id", "subject_id", "ecg_time", *_IDS, *CODE_LISTS, "ecg_no_within_stay", fold)
    _header(path, plain)
    dtypes: dict[str, Any] = {"file_name": "string", "study_id": "int64", "subject_id": "int64", "ecg_time": "string"}
    dtypes |= dict.fromkeys((*_IDS, "ecg_no_within_stay", fold), "float64")
    rows = _read(path, usecols=list(plain), dtype=dtypes, converters=dict.fromkeys(CODE_LISTS, _CodeLists().read))
    return _finished(rows[list(plain)].rename(columns={fold: "fold"}), path)


def read_mds_ed(path: Path) -> MdsEdTable:
    """Return MDS-ED's `mds_ed.csv` (plain or .gz), read in pieces so that only numbers stay in memory.

    Raises InvalidCohort where a column is missing, a label is neither 0 nor 1 (events: -999), an ECG stands twice, or a
    fold is none of 0 to 19.
    """
    general = {f"general_{name}": name for name in _GENERAL}
    names = _header(path, general)
    described = _described([name for name in names if name.split("_", 1)[0] in _KINDS])
    features = list(described["column"])
    codes = {name: name.removeprefix("diagnoses_").upper() for name in names if name.startswith("diagnoses_")}
    events = {name: name.removeprefix("deterioration_") for name in names if name.startswith("deterioration_")}
    for group, wanted in ((features, "features"), (codes, "diagnoses_ labels"), (events, "deterioration_ labels")):
        if not group:
            raise InvalidCohort(f"columns of {wanted} in {path.name}", "none", "read the published file")
    ethnicity = {name: _truth for name in features if name.startswith("demographics_ethnicity_")}
    numbers: dict[str, Any] = dict.fromkeys([*features, *codes, *events], "float32")
    dtypes = {name: dtype for name, dtype in numbers.items() if name not in ethnicity}
    dtypes |= {"general_ecg_time": "string"} | {name: "float64" for name in general if name != "general_ecg_time"}
    pieces: list[tuple[pd.DataFrame, ...]] = []
    for piece in _pieces(path, usecols=[*general, *numbers], dtype=dtypes, converters=ethnicity):
        labels = _judged(piece[list(codes)], (0, 1), path).astype("int8")
        undefined = _judged(piece[list(events)], (0, 1, UNDEFINED), path)
        judged = undefined.mask(undefined == UNDEFINED)
        pieces.append((piece[list(general)], piece[features].astype("float32"), labels, judged))
    records, values, diagnoses, happened = (pd.concat(one, ignore_index=True) for one in zip(*pieces, strict=True))
    records = _finished(records.rename(columns={**general, "general_strat_fold": "fold"}), path)
    return MdsEdTable(records, described, values, diagnoses.rename(columns=codes), happened.rename(columns=events))


def published_split(records: pd.DataFrame) -> Split:
    """Return the published folds as a split by subject; raise InvalidValue where a subject is in two parts."""
    subjects = records.groupby("part", observed=False)["subject_id"].unique()
    return Split(**{part: frozenset(subjects[part].tolist()) for part in ("train", "tuning", "held_out")})


def _header(path: Path, wanted: Sequence[str] | Mapping[str, str]) -> list[str]:
    names = [str(name) for name in _read(path, nrows=0).columns]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise InvalidCohort(
            f"columns {', '.join(wanted)} in {path.name}", f"no {', '.join(missing)}", "read the published file"
        )
    return names


def _read(path: Path, **options: Any) -> pd.DataFrame:
    if not path.is_file():
        raise InvalidCohort(f"the table {path.name}", "no such file", "download it from PhysioNet")
    try:
        rows: pd.DataFrame = pd.read_csv(path, **options)
    except (EOFError, OSError, ValueError) as error:
        raise InvalidCohort(f"a readable {path.name}", f"{error}", "download it again") from error
    return rows


def _pieces(path: Path, **options: Any) -> Iterator[pd.DataFrame]:
    try:
        with pd.read_csv(path, chunksize=_ROWS_AT_ONCE, **options) as pieces:
            yield from pieces
    except (EOFError, OSError, ValueError) as error:
        raise InvalidCohort(f"a readable {path.name}", f"{error}", "download it again") from error


class _CodeLists:
    """Reads the strings of Python lists, each different one once: ECGs of one stay share their codes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def read(self, text: str) -> tuple[str, ...]:
        """Return the codes, () for "[]"; raise InvalidCohort where the text is no list of quoted codes."""
        if text not in self._known:
            if not _LIST.fullmatch(text):
                got = repr(text) if text else "an empty cell"
                raise InvalidCohort("a list of codes such as ['I10', 'E119']", got, "read the published file")
            self._known[text] = tuple(code.strip() for code in text.split("'")[1::2])
        return self._known[text]


def _finished(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Give ids, times, folds and parts their types in place of the file's."""
    if rows["study_id"].duplicated().any():
        raise InvalidCohort(f"each ECG once in {path.name}", "a study_id twice", "read the published file")
    folds = rows["fold"]
    if not folds.isin(range(FOLDS)).all():
        raise InvalidCohort(f"folds 0 to {FOLDS - 1} in {path.name}", "another or none", "read the published file")
    try:
        times = pd.to_datetime(rows["ecg_time"], format="%Y-%m-%d %H:%M:%S").astype("datetime64[s]")
        whole = {name: rows[name].astype("Int64") for name in _IDS if name in rows}
        whole |= {name: rows[name].astype("int64") for name in ("study_id", "subject_id", "ecg_no_within_stay")}
    except (TypeError, ValueError) as error:
        raise InvalidCohort(f"whole ids and times in {path.name}", f"{error}", "read the published file") from error
    part = np.select([folds < FOLDS - 2, folds == FOLDS - 2], ["train", "tuning"], "held_out")
    return rows.assign(
        **whole,
        ecg_time=times,
        fold=folds.astype("int8"),
        part=pd.Categorical(part, categories=["train", "tuning", "held_out"]),
    )


def _described(names: Sequence[str]) -> pd.DataFrame:
    """Return what each feature column is."""
    labs = {one.column: one.name for one in mds_ed_labs()}
    ours = {one.column: one.name for one in measurements() if one.kind == "vital"}
    ours |= {one.name: one.name for one in (*measurements(), *other_measurements())} | {"gender": "sex_male"}
    rows = []
    for column in names:
        prefix, name = column.split("_", 1)
        statistic = ""
        if prefix in ("vitals", "labvalues"):
            statistic = next((one for one in STATISTICS if name.endswith(f"_{one}")), "")
            name = name.removesuffix(f"_{statistic}") if statistic else name
        known = (labs if prefix == "labvalues" else ours).get(name, "")
        rows.append((column, _KINDS[prefix], name, statistic, known))
    return pd.DataFrame(rows, columns=["column", "kind", "name", "statistic", "catalogue"], dtype="string")


def _judged(labels: pd.DataFrame, allowed: Sequence[float], path: Path) -> pd.DataFrame:
    good = np.isin(labels.to_numpy(), allowed)
    if not good.all():
        first = labels.columns[int(np.argmin(good.all(axis=0)))]
        raise InvalidCohort(
            f"labels {', '.join(f'{one:g}' for one in allowed)} in {path.name}", f"others in {first}", "check the file"
        )
    return labels


def _truth(text: str) -> float:
    return float(_TRUTH.get(text, text or "nan"))
