"""What the recording machine itself measured and said: sections 7, 8 and 11, unless a person has gone over it."""

from __future__ import annotations

from collections.abc import Iterator

from ecgkt.domain.device import axis_in_degrees
from ecgkt.errors import EcgktError
from ecgkt.readers.scp.sections import Fields, Sections

_ORIGINAL = 0
_CODED = 1
_NOT_MEASURED = (29_999, 65_535)
_MOST_STATEMENTS = 255
_FORMULAS = {1: "qtc_bazett", 3: "qtc_fridericia"}


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
            if not {start, end} & set(_NOT_MEASURED) and end > start:
                values[name] = float(end - start)
        for name, degrees in zip(("p_axis", "qrs_axis", "t_axis"), axes, strict=True):
            if (axis := axis_in_degrees(degrees)) is not None:
                values[name] = axis
    values |= _overall(fields, spikes)
    return values


def _overall(fields: Fields, spikes: int) -> dict[str, float]:
    """Return the ventricular rate and the QTc, by the formula that is named, from behind spikes and kinds of beats."""
    if fields.left < 10 * spikes + 2:
        return {}
    fields.take(10 * spikes)
    kinds = fields.number("H")
    if fields.left < kinds + 7:
        return {}
    fields.take(kinds)
    rate, _, qtc, formula = fields.numbers("HHHB")
    stated = {"heart_rate": rate, _FORMULAS.get(formula, "qtc"): qtc}
    return {name: float(value) for name, value in stated.items() if value and value not in _NOT_MEASURED}


def stated(sections: Sections) -> tuple[tuple[str, ...], bool]:
    """Return the machine's own lines, the text of section 8, else the codes of section 11, and whether they are codes.

    What a person has confirmed or written over is left out. Codes are not all in words that can be kept.
    """
    for number in (8, 11):
        if lines := tuple(_statements(sections.bodies.get(number, b""), number)):
            return lines, number == 11
    return (), False


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
    """Return a line without what cannot be shown."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(one if one.isprintable() else " " for one in text).strip()
