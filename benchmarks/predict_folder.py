"""A folder of real-sized records scored into one table, beside the bare forward pass in the same run.

python -m benchmarks.predict_folder [--records 1000] [--kills 3] [--workers 2] [--memory]

The records are copies of the bundled samples (12 leads, 10 s, 500 Hz, format 16). Times are of the processor, all
processes of the command together, so that what else the machine does counts less; wall times stand beside them.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch

from ecgkt import checkpoints, readers
from ecgkt.inference import Predictor
from ecgkt.worklist.folder_run import FolderRun
from ecgkt.worklist.shards import Shard
from ecgkt.worklist.sources import WorkFolder

SAMPLES = Path(__file__).resolve().parents[1] / "assets" / "samples"
BATCHES = (1, 4, 16, 32, 64, 128, 256)
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Run:
    """One command: wall and processor seconds, the most memory its processes had together, in MB."""

    wall: float
    processor: float
    most_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", action="store_true", help="only what one process holds after each part")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        many, few = root / "many", root / "few"
        make_records(many, arguments.records)
        if arguments.memory:
            tell_memory(many, root / "memory.parquet")
            return
        make_records(few, arguments.records // 10)
        forward = tell_stages(many)
        whole = score(many, root / "whole.parquet", arguments.workers)
        alone = score(many, root / "alone.parquet", 1)
        part = score(few, root / "few.parquet", 1)
        tell_runs(arguments.records, arguments.workers, forward, whole, alone, part)
        same = pq.read_table(root / "whole.parquet").equals(pq.read_table(root / "alone.parquet"))
        print(f"\nthe table of {arguments.workers} workers equals that of one, to the last digit: {same}")
        tell_kills(many, root, arguments.kills, arguments.workers, whole.wall, arguments.seed)


def make_records(folder: Path, count: int) -> None:
    """Write copies of the bundled samples, each in a folder of its own."""
    headers = readers.find_records(SAMPLES)
    for number in range(count):
        header = headers[number % len(headers)]
        place = folder / f"{number // 100:03d}" / f"{number:06d}"
        place.mkdir(parents=True)
        for file in (header, header.with_suffix(".dat")):
            (place / file.name).write_bytes(file.read_bytes())


def tell_stages(folder: Path) -> float:
    """Print the processor's ms per record of each stage alone, on one thread; return that of the best forward pass."""
    predictor = Predictor.open(checkpoints.choose_checkpoint())
    paths = readers.find_records(folder)[:100]
    records = [readers.read_record(path) for path in paths]
    inputs = [predictor.card.preprocessing.apply(record) for record in records]
    rows = {
        "reading the files": cost(lambda: [readers.read_record(path) for path in paths]) / len(paths),
        "quality, preprocessing, gate": cost(lambda: [predictor.look(replace(one)) for one in records]) / len(paths),
    }
    forward: dict[int, float] = {}
    for size in BATCHES:
        batch = torch.from_numpy(np.stack([inputs[place % len(inputs)] for place in range(size)]))
        with torch.inference_mode():
            forward[size] = cost(lambda batch=batch: predictor.network(batch)) / size
    print("| stage, one thread | ms of the processor per record |\n|---|---|")
    for what, seconds in rows.items():
        print(f"| {what} | {1000 * seconds:.2f} |")
    for size, seconds in forward.items():
        print(f"| bare forward pass, {size} at a time | {1000 * seconds:.2f} |")
    return min(forward.values())


def tell_memory(folder: Path, out: Path) -> None:
    """Print what this process holds after each part that it has scored."""
    held: dict[int, float] = {}
    run = FolderRun(WorkFolder.open(folder), checkpoints.choose_checkpoint(), out)
    run.score(Shard(), 1, lambda done, total: held.update({done: resident_mb(os.getpid())}))
    print("| records scored | MB |\n|---:|---:|")
    for done, size in held.items():
        print(f"| {done:,} | {size:,.0f} |")


def cost(action: Callable[[], object], repeats: int = 5) -> float:
    """Return the least processor seconds of an action over some repeats, after one that does not count."""
    action()
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        action()
        found.append(time.process_time() - begin)
    return min(found)


def command(folder: Path, out: Path, workers: int) -> list[str]:
    """Return the command as a user gives it."""
    words = [sys.executable, "-m", "ecgkt", "predict", str(folder), "--out", str(out)]
    return [*words, "--workers", str(workers)]


def score(folder: Path, out: Path, workers: int) -> Run:
    """Score a folder in processes of its own."""
    before, begin, most = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    running = subprocess.Popen(command(folder, out, workers), stderr=subprocess.DEVNULL)
    while running.poll() is None:
        most = max(most, sum(map(resident_mb, [running.pid, *children(running.pid)])))
        time.sleep(POLL_SECONDS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if running.returncode:
        raise SystemExit(f"predict ended with {running.returncode}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(time.perf_counter() - begin, used, most)


def children(process: int) -> list[int]:
    """Return a process's children by /proc."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def resident_mb(process: int) -> float:
    """Return what a process holds in memory, 0 where it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def tell_runs(records: int, workers: int, forward: float, whole: Run, alone: Run, part: Run) -> None:
    """Print the command's speed and memory beside the bare forward pass; the tenth of the folder tells the start-up."""
    named = [
        (f"{workers} workers, {records} records", records, whole),
        (f"1 worker, {records} records", records, alone),
        (f"1 worker, {records // 10} records", records // 10, part),
    ]
    print("\n| command | records/s | processor ms per record | over the bare pass | most memory, all processes |")
    print("|---|---|---|---|---|")
    for what, count, run in named:
        each, speed = run.processor / count, count / run.wall
        print(f"| {what} | {speed:.1f} | {1000 * each:.1f} | {each / forward:.1f} | {run.most_mb:,.0f} MB |")
    steady = (alone.processor - part.processor) / (records - records // 10)
    print(f"\nwithout start-up: {1000 * steady:.1f} ms of the processor per record, {steady / forward:.1f} bare passes")
    print(f"memory for {records} records over that for {records // 10}: {alone.most_mb / part.most_mb:.2f}")


def tell_kills(folder: Path, root: Path, kills: int, workers: int, usual: float, seed: int) -> None:
    """Kill the command at random times, give it again, and compare with the undisturbed table."""
    out, chance, killed, times = root / "killed.parquet", random.Random(seed), 0, []
    while killed < kills:
        running = subprocess.Popen(command(folder, out, workers), stderr=subprocess.DEVNULL)
        wait = chance.uniform(0.05, 0.5) * usual
        try:
            running.wait(wait)
            break
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
            killed += 1
            times.append(wait)
    score(folder, out, workers)
    found, wanted = pq.read_table(out), pq.read_table(root / "whole.parquet")
    told = ", ".join(f"{wait:.0f}" for wait in times)
    print(
        f"killed {killed} times (after {told} s) and taken up again: {len(found)} rows, equal: {found.equals(wanted)}"
    )


if __name__ == "__main__":
    main()
