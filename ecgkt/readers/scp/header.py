"""What of section 1 of an SCP-ECG record is used: age, sex and filters. The words in it serve only to be kept out."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ecgkt.readers.filters import told_filters
from ecgkt.readers.patient import age_between, years

_AGE, _BORN, _SEX, _RECORDED, _TIME, _HIGH_PASS, _LOW_PASS, _FILTERS, _END = 4, 5, 8, 25, 26, 27, 28, 29, 255
_FIXED = {_AGE: 3, _BORN: 4, 6: 3, 7: 3, _SEX: 1, 9: 1, 11: 2, 12: 2, 24: 1, _RECORDED: 4, _TIME: 3, _HIGH_PASS: 2,
          _LOW_PASS: 2, _FILTERS: 1, 33: 2}  # fmt: skip
_NAMING = (0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 31)
_UNITS = {1: "year", 2: "month", 3: "week", 4: "day", 5: "hour"}
_SEXES = {1: "male", 2: "female"}


@dataclass(frozen=True)
class Header:
    """Age in years, sex and filters, None where unknown; `naming` has texts of persons, places, numbers."""

    age: float | None = None
    sex: str | None = None
    filters: str | None = None
    naming: tuple[str, ...] = ()


def read_header(section: bytes) -> Header:
    """Read section 1, field by field; where it breaks off, what came before holds."""
    fields = _fields(section)
    return Header(
        _age(fields),
        _SEXES.get(fields.get(_SEX, b"\0")[0]),
        _filters(fields),
        tuple(_text(fields[tag]) for tag in _NAMING if tag in fields),
    )


def time_of(section: bytes) -> datetime | None:
    """Return the local time of the recording; asked only to take the difference of two."""
    fields = _fields(section)
    day, time = _date(fields.get(_RECORDED)), fields.get(_TIME)
    try:
        return None if day is None or time is None else datetime(day.year, day.month, day.day, *time)
    except ValueError:
        return None


def _fields(section: bytes) -> dict[int, bytes]:
    """Return the values by tag; a tag that stands twice is joined. Sizes that the standard fixes are those."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 3 <= len(section):
        tag, size = struct.unpack_from("<BH", section, at)
        if tag == _END:
            break
        value = section[at + 3 : at + 3 + _FIXED.get(tag, size)]
        if len(value) == _FIXED.get(tag, len(value)) > 0:
            fields[tag] = fields.get(tag, b"") + value
        at += 3 + _FIXED.get(tag, size)
    return fields


def _text(value: bytes) -> str:
    for coding in ("utf-8", "latin-1"):
        try:
            return value.decode(coding)
        except UnicodeDecodeError:
            continue
    return ""


def _age(fields: Mapping[int, bytes]) -> float | None:
    """Return the stated age, else the whole years from birth to recording."""
    count, unit = struct.unpack_from("<HB", fields.get(_AGE, bytes(3)))
    if count and unit in _UNITS:
        return years(count, _UNITS[unit])
    return age_between(_date(fields.get(_BORN)), _date(fields.get(_RECORDED)))


def _date(value: bytes | None) -> date | None:
    try:
        return None if value is None else date(*struct.unpack_from("<HBB", value))
    except ValueError:
        return None


def _filters(fields: Mapping[int, bytes]) -> str | None:
    """Return the band and the notch; 0 stands for what was not stated."""
    low = struct.unpack_from("<H", fields.get(_HIGH_PASS, bytes(2)))[0] / 100
    high = struct.unpack_from("<H", fields.get(_LOW_PASS, bytes(2)))[0]
    bits = fields.get(_FILTERS, b"\0")[0]
    notch = next((hz for bit, hz in ((1, 60.0), (2, 50.0)) if bits & bit), None)
    return told_filters(low, high, notch)
