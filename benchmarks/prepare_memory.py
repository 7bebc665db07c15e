"""Peak memory of `prepare` as a cohort grows: the same patients once, twice, four times over, under one memory limit.

    python -m benchmarks.prepare_memory FOLDER --work DIR [--times 1 2 4] [--memory 400MB]

FOLDER is a simulated cohort (such as benchmarks.prepare_speed makes). Copies of its patients get numbers of their own
and share the waveform files. Needs Linux.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import duckdb

from benchmarks.prepare_speed import run
from ecgkt.data.joins.engine import quoted
from ecgkt.mimic import TABLES, find_sources

SHIFT = 100_000_000
NUMBERS = ("subject_id", "study_id", "hadm_id", "stay_id", "labevent_id", "specimen_id")


def grown(folder: Path, times: int, target: Path) -> Path:
    """Write the tables of `folder` with every patient `times` over."""
    if (target / "done").is_file():
        return target
    sources = find_sources([folder])
    connection = duckdb.connect(":memory:")
    for name, schema in TABLES.items():
        if not sources.has(name):
            continue
        place = target / sources.path(name).relative_to(folder.resolve())
        place.parent.mkdir(parents=True, exist_ok=True)
        shifted = ", ".join(f"{column} + copy * {SHIFT} AS {column}" for column in NUMBERS if column in schema.columns)
        copies = times if "subject_id" in schema.columns else 1
        path = quoted(sources.path(name))
        typed = {column: "BIGINT" for column in NUMBERS if column in schema.columns}
        query = f"FROM read_csv({path}, all_varchar = true, types = {typed}, nullstr = ''), range({copies}) c(copy)"
        columns = f"* EXCLUDE (copy) REPLACE ({shifted})" if shifted else "* EXCLUDE (copy)"
        packed = "gzip" if place.suffix == ".gz" else "none"
        connection.execute(f"COPY (SELECT {columns} {query}) TO {quoted(place)} (HEADER, COMPRESSION {packed})")
    shutil.copy(folder / "manifest.json", target / "manifest.json")
    (target / "files").symlink_to((folder / "files").resolve())
    (target / "done").touch()
    return target


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--memory", default="400MB")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    print(f"| ECGs | lab rows | anonymous memory at its peak, MB (--memory {arguments.memory}) | wall, s |")
    print("|---:|---:|---:|---:|", flush=True)
    settings = ["--workers", str(arguments.workers), "--memory", arguments.memory]
    for times in arguments.times:
        source = grown(arguments.folder, times, arguments.work / f"times-{times}")
        out = arguments.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        took = run([sys.executable, "-m", "ecgkt", "prepare", str(source), "--out", str(out), *settings])
        counts = [
            duckdb.sql(f"SELECT count(*) FROM read_csv({quoted(find_sources([source]).path(name))})").fetchall()[0][0]
            for name in ("record_list", "labevents")
        ]
        shutil.rmtree(out)
        print(
            f"| {counts[0]:,} | {counts[1]:,} | {took['peak_anonymous'] / 1e6:,.0f} | {took['wall_s']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
