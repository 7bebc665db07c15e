"""How long the measured laboratory values of one ECG take to look up in a cohort as large as MIMIC-IV-ECG.

    python -m benchmarks.measured_labs

Made-up tables with as many ECGs as MIMIC-IV-ECG has and 15 values each; the time of every look-up, and how much more
memory the process holds after them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from ecgkt.data.layout import Prepared
from ecgkt.data.measured_labs import labs_near
from ecgkt.domain.features import Role

ECGS, VALUES, LOOK_UPS = 800_000, 15, 9
BEGIN = datetime(2150, 1, 1)


def write(folder: Path) -> None:
    """Write a cohort of made-up numbers, in the columns of a prepared one."""
    import duckdb

    target = Prepared(folder)
    target.manifest.write_text(json.dumps({"prepared": True, "recipe": "ours", "simulated": True}))
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 1")
        connection.execute(
            f"""COPY (SELECT range AS row, (range * 7919) % {ECGS} AS study_id, range // 5 AS subject_id,
            TIMESTAMP '{BEGIN}' + range * INTERVAL 1 MINUTE AS ecg_time, 'files/' || range AS path
            FROM range({ECGS})) TO '{target.records}' (FORMAT parquet)"""
        )
        connection.execute(
            f"""COPY (SELECT range // {VALUES} AS row, 'potassium' AS feature, random() AS value, '' AS censored,
            random() * 180 - 90 AS drawn_minutes, random() AS resulted_minutes, random() AS low, random() AS high
            FROM range({ECGS * VALUES})) TO '{target.values(Role.TARGET)}' (FORMAT parquet)"""
        )


def resident() -> int:
    """Return the megabytes that this process holds in memory."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def main() -> None:
    """Write the tables, look up, and tell."""
    with tempfile.TemporaryDirectory() as folder:
        writer = get_context("spawn").Process(target=write, args=(Path(folder),))
        writer.start()
        writer.join()
        before = resident()
        for place in range(LOOK_UPS):
            row = place * (ECGS // LOOK_UPS)
            begin = time.perf_counter()
            found = labs_near(Path(folder), row * 7919 % ECGS, row // 5, BEGIN + timedelta(minutes=row))
            sys.stdout.write(f"{1000 * (time.perf_counter() - begin):.0f} ms, {len(found)} analyte\n")
        sys.stdout.write(f"{resident() - before} MB more than before the first\n")


if __name__ == "__main__":
    main()
