"""Delineation and measurements beside LUDB's manual marks, and NeuroKit2's on the same leads.

python -m benchmarks.delineation ../shared/data/ludb [--records 1-100]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ludb import (
    FS,
    LEAD_FILES,
    POINTS,
    Points,
    Tally,
    compare,
    neurokit_points,
    read_marks,
    read_signal,
    records,
)
from ecgkt.signals.delineation import Delineation, delineate
from ecgkt.signals.measurements import measure

CSE_2SD_MS = {"P onset": 10.2, "P offset": 12.7, "QRS onset": 6.5, "QRS offset": 11.6, "T offset": 30.6}
METHODS = ("ecgkt", "NeuroKit2", "NeuroKit2, manual R")
INTERVALS = ("p_duration", "pr", "qrs", "qt")
CHOSEN_ON = 50
_WINDOWS_MS = {
    "P onset": (-400.0, -20.0),
    "P offset": (-350.0, 20.0),
    "QRS onset": (-130.0, 60.0),
    "QRS offset": (-40.0, 180.0),
}


@dataclass
class Part:
    """What one range of records gave."""

    tallies: dict[str, dict[str, Tally]] = field(
        default_factory=lambda: {method: {point: Tally() for point in POINTS} for method in METHODS}
    )
    differences: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in INTERVALS})
    refused: dict[str, int] = field(default_factory=lambda: dict.fromkeys(INTERVALS, 0))
    unmarked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(INTERVALS, 0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="LUDB, with its data/ folder")
    parser.add_argument("--records", default="1-100")
    arguments = parser.parse_args()
    numbers = records(arguments.records)
    parts = {"all": Part(), f"1-{CHOSEN_ON}": Part(), f"{CHOSEN_ON + 1}-100": Part()}
    seconds = dict.fromkeys(METHODS, 0.0)
    measure(read_signal(arguments.folder, numbers[0]), FS)  # imports do not count
    for number in numbers:
        half = f"1-{CHOSEN_ON}" if number <= CHOSEN_ON else f"{CHOSEN_ON + 1}-100"
        one_record(arguments.folder, number, [parts["all"], parts[half]], seconds)
    for name, part in parts.items():
        if part.tallies["ecgkt"]["QRS peak"].errors:
            tell(f"LUDB {arguments.records if name == 'all' else name}", part)
    per_record = ", ".join(f"{method} {1000 * total / len(numbers):.0f} ms" for method, total in seconds.items())
    print(f"CPU time per record of 12 leads and 10 s, one thread: {per_record}.")


def one_record(folder: Path, number: int, parts: Sequence[Part], seconds: dict[str, float]) -> None:
    """Add one record to the tallies of `parts` and the time of each method."""
    signal = read_signal(folder, number)
    marks = [read_marks(folder, number, lead) for lead in LEAD_FILES]
    start = time.process_time()
    ours = delineate(signal, FS)
    seconds["ecgkt"] += time.process_time() - start
    for row, manual in enumerate(marks):
        start = time.process_time()
        own = neurokit_points(signal[row], None)
        middle = time.process_time()
        given = neurokit_points(signal[row], manual["QRS peak"])
        seconds["NeuroKit2"] += middle - start
        seconds["NeuroKit2, manual R"] += time.process_time() - middle
        for part in parts:
            for method, found in zip(METHODS, (points_of(ours, row), own, given), strict=True):
                compare(part.tallies[method], manual, found)
    measured = measure(signal, FS).values
    for name, manual_ms in manual_intervals(marks).items():
        value = measured[name].value
        for part in parts:
            if value is not None and np.isfinite(manual_ms):
                part.differences[name].append(value - manual_ms)
            part.refused[name] += value is None and bool(np.isfinite(manual_ms))
            part.unmarked[name] += value is not None and not np.isfinite(manual_ms)


def points_of(d: Delineation, lead: int) -> Points:
    """Return the nine points of one lead."""
    waves = {"P": d.p, "QRS": d.qrs, "T": d.t}
    parts = ("onset", "peak", "offset")
    return {f"{name} {part}": getattr(wave, part)[:, lead] for name, wave in waves.items() for part in parts}


def manual_intervals(marks: Sequence[Points]) -> dict[str, float]:
    """Return the global intervals in ms of manual marks: each lead's median over its beats, then the second earliest
    onset and second latest offset over the leads, as `measure` takes them; NaN with fewer than four marked leads.
    """
    beats = marks[1]["QRS peak"]
    cycle = float(np.diff(beats).min()) * 1000 / FS if len(beats) > 1 else 1000.0

    def edge(point: str, side: int) -> float:
        low, high = _WINDOWS_MS.get(point, (100.0, min(620.0, 0.85 * cycle)))
        found = []
        for lead in marks:
            gaps = (lead[point][None, :] - beats[:, None]) * 1000 / FS
            near = np.where((gaps > low) & (gaps < high), gaps, np.nan)
            near = near[np.isfinite(near).any(axis=1)]
            if len(near):
                found.append(float(np.median(np.nanmin(near, axis=1) if side < 0 else np.nanmax(near, axis=1))))
        return float(side * np.sort(side * np.array(found))[-2]) if len(found) >= 4 else float("nan")

    p_on, p_off, on, off = (edge(point, -1 if "onset" in point else 1) for point in _WINDOWS_MS)
    return {"p_duration": p_off - p_on, "pr": on - p_on, "qrs": off - on, "qt": edge("T offset", 1) - on}


def tell(title: str, part: Part) -> None:
    """Print the tables of one range of records."""
    print(f"### {title}\n")
    print("| point | " + " | ".join(METHODS) + " | manual marks | CSE 2 SD |")
    print("|---|" + "---|" * (len(METHODS) + 2))
    for point in POINTS:
        cells = [cell(part.tallies[method][point]) for method in METHODS]
        if point == "QRS peak":
            cells[2] = "given"
        ours = part.tallies["ecgkt"][point]
        count = len(ours.errors) + ours.missed
        print(f"| {point} | " + " | ".join(cells) + f" | {count} | {CSE_2SD_MS.get(point, '')} |")
    print("\n| interval | n | mean difference ms | SD | 95 % limits of agreement | refused, marked | given, unmarked |")
    print("|---|---|---|---|---|---|---|")
    for name in INTERVALS:
        print(f"| {name} | " + agreement(np.array(part.differences[name])), end="")
        print(f" | {part.refused[name]} | {part.unmarked[name]} |")
    print()


def cell(tally: Tally) -> str:
    """Return sensitivity / PPV, then mean +- SD of the error in ms."""
    sensitivity, predictive, mean, sd = tally.row
    return f"{sensitivity:.1f} / {predictive:.1f} %, {mean:+.1f} ± {sd:.1f}"


def agreement(difference: NDArray[np.float64]) -> str:
    """Return n, mean, SD and limits of agreement (Bland and Altman 1986)."""
    if len(difference) < 2:
        return f"{len(difference)} | | | "
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    return f"{len(difference)} | {mean:+.1f} | {sd:.1f} | {mean - 1.96 * sd:+.0f} to {mean + 1.96 * sd:+.0f}"


if __name__ == "__main__":
    main()
