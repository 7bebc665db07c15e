"""What a session costs in memory, and what is left once its tab is closed: a real server, sessions over WebSocket.

python -m benchmarks.session_memory [--people 20]

Each session uploads an ECG of its own and has its measurements, its scores and a map. Needs Linux.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import ROOT, free_port, wait_for_port
from benchmarks.visitor import Files, Visitor
from ecgkt.dashboard import samples

KEPT_SECONDS = 2
SWEEP_SECONDS = 2.0


@contextmanager
def counting(private: Path) -> Iterator[tuple[str, int, Path]]:
    """Run the app so that SIGUSR1 makes it append how many records it holds to a file; yield address, process, file.

    A closed tab's session is held for 2 s instead of 120, and looked for every 2 s instead of once a minute.
    """
    port, counts = free_port(), private / "counts.txt"
    command = [sys.executable, "-m", "benchmarks.session_memory", "--serve", str(port), str(counts)]
    environment = {"MALLOC_ARENA_MAX": "2", **os.environ, "STREAMLIT_LOGGER_LEVEL": "debug"}
    with (private / "log.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}", server.pid, counts
        finally:
            server.terminate()
            server.wait(20)


def records_held(process: int, counts: Path) -> int:
    """Ask a counting server how many records it holds."""
    before = counts.read_text().count("\n") if counts.is_file() else 0
    os.kill(process, signal.SIGUSR1)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if counts.is_file() and counts.read_text().count("\n") > before:
            return int(counts.read_text().split()[-1])
        time.sleep(0.1)
    raise TimeoutError("the server did not count")


def held_after(process: int, counts: Path, seconds: float = 60) -> int:
    """Return how many records are held once none is, or after `seconds`."""
    until = time.monotonic() + seconds
    while (held := records_held(process, counts)) and time.monotonic() < until:
        time.sleep(1)
    return held


def serve(port: int, counts: Path) -> None:
    """Serve the app in this process, and count records when asked by a signal."""
    from streamlit.web import cli

    from ecgkt.dashboard import ended
    from ecgkt.domain import Record

    def count(*_: object) -> None:
        held = sum(type(one) is Record for one in _every())
        with counts.open("a") as file:
            print(held, file=file)

    signal.signal(signal.SIGUSR1, count)
    ended.SWEEP_SECONDS = SWEEP_SECONDS
    ttl = f"--server.disconnectedSessionTTL={KEPT_SECONDS}"
    sys.argv = ["streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true", ttl]
    cli.main()


def _every() -> list[object]:
    """Return what the garbage collector knows, frozen or not; what is frozen stays so."""
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    found = gc.get_objects()
    if frozen:
        gc.freeze()
    return found


def upload(number: int) -> Files:
    """Return one of the bundled recordings as an upload."""
    title = list(samples.listed())[number % len(samples.listed())]
    head = samples.FOLDER / f"{samples.listed()[title]['path']}.hea"
    return [(one.name, one.read_bytes()) for one in (head, head.with_suffix(".dat"))]


def use(visitor: Visitor, number: int) -> None:
    """Open an ECG and ask for a map."""
    visitor.open_files(upload(number))
    visitor.click(visitor.targets[0])


def megabytes(process: int) -> float:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def main() -> None:
    """Print memory before, with, and after the sessions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "FILE"))
    options = parser.parse_args()
    if options.serve:
        serve(int(options.serve[0]), Path(options.serve[1]))
        return
    with tempfile.TemporaryDirectory() as private, counting(Path(private)) as (address, process, counts):
        print(f"the server before its first tab: {megabytes(process):.0f} MB")
        with Visitor(address) as first:
            for number in range(4):
                use(first, number)
        print(f"with all libraries and models, nobody there: {megabytes(process):.0f} MB")
        before = megabytes(process)
        tabs = [Visitor(address) for _ in range(options.people)]
        for number, tab in enumerate(tabs):
            use(tab, number)
        many = megabytes(process)
        print(f"{options.people} open tabs: {many:.0f} MB, {(many - before) / options.people:.1f} MB each")
        print(f"records held: {records_held(process, counts)}")
        for tab in tabs:
            tab.close()
        print(f"records held once all are closed: {held_after(process, counts)}, {megabytes(process):.0f} MB")


if __name__ == "__main__":
    main()
