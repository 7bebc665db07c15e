"""By how much the measurements of one ECG differ between its first and its last 5 s: docs/delineation.md.

python -m benchmarks.repeatability PTB-XL [--write]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.domain import LEADS
from ecgkt.signals.changes import COMPARED, Change
from ecgkt.signals.measurements import Measurements, measure

OUT = Path(__file__).resolve().parents[1] / "ecgkt" / "catalogue" / "repeatability.toml"
HALF_SECONDS = 5.0
TITLES = {
    "heart_rate": "Rate, /min",
    "pr": "PR, ms",
    "qrs": "QRS, ms",
    "qt": "QT, ms",
    "qtc_fridericia": "QTc (Fridericia), ms",
    "qrs_axis": "QRS axis, degrees",
    "t_axis": "T axis, degrees",
    "st": "ST at J, any lead, mV",
}


def halves(signal: NDArray[np.float32], fs: float) -> tuple[Measurements, Measurements]:
    """Measure the first and the last 5 s of a recording, each as a recording of its own."""
    samples = round(HALF_SECONDS * fs)
    return measure(signal[:, :samples], fs), measure(signal[:, -samples:], fs)


def differences(first: Measurements, last: Measurements) -> dict[str, list[float]]:
    """Return the absolute differences by name; of ST one per lead. What was refused in one half is left out."""
    found = [
        Change(name, first.values[name].unit, first.values[name].value, last.values[name].value) for name in COMPARED
    ]
    found += [Change("st", "mV", first.leads["st"][lead].value, last.leads["st"][lead].value) for lead in LEADS]
    out: dict[str, list[float]] = defaultdict(list)
    for change in found:
        if change.difference is not None:
            out[change.name].append(abs(change.difference))
    return out


def main() -> None:
    """Measure and print the table; with --write, store the limits for the Case page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--write", action="store_true", help=f"write {OUT.name}")
    arguments = parser.parse_args()
    pooled: dict[str, list[float]] = defaultdict(list)
    used = 0
    for path in readers.find_records(arguments.collection):
        record = readers.read_record(path)
        if record.seconds < 2 * HALF_SECONDS or record.fs < 500:
            continue
        used += 1
        for name, apart in differences(*halves(record.signal, record.fs)).items():
            pooled[name] += apart
    print(f"{used} records.\n\n| | pairs | median | 95th percentile |\n|---|---|---|---|")
    limits = {}
    for name, title in TITLES.items():
        middle, high = np.quantile(pooled[name], [0.5, 0.95])
        limits[name] = float(high)
        digits = 3 if name == "st" else 1
        print(f"| {title} | {len(pooled[name])} | {middle:.{digits}f} | {high:.{digits}f} |")
    if arguments.write:
        lines = [
            "# By how much the first and the last 5 s of one real ECG differ, 95th percentile. Written by",
            "# `python -m benchmarks.repeatability PTB-XL --write`.",
            "",
            f"records = {used}",
            "",
            "[limits]",
            *(f"{name} = {value:.{4 if name == 'st' else 1}f}" for name, value in limits.items()),
        ]
        OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
