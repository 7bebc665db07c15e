"""The header of a CSV recording: which column is which lead in which unit, and at what rate they were sampled."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgkt.domain.records import canonical_lead

DELIMITERS = ("\t", ";", ",", "|")
MOST_LINES_BEFORE = 60
FEWEST_LEADS = 3
LONGEST_HEADINGS, LONGEST_HEADING, LONGEST_STATED = 4000, 40, 200

_UNIT = r"(?:[nuµμm]?v|(?:nano|micro|milli)?volts?)"
_LEAD_AND_UNIT = re.compile(rf"(?P<lead>.*?)[\s_/]*[(\[]?\s*(?P<unit>(?<![A-Za-z]){_UNIT})\s*[)\]]?", re.IGNORECASE)
_TIME = re.compile(
    r"(?:time|t|zeit|temps|tiempo|tempo|elapsed[ _]time)?[\s_/]*[(\[]?\s*"
    r"(?P<unit>s|sec|secs|seconds?|ms|msec|milliseconds?|us|µs|μs|microseconds?|h{0,2}:?mm:ss(?:[.,]m{1,3})?)?\s*[)\]]?",
    re.IGNORECASE,
)
_TIME_NAMES = re.compile(
    r"^(time|t|zeit|temps|tiempo|tempo|elapsed|s$|sec|ms$|milliseconds?$|seconds?$)", re.IGNORECASE
)
_IS_UNIT = re.compile(rf"[(\[]?({_UNIT}|s|sec|seconds|ms|us|samples?|h*:?mm:ss(\.m*)?)?[)\]]?", re.IGNORECASE)
_INDEX_NAMES = ("", "index", "sample", "samples", "sample number", "sample_number", "n", "no", "#")
_SECONDS = {"s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0}
_SECONDS |= dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3)
_SECONDS |= dict.fromkeys(("us", "µs", "μs", "microsecond", "microseconds"), 1e-6)
_NO_WORDS = re.compile(r"[\d\s.,;|eE+\-naNA\"':]*")
_STATEMENT = re.compile(
    r"\s*[#%]*\s*(?P<key>[A-Za-z][A-Za-z _-]{0,40}?)\s*(?:[(\[](?P<in>[^)\]]{1,12})[)\]])?\s*"
    r"[:=,;\t|]\s*(?P<value>.{1,60})"
)
_RATE_KEYS = re.compile(
    r"(fs|f s|sfreq|(sampl(e|ing)) ?(rate|freq(uency)?)|sample rate|frequency|freq)(?P<unit> k?hz)?", re.IGNORECASE
)
_UNIT_KEYS = re.compile(r"(amplitude |signal |voltage )?units?", re.IGNORECASE)
_RATE = re.compile(
    r"(?P<rate>\d{1,7}([.,]\d{1,6})?)\s*(?P<unit>k?hz|k?hertz|sps|/s|1/s|samples( per |/)s(ec(ond)?)?)?", re.IGNORECASE
)


@dataclass(frozen=True)
class CsvHeader:
    """What stands above the numbers of a CSV.

    `leads` has the standard lead of each column, None where it is none; `units` the unit of each as spelled, "" where
    none is; `time` the column of times with its unit in seconds, None where there is none or no unit; `clock` the one
    of times without such a unit, which may be spelled as on a clock; `fs` in Hz and `unit` are what lines above the
    headings state; `first` is the number of the first line of numbers; `others` counts the columns that are neither a
    lead nor times nor a running number.
    """

    delimiter: str
    first: int
    leads: tuple[str | None, ...]
    units: tuple[str, ...]
    time: tuple[int, float] | None = None
    clock: int | None = None
    fs: float | None = None
    unit: str = ""
    others: int = 0
    stated: dict[str, str] = field(default_factory=dict)

    @property
    def has_rate(self) -> bool:
        """Whether the rate is stated or follows from a column of times with its unit."""
        return self.fs is not None or self.time is not None

    @property
    def has_units(self) -> bool:
        """Whether the unit of every lead is stated."""
        return bool(self.unit) or all(unit for lead, unit in zip(self.leads, self.units, strict=True) if lead)

    @property
    def complete(self) -> bool:
        """Whether nothing would have to be guessed."""
        return self.has_rate and self.has_units


def parse_header(lines: Sequence[str]) -> CsvHeader | None:
    """Return the header of a CSV by its first lines, None where no line of headings has three leads.

    One or two are enough where rate and unit are stated: "II" alone may stand above anything.
    """
    stated: dict[str, str] = {}
    for place, line in enumerate(lines[:MOST_LINES_BEFORE]):
        bare = line.strip()
        if not bare.startswith(("#", "%")) and len(line) <= LONGEST_HEADINGS:
            for delimiter in DELIMITERS:
                cells, used = _headings(lines[place : place + 2], delimiter)
                first = place + used
                leads = sum(_lead(cell)[0] is not None for cell in cells)
                short = all(len(cell) <= LONGEST_HEADING for cell in cells)
                if short and leads >= max(1, len(cells) / 2) and _may_be_numbers(lines[first:]):
                    header = _header(cells, delimiter, first, stated)
                    if leads >= FEWEST_LEADS or header.complete:
                        return header
        if len(bare) <= LONGEST_STATED and (found := _STATEMENT.fullmatch(bare.strip('"'))) is not None:
            key = " ".join(re.sub(r"[_-]+", " ", found["key"]).split()).lower()
            value = found["value"].strip().strip('",;\t ')
            stated.setdefault(key, f"{value} {found['in'] or ''}".strip())
    return None


def _headings(lines: Sequence[str], delimiter: str) -> tuple[list[str], int]:
    """Return the cells of a line, each with the unit below it where the next line holds units alone; and the lines."""
    cells = _cells(lines[0], delimiter)
    units = _cells(lines[1], delimiter) if len(lines) > 1 and len(lines[1]) <= LONGEST_HEADINGS else []
    if len(units) != len(cells) or not any(units) or not all(_IS_UNIT.fullmatch(unit) for unit in units):
        return cells, 1
    return [f"{cell} ({unit.strip('()[]')})" if unit else cell for cell, unit in zip(cells, units, strict=True)], 2


def _may_be_numbers(below: Sequence[str]) -> bool:
    """Whether the first line below the headings that says something holds no words."""
    first = next((line for line in below if line.strip() and not line.lstrip().startswith(("#", "%"))), "")
    return _NO_WORDS.fullmatch(first) is not None


def _header(cells: list[str], delimiter: str, first: int, stated: dict[str, str]) -> CsvHeader:
    named = [_lead(cell) for cell in cells]
    time, clock, others = None, None, 0
    for column, cell in enumerate(cells):
        found = _TIME.fullmatch(cell) if named[column][0] is None and _TIME_NAMES.match(cell) else None
        if found is not None and time is None:
            unit = (found["unit"] or "").lower()
            time, clock = ((column, _SECONDS[unit]), None) if unit in _SECONDS else (None, column)
        elif named[column][0] is None and cell.lower() not in _INDEX_NAMES:
            others += 1
    return CsvHeader(
        delimiter,
        first,
        tuple(lead for lead, _ in named),
        tuple(unit for _, unit in named),
        time,
        clock,
        _stated_rate(stated),
        next((value for key, value in stated.items() if _UNIT_KEYS.fullmatch(key)), ""),
        others,
        {key: value for key, value in stated.items() if key in ("age", "sex", "gender")},
    )


def _cells(line: str, delimiter: str) -> list[str]:
    return [
        cell.strip().strip("'") for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    ]


def _lead(cell: str) -> tuple[str | None, str]:
    """Return the lead and the unit that a heading names: "I (mV)", "aVR_uV", "V1"."""
    if len(cell) > LONGEST_HEADING:
        return None, ""
    found = _LEAD_AND_UNIT.fullmatch(cell)
    if found is not None and (lead := canonical_lead(found["lead"])) is not None:
        return lead, found["unit"]
    return canonical_lead(cell), ""


def _stated_rate(stated: dict[str, str]) -> float | None:
    """Return the rate in Hz that a line above states with its unit; None where there is none or no unit."""
    for key, value in stated.items():
        named = _RATE_KEYS.fullmatch(key)
        found = _RATE.fullmatch(value) if named else None
        unit = (found["unit"] or (named["unit"] or "").strip()).lower() if found and named else ""
        if found is not None and unit:
            rate = float(found["rate"].replace(",", "."))
            return rate * 1000 if unit.startswith("k") else rate
    return None
