"""An independent account, with the csv module alone, of the laboratory values drawn nearest an ECG within 90 min."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from ecgkt.catalogue import lab_panel
from ecgkt.domain import MeasuredLabs

BOUND = re.compile(r"^\s*(<|>|LESS THAN|GREATER THAN)\s*=?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
DENIED = re.compile(r"\b(?:NOT|NON|NO)[\s-]*HEMOLY\w*", re.IGNORECASE)
WINDOW_MINUTES = 90

Drawn = tuple[datetime, int, int, float, str]
Told = dict[str, tuple[float, float, str]]


def read_rows(hosp: Path) -> dict[int, dict[str, list[Drawn]]]:
    """Return by subject and analyte every usable row: when drawn, the item's place, its number, value and bound."""
    analytes = {item: (one, place) for one in lab_panel() for place, item in enumerate(one.item_ids)}
    found: dict[int, dict[str, list[Drawn]]] = defaultdict(lambda: defaultdict(list))
    path = next(path for path in (hosp / "labevents.csv.gz", hosp / "labevents.csv") if path.is_file())
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        for row in csv.DictReader(file):
            analyte, place = analytes.get(int(row["itemid"]), (None, 0))
            number = None if analyte is None or not row["charttime"] else _number(row)
            if analyte is None or number is None or "HEMOLY" in DENIED.sub("", row["comments"]).upper():
                continue
            low, high = analyte.plausible
            if row["valueuom"].strip() in analyte.printed_units and low <= number[0] <= high:
                drawn = (datetime.fromisoformat(row["charttime"]), place, int(row["labevent_id"]), *number)
                found[int(row["subject_id"])][analyte.name].append(drawn)
    return found


def _number(row: dict[str, str]) -> tuple[float, str] | None:
    if row["valuenum"]:
        return float(row["valuenum"]), ""
    printed = BOUND.match(row["comments"]) or BOUND.match(row["value"])
    return None if printed is None else (float(printed[2]), "<" if printed[1][0] in "<Ll" else ">")


def nearest(rows: dict[str, Iterable[Drawn]], recorded: datetime) -> Told:
    """Return by analyte the nearest value, its minutes after the ECG and its bound."""
    told = {}
    for name, drawn in rows.items():
        near = [one for one in drawn if abs((one[0] - recorded).total_seconds()) <= 60 * WINDOW_MINUTES]
        if near:
            at, _, _, value, bound = min(near, key=lambda one: (abs(one[0] - recorded), *one[:3]))
            told[name] = (value, (at - recorded).total_seconds() / 60, bound)
    return told


def listed(folder: Path) -> Iterator[tuple[int, int, datetime]]:
    """Yield study, subject and time of each ECG that a folder lists."""
    with (folder / "record_list.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield int(row["study_id"]), int(row["subject_id"]), datetime.fromisoformat(row["ecg_time"])


def told(found: MeasuredLabs) -> dict[str, tuple[float, float | None, str]]:
    """Return what the package found in the form of `nearest`."""
    return {name: (one.value, one.minutes, one.bound) for name, one in found.items()}
