"""Each ECG joined to its patient, its stay in the emergency department and its admission.

The table `ecgs` has one row per listed ECG, in the order of patient, time and study: ecg (0...), subject_id, study_id,
ecg_time, path, age, sex_male, stay_id, arrival, hadm_id, number_in_stay (0 for the first ECG of the admission, or of
the ED stay where there is no admission; -1 outside both), prediction_minutes (when the prediction is made, after the
ECG).
"""

from __future__ import annotations

import duckdb

from ecgkt.catalogue import CohortRecipe
from ecgkt.data.joins.engine import reading
from ecgkt.errors import InvalidCohort


def link(connection: duckdb.DuckDBPyConnection, recipe: CohortRecipe) -> None:
    """Make the table `ecgs`; raise InvalidCohort where nothing is listed, or a study twice."""
    with reading("record_list.csv"):
        connection.execute(
            """CREATE OR REPLACE TABLE listed AS
            SELECT row_number() OVER (ORDER BY subject_id, ecg_time, study_id, path) - 1 AS ecg,
                   subject_id, study_id, ecg_time, path FROM record_list"""
        )
    listed, studies = _one_row(connection, "SELECT count(*), count(DISTINCT study_id) FROM listed")
    if not listed:
        raise InvalidCohort("ECGs in record_list.csv", "none", "check the file")
    if studies < listed:
        raise InvalidCohort("each study once in record_list.csv", f"{listed - studies} rows again", "drop the copies")
    with reading("hosp/patients, hosp/admissions and ed/edstays"):
        connection.execute(_stays(recipe))
        connection.execute(_ADMISSIONS)
        connection.execute(_ecgs(recipe))


def _stays(recipe: CohortRecipe) -> str:
    """Return the statement that makes `stay_of`: the ED stay in which (or soon after whose beginning) an ECG lies."""
    end, first = "s.outtime", "s.intime DESC"
    if recipe.setting == "ed":
        end, first = f"s.intime + {recipe.ed_minutes!r} * INTERVAL 1 MINUTE", "s.intime"
    return f"""CREATE OR REPLACE TABLE stay_of AS
    SELECT l.ecg, s.stay_id, s.hadm_id, s.intime FROM listed l JOIN edstays s USING (subject_id)
    WHERE l.ecg_time BETWEEN s.intime AND {end}
    QUALIFY row_number() OVER (PARTITION BY l.ecg ORDER BY {first}, s.stay_id) = 1"""


_ADMISSIONS = """CREATE OR REPLACE TABLE admission_of AS
    SELECT l.ecg, a.hadm_id FROM listed l JOIN admissions a USING (subject_id)
    WHERE l.ecg_time BETWEEN least(a.admittime, coalesce(a.edregtime, a.admittime)) AND a.dischtime
    QUALIFY row_number() OVER (PARTITION BY l.ecg ORDER BY a.admittime DESC, a.hadm_id) = 1"""


def _ecgs(recipe: CohortRecipe) -> str:
    after_arrival = recipe.prediction_after_arrival
    prediction = "0.0" if after_arrival is None else f"epoch(arrival - ecg_time) / 60 + {after_arrival!r}"
    return f"""CREATE OR REPLACE TABLE ecgs AS
    WITH one_patient AS (SELECT DISTINCT ON (subject_id) * FROM patients ORDER BY subject_id),
    joined AS (
        SELECT l.*, p.anchor_age + year(l.ecg_time) - p.anchor_year AS age,
               CASE p.gender WHEN 'M' THEN 1 WHEN 'F' THEN 0 END AS sex_male,
               p.subject_id IS NOT NULL AS known_patient,
               s.stay_id, s.intime AS arrival, coalesce(s.hadm_id, a.hadm_id) AS hadm_id
        FROM listed l LEFT JOIN one_patient p USING (subject_id)
        LEFT JOIN stay_of s USING (ecg) LEFT JOIN admission_of a USING (ecg)
    )
    SELECT *, {prediction} AS prediction_minutes,
        CASE WHEN hadm_id IS NULL AND stay_id IS NULL THEN -1
        ELSE row_number() OVER (PARTITION BY subject_id, hadm_id, CASE WHEN hadm_id IS NULL THEN stay_id END
                                ORDER BY ecg_time, study_id) - 1 END AS number_in_stay
    FROM joined ORDER BY ecg"""


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(int(value) for value in connection.execute(query).fetchall()[0])
