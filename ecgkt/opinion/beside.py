"""What stands beside a score: what rules and the recording machine say, the code, a lab's limit and measured value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ecgkt.catalogue import Lab, lab, limit_words, statements_row, tracing_labels, value_words
from ecgkt.domain import DeviceReport, LabelSet, LabValue, MeasuredLabs
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import ScoreRow
from ecgkt.signals.rules import RuleSaid

UNMEASURED = "rules cannot say"
"""Of a signal that could not be measured no rule says anything."""


@dataclass(frozen=True)
class Beside:
    """What stands beside the scores of a case: what rules and the device say by label, which targets share evidence.

    `shared` are cosines by target of what shares evidence with the chosen one, empty where none is chosen.
    """

    rules: Mapping[str, RuleSaid]
    device: Mapping[str, bool]
    shared: Mapping[str, float]


def device_says(report: DeviceReport | None) -> dict[str, bool]:
    """Return by label what a machine's own statements say, where they say it without a hedge.

    Where it stated more than is known here, what it does not name is left out.
    """
    if report is None or not report.statements:
        return {}
    row = statements_row(report.statements)
    said = {name: bool(value) for name, value in zip(tracing_labels().names, row, strict=True) if not np.isnan(value)}
    return {name: yes for name, yes in said.items() if yes or not report.partial}


def beneath_words(row: ScoreRow, labels: LabelSet, beside: Beside, measured: MeasuredLabs, *, si: bool = False) -> str:
    """Return what stands below a title: rules and device, the code, or a lab's measured value and its limit.

    Of an analyte that was looked for in vain it says that it was not measured. `si` asks for SI units.
    """
    if row.kind is Kind.LAB:
        analyte = lab(str(labels[row.name].lab))
        told = limit_words(analyte, str(labels[row.name].direction), si)
        known = measured.get(analyte.name)
        if known is None:
            return f"not measured; {told}" if measured.lacks(analyte.name) else told
        return f"measured {measured_value_words(analyte, known, si)}{time_words(known)}; {told}"
    if row.kind is Kind.VISIT:
        return row.detail
    return tracing_words(row.name, beside)


def tracing_words(name: str, beside: Beside) -> str:
    """Return what rules and the device say of one target, in a few words."""
    rule, device = beside.rules.get(name), beside.device.get(name)
    told = []
    if rule is not None:
        told.append(f"rules: {rule.answer}, {rule.why}")
    if device is not None:
        told.append(f"device: {'yes' if device else 'no'}")
    return "; ".join(told) or ("no rule" if beside.rules else UNMEASURED)


def measured_value_words(analyte: Lab, measured: LabValue, si: bool = False) -> str:
    """Return a measured value with its unit, and before it the sign of a printed bound: "< 0.01 ng/mL"."""
    return f"{measured.bound} {value_words(analyte, measured.value, si)}".lstrip()


def time_words(measured: LabValue) -> str:
    """Return when a value was drawn, relative to the ECG: ", 20 min later"; empty where that is not known."""
    if measured.minutes is None:
        return ", time not known"
    minutes = round(abs(measured.minutes))
    if minutes == 0:
        return ", at the ECG"
    told = f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    return f", {told} {'later' if measured.minutes > 0 else 'before'}"
