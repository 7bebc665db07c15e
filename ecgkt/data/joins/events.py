"""Rows of MIMIC's tables as values with a time: laboratory results, vital signs and biometrics under one shape.

The table `events` has subject_id, kind, feature, place and event_id (the order of preference among equals), drawn,
resulted (timestamps), value (the catalogue's unit), censored ("<", ">" or ""), low, high (the row's printed range).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from ecgkt.catalogue import CohortRecipe, Measurement
from ecgkt.data.joins.engine import quoted, reading, write_parquet

BOUND = r"^\s*(<|>|LESS THAN|GREATER THAN)\s*=?\s*(\d+(?:\.\d+)?)"
"""A result printed as a bound, in the comments or in `value`."""
HAEMOLYSIS = r"HEMOLY"
NOT_HAEMOLYSED = r"\b(?:NOT|NON|NO)\W*HEMOLY\w*"
GRADES = (("slight", "SLIGHT"), ("moderate", "MODERATE"), ("gross", "GROSS"))
LAB_ROWS = "lab_rows.parquet"
REJECTIONS = ("no number", "haemolysed", "unit", "implausible")
"""Why a row is no value, in the order in which the reasons are asked; the first that applies counts."""


def stage_events(connection: duckdb.DuckDBPyConnection, recipe: CohortRecipe, stage: Path) -> None:
    """Make `lab_rows` (every row of a catalogued item, with its rejection or ""), `other_rows` and `events`.

    Needs the views of MIMIC's tables and the table `ecgs` (its subjects are the ones that are read). The laboratory's
    rows, by far the largest table, are kept in the folder `stage` for a run that goes on later.
    """
    _register_catalogue(connection, recipe)
    stored = stage / LAB_ROWS
    if not stored.is_file():
        write_parquet(connection, _lab_rows(recipe), stored, "hosp/labevents")
    connection.execute(f"CREATE OR REPLACE VIEW lab_rows AS SELECT * FROM read_parquet({quoted(stored)})")
    with reading("ed/vitalsign, ed/triage and hosp/omr"):
        connection.execute(_other_rows(recipe))
    connection.execute(
        """CREATE OR REPLACE VIEW events AS
        SELECT subject_id, 'lab' AS kind, feature, place, labevent_id AS event_id, charttime AS drawn,
               storetime AS resulted, number AS value, sign AS censored, ref_range_lower AS low, ref_range_upper AS high
        FROM lab_rows WHERE rejection = ''
        UNION ALL
        SELECT subject_id, kind, feature, place, event_id, drawn, resulted, value, '', NULL, NULL
        FROM other_rows WHERE rejection = ''"""
    )


def _register_catalogue(connection: duckdb.DuckDBPyConnection, recipe: CohortRecipe) -> None:
    """Make `items` (itemid, feature, place), `units` (feature, unit) and `plausible` (feature, floor, ceiling)."""
    items = [(item, lab.name, place) for lab in recipe.labs for place, item in enumerate(lab.item_ids)]
    units = [(lab.name, unit) for lab in recipe.labs for unit in lab.printed_units]
    every = (*recipe.labs, *recipe.measurements)
    ranges = [(one.name, *recipe.values.range_of(one.name, one.plausible)) for one in every]
    for name, rows, columns in (
        ("items", items, ["itemid", "feature", "place"]),
        ("units", units, ["feature", "unit"]),
        ("plausible", ranges, ["feature", "floor", "ceiling"]),
    ):
        frame = pd.DataFrame(rows, columns=columns)
        connection.register("catalogue_rows", frame)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM catalogue_rows")
        connection.unregister("catalogue_rows")


def _lab_rows(recipe: CohortRecipe) -> str:
    rules = recipe.values
    grades = " ".join(
        f"WHEN regexp_matches(comments, {quoted(word)}, 'i') THEN {quoted(name)}" for name, word in GRADES
    )
    bound = quoted(BOUND)
    reasons = [
        "number IS NULL" if rules.censored == "bound" else "valuenum IS NULL",
        "haemolysis <> ''" if rules.haemolysed == "excluded" else "false",
        "NOT known_unit" if rules.units == "checked" else "false",
        "NOT number BETWEEN floor AND ceiling",
    ]
    whens = " ".join(f"WHEN {when} THEN {quoted(why)}" for when, why in zip(reasons, REJECTIONS, strict=True))
    once = (
        "QUALIFY row_number() OVER (PARTITION BY subject_id, hadm_id, charttime, valuenum, unit, feature "
        "ORDER BY labevent_id) = 1"
    )
    return f"""WITH mine AS (
        SELECT l.labevent_id, l.subject_id, l.hadm_id, l.charttime, l.storetime, l.valuenum, l.ref_range_lower,
               l.ref_range_upper, i.feature, i.place, coalesce(trim(l.valueuom), '') AS unit,
               coalesce(l.comments, '') AS comments,
               CASE WHEN l.valuenum IS NOT NULL THEN ''
                    WHEN regexp_matches(l.comments, {bound}, 'i') THEN l.comments
                    WHEN regexp_matches(l.value, {bound}, 'i') THEN l.value ELSE '' END AS bound_text
        FROM labevents l JOIN items i USING (itemid)
        WHERE l.subject_id IN (SELECT DISTINCT subject_id FROM ecgs)
    ), told AS (
        SELECT *, coalesce(valuenum, try_cast(regexp_extract(bound_text, {bound}, 2, 'i') AS DOUBLE)) AS number,
               CASE upper(left(regexp_extract(bound_text, {bound}, 1, 'i'), 1))
                    WHEN '<' THEN '<' WHEN 'L' THEN '<' WHEN '>' THEN '>' WHEN 'G' THEN '>' ELSE '' END AS sign,
               CASE WHEN NOT regexp_matches(regexp_replace(comments, {quoted(NOT_HAEMOLYSED)}, '', 'gi'),
                                            {quoted(HAEMOLYSIS)}, 'i') THEN ''
                    {grades} ELSE 'unspecified' END AS haemolysis,
               EXISTS (SELECT 1 FROM units u WHERE u.feature = mine.feature AND u.unit = mine.unit) AS known_unit
        FROM mine
    )
    SELECT labevent_id, subject_id, feature, place, charttime, storetime, number, sign, ref_range_lower,
           ref_range_upper, unit, haemolysis, CASE {whens} ELSE '' END AS rejection
    FROM told JOIN plausible USING (feature)
    {once if rules.repeated == "once" else ""}"""


def _other_rows(recipe: CohortRecipe) -> str:
    """Return the statement that makes `other_rows` from vital signs and omr; age and sex are elsewhere.

    Each table is gone through once, whatever the number of its measurements.
    """
    parts = []
    signs = [one for one in recipe.measurements if one.kind == "vital"]
    for place, name in enumerate(("vitalsign", "triage")):
        mine = [one for one in signs if one.table == name or (one.table == "vitalsign" and name in recipe.vital_tables)]
        if mine:
            parts.append(_from_signs(mine, place, name, recipe))
    measures = [one for one in recipe.measurements if one.table == "omr"]
    if measures:
        parts.append(_from_omr(measures))
    union = " UNION ALL ".join(parts)
    return f"""CREATE OR REPLACE TABLE other_rows AS
    WITH every(subject_id, kind, feature, place, event_id, drawn, resulted, value) AS ({union})
    SELECT every.*, CASE WHEN value BETWEEN floor AND ceiling THEN '' ELSE 'implausible' END AS rejection
    FROM every JOIN plausible USING (feature)
    WHERE value IS NOT NULL AND subject_id IN (SELECT DISTINCT subject_id FROM ecgs)"""


def _from_signs(signs: Sequence[Measurement], place: int, name: str, recipe: CohortRecipe) -> str:
    names = ", ".join(quoted(one.name) for one in signs)
    values = ", ".join(_converted(one, recipe) for one in signs)
    table, time = ("triage t JOIN edstays s USING (stay_id)", "s.intime")
    if name == "vitalsign":
        table, time = ("vitalsign t", "t.charttime")
    return (
        f"SELECT t.subject_id, 'vital', unnest([{names}]), {place}, t.stay_id, {time}, {time}, unnest([{values}]) "
        f"FROM {table}"
    )


def _converted(one: Measurement, recipe: CohortRecipe) -> str:
    printed = f't."{one.column}"'
    converted = f"{printed} * {one.factor!r} + {one.offset!r}"
    if one.already_below is not None and recipe.values.celsius:
        return f"CASE WHEN {printed} < {one.already_below!r} THEN {printed} ELSE {converted} END"
    return converted


def _from_omr(measures: Sequence[Measurement]) -> str:
    names = " ".join(f"WHEN {quoted(one.printed_unit)} THEN {quoted(one.name)}" for one in measures)
    factors = " ".join(f"WHEN {quoted(one.printed_unit)} THEN {one.factor!r}" for one in measures)
    offsets = " ".join(f"WHEN {quoted(one.printed_unit)} THEN {one.offset!r}" for one in measures)
    value = f"try_cast(t.result_value AS DOUBLE) * CASE t.result_name {factors} END + CASE t.result_name {offsets} END"
    return (
        f"SELECT t.subject_id, 'biometric', CASE t.result_name {names} END AS feature, 0, t.seq_num, t.chartdate, "
        f"t.chartdate + INTERVAL 1 DAY, {value} FROM omr t WHERE feature IS NOT NULL"
    )
