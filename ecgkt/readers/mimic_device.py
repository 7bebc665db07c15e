"""What the recording machine measured in one study of a MIMIC-IV-ECG folder, and which filters it printed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ecgkt.domain.device import DeviceReport, axis_in_degrees
from ecgkt.mimic import table
from ecgkt.mimic.tables import REPORTS
from ecgkt.mimic.waveforms import MISSING_MEASUREMENT

_SCHEMA = table("machine_measurements")
_SPANS = {"pr": ("p_onset", "qrs_onset"), "qrs": ("qrs_onset", "qrs_end"), "qt": ("qrs_onset", "t_end")}
_LARGEST_AXIS = 270
_NO_FILTER = "<not specified>"


def read_device_report(folder: Path, study_id: int) -> DeviceReport | None:
    """Return the report of a study, or None where the folder has no measurements table or no line of the study.

    29999 is missing, as are an RR interval of 0, a span that is not positive, an axis above 270 degrees and what
    `DeviceReport` finds implausible.
    The table is read line by line and not kept: it has 800,000 lines.
    """
    path = Path(folder) / _SCHEMA.path
    if not path.is_file():
        return None
    wanted = f",{study_id},"
    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        header = next(csv.reader([lines.readline()]), [])
        for line in lines:
            if wanted in line[:48]:
                row = dict(zip(header, next(csv.reader([line])), strict=False))
                if row.get("study_id") == str(study_id):
                    return _report(row)
    return None


def _report(row: Mapping[str, str]) -> DeviceReport:
    numbers = {name: _number(row.get(name, "")) for name in _SCHEMA.columns if name in row}
    values: dict[str, float | None] = {}
    if rr := numbers.get("rr_interval"):
        values["heart_rate"] = 60_000 / rr
    for name, (first, last) in _SPANS.items():
        start, end = numbers.get(first), numbers.get(last)
        if start is not None and end is not None and end > start:
            values[name] = end - start
    for name in ("p_axis", "qrs_axis", "t_axis"):
        degrees = numbers.get(name)
        values[name] = axis_in_degrees(degrees) if degrees is not None and degrees <= _LARGEST_AXIS else None
    told = [row.get(name, "").strip() for name in ("bandwidth", "filtering")]
    filters = ", ".join(part for part in told if part and part != _NO_FILTER) or None
    lines = (row.get(name, "").strip() for name in REPORTS)
    return DeviceReport.from_machine(values, filters, lines)


def _number(spelled: str) -> float | None:
    """Return a number from 29998 down, None for what is missing or no number."""
    try:
        value = float(spelled)
    except ValueError:
        return None
    return value if value < MISSING_MEASUREMENT else None
