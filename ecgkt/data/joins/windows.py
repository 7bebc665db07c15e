"""The values that serve a role: those of each ECG's patient that lie in the role's window, on the role's clock."""

from __future__ import annotations

from ecgkt.catalogue import CohortRecipe, Take
from ecgkt.catalogue.cohort_recipes import SINGLE
from ecgkt.data.joins.engine import quoted
from ecgkt.domain.features import Role

KINDS = ("lab", "vital", "biometric")


def values_of(recipe: CohortRecipe, role: Role) -> str:
    """Return a query of the values of a role for the rows of `kept`: a long table, in the order of row and feature.

    Columns: row, feature, value, censored, drawn_minutes, resulted_minutes (relative to the ECG; NULL where that clock
    was not kept), low, high. Statistics carry the last of their values' times.
    """
    parts = []
    for kind in KINDS:
        take = recipe.takes.get((role, kind))
        if take is not None:
            parts.append(f"({_TAKEN[take.choice](kind, take)})")
    known = [one.name for one in recipe.measurements if one.name in ("age", "sex_male")]
    if (role, "biometric") in recipe.takes:
        parts += [
            f"(SELECT row, {quoted(name)}, {name}::DOUBLE, '', 0.0, 0.0, NULL, NULL FROM kept WHERE {name} IS NOT NULL)"
            for name in known
        ]
    columns = "row, feature, value, censored, drawn_minutes, resulted_minutes, low, high"
    if not parts:
        parts.append("SELECT 0::BIGINT, '', 0.0::DOUBLE, '', 0.0, 0.0, 0.0, 0.0 WHERE false")
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS taken({columns}) ORDER BY row, feature, drawn_minutes"


def _inside(kind: str, take: Take) -> str:
    """Return the query of every value inside the window.

    Events and windows meet in buckets of time as long as the window, so that a patient's whole history is never
    multiplied by all of the patient's ECGs.
    """
    window = take.window
    clock = "e.drawn" if window.clock == "drawn" else "e.resulted"
    anchor = "k.ecg_time" if window.anchor == "ecg" else "k.arrival"
    bucket = round((window.to_minutes - window.from_minutes) * 60) + 60
    start = f"{anchor} + ({window.from_minutes!r}) * INTERVAL 1 MINUTE"
    end = f"{anchor} + ({window.to_minutes!r}) * INTERVAL 1 MINUTE"
    return f"""
        SELECT k.row, k.ecg_time, {anchor} AS anchor, e.*, {clock} AS clock
        FROM (SELECT *, unnest([bucket, bucket + 1]) AS time_bucket
              FROM (SELECT *, floor(epoch({start}) / {bucket})::BIGINT AS bucket FROM kept k
                    WHERE {anchor} IS NOT NULL)) k
        JOIN (SELECT *, floor(epoch({clock}) / {bucket})::BIGINT AS time_bucket FROM events e
              WHERE kind = {quoted(kind)} AND {clock} IS NOT NULL) e USING (subject_id, time_bucket)
        WHERE {clock} BETWEEN {start} AND {end}"""


def _every(kind: str, take: Take) -> str:
    return f"{_SHOWN} FROM ({_inside(kind, take)})"


def _nearest(kind: str, take: Take, of: str = "true") -> str:
    order = "abs(epoch(clock - anchor)), clock, place, event_id, value"
    return (
        f"{_SHOWN} FROM ({_inside(kind, take)}) WHERE {of} "
        f"QUALIFY row_number() OVER (PARTITION BY row, feature ORDER BY {order}) = 1"
    )


_SHOWN = (
    "SELECT row, feature, value, censored, epoch(drawn - ecg_time) / 60, epoch(resulted - ecg_time) / 60, low, high"
)


def _statistics(kind: str, take: Take) -> str:
    """Return the query of nine statistics of all values.

    sd is the population's, change is relative to the first value (NULL where that is 0), slope is per minute by least
    squares (0 for a single moment).
    """
    single = ", ".join(quoted(name) for name in SINGLE)
    return f"""
        WITH inside AS ({_inside(kind, take)}), grouped AS (
            SELECT row, feature, avg(value) AS mean, median(value) AS median, min(value) AS min, max(value) AS max,
                   stddev_pop(value) AS sd, arg_min(value, (clock, event_id)) AS first,
                   arg_max(value, (clock, event_id)) AS last,
                   CASE WHEN min(clock) = max(clock) THEN 0
                        ELSE regr_slope(value, epoch(clock - anchor) / 60) END AS slope,
                   max(epoch(drawn - ecg_time)) / 60 AS drawn_minutes,
                   max(epoch(resulted - ecg_time)) / 60 AS resulted_minutes
            FROM inside WHERE feature NOT IN ({single}) GROUP BY row, feature
        ), wide AS (SELECT *, (last - first) / nullif(first, 0) AS change FROM grouped)
        SELECT row, feature || '_' || statistic, value, '', drawn_minutes, resulted_minutes, NULL, NULL
        FROM (UNPIVOT wide ON mean, median, min, max, sd, first, last, change, slope INTO NAME statistic VALUE value)
        UNION ALL ({_nearest(kind, take, f"feature IN ({single})")})"""


_TAKEN = {"nearest": _nearest, "every": _every, "statistics": _statistics}
