"""The package's joins on the real demo tables, every listed ECG kept: no waveform is needed for these."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from ecgkt.catalogue import cohort_recipe
from ecgkt.data.joins import labels
from ecgkt.data.joins.engine import engine, open_table
from ecgkt.data.joins.events import stage_events
from ecgkt.data.joins.linkage import link
from ecgkt.mimic import TABLES, find_sources, record_path


@contextmanager
def joined(real_data: Path, ecgs: pd.DataFrame, folder: Path, recipe: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine after the joins of a recipe; `kept` holds the ECGs that the recipe's setting lets in."""
    with (folder / "record_list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["subject_id", "study_id", "file_name", "ecg_time", "path"])
        for row in ecgs.itertuples():
            path = record_path(row.subject_id, row.study_id)
            writer.writerow([row.subject_id, row.study_id, row.study_id, row.ecg_time, path])
    found = find_sources([folder, real_data / "mimic-iv-demo-2.2", real_data / "mimic-iv-ed-demo-2.2"])
    rules = cohort_recipe(recipe)
    with engine(folder / "spill") as connection:
        for name in TABLES:
            open_table(connection, found, name)
        link(connection, rules)
        stage_events(connection, rules, folder)
        labels.stage_codes(connection)
        inside = "stay_id IS NOT NULL" if rules.setting == "ed" else "true"
        connection.execute(f"CREATE TABLE kept AS SELECT ecg AS row, * FROM ecgs WHERE {inside}")
        yield connection


def studies(connection: duckdb.DuckDBPyConnection) -> pd.Series:
    """Return study_id by row."""
    return connection.execute("SELECT row, study_id FROM kept").df().set_index("row")["study_id"]
