"""Labels of the kept ECGs: by the machine's statements, by the codes of the visit, by laboratory values.

Each query is about the rows of the table `kept`; 1, 0, or NULL for no information.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from ecgkt.catalogue import CohortRecipe, lab_labels, statements_row, tracing_labels, visit_labels
from ecgkt.catalogue.icd import expand, icd10_of
from ecgkt.data.joins.engine import quoted, reading
from ecgkt.data.ready_made import read_ext_icd
from ecgkt.domain import Label
from ecgkt.mimic.tables import REPORTS

_BLOCK = 20_000


def stage_tracing(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `tracing` (row, one TINYINT per tracing label) from machine_measurements.csv."""
    names = tracing_labels().names
    columns = ", ".join(f"{name} TINYINT" for name in names)
    connection.execute(f"CREATE OR REPLACE TABLE tracing (row BIGINT, {columns})")
    said = ", ".join(f"coalesce(m.{report}, '')" for report in REPORTS)
    with reading("machine_measurements.csv"):
        rows = connection.cursor().execute(
            f"""SELECT k.row, {said} FROM kept k JOIN (
                SELECT DISTINCT ON (study_id) * FROM machine_measurements ORDER BY study_id, ecg_time) m
            USING (study_id) ORDER BY k.row"""
        )
        while block := rows.fetchmany(_BLOCK):
            values = np.stack([_stated(tuple(filter(None, line[1:]))) for line in block])
            frame = pd.DataFrame(values, columns=list(names)).astype("Int8")
            frame.insert(0, "row", [line[0] for line in block])
            _insert(connection, "tracing", frame)


@lru_cache(maxsize=100_000)
def _stated(statements: tuple[str, ...]) -> np.ndarray:
    return statements_row(statements)


def stage_codes(connection: duckdb.DuckDBPyConnection, published: Path | None = None) -> None:
    """Make `coded` (ecg, icd_code, icd_version, seq_num), `codes` (ecg, icd10, place) and `ancestors` (icd10, code).

    An ECG has the codes of its admission; where there is none, or it has no code, those of its stay in the emergency
    department. ICD-9 goes to ICD-10 by the General Equivalence Mappings. With `published`, the table of
    MIMIC-IV-ECG-Ext-ICD, its column all_diag_all takes their place.
    """
    if published is not None:
        _stage_published(connection, published)
    else:
        with reading("hosp/diagnoses_icd and ed/diagnosis"):
            connection.execute(_CODED)
    unique = connection.execute("SELECT DISTINCT icd_code, icd_version FROM coded ORDER BY ALL").fetchall()
    mapped = [(code, version, icd10_of(code, version)) for code, version in unique]
    _create(connection, "icd10", pd.DataFrame(mapped, columns=["icd_code", "icd_version", "icd10"], dtype=object))
    connection.execute(
        """CREATE OR REPLACE TABLE codes AS SELECT ecg, icd10, min(seq_num) AS place
        FROM coded JOIN icd10 ON coded.icd_code = icd10.icd_code AND coded.icd_version = icd10.icd_version::INTEGER
        WHERE icd10 IS NOT NULL GROUP BY ecg, icd10"""
    )
    known = sorted({code for _, _, code in mapped if code})
    pairs = [(code, ancestor) for code in known for ancestor in expand([code])]
    _create(connection, "ancestors", pd.DataFrame(pairs, columns=["icd10", "code"], dtype=object))
    given = [(code, label.name) for code in known for label in visit_labels() if _gives(label, code)]
    _create(connection, "code_labels", pd.DataFrame(given, columns=["icd10", "label"], dtype=object))


_CODED = """CREATE OR REPLACE TABLE coded AS
    WITH hospital AS (
        SELECT e.ecg, d.icd_code, d.icd_version, d.seq_num FROM ecgs e JOIN diagnoses_icd d USING (hadm_id)
    ), emergency AS (
        SELECT e.ecg, d.icd_code, d.icd_version, d.seq_num FROM ecgs e JOIN ed_diagnosis d USING (stay_id)
        WHERE e.ecg NOT IN (SELECT ecg FROM hospital)
    )
    SELECT ecg, trim(icd_code) AS icd_code, icd_version::INTEGER AS icd_version, seq_num
    FROM (SELECT * FROM hospital UNION ALL SELECT * FROM emergency) WHERE trim(icd_code) <> ''"""


def _stage_published(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make `coded` and `folds` (study_id, part) from MIMIC-IV-ECG-Ext-ICD's table."""
    rows = read_ext_icd(path)
    rows = rows.assign(part=rows["part"].astype(str))[["study_id", "subject_id", "part", "all_diag_all"]]
    long = rows[["study_id", "all_diag_all"]].explode("all_diag_all").dropna()
    connection.register("new_rows", long)
    connection.execute(
        """CREATE OR REPLACE TABLE coded AS SELECT DISTINCT ecg, all_diag_all::VARCHAR AS icd_code,
        10 AS icd_version, 1::BIGINT AS seq_num FROM new_rows JOIN ecgs USING (study_id)"""
    )
    connection.unregister("new_rows")
    connection.register("new_rows", rows[["subject_id", "part"]].drop_duplicates())
    connection.execute("CREATE OR REPLACE TABLE folds AS SELECT subject_id, part::VARCHAR AS part FROM new_rows")
    connection.unregister("new_rows")


def expanded_codes() -> str:
    """Return the query of every ECG's codes with their ancestors: row, code, place (the lowest of its descendants)."""
    return """SELECT row, code, min(place) AS place FROM codes JOIN kept USING (ecg) JOIN ancestors USING (icd10)
        GROUP BY row, code ORDER BY row, code"""


def all_label_columns(connection: duckdb.DuckDBPyConnection, recipe: CohortRecipe, targets: str) -> str:
    """Return the query of row and every label of the catalogue; `targets` is the parquet file of the role target."""
    _stage_limits(connection, recipe)
    visit = ", ".join(f"max((label = {quoted(name)})::TINYINT) AS {name}" for name in visit_labels().names)
    labs = ", ".join(f"max({_abnormal(label, recipe)})::TINYINT AS {label.name}" for label in lab_labels())
    names = [f"t.{name}" for name in tracing_labels().names]
    names += [f"coalesce(v.{name}, v.coded_at_all) AS {name}" for name in visit_labels().names]
    names += [f"l.{name}" for name in lab_labels().names]
    return f"""
        WITH visit AS (
            SELECT row, 0::TINYINT AS coded_at_all, {visit}
            FROM (SELECT DISTINCT row, ecg FROM coded JOIN kept USING (ecg))
            LEFT JOIN codes USING (ecg) LEFT JOIN code_labels USING (icd10) GROUP BY row
        ), labs AS (
            SELECT row, {labs} FROM read_parquet({quoted(targets)}) LEFT JOIN limits USING (feature) GROUP BY row
        )
        SELECT k.row, {", ".join(names)}
        FROM kept k LEFT JOIN tracing t USING (row) LEFT JOIN visit v USING (row) LEFT JOIN labs l USING (row)
        ORDER BY k.row"""


def _stage_limits(connection: duckdb.DuckDBPyConnection, recipe: CohortRecipe) -> None:
    """Make `limits` (feature, median_low, median_high): the median printed range, for recipes that judge by it."""
    connection.execute(
        """CREATE OR REPLACE TABLE limits AS SELECT feature, median(ref_range_lower) AS median_low,
        median(ref_range_upper) AS median_high FROM lab_rows WHERE rejection = ''
        AND NOT coalesce(ref_range_lower = 0 AND ref_range_upper = 0, false) GROUP BY feature"""
    )


def _abnormal(label: Label, recipe: CohortRecipe) -> str:
    """Return the expression that is 1, 0 or NULL for one row of the role target.

    A median limit that is missing calls nothing abnormal. A bound decides only where it lies beyond the limit on the
    right side: "<0.01" is not high above 0.01, and is low below 0.02.
    """
    low = label.direction == "low"
    if recipe.values.limits == "median":
        limit, side = ("median_low", "'-inf'") if low else ("median_high", "'inf'")
        limit = f"coalesce({limit}, {side}::DOUBLE)"
    else:
        limit = repr(label.threshold) if label.threshold is not None else ("low" if low else "high")
    beyond, within, right, wrong = ("<", ">=", "'<'", "'>'") if low else (">", "<=", "'>'", "'<'")
    reaches = "<=" if low else ">="
    return (
        f"CASE WHEN feature <> {quoted(label.lab)} OR {limit} IS NULL THEN NULL "
        f"WHEN censored = {right} THEN CASE WHEN value {reaches} {limit} THEN 1 END "
        f"WHEN censored = {wrong} THEN CASE WHEN value {within} {limit} THEN 0 END "
        f"ELSE (value {beyond} {limit})::INTEGER END"
    )


def _gives(label: Label, code: str) -> bool:
    return code.startswith(tuple(label.codes["icd10"]))


def _create(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    connection.register("new_rows", frame)
    columns = ", ".join(f"{column}::VARCHAR AS {column}" for column in frame.columns)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {columns} FROM new_rows")
    connection.unregister("new_rows")


def _insert(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    connection.register("new_rows", frame)
    connection.execute(f"INSERT INTO {name} SELECT * FROM new_rows")
    connection.unregister("new_rows")


def prevalences(connection: duckdb.DuckDBPyConnection, labels: str, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for each label how many ECGs have it, and of how many it is known."""
    asked = ", ".join(f"count({name}), coalesce(sum({name}), 0)" for name in names)
    row = connection.execute(f"SELECT {asked} FROM read_parquet({quoted(labels)})").fetchall()[0]
    return {name: {"known": int(row[2 * i]), "positive": int(row[2 * i + 1])} for i, name in enumerate(names)}
