"""Label by label: how well it is told and how well calibrated, which labels an arm harms, and subgroups of patients."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.records import Domain
from ecgkt.evaluation.calibration import Calibration, calibration
from ecgkt.evaluation.comparison import Comparison, harmed, helped, paired_difference, per_label
from ecgkt.evaluation.resampling import RESAMPLES
from ecgkt.evaluation.subgroups import subgroups
from ecgkt.reports.judged import Rows
from ecgkt.reports.measured import Measured, contrasts, lab_defined, paired_runs, score_table
from ecgkt.reports.stored import Stored, Truth
from ecgkt.reports.tables import Cell, Table

AGES = (18, 40, 60, 80)
HARM_Q = 0.05


def label_table(
    arm: Measured, truth: Truth, domain: Domain, *, part: str = "held_out", resamples: int = RESAMPLES
) -> Table:
    """Return every label's figures for one arm, with its calibration before and after scaling (of the first seed)."""
    found = {metric: per_label(list(arm.runs), metric) for metric in arm.runs[0].values}
    rows: list[tuple[Cell, ...]] = []
    for place, name in enumerate(arm.names):
        run, label = arm.runs[0], all_labels()[name]
        n, positives = int(run.n[place]), int(run.positives[place])
        before, after = calibrations(truth, arm.stored[0], name, part, resamples)
        rows.append(
            (
                name,
                str(label.kind),
                "yes" if lab_defined(label) else "",
                n,
                positives,
                positives / n if n else None,
                *(found[metric][name] for metric in found),
                *(before.slope, before.intercept, before.error),
                *(after.slope, after.intercept, after.error),
            )
        )
    metrics = [metric.replace("_", " ") for metric in found]
    scaling = [f"{what} {when}" for when in ("before", "after") for what in ("slope", "intercept", "calibration error")]
    columns = ("label", "family", "lab-defined", "n", "positives", "prevalence", *metrics, *scaling)
    notes = (
        "Calibration: slope (1 is right, below 1 overconfident), intercept with that slope at 1 (0 is right), expected "
        "calibration error; before and after Platt scaling on the tuning rows.",
    )
    return Table(
        f"labels-{file_name(arm.key)}", f"Each label, {arm.key}, held out", columns, tuple(rows), domain, notes
    )


def calibrations(
    truth: Truth, stored: Stored, name: str, part: str = "held_out", resamples: int = RESAMPLES
) -> tuple[Calibration, Calibration]:
    """Return the calibration of one label before and after the Platt scaling that came with the predictions."""
    rows, place = stored.rows.of(part), stored.names.index(name)
    labels, subjects = truth.labels.column(name)[rows], stored.rows.subject_ids[rows]
    logits = stored.logits[rows, place].astype(np.float64)
    scaled = logits * stored.origin.slope[place] + stored.origin.intercept[place]
    before, after = (calibration(labels, x, subjects, resamples=resamples) for x in (logits, scaled))
    return before, after


def compare_labels(arms: Mapping[str, Measured], metric: str = "auroc") -> dict[tuple[str, str], Comparison]:
    """Return for each contrast the paired difference of every label that both arms give."""
    found = {(a, b): compare_pair(arms[a], arms[b], metric) for a, b in contrasts(arms)}
    return {pair: comparison for pair, comparison in found.items() if comparison is not None}


def compare_pair(a: Measured, b: Measured, metric: str = "auroc") -> Comparison | None:
    """Return the paired difference of every label that both arms give, None where they give none in common."""
    names = tuple(name for name in a.names if name in b.names)
    if not names:
        return None
    first, second = paired_runs(names, a, b)
    return paired_difference(first, second, names, metric)


def label_difference_table(pair: tuple[str, str], comparison: Comparison, domain: Domain) -> Table:
    """Return the paired difference of every label, the worst first."""
    rows = [
        (name, str(all_labels()[name].kind), "yes" if lab_defined(all_labels()[name]) else "", one)
        for name, one in sorted(comparison.labels.items(), key=lambda pair: pair[1].estimate.value or 0.0)
    ]
    title = f"Each label, {pair[0]} minus {pair[1]}, AUROC, held out"
    columns = ("label", "family", "lab-defined", "difference")
    notes = ("q is Benjamini and Hochberg's over the labels of this table.",)
    name = f"label-differences-{file_name(pair[0])}-{file_name(pair[1])}"
    return Table(name, title, columns, tuple(rows), domain, notes)


def harm_table(found: Mapping[tuple[str, str], Comparison], domain: Domain) -> Table:
    """Return which labels each arm does worse and better than the other, at a false-discovery rate of 5 %."""
    rows = [
        (
            f"{a} minus {b}",
            len(comparison.labels),
            len(harmed(comparison, HARM_Q)),
            ", ".join(harmed(comparison, HARM_Q)) or "none",
            len(helped(comparison, HARM_Q)),
            ", ".join(helped(comparison, HARM_Q)) or "none",
        )
        for (a, b), comparison in found.items()
    ]
    columns = ("difference", "labels", "harmed", "which are harmed", "helped", "which are helped")
    notes = ("Labels with q below 0.05 (Benjamini and Hochberg, over the labels that both arms give).",)
    return Table("harmed", "Harmed and helped labels, AUROC, held out", columns, tuple(rows), domain, notes)


def subgroup_table(
    arms: Mapping[str, Measured], truth: Truth, domain: Domain, *, part: str = "held_out", resamples: int = RESAMPLES
) -> Table:
    """Return the macro AUROC of each family by age, sex and setting (of each arm's first seed).

    Within one kind of group a family's labels are those that are defined in every group of it that has enough.
    """
    rows: list[tuple[Cell, ...]] = []
    for arm in arms.values():
        for family in ("tracing", "visit", "lab"):
            names = arm.shared(family)
            if not names:
                continue
            table = score_table(truth, arm.stored[0], names, part)
            for kind, group in groups_of(arm.stored[0].rows, part).items():
                found = subgroups(table, group, names, resamples=resamples)
                for name, one in found.groups.items():
                    n = int((group == name).sum())
                    cells: tuple[str | int | Estimate, ...] = (arm.key, family, kind, name, n, len(found.names), one)
                    rows.append(cells)
    columns = ("arm", "family", "by", "group", "rows", "labels", "macro AUROC")
    notes = ("Too few positives leave a group undefined.",)
    return Table("subgroups", "Subgroups, macro AUROC, held out", columns, tuple(rows), domain, notes)


def groups_of(rows: Rows, part: str = "held_out") -> dict[str, NDArray[np.str_]]:
    """Return the group (m,) of each row of a part by age, sex and setting; "" where it is not known."""
    chosen = rows.of(part)
    ages, male = rows.ages[chosen], rows.sex_male[chosen]
    bounds = [f"{low} to {high - 1}" for low, high in pairwise(AGES)] + [f"{AGES[-1]} and over"]
    known = ~np.isnan(ages) & (ages >= AGES[0])
    place = np.clip(np.searchsorted(AGES, np.where(known, ages, AGES[0]), side="right") - 1, 0, len(bounds) - 1)
    sexes = np.where(male == 1, "men", np.where(male == 0, "women", ""))
    return {
        "age": np.where(known, np.array(bounds)[place], ""),
        "sex": sexes,
        "setting": rows.settings[chosen],
    }


def file_name(key: str) -> str:
    """Return a name as it stands in a file's name."""
    return "".join(letter if letter.isalnum() else "-" for letter in key.lower())
