"""Leakage looked for by code, in the files of a prepared cohort and not in the code that wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import numpy as np

from ecgkt.catalogue import CohortRecipe, all_labels
from ecgkt.data.joins.engine import quoted, reading
from ecgkt.data.layout import Prepared
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCohort


@dataclass(frozen=True)
class Finding:
    """One thing looked for: `count` of `of` rows or subjects, and whether a single one spoils every evaluation."""

    what: str
    count: int
    of: int
    forbidden: bool
    do: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def audit(prepared: Prepared, recipe: CohortRecipe) -> tuple[Finding, ...]:
    """Look for every kind of leakage that the files can show; see docs/data.md for what each means."""
    connection = duckdb.connect(":memory:")
    try:
        with reading("the prepared files"):
            for name, path in (
                ("records", prepared.records),
                ("inputs", prepared.values(Role.INPUT)),
                ("targets", prepared.values(Role.TARGET)),
                ("labels", prepared.labels),
                ("waveforms", prepared.waveform_index),
            ):
                connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({quoted(path)})")
            connection.execute(
                f"CREATE VIEW splits AS SELECT * FROM read_csv({quoted(prepared.splits)}, header = true, "
                "types = {'subject_id': 'BIGINT', 'part': 'VARCHAR'})"
            )
            return (*_splits(connection), _late_inputs(connection, recipe), *_told_by_an_input(connection))
    finally:
        connection.close()


def refuse_leakage(findings: Sequence[Finding]) -> None:
    """Raise InvalidCohort for the first forbidden finding."""
    for finding in findings:
        if finding.forbidden and finding.count:
            raise InvalidCohort(f"no {finding.what}", f"{finding.count} of {finding.of}", finding.do)


def _splits(connection: duckdb.DuckDBPyConnection) -> tuple[Finding, ...]:
    subjects = "SELECT subject_id FROM (SELECT subject_id, part FROM splits UNION SELECT subject_id, part FROM records)"
    return (
        Finding(
            "patient in two parts of the split",
            _count(
                connection, f"SELECT count(*) FROM ({subjects} GROUP BY subject_id HAVING count(DISTINCT part) > 1)"
            ),
            _count(connection, "SELECT count(DISTINCT subject_id) FROM records"),
            True,
            "split by patient again: prepare into an empty folder",
        ),
        Finding(
            "study in two rows",
            _count(connection, "SELECT count(*) - count(DISTINCT study_id) FROM records"),
            _count(connection, "SELECT count(*) FROM records"),
            True,
            "drop the copies from record_list.csv",
        ),
        Finding(
            "waveform that two patients in different parts share",
            _count(
                connection,
                """SELECT count(*) FROM (SELECT crc32 FROM waveforms w JOIN records r USING (study_id) WHERE status = ''
                GROUP BY crc32 HAVING count(DISTINCT subject_id) > 1 AND count(DISTINCT part) > 1)""",
            ),
            _count(connection, "SELECT count(*) FROM records"),
            False,
            "look at those recordings",
        ),
    )


def _late_inputs(connection: duckdb.DuckDBPyConnection, recipe: CohortRecipe) -> Finding:
    """Count inputs that had not resulted by the prediction time, or whose result has no time at all."""
    late = "resulted_minutes IS NULL OR resulted_minutes > coalesce(prediction_minutes, 0) + 1e-6"
    return Finding(
        "input that resulted after the prediction time",
        _count(connection, f"SELECT count(*) FROM inputs JOIN records USING (row) WHERE {late}"),
        _count(connection, "SELECT count(*) FROM inputs"),
        not recipe.as_published,
        "the recipe is as its authors published it"
        if recipe.as_published
        else "end the input's window at the prediction time, on the clock resulted",
    )


def _told_by_an_input(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Count for each label the ECGs on which its evidence is an input: the multimodal arm reads it off there."""
    found = []
    columns = {name for name, *_ in connection.execute("DESCRIBE labels").fetchall()}
    for label in all_labels():
        evidence = [str(label.lab)] if label.lab is not None else list(label.codes.get("lab", ()))
        if not evidence or label.name not in columns:
            continue
        like = " OR ".join(
            f"feature = {quoted(name)} OR starts_with(feature, {quoted(name + '_')})" for name in evidence
        )
        known = f"SELECT row FROM labels WHERE {label.name} IS NOT NULL"
        found.append(
            Finding(
                f"label {label.name} whose evidence ({', '.join(evidence)}) is an input",
                _count(connection, f"SELECT count(DISTINCT row) FROM inputs WHERE ({like}) AND row IN ({known})"),
                _count(connection, f"SELECT count(*) FROM ({known})"),
                False,
                "report this label apart",
            )
        )
    return found


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    value = connection.execute(query).fetchall()[0][0]
    return int(np.nan_to_num(value or 0))
