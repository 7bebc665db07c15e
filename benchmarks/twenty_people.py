"""Twenty people at once: real sessions over WebSocket, each opening ECGs of its own and clicking targets.

python -m benchmarks.twenty_people ../shared/data/ptb-xl [--people 20] [--cases 200] [--clicks 3] [--think 2] [--tab]

Every sheet that a session gets is compared with the ink of the ECG that it opened; every map and every score with what
other sessions got for the same ECG. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.app_start import click as click_in_browser
from benchmarks.reading_to_scores import upload_of
from benchmarks.serving import launch, serve, wait_for_scores
from benchmarks.visitor import Files, Run, Sheet, Visitor
from ecgkt import checkpoints, readers
from ecgkt.dashboard import samples
from ecgkt.domain import Record
from ecgkt.figures.paper import lay_out
from ecgkt.figures.sheet import draw_sheet

SAMPLE_EVERY = 5


@dataclass(frozen=True)
class Case:
    """What a person opens: a sample by title, or files; `ink` is the fingerprint of the sheet that must come."""

    title: str
    ink: str
    files: Files = field(default_factory=list)


@dataclass
class Seen:
    """What all sessions saw, under one lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    clicks: list[tuple[int, float]] = field(default_factory=list)
    inks: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    tab: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    told: int = 0
    sheets: int = 0
    scores: dict[str, dict[str, str]] = field(default_factory=dict)
    maps: dict[tuple[str, str], str] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def check(self, case: Case, run: Run, target: str = "", earlier: Sequence[str] = ()) -> None:
        """Note what is not of this case, or not as others saw it; `earlier` are the inks of the person's own cases."""
        self.told += bool(run.told)
        self.faults += run.faults
        if not run.sheets or (target and not run.sheets[-1].map):
            self.faults.append(f"{case.title}: no {'map' if target else 'sheet'}")
        for sheet in run.sheets:
            self.sheets += 1
            if sheet.ink != case.ink:
                whose = "the person's own ECG before" if sheet.ink in earlier else "another person's ECG"
                self.faults.append(f"{case.title}: {whose} was shown: {sheet.alt}")
            if sheet.map and self.maps.setdefault((case.ink, sheet.alt), sheet.map) != sheet.map:
                self.faults.append(f"{case.title}: another map was shown: {sheet.alt}")
        known = self.scores.setdefault(case.ink, dict(run.rows))
        if any(known.setdefault(name, told) != told for name, told in run.rows.items()):
            self.faults.append(f"{case.title}: other scores were shown")


def ink_of(record: Record) -> str:
    """Return the fingerprint of the sheet that the page draws first."""
    return Sheet.read("", draw_sheet(record, lay_out(record=record))).ink


def plans(paths: Sequence[Path], people: int, cases: int) -> list[list[Case]]:
    """Give each person uploads that nobody else has, and a sample now and then."""
    uploads = iter(paths)
    titles = samples.titles()
    every = []
    for person in range(people):
        own = []
        for number in range(cases // people):
            if number % SAMPLE_EVERY == SAMPLE_EVERY - 1:
                title = titles[(person + number) % len(titles)]
                own.append(Case(title, ink_of(samples.load(title).record)))
            else:
                path = next(uploads)
                files = upload_of(path)
                own.append(Case(path.stem, ink_of(readers.read_upload(files)), files))
        every.append(own)
    return every


def visit(person: int, address: str, plan: Sequence[Case], seen: Seen, options: argparse.Namespace) -> None:
    """Open each case of a plan, look at it for a while, and click targets."""
    chance = random.Random(person)

    def think() -> None:
        time.sleep(options.think * chance.uniform(0.5, 1.5))

    try:
        with Visitor(address) as visitor:
            earlier: list[str] = []
            for case in plan:
                if time.monotonic() > options.until:
                    break
                think()
                run = visitor.open_files(case.files) if case.files else visitor.open_sample(case.title)
                with seen.lock:
                    seen.check(case, run, earlier=earlier)
                    seen.inks += [sheet.at for sheet in run.sheets[:1]]
                    seen.pages.append(run.seconds)
                    seen.memory.append(server()[0])
                for target in chance.sample(visitor.targets, min(options.clicks, len(visitor.targets))):
                    think()
                    run = visitor.click(target)
                    with seen.lock:
                        seen.check(case, run, target, earlier)
                        seen.clicks.append((person, run.seconds))
                earlier.append(case.ink)
    except Exception as error:  # the others go on; a session that broke off is a fault of the run
        with seen.lock:
            seen.faults.append(f"person {person}: {error!r}")


def watch_in_browser(address: str, seen: Seen, done: threading.Event, think: float) -> None:
    """Click targets in one real tab for as long as the others are there."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        wait_for_scores(page)
        for number in range(10_000):
            if done.wait(think):
                break
            seen.tab.append(click_in_browser(page, (number * 3 + 1) % 7))
        browser.close()


def server() -> tuple[float, float]:
    """Return the resident memory in MB and the CPU seconds so far of the largest process that this one has started."""
    processes: dict[int, tuple[int, Path]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            processes[int(entry.name)] = (parent, entry)
    found = [(0.0, 0.0)]
    for parent, entry in processes.values():
        if _below(parent, processes) and "streamlit" in (entry / "cmdline").read_text():
            pages = int((entry / "statm").read_text().split()[1])
            spent = sum(map(int, (entry / "stat").read_text().rpartition(")")[2].split()[11:13]))
            found.append((pages * os.sysconf("SC_PAGE_SIZE") / 1e6, spent / os.sysconf("SC_CLK_TCK")))
    return max(found)


def _below(process: int, processes: dict[int, tuple[int, Path]]) -> bool:
    while process in processes:
        if process == os.getpid():
            return True
        process = processes[process][0]
    return False


def forward_seconds(paths: Sequence[Path]) -> float:
    """Return the median seconds of a bare forward pass on one thread, the yardstick of this run."""
    import torch

    from ecgkt.inference import Predictor

    torch.set_num_threads(1)
    predictor = Predictor.open(checkpoints.choose_checkpoint())
    times = []
    with torch.inference_mode():
        for path in [paths[0], *paths[:20]]:
            signal = torch.from_numpy(predictor.card.preprocessing.apply(readers.read_record(path)))[None]
            begin = time.perf_counter()
            predictor.network(signal)
            times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def main() -> None:
    """Let them all in, and print what they met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of real records")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--cases", type=int, default=200, help="of all people together")
    parser.add_argument("--clicks", type=int, default=3, help="targets per case")
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds between what a person does")
    parser.add_argument("--tab", action="store_true", help="and one real browser among them")
    parser.add_argument("--seconds", type=float, default=3600.0, help="no new case after that")
    options = parser.parse_args()
    paths = readers.find_records(options.folder)
    forward = forward_seconds(paths)
    every = plans(paths, options.people, options.cases)
    seen, done = Seen(), threading.Event()
    with tempfile.TemporaryDirectory() as private, serve(Path(private)) as address:
        with Visitor(address) as first:
            first.click(first.targets[0])
        people = [
            threading.Thread(target=visit, args=(person, address, plan, seen, options))
            for person, plan in enumerate(every)
        ]
        tab = threading.Thread(target=watch_in_browser, args=(address, seen, done, options.think))
        options.until = time.monotonic() + options.seconds
        begin, busy, spent = time.perf_counter(), time.process_time(), server()[1]
        for thread in [*people, *([tab] if options.tab else [])]:
            thread.start()
        for thread in people:
            thread.join()
        seconds, own = time.perf_counter() - begin, time.process_time() - busy
        spent = server()[1] - spent
        done.set()
        if options.tab:
            tab.join()
        seen.log = (Path(private) / "log.txt").read_text().strip().splitlines()[-20:]
    tell(seen, options, forward, (seconds, own, spent))


def tell(seen: Seen, options: argparse.Namespace, forward: float, took: tuple[float, float, float]) -> None:
    """Print the table; `took` are the seconds of the whole, and the CPU seconds of the visitors and of the server."""
    seconds, own, spent = took
    clicks = sorted(one for _, one in seen.clicks)
    by_person: dict[int, list[float]] = {}
    for person, one in seen.clicks:
        by_person.setdefault(person, []).append(one)
    medians = [statistics.median(times) for times in by_person.values()]
    early, late = seen.memory[min(19, len(seen.memory) - 1)], seen.memory[-1]
    rows = {
        "click to its map: median, 95th percentile, longest, s": told_at(clicks, 0.5, 0.95, 1.0),
        "slowest person's median click over all persons' median": f"{max(medians) / statistics.median(medians):.2f}",
        "file to ECG: median, 95th percentile, s": told_at(seen.inks, 0.5, 0.95),
        "file to full page: median, 95th percentile, s": told_at(seen.pages, 0.5, 0.95),
        f"memory after 20 and after {len(seen.memory)} cases, MB": f"{early:.0f}, {late:.0f} ({late / early - 1:+.1%})",
        "CPU time of the server per case (its page, and its clicks), s": f"{spent / len(seen.memory):.2f}",
        "cores that the server was given": f"{spent / seconds:.2f}",
        "times that somebody was told how many are before him": f"{seen.told}",
        "sheets compared; wrong ECGs, maps or scores, and errors": f"{seen.sheets}; {len(seen.faults)}",
        "bare forward pass on one thread, ms": f"{1000 * forward:.1f}",
    }
    if seen.tab:
        rows["a real browser tab's click to its map: median, s"] = f"{at(seen.tab, 0.5):.2f} ({len(seen.tab)} clicks)"
    print(
        f"{options.people} people, {len(seen.memory)} cases, {len(clicks)} clicks in {seconds:.0f} s, "
        f"{options.think:g} s of thought on average between two; "
        f"the visitors themselves took {own:.0f} s of CPU time.\n\n"
        "| what | measured |\n|---|---|"
    )
    for what, told in rows.items():
        print(f"| {what} | {told} |")
    for line in [*seen.faults[:20], *(seen.log if seen.faults else [])]:
        print(line)


def told_at(values: Sequence[float], *shares: float) -> str:
    """Return the values at several shares, in words."""
    return ", ".join(f"{at(values, share):.2f}" for share in shares)


def at(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


if __name__ == "__main__":
    main()
