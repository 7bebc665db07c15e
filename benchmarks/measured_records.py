"""How near recordings simulated from real measured intervals and axes come to them, by our own delineator.

python -m benchmarks.measured_records ../shared/data/mimic-iv-ecg-measurements
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ecgkt import readers
from ecgkt.mimic.waveforms import record_path
from ecgkt.parallel import in_shards, usual_workers
from ecgkt.signals.measurements import measure
from ecgkt.simulation import SimulationSettings, simulate_measured
from ecgkt.simulation.measured import read_rows
from ecgkt.simulation.measured_intervals import intervals_of, plan_measured, rhythm_of
from ecgkt.simulation.readings import read_tracings

NAMES = {"rr": "rr", "p": "p_duration", "pr": "pr", "qrs": "qrs", "qt": "qt"} | {
    axis: axis for axis in ("p_axis", "qrs_axis", "t_axis")
}
SHARD = 50


def main() -> None:
    """Simulate, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder with demo_patients_659.csv and train/train_fib.csv")
    parser.add_argument("--workers", type=int, default=usual_workers())
    arguments = parser.parse_args()
    source = arguments.folder / "demo_patients_659.csv"
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        simulate_measured(source, Path(folder), workers=arguments.workers)
        seconds = time.perf_counter() - begin
        frame = errors(Path(folder), read_rows(source), arguments.workers)
    print(f"{len(frame)} records simulated in {seconds:.0f} s by {arguments.workers} processes\n")
    for line in table_lines(frame):
        print(line)
    print()
    for line in rhythm_lines(arguments.folder / "train" / "train_fib.csv"):
        print(line)


def errors(folder: Path, rows: Sequence[Mapping[str, str]], workers: int = 1) -> pd.DataFrame:
    """Return one row per record: measured_NAME as the cart has it, found_NAME by the delineator, planned_NAME."""
    shards = [(folder, rows[first : first + SHARD]) for first in range(0, len(rows), SHARD)]
    done = dict(in_shards(_errors, shards, workers))
    return pd.DataFrame([row for position in sorted(done) for row in done[position]])


def _errors(folder: Path, rows: Sequence[Mapping[str, str]]) -> list[dict[str, float]]:
    studies = [intervals_of(row) for row in rows]
    readings = read_tracings([plan_measured(0, study, SimulationSettings(faulty=0.0)) for study in studies])
    found = []
    for study, reading in zip(studies, readings, strict=True):
        record = readers.read_record(folder / f"{record_path(study.subject_id, study.study_id)}.hea")
        values = measure(record.signal, record.fs).values
        row = {"rhythm": rhythm_of(study)}
        for name, ours in NAMES.items():
            value = values[ours].value
            row[f"measured_{name}"] = study.values.get(name, np.nan)
            row[f"found_{name}"] = np.nan if value is None else value
            row[f"planned_{name}"] = getattr(reading, name if "axis" in name else f"{name}_ms")
        found.append(row)
    return found


def absolute_errors(frame: pd.DataFrame, name: str, whose: str = "found") -> pd.Series:
    """Return |found - measured| in ms or degrees (the shorter way round), where both are known."""
    return differences(frame, name, whose).abs()


def differences(frame: pd.DataFrame, name: str, whose: str = "found") -> pd.Series:
    """Return found - measured in ms or degrees (the shorter way round), where both are known."""
    difference = frame[f"{whose}_{name}"] - frame[f"measured_{name}"]
    return ((difference + 180) % 360 - 180 if "axis" in name else difference).dropna()


def table_lines(frame: pd.DataFrame) -> list[str]:
    """Return the table of errors in Markdown."""
    lines = [
        "| | measured by the cart | found in the simulated record | median absolute error | 90th percentile "
        "| median error | median absolute error of the plan |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in NAMES:
        every, planned = differences(frame, name), absolute_errors(frame, name, "planned")
        lines.append(
            f"| {name.replace('_', ' ')}, {'degrees' if 'axis' in name else 'ms'} "
            f"| {frame[f'measured_{name}'].notna().sum()} | {len(every)} | {every.abs().median():.1f} "
            f"| {every.abs().quantile(0.9):.1f} | {every.median():+.1f} | {planned.median():.1f} |"
        )
    return lines


def rhythm_lines(path: Path) -> list[str]:
    """Return in Markdown how often the cart said atrial fibrillation, by the rhythm that would be simulated."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    said = frame.pop("report_0") == "1"
    rhythms = pd.Series([rhythm_of(intervals_of(row)) for row in frame.to_dict("records")])
    lines = ["| simulated as | studies | the cart said atrial fibrillation |", "|---|---|---|"]
    for rhythm, rows in said.groupby(rhythms):
        lines.append(f"| {str(rhythm).replace('_', ' ')} | {len(rows)} | {rows.sum()} ({100 * rows.mean():.0f} %) |")
    return lines


if __name__ == "__main__":
    main()
