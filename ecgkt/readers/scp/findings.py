"""What the recording machine itself measured and said: sections 7, 8 and 11, unless a person has gone over it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecgkt.errors import EcgktError
from ecgkt.readers.scp.sections import Fields, Sections

_ORIGINAL = 0
_CODED = 1
_NOT_MEASURED = (29_999, 65_535)
_NO_AXIS = 180
_LONGEST_MS = 2_000
_MOST_STATEMENTS, _LONGEST_STATEMENT = 40, 200
_DATE = re.compile(r"\d{1,4}[-./](\d{1,2}|[A-Za-z]{3,9})[-./]\d{2,4}|\d{1,2} [A-Za-z]{3,9} \d{4}|\d{5,}")
_WORD = re.compile(r"\w{3,}")


def measured(sections: Sections) -> dict[str, float]:
    """Return the rate in /min, PR, QRS and QT in ms, and the axes in degrees, as far as section 7 holds them.

    The intervals are those of the first block, which is the reference beat's or the first of all; 29999 is missing.
    """
    try:
        return _measured(Fields(sections.bodies.get(7, b"")))
    except EcgktError:
        return {}


def _measured(fields: Fields) -> dict[str, float]:
    blocks, spikes, rr, _ = fields.numbers("BBHH")
    values: dict[str, float] = {}
    if rr and rr not in _NOT_MEASURED:
        values["heart_rate"] = 60_000 / rr
    for place in range(blocks):
        p_onset, _, qrs_onset, qrs_end, t_end, *axes = fields.numbers("5H3h")
        if place > 0:
            continue
        for name, start, end in (("pr", p_onset, qrs_onset), ("qrs", qrs_onset, qrs_end), ("qt", qrs_onset, t_end)):
            if not {start, end} & set(_NOT_MEASURED) and 0 < end - start <= _LONGEST_MS:
                values[name] = float(end - start)
        for name, degrees in zip(("p_axis", "qrs_axis", "t_axis"), axes, strict=True):
            if -_NO_AXIS <= degrees <= _NO_AXIS:
                values[name] = float(degrees)
    fields.take(10 * spikes)
    fields.take(fields.number("H"))
    rate = fields.number("H")
    if rate and rate not in _NOT_MEASURED:
        values["heart_rate"] = float(rate)
    return values


def stated(sections: Sections, names: frozenset[str]) -> tuple[str, ...]:
    """Return the machine's own statements: the text of section 8, else the codes of section 11.

    What a person confirmed or wrote is left out, as is a statement with a date, a long number or one of the `names`,
    words of the header that name a person or a place.
    """
    for number in (8, 11):
        if lines := tuple(_statements(sections.bodies.get(number, b""), number)):
            return tuple(line for line in lines if not _tells(line, names))
    return ()


def _statements(section: bytes, number: int) -> Iterator[str]:
    fields = Fields(section)
    if fields.left < 9:
        return
    status, *_, count = fields.numbers("B7BB")
    if status != _ORIGINAL:
        return
    for _ in range(min(count, _MOST_STATEMENTS)):
        if fields.left < 3:
            return
        _, length = fields.numbers("BH")
        value = fields.take(min(length, fields.left))
        if number == 11:
            if value[:1] != bytes([_CODED]):
                continue
            value = value[1:]
        yield from filter(None, map(_plain, value.split(b"\0")))


def _plain(value: bytes) -> str:
    """Return a line without what cannot be shown, cut to its length."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split())[:_LONGEST_STATEMENT]


def _tells(line: str, names: frozenset[str]) -> bool:
    return bool(_DATE.search(line)) or not names.isdisjoint(_WORD.findall(line.lower()))
