"""Spoilt files of every format, many thousands: each is read or refused in a sentence, and nothing else happens.

python -m benchmarks.fuzz_readers --per-format 10000 --log fuzz.jsonl [--formats DICOM CSV] [--batch 250] [--report]

Batches run in processes of their own, each under a limit of 1 GB above what Python and its libraries take and 5 s of
processor time per file; what is read is looked at as the page does (windows, quality, time of recording; one in a
hundred is drawn and measured). Audit events of Python say when anything is opened, written, sent or started. The log
has a line per batch, and a run with the same log goes on where the last one ended. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.hostile import Files, seeds, watched
from benchmarks.mutations import mutated
from ecgkt.domain import Record
from ecgkt.errors import EcgktError
from ecgkt.figures.paper import lay_out
from ecgkt.figures.sheet import draw_sheet
from ecgkt.readers import read_upload
from ecgkt.readers.dates import recorded_at
from ecgkt.signals.measurements import measure
from ecgkt.signals.quality import assess
from ecgkt.signals.windows import told, windows

SECONDS, BYTES, DRAWN = 5.0, 1_000_000_000, 100
SILENT_SECONDS = 600.0
NAMES = ("Doe", "Jane", "A1234567", "Main Street", "Elsewhere", "Smith", "dizzy")


class TooSlow(BaseException):
    """A file took more processor time than it may."""


@dataclass
class Batch:
    """What became of the files of one batch; a fault is the number of a file and what happened."""

    format: str
    batch: int
    files: int = 0
    read: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0


def spoilt(good: Files, batch: int, count: int) -> Iterator[Files]:
    """Yield broken copies of a good upload: one of its files is spoilt, the first in most."""
    streams = [mutated(content, count, batch) for _, content in good]
    choose = np.random.default_rng([batch, count])
    for _ in range(count):
        which = 0 if choose.random() < 0.8 else int(choose.integers(len(good)))
        yield [
            (name, next(streams[place]) if place == which else content) for place, (name, content) in enumerate(good)
        ]


def look(files: Files, closely: bool) -> tuple[str, str]:
    """Read one upload and look at it as the page does; return the end it came to, and its fault or nothing."""
    before = signal.signal(signal.SIGPROF, _late)
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    record, end, fault = None, "read", ""
    try:
        with watched() as reaches:
            try:
                record = read_upload(files)
            except EcgktError as error:
                end = str(error)
                fault = _of_sentence(end)
            recorded_at(files)
        fault = fault or ", ".join(sorted(set(reaches)))
        if record is not None:
            as_the_page(record, closely)
    except TooSlow:
        fault = f"over {SECONDS:g} s"
    except EcgktError as error:
        fault = _of_sentence(str(error))
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__}: {error} in {Path(where.filename).name}:{where.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return f"{time.process_time() - begin:.3f} {end}", fault


def _late(*_: object) -> None:
    raise TooSlow


def _of_sentence(said: str) -> str:
    whole = said.startswith("Wanted ") and said.endswith(".") and "\n" not in said and len(said) < 1000
    if not whole:
        return f"no sentence: {said[:200]}"
    return "a name in the sentence" if any(name in said for name in NAMES) else ""


def as_the_page(record: Record, closely: bool) -> None:
    """Look at a record as the page does, and with `closely` also draw and measure it."""
    told(record)
    first = windows(record)[0].record
    assess(first)
    repr(record)
    if closely:
        draw_sheet(first, lay_out(record=first))
        measure(first.signal, first.fs)


def _work(good: Files, batch: int, count: int, line: Connection) -> None:
    """Look at a batch and say each file's end; run in a process of its own."""
    warnings.simplefilter("error")
    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now + BYTES, now + BYTES))
    for number, files in enumerate(spoilt(good, batch, count)):
        line.send(look(files, number % DRAWN == 0))
    line.close()


def run(name: str, good: Files, batch: int, count: int) -> Batch:
    """Run one batch in a process of its own and return what became of it."""
    done, begin, ends = Batch(name, batch), time.monotonic(), Counter[str]()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_work, args=(good, batch, count, theirs))
    process.start()
    theirs.close()
    while True:
        if not ours.poll(SILENT_SECONDS):
            done.faults.append((done.files, f"silent for {SILENT_SECONDS:g} s"))
            process.kill()
            break
        try:
            spelled, fault = ours.recv()
        except EOFError:
            break
        seconds, _, end = spelled.partition(" ")
        done.slowest = max(done.slowest, float(seconds))
        done.read += end == "read"
        ends[end] += end != "read"
        if fault:
            done.faults.append((done.files, fault))
        done.files += 1
    process.join()
    if done.files < count and not done.faults:
        done.faults.append((done.files, f"the process ended with {process.exitcode}"))
    done.refusals, done.seconds = dict(+ends), time.monotonic() - begin
    return done


def report(lines: list[dict]) -> str:
    """Return the counts of a log, per format."""
    out = [f"{'format':<20}{'files':>8}{'read':>8}{'sentences':>11}{'faults':>8}{'slowest s':>11}"]
    for name in dict.fromkeys(line["format"] for line in lines):
        own = [line for line in lines if line["format"] == name]
        said = {sentence for line in own for sentence in line["refusals"]}
        total = {key: sum(line[key] for line in own) for key in ("files", "read")}
        faults = sum(len(line["faults"]) for line in own)
        slowest = max(line["slowest"] for line in own)
        out.append(f"{name:<20}{total['files']:>8,}{total['read']:>8,}{len(said):>11,}{faults:>8}{slowest:>11.2f}")
    return "\n".join(out)


def main() -> int:
    """Run what the log does not hold yet; return 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--per-format", type=int, default=10_000)
    parser.add_argument("--formats", nargs="*")
    parser.add_argument("--batch", type=int, default=250, help="files per process, all spoilt from one good file")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--report", action="store_true", help="only count what the log holds")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.log.read_text().splitlines()] if options.log.is_file() else []
    if not options.report:
        sys.dont_write_bytecode = True
        done = {(line["format"], line["batch"]) for line in lines}
        every = {name: good for name, good in seeds().items() if name in (options.formats or [name])}
        for goods in every.values():
            for good in goods:
                record = read_upload(good)
                as_the_page(record, closely=True)
                recorded_at(good)
        with tempfile.TemporaryDirectory() as private, options.log.open("a") as log:
            tempfile.tempdir = private
            for batch in range(-(-options.per_format // options.batch)):
                for name, goods in every.items():
                    if (name, batch) not in done:
                        count = min(options.batch, options.per_format - batch * options.batch)
                        line = asdict(run(name, goods[batch % len(goods)], batch, count))
                        if left := list(Path(private).iterdir()):
                            line["faults"].append((0, f"{len(left)} files left in the temporary folder"))
                        print(json.dumps(line), file=log, flush=True)
                        lines.append(line)
    print(report(lines))
    return int(any(line["faults"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
