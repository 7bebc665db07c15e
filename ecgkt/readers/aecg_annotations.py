"""What a device measured and stated in an HL7 aECG, and the filters of its recording; nothing that a person wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ecgkt.domain import DeviceReport
from ecgkt.domain.device import axis_in_degrees
from ecgkt.readers.filters import told_filters
from ecgkt.readers.xml_tree import identifying_texts, number, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_INTERPRETATION = "MDC_ECG_INTERPRETATION"
_STATEMENTS = (_INTERPRETATION, f"{_INTERPRETATION}_STATEMENT", f"{_INTERPRETATION}_SUMMARY")
_FILTER = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
_MEASURED = {
    "HEART_RATE": "heart_rate",
    "TIME_PD_RR": "rr",
    "TIME_PD_PR": "pr",
    "TIME_PD_QRS": "qrs",
    "TIME_PD_QT": "qt",
    "TIME_PD_QTC": "qtc",
    "TIME_PD_QTCB": "qtc_bazett",
    "TIME_PD_QTC_BAZETT": "qtc_bazett",
    "TIME_PD_QTCF": "qtc_fridericia",
    "TIME_PD_QTC_FRIDERICIA": "qtc_fridericia",
    "P_AXIS": "p_axis",
    "QRS_AXIS": "qrs_axis",
    "T_AXIS": "t_axis",
    "ANGLE_P_FRONT": "p_axis",
    "ANGLE_QRS_FRONT": "qrs_axis",
    "ANGLE_T_FRONT": "t_axis",
}
_AFFIXES = re.compile(r"^(MDC|MINDRAY)_ECG_|_GL$")
_PER_UNIT = {
    "ms": 1.0,
    "s": 1000.0,
    "us": 0.001,
    "deg": 1.0,
    "rad": 57.29577951308232,
    "hz": 60.0,
    "bpm": 1.0,
    "/min": 1.0,
    "1/min": 1.0,
    "{beats}/min": 1.0,
    "{h.b.}/min": 1.0,
    "[bpm]": 1.0,
}


def device_report(root: Element, series: Element) -> DeviceReport:
    """Return what devices measured of the whole recording and stated on it.

    Measurements are the annotations that stand directly in a set and name no lead, those of the series before those of
    its representative beat; the heart rate follows from the RR where it is not given. Sets whose author is a person are
    left out; statements are taken only from sets whose author is named as a device. A rhythm alone is a partial report.
    """
    values: dict[str, float | None] = {}
    statements: list[str] = []
    own, derived = series.findall("subjectOf/annotationSet"), series.findall("derivation/derivedSeries//annotationSet")
    for told in (*own, *derived):
        author = told.find("author")
        if author is not None and author.find(".//assignedPerson") is not None:
            continue
        for name, value in _measured(told):
            values.setdefault(name, value)
        if author is not None and author.find(".//assignedDevice") is not None:
            statements += _stated(told)
    if "heart_rate" not in values and (rr := values.get("rr")):
        values["heart_rate"] = 60_000 / rr
    values.pop("rr", None)
    interpreted = any(_code_of(line, "code").startswith(_INTERPRETATION) for line in series.iter("annotation"))
    known = identifying_texts(root)
    return DeviceReport.from_machine(
        values, _filters(series), statements, identifying=known, partial=bool(statements) and not interpreted
    )


def _measured(annotations: Element) -> Iterator[tuple[str, float]]:
    """Yield the global measurements of one set, intervals in ms, axes in degrees, the rate per minute."""
    direct = annotations.findall("component/annotation")
    formulas = [
        one for top in direct if "TIME_PD_QTC" in _code_of(top, "code").upper() for one in top.iter("annotation")
    ]
    for annotation in (*direct, *formulas):
        code = _AFFIXES.sub("", _code_of(annotation, "code").upper())
        name, value = _MEASURED.get(code), annotation.find("value")
        if name is None or value is None or _names_a_lead(annotation):
            continue
        size, factor = number(value.get("value")), _PER_UNIT.get(value.get("unit", "").lower())
        if size is None or factor is None:
            continue
        found = axis_in_degrees(size * factor) if name.endswith("_axis") else size * factor
        if found is not None:
            yield name, found


def _names_a_lead(annotation: Element) -> bool:
    return any(code.get("code", "").startswith("MDC_ECG_LEAD") for code in annotation.iterfind(".//boundary/code"))


def _stated(annotations: Element) -> Iterator[str]:
    """Yield the interpretation's statements and the rhythm in words; comments are no statements."""
    for annotation in annotations.iterfind("component/annotation"):
        code, value = _code_of(annotation, "code"), annotation.find("value")
        if code == "MDC_ECG_RHY" and value is not None:
            yield value.get("displayName", "")
        elif code == _INTERPRETATION:
            lines = [
                text_of(one, "value") for one in annotation.iter("annotation") if _code_of(one, "code") in _STATEMENTS
            ]
            if not any(line.upper().startswith("CONFIRMED") for line in lines):
                yield from lines


def _filters(series: Element) -> str | None:
    """Return band and notch of the series' control variables, as far as frequencies are given."""
    frequencies: dict[str, float] = {}
    for variable in series.iterfind("controlVariable/controlVariable"):
        kind = _code_of(variable, "code").removeprefix(_FILTER)
        for part in variable.iterfind("component/controlVariable"):
            value = part.find("value")
            if value is not None and value.get("unit", "").lower() == "hz" and "FREQ" in _code_of(part, "code"):
                frequency = number(value.get("value"))
                if frequency is not None:
                    frequencies[kind] = frequency
    return told_filters(frequencies.get("HIGH_PASS"), frequencies.get("LOW_PASS"), frequencies.get("NOTCH"))


def _code_of(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get("code", "")
