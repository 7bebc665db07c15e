"""How fast ECGs are simulated: signal only, with files, with truth; NeuroKit2's ecg_simulate in the same run.

python -m benchmarks.simulation_speed [--records 1000] [--workers 2] [--far 50000] [--device cuda]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ecgkt.parallel import in_shards, usual_workers
from ecgkt.simulation import SimulationSettings, simulate_cohort, truth_of
from ecgkt.simulation.plans import plan_record
from ecgkt.simulation.waveforms import synthesise

_SHARD = 50
SETTINGS = SimulationSettings(most_ecgs=1)


def signals_only(first: int, count: int, device: str = "cpu") -> int:
    """Simulate the signals of `count` records and drop them."""
    synthesise([plan_record(1, number, 0, SETTINGS) for number in range(first, first + count)], torch.device(device))
    return count


def signals_and_truth(first: int, count: int) -> int:
    """Simulate the signals of `count` records and the whole truth of each."""
    signals_only(first, count)
    for number in range(first, first + count):
        truth_of(1, number, 0, SETTINGS)
    return count


def neurokit(count: int) -> int:
    """Simulate `count` 12-lead records of 10 s at 500 Hz with NeuroKit2."""
    import neurokit2

    for number in range(count):
        neurokit2.ecg_simulate(duration=10, sampling_rate=500, method="multileads", random_state=number)
    return count


def rate(work: Callable[[], int]) -> float:
    """Return records per second."""
    start = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - start)


def over_workers(work: Callable[[int, int], int], first: int, count: int, workers: int) -> float:
    """Return records per second of processes that have started: the first shard of each is not counted."""
    shards = [(first + start, _SHARD) for start in range(0, count + workers * _SHARD, _SHARD)]
    begin, done = 0.0, 0
    for place, (_, made) in enumerate(in_shards(work, shards, workers), start=1):
        if place == workers:
            begin = time.perf_counter()
        elif place > workers:
            done += made
    return done / (time.perf_counter() - begin)


def files(folder: str, count: int, workers: int) -> int:
    """Write a cohort of `count` patients with one record each, tables included."""
    simulate_cohort(Path(folder), count, 1, SETTINGS, workers=workers)
    return count


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=usual_workers())
    parser.add_argument("--far", type=int, default=50_000, metavar="N", help="the last records are those before N")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    n, workers = arguments.records, arguments.workers
    rows: list[tuple[str, float]] = []
    if arguments.device != "cpu":
        signals_only(0, 256, arguments.device)
        rows.append((f"signal only, {arguments.device}", rate(lambda: signals_only(0, n, arguments.device))))
    else:
        torch.set_num_threads(1)
        signals_only(0, 64)
        rows.append(("signal only, one process, records 0 on", rate(lambda: signals_only(0, n))))
        last = arguments.far - n
        rows.append((f"signal only, one process, records {last:,} on", rate(lambda: signals_only(last, n))))
        rows.append((f"signal only, {workers} processes", over_workers(signals_only, 0, n, workers)))
        rows.append((f"signal and truth, {workers} processes", over_workers(signals_and_truth, 0, n, workers)))
        with tempfile.TemporaryDirectory() as folder:
            rows.append(
                (
                    f"signal and files, {workers} processes, their start included",
                    rate(lambda: files(folder, n, workers)),
                )
            )
        rows.append(("NeuroKit2 ecg_simulate, 12 leads, one process", rate(lambda: neurokit(min(n, 20)))))
    print("| what | records/s |\n|---|---|")
    for what, value in rows:
        print(f"| {what} | {value:.1f} |")


if __name__ == "__main__":
    main()
