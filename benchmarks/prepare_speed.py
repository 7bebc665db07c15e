"""Time, memory and bytes of `prepare`, beside the peers' way (`benchmarks.peers_way`) in the same run.

python -m benchmarks.prepare_speed --work DIR [--records 1000 5000 20000] [--rows 200] [--most-minutes 30]

Makes a simulated cohort of each size once, then runs each way as a process of its own with the source files thrown out
of the page cache, and appends what it took to DIR/results.jsonl; what stands there is not run again. "Reading alone" is
how long the same files take to be read from the disk and dropped, just before. Needs Linux.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ecgkt.catalogue import lab_panel
from ecgkt.mimic import table

CATALOGUED = 0.43
"""Share of added rows that are of the panel's items, as of the 107,727 real rows of MIMIC-IV's demo."""
ECGS_PER_PATIENT = 1.6
OTHER_ITEMS = tuple(range(51_400, 51_700))
_GROUP = 500


def main() -> None:
    """Measure every size and way that is not measured yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--records", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--rows", type=int, default=200, help="laboratory rows per record")
    parser.add_argument("--most-minutes", type=float, default=30, help="beyond it the peers' way is extrapolated")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--table", action="store_true", help="print what has been measured, and measure nothing")
    arguments = parser.parse_args()
    results = arguments.work / "results.jsonl"
    if not arguments.table:
        settings = ["--workers", str(arguments.workers), "--memory", arguments.memory]
        ways = {"ours": ["ecgkt", "prepare", *settings], "peers": ["benchmarks.peers_way"]}
        warm_up(arguments.work, ways, arguments.rows)
        for records in sorted(arguments.records):
            folder = cohort(arguments.work, records, arguments.rows)
            for way, command in ways.items():
                if way == "ours" or not extrapolated(results, records, arguments.most_minutes):
                    measured(results, records, way, [*command, str(folder)], folder, arguments.work / "out")
    sys.stdout.write(as_table(read(results)))


def warm_up(work: Path, ways: dict[str, list[str]], rows: int) -> None:
    """Run each way on a hundred records, so that no later run pays for reading the libraries from the disk."""
    folder = cohort(work, 100, rows)
    for command in ways.values():
        shutil.rmtree(work / "out", ignore_errors=True)
        run([sys.executable, "-m", *command, str(folder), "--out", str(work / "out")])


def cohort(work: Path, records: int, rows: int) -> Path:
    """Return a simulated cohort of so many records with about so many laboratory rows each, made once."""
    folder = work / f"cohort-{records}"
    if (folder / "inflated.json").is_file():
        return folder
    if not (folder / "manifest.json").is_file():
        patients = str(round(records / ECGS_PER_PATIENT))
        command = [sys.executable, "-m", "ecgkt", "simulate", "--patients", patients, "--seed", "1"]
        subprocess.run([*command, "--out", str(folder)], check=True)
    listing = pd.read_csv(folder / "record_list.csv", dtype=str)
    if len(listing) < records:
        raise SystemExit(f"{len(listing)} ECGs were simulated, {records} are wanted: lower ECGS_PER_PATIENT.")
    listing[:records].to_csv(folder / "record_list.csv", index=False)
    added = inflate(folder, rows)
    (folder / "inflated.json").write_text(json.dumps(added))
    return folder


def inflate(folder: Path, rows: int) -> dict[str, int]:
    """Add rows to labevents, grouped by patient as MIMIC's are, until there are `rows` per record."""
    path = folder / "hosp" / "labevents.csv.gz"
    labs = pd.read_csv(path, dtype={"value": str, "comments": str}, parse_dates=["charttime", "storetime"])
    listing = pd.read_csv(folder / "record_list.csv", parse_dates=["ecg_time"])
    known = {item for one in lab_panel() for item in one.item_ids}
    pool = labs[labs["itemid"].isin(known) & labs["valuenum"].notna()]
    present = labs.groupby("subject_id")
    generator = np.random.default_rng(1)
    number, total = int(labs["labevent_id"].max()) + 1, 0
    part = path.with_suffix(".part")
    groups = [group for _, group in listing.groupby("subject_id")]
    with gzip.open(part, "wt", compresslevel=6, encoding="utf-8", newline="") as file:
        for first in range(0, len(groups), _GROUP):
            block = []
            for group in groups[first : first + _GROUP]:
                subject = group["subject_id"].iloc[0]
                own = present.get_group(subject) if subject in present.groups else labs[:0]
                more = more_rows(generator, pool, group, max(rows * len(group) - len(own), 0), number)
                number += len(more)
                block.append(pd.concat([own, more]) if len(own) else more)
            frame = pd.concat(block)[list(table("labevents").header)]
            whole = [name for name, kind in table("labevents").columns.items() if kind in ("int64", "Int64")]
            frame = frame.astype(dict.fromkeys(whole, "Int64"))
            frame.to_csv(file, index=False, header=first == 0, date_format="%Y-%m-%d %H:%M:%S")
            total += len(frame)
    part.replace(path)
    return {"rows": total, "rows before": len(labs), "records": len(listing)}


def more_rows(
    generator: np.random.Generator, pool: pd.DataFrame, ecgs: pd.DataFrame, count: int, number: int
) -> pd.DataFrame:
    """Return `count` rows of other draws within a month of the patient's ECGs, of the panel's items and of others."""
    rows = pool.iloc[generator.integers(0, len(pool), count)].copy()
    other = generator.random(count) >= CATALOGUED
    rows.loc[other, "itemid"] = generator.choice(OTHER_ITEMS, int(other.sum()))
    draws = max(count // 15, 1)
    times = ecgs["ecg_time"].to_numpy()[generator.integers(0, len(ecgs), draws)]
    times = times + generator.integers(-30 * 86400, 30 * 86400, draws).astype("timedelta64[s]")
    drawn = times[np.sort(generator.integers(0, draws, count))]
    rows["charttime"] = drawn
    rows["storetime"] = drawn + generator.integers(1800, 7200, count).astype("timedelta64[s]")
    rows["subject_id"] = ecgs["subject_id"].iloc[0]
    rows["hadm_id"] = np.nan
    rows["labevent_id"] = np.arange(number, number + count)
    rows["specimen_id"] = number + np.arange(count) // 15
    return rows


def measured(results: Path, records: int, way: str, command: list[str], folder: Path, out: Path) -> None:
    """Run one way once, unless it has been run, and append what it took."""
    if any(row["records"] == records and row["way"] == way for row in read(results)):
        return
    shutil.rmtree(out, ignore_errors=True)
    floor = cold_read(folder)
    forget(folder)
    row = {"records": records, "way": way, "date": time.strftime("%Y-%m-%d %H:%M"), "load": os.getloadavg()[0]}
    row |= {"read_s": floor, **run([sys.executable, "-m", *command, "--out", str(out)])}
    row["kept_bytes"] = sum(path.stat().st_blocks * 512 for path in out.rglob("*") if path.is_file())
    shutil.rmtree(out)
    append(results, row)


def run(command: list[str]) -> dict[str, Any]:
    """Run a process to its end; return wall and CPU seconds, bytes read and written on the disk, peak memory."""
    before, usage = own_io(), resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    peak = {"rss": 0, "anonymous": 0}
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    code = process.wait()
    wall = time.perf_counter() - start
    watcher.join()
    if code != 0:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    after, used = own_io(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime,
        "read_bytes": after["read_bytes"] - before["read_bytes"],
        "written_bytes": after["write_bytes"] - before["write_bytes"],
        "peak_rss": peak["rss"],
        "peak_anonymous": peak["anonymous"],
    }


def own_io() -> dict[str, int]:
    """Return this process's counts, which hold those of every child that has ended."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}


def watch(process: subprocess.Popen[bytes], peak: dict[str, int]) -> None:
    """Keep the greatest memory of a process with all below it, looked at twenty times a second.

    `rss` counts pages of mapped files too, and those that several processes share once for each of them.
    """
    while process.poll() is None:
        tree = below(process.pid)
        peak["rss"] = max(peak["rss"], sum(memory(pid, "VmRSS") for pid in tree))
        peak["anonymous"] = max(peak["anonymous"], sum(memory(pid, "RssAnon") for pid in tree))
        time.sleep(0.05)


def below(pid: int) -> list[int]:
    """Return a process and all its descendants that live."""
    try:
        children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")).split()
    except OSError:
        children = []
    return [pid, *(one for child in children for one in below(int(child)))]


def memory(pid: int, field: str) -> int:
    """Return one figure of /proc/PID/status in bytes, 0 for a process that has just ended."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def forget(folder: Path) -> None:
    """Throw the files of a folder out of the page cache."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold_read(folder: Path) -> float:
    """Return the seconds that reading every file of a folder takes, one after another, from the disk alone."""
    forget(folder)
    start = time.perf_counter()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 20):
                    pass
    return time.perf_counter() - start


def extrapolated(results: Path, records: int, most_minutes: float) -> bool:
    """Where the peers' way would take too long by its last two sizes, note what they foretell and return True."""
    rows = read(results)
    if any(row["records"] == records and row["way"].startswith("peers") for row in rows):
        return True
    last = [row for row in rows if row["way"] == "peers" and row["records"] < records][-2:]
    if len(last) < 2:
        return False
    foretold: dict[str, Any] = {"records": records, "way": "peers, extrapolated"}
    counts = np.array([[row["records"], row["records"] ** 2] for row in last], dtype=float)
    for name in ("wall_s", "cpu_s"):
        linear, square = np.linalg.solve(counts, [row[name] for row in last])
        foretold[name] = float(linear * records + square * records**2)
    if foretold["wall_s"] < 60 * most_minutes:
        return False
    append(results, foretold)
    return True


def read(results: Path) -> list[dict[str, Any]]:
    """Return what has been measured so far."""
    if not results.is_file():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def append(results: Path, row: dict[str, Any]) -> None:
    """Add one measurement."""
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


_COLUMNS = (
    ("wall, s", "wall_s", 1, 1),
    ("CPU, s", "cpu_s", 1, 1),
    ("reading alone, s", "read_s", 1, 1),
    ("read, MB", "read_bytes", 1e6, 0),
    ("written, MB", "written_bytes", 1e6, 0),
    ("kept, MB", "kept_bytes", 1e6, 0),
    ("peak memory, MB", "peak_rss", 1e6, 0),
    ("of it anonymous, MB", "peak_anonymous", 1e6, 0),
)


def as_table(rows: list[dict[str, Any]]) -> str:
    """Return the Markdown table, with the ratio of ours to the peers' below each size."""
    lines = ["| records | way | " + " | ".join(name for name, *_ in _COLUMNS) + " |"]
    lines.append("|---" * (len(_COLUMNS) + 2) + "|")
    for records in sorted({row["records"] for row in rows}):
        ways = {row["way"]: row for row in rows if row["records"] == records}
        for way, row in ways.items():
            cells = [f"{row[key] / unit:,.{digits}f}" if key in row else "" for _, key, unit, digits in _COLUMNS]
            lines.append(f"| {records:,} | {way} | {' | '.join(cells)} |")
        ours, peers = ways.get("ours"), next((row for way, row in ways.items() if way != "ours"), None)
        if ours and peers:
            cells = [_ratio(ours, peers, key) for _, key, _, _ in _COLUMNS]
            lines.append(f"| {records:,} | ours / peers | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _ratio(ours: dict[str, Any], peers: dict[str, Any], key: str) -> str:
    return f"{ours[key] / peers[key]:.2f}" if peers.get(key) else ""


if __name__ == "__main__":
    main()
