"""How long `check` takes on tables of MIMIC's full size, filled with invented rows.

python -m benchmarks.check_speed [--folder DIR]

800,035 ECGs listed, 364,627 patients, 546,028 admissions, 6,364,520 codes, and a labevents.csv.gz of 2.5 GB; of the
waveforms only those that `check` looks at. The folder is removed afterwards.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ecgkt.data.check import check_sources
from ecgkt.data.check.waveforms import LOOKED_AT, spread
from ecgkt.mimic import LEADS, SAMPLES, record_path, table

ECGS, PATIENTS, ADMISSIONS, CODES = 800_035, 364_627, 546_028, 6_364_520
LABEVENTS_BYTES = 2_500_000_000
DAY = "2180-07-23"


def main() -> None:
    """Write the tables, check them, and tell the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where there are 3 GB (default: the system's temporary folder)")
    folder = Path(tempfile.mkdtemp(dir=parser.parse_args().folder))
    try:
        write_ecgs(folder)
        write_tables(folder)
        start, cpu = time.perf_counter(), time.process_time()
        found = check_sources([folder])
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    finally:
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write("".join(f"{sentence}\n" for sentence in (*found.facts, *found.unchecked, *found.problems)))
    sys.stdout.write(f"{seconds:.1f} s, of CPU {cpu:.1f} s, peak memory of the process {peak:.0f} MB\n")


def write_ecgs(folder: Path) -> None:
    """Write the list, and the records that lie where `check` looks."""
    looked_at = set(spread(ECGS, LOOKED_AT))
    with (folder / "record_list.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(table("record_list").header) + "\n")
        for number in range(ECGS):
            subject, study = 10_000_000 + number // 5, 40_000_000 + number
            path = record_path(subject, study)
            file.write(f"{subject},{study},{study},{DAY} 08:44:00,{path}\n")
            if number in looked_at:
                write_record(folder / path)


def write_record(path: Path) -> None:
    """Write a record of zeros."""
    path.parent.mkdir(parents=True)
    lines = [f"{path.name}.dat 16 200.0(0)/mV 16 0 0 0 0 {lead}" for lead in LEADS]
    path.with_suffix(".hea").write_text("\n".join([f"{path.name} 12 500 {SAMPLES}", *lines]) + "\n", encoding="utf-8")
    path.with_suffix(".dat").write_bytes(bytes(2 * SAMPLES * len(LEADS)))


def write_tables(folder: Path) -> None:
    """Write the hospital's tables; labevents is one block of rows over and over."""
    minutes = np.random.default_rng(0).integers(10, 60, 1_000_000)
    first, stay = 10_000_000, 20_000_000
    rest = "URGENT,P123AB,EMERGENCY ROOM,HOME,Other,ENGLISH,SINGLE,WHITE,,,0"
    write(folder, "patients", (f"{first + k},F,{minutes[k]},2180,2020 - 2022," for k in range(PATIENTS)))
    times = (f"{DAY} 10:{minutes[k]}:00,{DAY} 23:{minutes[k]}:00" for k in range(ADMISSIONS))
    rows = (f"{first + k % PATIENTS},{stay + k},{one},,{rest}" for k, one in enumerate(times))
    write(folder, "admissions", rows)
    rows = (f"{first + k // 20},{stay + k // 12},{k % 12},I{minutes[k % 1_000_000]},10" for k in range(CODES))
    write(folder, "diagnoses_icd", rows)
    times = (f"{DAY} 08:{minute}:00,{DAY} 09:{minute}:00" for minute in minutes)
    value = "4.1,4.1,mEq/L,3.3,5.1,,STAT,"
    labs = (f"{k},{first + k // 300},,{k // 9},50971,,{one},{value}" for k, one in enumerate(times))
    block = write(folder, "labevents", labs).read_bytes()
    with (folder / "hosp" / "labevents.csv.gz").open("ab") as file:
        while file.tell() < LABEVENTS_BYTES:
            file.write(block)


def write(folder: Path, name: str, rows: Iterable[str]) -> Path:
    """Write one gzipped table."""
    path = folder / f"{table(name).path}.gz"
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt", compresslevel=3, encoding="utf-8") as file:
        file.write(",".join(table(name).header) + "\n")
        file.writelines(f"{row}\n" for row in rows)
    return path


if __name__ == "__main__":
    main()
