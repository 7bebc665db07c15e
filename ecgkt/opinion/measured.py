"""The measurements of one ECG in a reader's order, each with its source or with the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgkt.signals.measurements import Measured, Measurements

LONG_QTC_MS = 500.0
_ROWS = (
    ("heart_rate", "Rate", ""),
    ("pr", "PR", ""),
    ("qrs", "QRS", ""),
    ("qt", "QT", ""),
    ("qtc_fridericia", "QTc", "Fridericia"),
    ("qtc_bazett", "QTc", "Bazett"),
    ("jtc", "JTc", "Fridericia"),
    ("p_axis", "P axis", ""),
    ("qrs_axis", "QRS axis", ""),
    ("t_axis", "T axis", ""),
)
_UNITS = {"/min": "/min", "ms": " ms", "deg": "\N{DEGREE SIGN}"}


@dataclass(frozen=True)
class Line:
    """One measurement in words: `device` and `computed` are empty where there is none, `refusal` says why."""

    title: str
    formula: str
    device: str
    computed: str
    refusal: str = ""
    marked: bool = False


def lines(measurements: Measurements, device: Mapping[str, float]) -> tuple[Line, ...]:
    """Return what is said of each measurement; JTc only where it has a meaning."""
    told = []
    for name, title, formula in _ROWS:
        found = measurements.values[name]
        if name == "jtc" and found.value is None:
            continue
        stated = _spelled(Measured(device.get(name), found.unit))
        long = name.startswith("qtc") and found.value is not None and found.value >= LONG_QTC_MS
        told.append(Line(title, formula, stated, _spelled(found), found.refusal or "", long))
        if name == "qt" and "qtc" in device:
            told.append(Line("QTc", "as stated", _spelled(Measured(device["qtc"], "ms")), ""))
    return tuple(told)


def foot(found: Measurements, statements: bool) -> str:
    """Return the rhythm, where `statements` may be told, and what the figures were computed from."""
    rhythm = f"Rhythm by rules: {found.rhythm.kind}. " if statements else ""
    beats = "" if found.beats is None else f", from {found.beats.count} beats of one shape"
    return f"{rhythm}Computed from the file's own signal{beats}."


def _spelled(found: Measured) -> str:
    return "" if found.value is None else f"{round(found.value)}{_UNITS[found.unit]}".replace("-", "\N{MINUS SIGN}")
