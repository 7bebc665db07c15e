"""The laboratory values of one ECG of a prepared cohort, looked up where they lie: no table is read whole."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgkt.catalogue import CohortRecipe, cohort_recipe, lab_panel
from ecgkt.data.layout import Prepared
from ecgkt.domain import LabValue, MeasuredLabs
from ecgkt.domain.features import Role, Window
from ecgkt.errors import InvalidCohort

if TYPE_CHECKING:
    import duckdb

MEMORY = "256MB"
NOT_KNOWN = "Measured values: not known"


def labs_near(folder: Path, study_id: int, subject_id: int, recorded: datetime | None) -> MeasuredLabs:
    """Return what was measured near an ECG: of each analyte of the panel the value that its labels are judged by.

    That is the one drawn nearest within the window of the cohort's role target, in the panel's unit, with its bound
    where one was printed, and its minutes from the ECG. An analyte without one was not measured. Nothing is known of
    an ECG that the cohort has left out, or that is of another patient or another time (`recorded`, None where it is
    not known) than the cohort's of that number. Raises InvalidCohort where `folder` is no prepared cohort or is
    damaged.
    """
    import duckdb

    from ecgkt.data.joins.engine import engine

    prepared = Prepared(Path(folder))
    told = _manifest(prepared)
    recipe = cohort_recipe(told["recipe"])
    try:
        with engine(prepared.stage, MEMORY, threads=1) as connection:
            row, patient, time = _listed(connection, prepared, study_id)
            if row is None:
                return MeasuredLabs(told=f"{NOT_KNOWN}: this ECG is not in the prepared cohort.")
            if patient != subject_id or (recorded is not None and time != recorded):
                return MeasuredLabs(
                    told=f"{NOT_KNOWN}: the prepared cohort has another ECG of this number. Open the app with the "
                    "folder that it was prepared from."
                )
            values = _values(connection, prepared, row)
    except duckdb.Error as error:
        raise _damaged(prepared) from error
    panel = {lab.name for lab in lab_panel()}
    known = {name: value for name, value in values.items() if name in panel}
    asked = panel & {spec.name for spec in recipe.features(Role.TARGET) if spec.kind == "lab"}
    return MeasuredLabs(known, frozenset(asked), _words(recipe, simulated=told["simulated"], some=bool(known)))


def _manifest(prepared: Prepared) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(prepared.manifest.read_text(encoding="utf-8"))
        if told["prepared"] and {"recipe", "simulated"} <= set(told):
            return told
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(prepared) from error
    raise _damaged(prepared)


def _damaged(prepared: Prepared) -> InvalidCohort:
    names = ", ".join(path.name for path in (prepared.manifest, prepared.records, prepared.values(Role.TARGET)))
    return InvalidCohort(
        f"a prepared cohort with {names}", "a folder without, or damaged ones", "prepare it again into an empty folder"
    )


def _listed(
    connection: duckdb.DuckDBPyConnection, prepared: Prepared, study_id: int
) -> tuple[int | None, int, datetime | None]:
    """Return the row of an ECG in the cohort's files, its subject and its time; None where it was left out."""
    found = connection.execute(
        "SELECT row, subject_id, ecg_time FROM read_parquet(?) WHERE study_id = ?", [str(prepared.records), study_id]
    ).fetchone()
    return (None, 0, None) if found is None else (int(found[0]), int(found[1]), found[2])


def _values(connection: duckdb.DuckDBPyConnection, prepared: Prepared, row: int) -> dict[str, LabValue]:
    found = connection.execute(
        "SELECT feature, value, drawn_minutes, coalesce(censored, '') FROM read_parquet(?) WHERE row = ?",
        [str(prepared.values(Role.TARGET)), row],
    ).fetchall()
    return {name: LabValue(value, minutes, bound) for name, value, minutes, bound in found}


def _words(recipe: CohortRecipe, *, simulated: bool, some: bool) -> str:
    """Return whose values these are and from when, in one sentence."""
    cohort = "SIMULATED prepared cohort" if simulated else "prepared cohort"
    when = _window_words(recipe.takes[Role.TARGET, "lab"].window)
    if not some:
        return f"Measured: of the panel nothing was drawn near {when}, by the {cohort}; not measured is not normal."
    units = " Its recipe takes units as they are, unchecked." if recipe.values.units == "unchecked" else ""
    return f"Measured: the value drawn nearest {when}, by the {cohort}; not measured is not normal.{units}"


def _window_words(window: Window) -> str:
    first, last = window.from_minutes, window.to_minutes
    if window.anchor != "ecg":
        return f"the arrival in the emergency department, {first:g} to {last:g} min after it"
    return f"this ECG, within {last:g} min" if first == -last else f"this ECG, {first:g} to {last:g} min after it"
