"""From downloads, or a simulated cohort, to a prepared one: tables joined by role, waveforms, labels, split, manifest.

Every step leaves whole files or none, so that a run that was stopped goes on with the steps that are missing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from ecgkt import __version__
from ecgkt.catalogue import CohortRecipe, all_labels, cohort_recipe
from ecgkt.data import audit, manifest
from ecgkt.data.check.needed import required
from ecgkt.data.joins import labels
from ecgkt.data.joins.engine import MEMORY, engine, open_table, quoted, write_parquet
from ecgkt.data.joins.events import LAB_ROWS, stage_events
from ecgkt.data.joins.linkage import link
from ecgkt.data.joins.machine import machine_values
from ecgkt.data.joins.windows import values_of
from ecgkt.data.layout import Prepared
from ecgkt.data.waveforms.shards import full_disk_told
from ecgkt.data.waveforms.store import store_waveforms
from ecgkt.domain.cohorts import PARTS, Split
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCohort
from ecgkt.mimic import TABLES, Sources, find_sources

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, what is done of it and what there is in all."""


@dataclass(frozen=True)
class Order:
    """What is to be prepared, and how: everything that the result depends on is in `key`."""

    sources: Sources
    recipe: CohortRecipe
    split_seed: int = 0
    workers: int = 1
    memory: str = MEMORY

    @property
    def published(self) -> Path | None:
        """The table of MIMIC-IV-ECG-Ext-ICD where the recipe goes by it and it is at hand."""
        wanted = self.recipe.split == "strat_fold" and self.sources.has("ext_icd")
        return self.sources.path("ext_icd") if wanted else None

    @property
    def split_rule(self) -> str:
        """What decides the part of a patient."""
        return f"hash {self.split_seed}" if self.published is None else "strat_fold of MIMIC-IV-ECG-Ext-ICD"

    @property
    def key(self) -> dict[str, Any]:
        """Plain data by which a folder that was begun is known again."""
        files = {name: _listed(paths[0]) for name, paths in self.sources.found.items() if paths}
        return {
            "version": __version__,
            "recipe": self.recipe.name,
            "split": self.split_rule,
            "inputs": files,
            "labels": all_labels().fingerprint,
        }


def prepare(
    folders: Sequence[Path],
    out: Path,
    recipe: str = "ours",
    *,
    split_seed: int = 0,
    workers: int = 1,
    memory: str = MEMORY,
    progress: Progress | None = None,
) -> Prepared:
    """Write a prepared cohort to `out` and return it; what a broken run left is kept and finished.

    Raises InvalidCohort in one sentence for missing tables or columns, damaged files, a full disk, a folder that holds
    another cohort, and for leakage.
    """
    order = Order(find_sources(folders), cohort_recipe(recipe), split_seed, workers, memory)
    for name in required(order.recipe):
        order.sources.path(name)
    target = Prepared(Path(out))
    if _claim(target, order):
        return target
    with full_disk_told(target.folder), engine(target.stage / "spill", memory, workers) as connection:
        for name in TABLES:
            open_table(connection, order.sources, name)
        _run(connection, target, order, progress or (lambda step, done, total: None))
    shutil.rmtree(target.stage)
    return target


def _run(connection: duckdb.DuckDBPyConnection, target: Prepared, order: Order, progress: Progress) -> None:
    steps = ["tables", "waveforms", "values", "labels", "manifest"]
    for place, step in enumerate(steps):
        progress("prepare", place, len(steps))
        _STEPS[step](connection, target, order, progress)
    progress("prepare", len(steps), len(steps))


def _tables(connection: duckdb.DuckDBPyConnection, target: Prepared, order: Order, progress: Progress) -> None:
    """Join stays, read the laboratory's rows once, and tell who is left out before any waveform is read."""
    link(connection, order.recipe)
    labels.stage_codes(connection, order.published)
    stage_events(connection, order.recipe, target.stage)
    connection.execute(
        f"""CREATE OR REPLACE TABLE candidates AS SELECT *, CASE
            WHEN NOT known_patient THEN 'no such patient'
            WHEN age < {order.recipe.minimum_age} THEN 'under {order.recipe.minimum_age} years'
            WHEN {quoted(order.recipe.setting)} = 'ed' AND stay_id IS NULL
                THEN 'not within {order.recipe.ed_minutes:g} minutes of an arrival'
            WHEN {order.recipe.needs_codes} AND ecg NOT IN (SELECT ecg FROM coded) THEN 'without a code'
            ELSE '' END AS left_out FROM ecgs"""
    )


def _waveforms(connection: duckdb.DuckDBPyConnection, target: Prepared, order: Order, progress: Progress) -> None:
    """Store the waveforms of the candidates, and number the rows that are kept."""
    folder = order.sources.waveforms
    wanted = connection.execute("SELECT study_id, path FROM candidates WHERE left_out = '' ORDER BY ecg").fetchall()
    if not wanted:
        raise InvalidCohort("ECGs of adults in the tables", "none", "check that both folders are of the same patients")
    beyond = [str(path) for _, path in wanted if Path(str(path)).is_absolute() or ".." in Path(str(path)).parts]
    if beyond:
        raise InvalidCohort("waveforms below the folder of record_list.csv", beyond[0], "check record_list.csv")
    records = [(int(study), folder / str(path)) for study, path in wanted]
    store_waveforms(records, target.folder, order.workers, lambda done, total: progress("waveforms", done, total))
    connection.execute(
        f"""CREATE OR REPLACE TABLE ruled AS
        WITH stored AS (SELECT study_id, row AS slot, status FROM read_parquet({quoted(target.waveform_index)}))
        SELECT c.* EXCLUDE (left_out), slot, coalesce(nullif(c.left_out, ''), status) AS left_out
        FROM candidates c LEFT JOIN stored USING (study_id)"""
    )
    connection.execute(
        """CREATE OR REPLACE TABLE kept AS
        SELECT row_number() OVER (ORDER BY ecg) - 1 AS row, * EXCLUDE (left_out) FROM ruled WHERE left_out = ''"""
    )
    if not connection.execute("SELECT count(*) FROM kept").fetchall()[0][0]:
        raise InvalidCohort("readable waveforms", f"none of {len(wanted)}", "check the folder of waveforms")


def _values(connection: duckdb.DuckDBPyConnection, target: Prepared, order: Order, progress: Progress) -> None:
    for done, role in enumerate(Role):
        progress("values", done, len(Role))
        query = values_of(order.recipe, role)
        write_parquet(connection, query, target.values(role), f"the values of the role {role}")
    write_parquet(connection, machine_values(), target.measurements, "machine_measurements.csv")
    progress("values", len(Role), len(Role))


def _labels(connection: duckdb.DuckDBPyConnection, target: Prepared, order: Order, progress: Progress) -> None:
    labels.stage_tracing(connection)
    query = labels.all_label_columns(connection, order.recipe, str(target.values(Role.TARGET)))
    write_parquet(connection, query, target.labels, "the labels")
    write_parquet(connection, labels.expanded_codes(), target.codes, "the codes")
    split = _split(connection, order)
    parts = [(subject, part) for part in PARTS for subject in getattr(split, part)]
    frame = pd.DataFrame(sorted(parts), columns=["subject_id", "part"])
    connection.register("split_rows", frame)
    connection.execute("CREATE OR REPLACE TABLE split AS SELECT * FROM split_rows")
    connection.unregister("split_rows")
    write_parquet(connection, _RECORDS, target.records, "the records")
    whole = target.splits.with_suffix(".part")
    frame.to_csv(whole, index=False)
    whole.replace(target.splits)


def _split(connection: duckdb.DuckDBPyConnection, order: Order) -> Split:
    """Return the split of the kept patients: the published folds where the recipe wants them and they are at hand."""
    if order.published is not None:
        rows = connection.execute("SELECT DISTINCT subject_id, part FROM folds JOIN kept USING (subject_id)").fetchall()
        return Split(**{part: frozenset(int(subject) for subject, of in rows if of == part) for part in PARTS})
    rows = connection.execute("SELECT DISTINCT subject_id FROM kept ORDER BY 1").fetchall()
    return Split.by_hash([int(row[0]) for row in rows], order.split_seed)


_RECORDS = """SELECT row, slot, study_id, subject_id, ecg_time, path, age, sex_male, stay_id, hadm_id,
        CASE WHEN stay_id IS NOT NULL THEN 'emergency' WHEN hadm_id IS NOT NULL THEN 'hospital' ELSE 'elsewhere' END
            AS setting,
        number_in_stay, prediction_minutes, part FROM kept JOIN split USING (subject_id) ORDER BY row"""


def _finish(connection: duckdb.DuckDBPyConnection, target: Prepared, order: Order, progress: Progress) -> None:
    found = audit.audit(target, order.recipe)
    audit.refuse_leakage(found)
    written = manifest.describe(connection, target, order.sources, order.recipe, order.key, found)
    manifest.write(target.manifest, written)


_STEPS: dict[str, Callable[[duckdb.DuckDBPyConnection, Prepared, Order, Progress], None]] = {
    "tables": _tables,
    "waveforms": _waveforms,
    "values": _values,
    "labels": _labels,
    "manifest": _finish,
}


def _claim(target: Prepared, order: Order) -> bool:
    """Make the folder this order's; return whether it is finished already; refuse one that holds another cohort.

    A table that was downloaded again between two runs is read again; what was made of the others is kept.
    """
    key = json.loads(json.dumps(order.key))
    if target.manifest.is_file():
        manifest.agree(json.loads(target.manifest.read_text(encoding="utf-8"))["key"], key)
        return True
    target.stage.mkdir(parents=True, exist_ok=True)
    claim = target.stage / "key.json"
    if claim.is_file():
        begun = json.loads(claim.read_text(encoding="utf-8"))
        manifest.agree({**begun, "inputs": key["inputs"]}, key)
        if any(begun["inputs"].get(name) != key["inputs"].get(name) for name in ("record_list", "labevents")):
            (target.stage / LAB_ROWS).unlink(missing_ok=True)
    manifest.write(claim, key)
    return False


def _listed(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"file": path.name, "bytes": found.st_size, "modified": int(found.st_mtime)}
