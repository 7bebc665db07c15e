"""CSV with a line of headings: lead names, unit and rate are read where they are stated and never guessed.

There is no standard. The rate comes from a line above the headings ("# fs = 500 Hz") or from a column of times with its
unit ("time (s)") or as on a clock (0:00.002, as PhysioNet's tools write them). The unit comes from the headings
("II (mV)") or from a line above them ("# unit = mV").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Record
from ecgkt.errors import UnreadableRecord, UnsafeFile
from ecgkt.readers.channels import check_size, millivolts_per
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.csv_header import DELIMITERS, CsvHeader, parse_header
from ecgkt.readers.patient import plausible_age, sex_of
from ecgkt.readers.samples import LARGEST
from ecgkt.readers.xml_tree import decode, number

MAX_BYTES = 20_000_000
MAX_CELLS = 4_000_000
"""Eleven minutes of 12 leads at 500 Hz, so that reading never takes longer than a few seconds."""
FEWEST_COLUMNS = 8

_CLOCK = re.compile(
    r"['\"]?((?P<hours>[0-9]{1,3}):)?(?P<minutes>[0-9]{1,3}):(?P<seconds>[0-9]{1,2}([.,][0-9]{1,9})?)['\"]?"
)
_ROW_OF_NUMBERS = re.compile(r"\s*[+-]?\d[\d.,eE+-]*\s*")
_ALLOWED = re.compile(r"[\d\s.,;|eE+\-naNA\"]*")
_HOW_RATE = 'add a line "# fs = 500 Hz" above the headings, or a column of times headed "time (s)"'
_HOW_UNIT = 'add a line "# unit = mV" above the headings, or head the columns "I (mV)", "II (mV)" and so on'


def recognises(head: bytes) -> bool:
    """Tell whether a file begins as a CSV with leads among its headings, or with numbers alone.

    Fewer than three leads count where rate and unit are stated beside them.
    """
    lines = _lines(head, errors="replace")
    return parse_header(lines) is not None or _is_numbers_alone(lines)


def read(content: bytes, companion: Companion) -> Record:
    """Read the 12 leads of a CSV; other columns, comments and file name stay behind. An empty cell or NaN is a gap."""
    if len(content) > MAX_BYTES:
        raise UnsafeFile(f"a CSV of at most {MAX_BYTES // 1_000_000} MB", "a larger one", "cut the recording")
    lines = _lines(content)
    header = parse_header(lines)
    if header is None:
        raise UnreadableRecord(
            "lead names in the CSV", "numbers alone", 'add a line of headings "I,II,III,aVR,aVL,aVF,V1,...,V6"'
        )
    body, header = _in_seconds(lines[header.first :], header)
    _refuse_to_guess(header)
    table = _table(body, header)
    rows: dict[str, NDArray[np.float64]] = {}
    for column, (lead, unit) in enumerate(zip(header.leads, header.units, strict=True)):
        if lead is None:
            continue
        if lead in rows:
            raise UnreadableRecord("each lead once", f"{lead} twice", "keep one column per lead")
        rows[lead] = table[:, column] * millivolts_per(unit or header.unit)
    age = number(header.stated.get("age", "").removesuffix("years").strip())
    sex = sex_of(header.stated.get("sex") or header.stated.get("gender") or "")
    notes = (f"{header.others} other columns of the CSV were left out",) if header.others else ()
    return Record.from_leads(rows, _rate(header, table), "CSV", age=plausible_age(age), sex=sex, notes=notes)


def _lines(content: bytes, errors: str = "strict") -> list[str]:
    """Return the lines of a text, none where the bytes are no text."""
    try:
        text = decode(content, errors).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise UnreadableRecord("a CSV as text", "one that breaks off", "save it as UTF-8") from error
    return [] if "\0" in text else text.splitlines()


def _is_numbers_alone(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith(("#", "%"))), "")
    return any(
        first.count(mark) >= FEWEST_COLUMNS - 1 and all(_ROW_OF_NUMBERS.fullmatch(cell) for cell in first.split(mark))
        for mark in DELIMITERS
    )


def _in_seconds(lines: Sequence[str], header: CsvHeader) -> tuple[Sequence[str], CsvHeader]:
    """Return the rows with clock times as seconds, and the header that says so; both as they are without such times."""
    column = header.clock
    if column is None:
        return lines, header
    told, found = [], False
    for line in lines:
        cells = line.split(header.delimiter)
        time = _CLOCK.fullmatch(cells[column].strip()) if column < len(cells) else None
        if time is not None:
            seconds = 3600 * int(time["hours"] or 0) + 60 * int(time["minutes"])
            cells[column] = f"{seconds + float(time['seconds'].replace(',', '.')):.9f}"
            found = True
        told.append(header.delimiter.join(cells))
    return (told, replace(header, time=(column, 1.0), clock=None)) if found else (lines, header)


def _refuse_to_guess(header: CsvHeader) -> None:
    """Raise where the CSV leaves out its rate or its unit; the sentence says what to add."""
    no_rate, no_unit = not header.has_rate, not header.has_units
    if no_rate and no_unit:
        raise UnreadableRecord(
            "the sampling rate and the unit in the CSV",
            "neither",
            'add the lines "# fs = 500 Hz" and "# unit = mV", with the true values, above the headings',
        )
    if no_rate:
        got = "no rate with its unit" if header.clock is None else "times without a unit"
        raise UnreadableRecord("the sampling rate in the CSV", got, _HOW_RATE)
    if no_unit:
        raise UnreadableRecord("the unit of every lead in the CSV", "none", _HOW_UNIT)


def _table(lines: Sequence[str], header: CsvHeader) -> NDArray[np.float64]:
    """Return the numbers (rows, columns) below the headings, gaps as NaN; raise where a cell is no number."""
    body = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "%"))]
    columns = len(header.leads)
    check_size(columns, len(body))
    if columns * len(body) > MAX_CELLS:
        raise UnreadableRecord(f"at most {MAX_CELLS:,} cells in a CSV", "a longer one", "cut the recording")
    wrong = next((row for row in body if row.count(header.delimiter) != columns - 1), None)
    if wrong is not None:
        raise UnreadableRecord(
            f"{columns} cells in every row of the CSV",
            f"a row with {wrong.count(header.delimiter) + 1}",
            "export it again, with the decimal sign of its headings",
        )
    text = "\n".join(body).replace('"', "")
    if not _ALLOWED.fullmatch(text):
        raise UnreadableRecord("numbers below the headings of the CSV", "other text", "remove what is no number")
    if _has_empty_cells(text, header.delimiter):
        mark = re.escape(header.delimiter)
        text = re.sub(rf"(?:(?<={mark})|^) *(?={mark}|$)", "nan", text, flags=re.MULTILINE)
    text = re.sub(r"\bN/?A\b", "nan", text) if "NA" in text else text
    if header.delimiter != ",":
        text = text.replace(",", ".")
    try:
        table: NDArray[np.float64] = np.loadtxt(
            text.split("\n"), dtype=np.float64, delimiter=header.delimiter, ndmin=2, comments=None
        )
    except ValueError as error:
        raise UnreadableRecord("numbers below the headings of the CSV", "other text", "export it again") from error
    if (np.abs(table) >= LARGEST).any():
        raise UnreadableRecord("voltages below the headings of the CSV", "numbers beyond any", "export it again")
    return table


def _has_empty_cells(text: str, delimiter: str) -> bool:
    plain = text.replace(" ", "")
    inside = f"{delimiter}{delimiter}" in plain or f"{delimiter}\n" in plain or f"\n{delimiter}" in plain
    return inside or plain.startswith(delimiter) or plain.endswith(delimiter)


def _rate(header: CsvHeader, table: NDArray[np.float64]) -> float:
    """Return the rate in Hz; raise where the times are not even or contradict what is stated.

    A rate that follows from times is rounded to whole Hz where it is within 0.1 %, since times are written rounded.
    """
    if header.time is None:
        return float(header.fs or 0)
    column, unit = header.time
    times = table[:, column] * unit
    even = np.linspace(times[0], times[-1], len(times))
    span = times[-1] - times[0]
    if not (len(times) > 1 and np.isfinite(times).all() and span > 0):
        raise UnreadableRecord("times in the CSV that rise", "others", "export it with its times")
    step = span / (len(times) - 1)
    if np.abs(times - even).max() > step:
        raise UnreadableRecord("samples at even times", "times with gaps or jumps", "export it at one rate")
    fs = 1 / step
    fs = float(round(fs)) if abs(fs - round(fs)) <= 1e-3 * fs else fs
    if header.fs is not None and abs(fs - header.fs) > 0.01 * header.fs:
        raise UnreadableRecord("one sampling rate", "a stated one that its times contradict", "correct one of them")
    return fs if header.fs is None else header.fs


READER = Reader("CSV", recognises, read)
