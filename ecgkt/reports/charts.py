"""From measured arms to charts: differences by label, calibration curves, label efficiency, the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ecgkt.catalogue import all_labels
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.records import Domain
from ecgkt.evaluation.calibration import CurvePoint, calibration
from ecgkt.evaluation.comparison import Comparison, macro
from ecgkt.figures.charts import Chart, Series
from ecgkt.reports.label_tables import HARM_Q, file_name
from ecgkt.reports.measured import CONTRASTS, DIAGNOSES, FAMILIES, ORDER, Measured, lab_defined, score_table
from ecgkt.reports.stored import Truth
from ecgkt.reports.tables import Table

DRAWN = ("baseline", "signal_only", "transferred", "multimodal")
"""The arms whose calibration is drawn; so is any that is none of ours."""
DRAWN_CONTRASTS = CONTRASTS[:4]
BINS = 40
"""Of a pooled calibration curve: most labels are rare, and few bins would all lie near zero."""
KINDS = ("tracing", "visit", "lab")


def difference_charts(found: Mapping[tuple[str, str], Comparison], domain: Domain) -> list[Chart]:
    """Return for the main contrasts a dot plot per family: each label's paired difference, the best at the top."""
    charts = []
    for pair, comparison in found.items():
        if pair in CONTRASTS and pair not in DRAWN_CONTRASTS:
            continue
        for family in KINDS:
            chart = difference_chart(pair, comparison, family, domain)
            if chart is not None:
                charts.append(chart)
    return charts


def difference_chart(pair: tuple[str, str], comparison: Comparison, family: str, domain: Domain) -> Chart | None:
    """Return one family's dot plot, a row per label; None where no label of it is defined."""
    chosen = [
        (name, one) for name, one in comparison.labels.items() if name in FAMILIES[family] and one.estimate.defined
    ]
    chosen.sort(key=lambda item: -(item[1].estimate.value or 0.0))
    if not chosen:
        return None
    labels = [all_labels()[name] for name, _ in chosen]
    rows = tuple(label.title + (" *" if lab_defined(label) else "") for label in labels)
    series = []
    for name, clear in (("clear (q < 0.05)", True), ("not clear", False)):
        places = [i for i, (_, one) in enumerate(chosen) if (one.q is not None and one.q < HARM_Q) == clear]
        if places:
            series.append(_dots(name, places, [chosen[i][1].estimate for i in places], faint=not clear))
    note = "* a lab defines this diagnosis. " if any(map(lab_defined, labels)) else ""
    return Chart(
        name=f"differences-{file_name(pair[0])}-{file_name(pair[1])}-{family}",
        title=f"{pair[0]} minus {pair[1]}, {family} labels",
        x_title="Difference in AUROC, held out",
        y_title="",
        series=tuple(series),
        domain=domain,
        rows=rows,
        note=note + "Paired over patients, 95 % intervals; q after Benjamini and Hochberg.",
        zero=True,
    )


def calibration_charts(arms: Mapping[str, Measured], truth: Truth, part: str = "held_out") -> list[Chart]:
    """Return per family the pooled calibration curve of the arms, before and after Platt scaling (first seeds)."""
    drawn = [arm for key, arm in arms.items() if key in DRAWN or key not in ORDER]
    charts = [calibration_chart(drawn, truth, family, scaled, part) for family in KINDS for scaled in (False, True)]
    return [chart for chart in charts if chart is not None]


def calibration_chart(
    arms: Sequence[Measured], truth: Truth, family: str, scaled: bool, part: str = "held_out"
) -> Chart | None:
    """Return one family's pooled calibration curves, None where no arm gives a label of it."""
    series = []
    for arm in arms:
        names = arm.shared(family)
        points = _curve(arm, truth, names, scaled, part) if names else ()
        if points:
            series.append(_line(arm.key, points))
    when = "after" if scaled else "before"
    if not series:
        return None
    return Chart(
        name=f"calibration-{family}-{when}",
        title=f"Calibration {when} scaling, {family} labels",
        x_title="Predicted frequency",
        y_title="Observed frequency, held out",
        series=tuple(series),
        domain=truth.cohort.domain,
        note=f"{BINS} bins of equal size over all labels of the family together; the dotted line is right.",
        diagonal=True,
    )


def _curve(arm: Measured, truth: Truth, names: Sequence[str], scaled: bool, part: str) -> tuple[CurvePoint, ...]:
    """Return the calibration curve over all rows and labels of a family together."""
    stored = arm.stored[0]
    table = score_table(truth, stored, names, part)
    logits = np.array(table.scores)
    if scaled:
        places = [stored.names.index(name) for name in names]
        logits = logits * np.array(stored.origin.slope)[places] + np.array(stored.origin.intercept)[places]
    subjects = np.repeat(table.subjects, len(names))
    return calibration(table.labels.ravel(), logits.ravel(), subjects, bins=BINS, resamples=2).curve


def efficiency_charts(budgets: Mapping[float, Mapping[str, Measured]], domain: Domain) -> list[Chart]:
    """Return per family of diagnoses the macro AUROC of each arm against the share of labels; none for one budget."""
    if len(budgets) < 2:
        return []
    charts = []
    keys = list(dict.fromkeys(key for arms in budgets.values() for key in arms))
    for family in DIAGNOSES:
        series = []
        for place, key in enumerate(keys):
            found = [
                (budget, macro(list(arms[key].runs), arms[key].shared(family)))
                for budget, arms in budgets.items()
                if key in arms and arms[key].shared(family)
            ]
            kept = [(budget, one) for budget, one in found if one.defined]
            if kept:
                aside = 10 ** (0.02 * (place - (len(keys) - 1) / 2))
                x = [budget * aside for budget, _ in kept]
                series.append(_upright(key, x, [one for _, one in kept]))
        if series:
            chart = Chart(
                name=f"efficiency-{file_name(family)}",
                title=f"Label efficiency, {family} labels",
                x_title="Share of training patients whose diagnoses were seen",
                y_title="Macro AUROC, held out",
                series=tuple(series),
                domain=domain,
                note="95 % intervals over patients and seeds; points stand a little aside of each other.",
                ticks=tuple((budget, f"{budget:.0%}") for budget in budgets),
            )
            charts.append(chart)
    return charts


def gap_chart(table: Table) -> Chart:
    """Return the three arms of the gap's table by family, with the share that is closed beside its name."""
    series = []
    for arm in ("baseline", "transferred", "multimodal"):
        cells = [cell for cell in table.column(arm) if isinstance(cell, Estimate)]
        series.append(_dots(arm, list(range(len(cells))), cells))
    rows = tuple(
        f"{family}: {share.value:.0%} closed"
        if isinstance(share, Estimate) and share.value is not None
        else f"{family}"
        for family, share in zip(table.column("family"), table.column("share of the gap closed"), strict=True)
    )
    return Chart(
        name="gap",
        title="How much of the gap is closed",
        x_title="Macro AUROC, held out",
        y_title="",
        series=tuple(series),
        domain=table.domain,
        rows=rows,
        note="95 % intervals of each arm; those of the share stand in the table. No share where the gap may be zero.",
    )


def _dots(name: str, places: Sequence[int], estimates: Sequence[Estimate], *, faint: bool = False) -> Series:
    """Return estimates along x at rows `places`; undefined ones are left out."""
    kept = [(float(place), one) for place, one in zip(places, estimates, strict=True) if one.defined]
    value, low, high = _figures([one for _, one in kept])
    return Series(name, value, tuple(place for place, _ in kept), low, high, faint=faint)


def _upright(name: str, x: Sequence[float], estimates: Sequence[Estimate]) -> Series:
    value, low, high = _figures(estimates)
    return Series(name, tuple(x), value, low, high, joined=True)


def _line(name: str, points: Sequence[CurvePoint]) -> Series:
    predicted, observed, low, high = zip(*((p.predicted, p.observed, p.low, p.high) for p in points), strict=True)
    return Series(name, predicted, observed, low, high, joined=True)


def _figures(estimates: Sequence[Estimate]) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    rows = [(one.value or 0.0, one.low or 0.0, one.high or 0.0) for one in estimates if one.defined]
    value, low, high = zip(*rows, strict=True) if rows else ((), (), ())
    return value, low, high
