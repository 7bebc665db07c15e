"""How fast waveforms are stored, beside reading them one at a time: wfdb's rdrecord and the app's own read_record.

python -m benchmarks.waveform_store [--records 2000] [--cohort DIR]

Each line is a process of its own. Storing also judges, checks, writes and syncs; the others only read. Wall time and
CPU seconds (of the process and its workers) leave out the imports of the main process and count those of the workers.
The lines marked cold follow an emptied page cache, where /proc/sys/vm/drop_caches can be written.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ecgkt.parallel import usual_workers

_DROP = Path("/proc/sys/vm/drop_caches")
_BYTES = 120_000


def listed(cohort: Path) -> list[tuple[int, Path]]:
    """Return (study_id, path of the header) of every record."""
    return [(int(path.stem), path) for path in sorted((cohort / "files").rglob("*.hea"))]


def rdrecord(cohort: Path) -> Callable[[], object]:
    """Read each record with the wfdb library."""
    import wfdb

    names = [str(path.with_suffix("")) for _, path in listed(cohort)]
    return lambda: [wfdb.rdrecord(name).p_signal.shape for name in names]


def house_reader(cohort: Path) -> Callable[[], object]:
    """Read each record as the app does."""
    from ecgkt.readers import read_record

    paths = [path for _, path in listed(cohort)]
    read_record(paths[0])
    return lambda: [read_record(path).signal.shape for path in paths]


def store(cohort: Path, workers: int, out: str) -> Callable[[], object]:
    """Store every record."""
    import pandas  # noqa: F401 - pyarrow would bring it in while the clock runs
    import pyarrow.parquet  # noqa: F401

    from ecgkt.data.waveforms.store import store_waveforms

    records = listed(cohort)
    return lambda: store_waveforms(records, Path(out), workers)


def model_signals(cohort: Path, workers: int, out: str) -> Callable[[], object]:
    """Make what the encoder sees from what is stored."""
    from ecgkt.data.waveforms.model_inputs import model_inputs
    from ecgkt.data.waveforms.store import store_waveforms
    from ecgkt.signals.preprocessing import Preprocessing

    store_waveforms(listed(cohort), Path(out), workers)
    return lambda: model_inputs(Path(out), Preprocessing(), workers=workers)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of the workers that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_kilobytes() -> int:
    """Return the largest resident size of this process or one of its workers."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    # Linux hands ru_maxrss down to a new process from the one that started it, VmHWM not.
    own = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def measure(what: str, cohort: Path, workers: int) -> None:
    """Do one line's work in this process and print what it took."""
    with tempfile.TemporaryDirectory(dir=cohort.parent) as out:
        made: dict[str, Callable[[], Callable[[], object]]] = {
            "rdrecord": lambda: rdrecord(cohort),
            "read_record": lambda: house_reader(cohort),
            "store": lambda: store(cohort, workers, out),
            "signals": lambda: model_signals(cohort, workers, out),
        }
        work = made[what]()
        wall, cpu = time.perf_counter(), cpu_seconds()
        work()
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak_kilobytes() / 1000}))


def empty_the_page_cache() -> bool:
    """Have what was read come from the disk again; tell whether that can be done here."""
    if not os.access(_DROP, os.W_OK):
        return False
    os.sync()
    _DROP.write_text("3\n")
    return True


def line(told: str, what: str, cohort: Path, workers: int) -> None:
    """Run one line's process and print its line."""
    command = [sys.executable, "-m", "benchmarks.waveform_store", "--cohort", str(cohort), "--workers", str(workers)]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, "--line", what], stdout=subprocess.PIPE, check=True, env=one_thread)
    took, count = json.loads(done.stdout), len(listed(cohort))
    rate, cpu = count / took["wall"], 1000 * took["cpu"] / count
    print(f"| {told} | {rate:.0f} | {rate * _BYTES / 1e6:.0f} | {cpu:.2f} | {took['peak_mb']:.0f} |", flush=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000, help="how many to simulate")
    parser.add_argument("--cohort", type=Path, help="a simulated cohort to use instead")
    parser.add_argument("--workers", type=int, default=usual_workers())
    parser.add_argument("--line", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.line:
        measure(arguments.line, arguments.cohort, arguments.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        cohort, workers = arguments.cohort, arguments.workers
        if cohort is None:
            from ecgkt.simulation import SimulationSettings, simulate_cohort

            cohort = Path(folder) / "cohort"
            simulate_cohort(cohort, arguments.records, 5, SimulationSettings(most_ecgs=1), workers=workers)
        print("| what | records/s | MB/s | CPU ms per record | peak MB, largest process |\n|---|---|---|---|---|")
        lines = [("rdrecord, one at a time", "rdrecord", 1), ("read_record, one at a time", "read_record", 1)]
        lines += [
            ("store, 1 process", "store", 1),
            (f"store, {workers} processes, their start included", "store", workers),
        ]
        line("(read once, so that the cache is warm)", "rdrecord", cohort, 1)
        for told, what, count in lines:
            line(told, what, cohort, count)
        line(f"signals for the encoder from the store, {workers} processes", "signals", cohort, workers)
        for told, what, count in lines:
            if empty_the_page_cache():
                line(f"cold: {told}", what, cohort, count)


if __name__ == "__main__":
    main()
