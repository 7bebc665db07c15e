"""What a prepared cohort is made of, in numbers that add up, as the file that ends its preparation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ecgkt import __version__
from ecgkt.catalogue import CohortRecipe, all_labels
from ecgkt.data.audit import Finding
from ecgkt.data.joins import labels
from ecgkt.data.joins.engine import quoted
from ecgkt.data.joins.machine import MEASURED
from ecgkt.data.layout import Prepared
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCohort
from ecgkt.mimic import Sources

SOURCE_MANIFEST = "manifest.json"


def describe(
    connection: duckdb.DuckDBPyConnection,
    target: Prepared,
    sources: Sources,
    recipe: CohortRecipe,
    key: Mapping[str, Any],
    findings: Sequence[Finding],
) -> dict[str, Any]:
    """Return the manifest; raise InvalidCohort where the exclusions do not add up."""
    listed = _number(connection, "SELECT count(*) FROM listed")
    kept = _number(connection, "SELECT count(*) FROM kept")
    excluded = dict(
        connection.execute(
            "SELECT left_out, count(*) FROM ruled WHERE left_out <> '' GROUP BY left_out ORDER BY left_out"
        ).fetchall()
    )
    if listed != kept + sum(excluded.values()):
        raise InvalidCohort("exclusions that add up", f"{listed} listed, {kept} kept, {excluded}", "report this")
    simulated = _simulated(sources)
    return {
        "prepared": True,
        "simulated": simulated["simulated"],
        "statement": simulated["statement"],
        "version": __version__,
        "recipe": recipe.name,
        "key": key,
        "inputs": {name: _digest(paths[0]) for name, paths in sources.found.items() if paths},
        "split": key["split"],
        "listed": listed,
        "excluded": excluded,
        "kept": kept,
        "subjects": _number(connection, "SELECT count(DISTINCT subject_id) FROM kept"),
        "parts": _counts(connection, "SELECT part, count(*) FROM kept JOIN split USING (subject_id) GROUP BY part"),
        "joins": _joins(connection),
        "rows": _rows(connection),
        "foreign_units": _pairs(connection, "unit", "unit"),
        "haemolysis": _pairs(connection, "haemolysed", "haemolysis"),
        "values": {str(role): _coverage(connection, target, role) for role in Role},
        "measurements": _measured(connection, target),
        "labels": labels.prevalences(connection, str(target.labels), all_labels().names),
        "audit": [finding.to_json() for finding in findings],
    }


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    whole = path.with_suffix(".tmp")
    whole.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    whole.replace(path)


def agree(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise InvalidCohort where a folder was made from other inputs, by another recipe or version."""
    for name, value in wanted.items():
        if found.get(name) != value:
            raise InvalidCohort(
                f"a folder prepared with this {name}", f"one with another {name}", "choose an empty folder"
            )


def _joins(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    row = connection.execute(
        """SELECT count(*), count(stay_id), count(hadm_id), count(*) FILTER (stay_id IS NULL AND hadm_id IS NULL),
        count(*) FILTER (number_in_stay = 0), count(*) FILTER (ecg IN (SELECT ecg FROM coded)) FROM kept"""
    ).fetchall()[0]
    names = ("ECGs", "in an ED stay", "in an admission", "in neither", "first of their stay", "with codes")
    return dict(zip(names, (int(value) for value in row), strict=True))


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """Return for each measurement how many of its rows are used, censored, and rejected by each reason."""
    found: dict[str, dict[str, int]] = {}
    for table, censored in (("lab_rows", "sign"), ("other_rows", "''")):
        query = f"""SELECT feature, CASE rejection WHEN '' THEN 'used' ELSE rejection END, count(*),
            count(*) FILTER (rejection = '' AND {censored} <> '') FROM {table} GROUP BY ALL ORDER BY ALL"""
        for feature, reason, count, bounds in connection.execute(query).fetchall():
            one = found.setdefault(str(feature), {})
            one[str(reason)] = int(count)
            if bounds:
                one["censored"] = int(bounds)
    return found


def _pairs(connection: duckdb.DuckDBPyConnection, rejection: str, column: str) -> dict[str, dict[str, int]]:
    query = f"""SELECT feature, {column}, count(*) FROM lab_rows WHERE rejection = {quoted(rejection)}
        GROUP BY ALL ORDER BY ALL"""
    found: dict[str, dict[str, int]] = {}
    for feature, value, count in connection.execute(query).fetchall():
        found.setdefault(str(feature), {})[str(value)] = int(count)
    return found


def _coverage(connection: duckdb.DuckDBPyConnection, target: Prepared, role: Role) -> dict[str, int]:
    """Return for each feature of a role how many ECGs have a value; on the others it is missing."""
    path = quoted(target.values(role))
    return _counts(connection, f"SELECT feature, count(DISTINCT row) FROM read_parquet({path}) GROUP BY feature")


def _measured(connection: duckdb.DuckDBPyConnection, target: Prepared) -> dict[str, int]:
    """Return for each of the cart's intervals and axes on how many ECGs it is known."""
    asked = ", ".join(f"count({name})" for name in MEASURED)
    row = connection.execute(f"SELECT {asked} FROM read_parquet({quoted(target.measurements)})").fetchall()[0]
    return dict(zip(MEASURED, (int(value) for value in row), strict=True))


def _counts(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in sorted(connection.execute(query).fetchall())}


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": digest}


def _simulated(sources: Sources) -> dict[str, Any]:
    """Return whether the waveforms are simulated, by the manifest beside their list, and in which words."""
    path = sources.waveforms / SOURCE_MANIFEST
    if not path.is_file():
        return {"simulated": False, "statement": ""}
    told = json.loads(path.read_text(encoding="utf-8"))
    return {"simulated": bool(told.get("simulated")), "statement": str(told.get("statement", ""))}
