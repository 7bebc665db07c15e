"""Two arms held against each other: the tables, the chart by subgroup and the methods paragraph of one comparison."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ecgkt import NOTICE, __version__
from ecgkt.catalogue import all_labels
from ecgkt.evaluation.calibration import expected_calibration_error
from ecgkt.evaluation.comparison import Comparison, Difference, macro, paired_difference, per_label
from ecgkt.evaluation.false_discovery import benjamini_hochberg
from ecgkt.evaluation.subgroups import paired_subgroups
from ecgkt.figures.charts import Chart, Series, whose
from ecgkt.reports.label_tables import HARM_Q, file_name, groups_of
from ecgkt.reports.measured import FAMILIES, Measured, lab_defined, paired_runs, score_table
from ecgkt.reports.stored import Truth
from ecgkt.reports.tables import Cell, Table


def pair_name(first: Measured, second: Measured) -> str:
    """Return the name of a comparison as it stands in files' names."""
    return f"{file_name(first.key)}-{file_name(second.key)}"


def pair_families(first: Measured, second: Measured, truth: Truth) -> Table:
    """Return the macro AUROC of both arms and their paired difference by family, over the labels that both give."""
    rows: list[tuple[Cell, ...]] = []
    for family in FAMILIES:
        names = first.shared(family, second)
        if names:
            a, b = paired_runs(names, first, second)
            rows.append((family, len(names), macro(a, names), macro(b, names), paired_difference(a, b, names).macro))
    columns = ("family", "labels", first.key, second.key, "difference")
    title = f"Macro AUROC, {first.key} minus {second.key}, held out"
    return Table(f"families-{pair_name(first, second)}", title, columns, tuple(rows), truth.cohort.domain)


def pair_labels(first: Measured, second: Measured, comparison: Comparison, truth: Truth) -> Table:
    """Return every label that both arms give: each one's AUROC and the paired difference, the worst first.

    A label with too few positives stands last, with the reason in place of its figures.
    """
    ours, theirs = (per_label(list(arm.runs), "auroc") for arm in (first, second))
    names = [name for name in first.names if name in second.names]
    names.sort(key=lambda name: _worst_first(comparison.labels.get(name)))
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        label, place = all_labels()[name], first.names.index(name)
        run, found = first.runs[0], comparison.labels.get(name)
        verdict = "" if found is None or found.q is None or found.q >= HARM_Q else _verdict(found)
        told = ("yes" if lab_defined(label) else "", int(run.n[place]), int(run.positives[place]))
        rows.append((name, label.title, str(label.kind), *told, ours[name], theirs[name], found, verdict))
    columns = ("label", "title", "family", "lab-defined", "n", "positives", first.key, second.key)
    title = f"Each label, AUROC, {first.key} minus {second.key}, held out"
    notes = (f"q is Benjamini and Hochberg's over the labels that both give; harmed or helped: q below {HARM_Q}.",)
    name = f"labels-{pair_name(first, second)}"
    return Table(name, title, (*columns, "difference", "verdict"), tuple(rows), truth.cohort.domain, notes)


def pair_calibration(first: Measured, second: Measured, truth: Truth, part: str = "held_out") -> Table:
    """Return the expected calibration error of every label before and after scaling, of each arm's first seed."""
    rows: list[tuple[Cell, ...]] = []
    names = [name for name in first.runs[0].defined() if name in second.names]
    for name in names:
        cells: list[Cell] = [name, all_labels()[name].title, str(all_labels()[name].kind)]
        for arm in (first, second):
            stored = arm.stored[0]
            chosen = stored.rows.of(part)
            y = truth.labels.column(name)[chosen]
            for scaled in (False, True):
                cells.append(expected_calibration_error(y, stored.probability(name, scaled)[chosen]))
        rows.append(tuple(cells))
    when = [f"{arm.key} {word} scaling" for arm in (first, second) for word in ("before", "after")]
    title = f"Expected calibration error, {first.key} and {second.key}, held out"
    notes = ("Mean gap between predicted and observed frequency over ten bins of equal size.",)
    name = f"calibration-{pair_name(first, second)}"
    return Table(name, title, ("label", "title", "family", *when), tuple(rows), truth.cohort.domain, notes)


def calibration_by_family(table: Table) -> dict[str, tuple[float, ...]]:
    """Return the mean of the four errors of `pair_calibration` by family."""
    families: dict[str, list[tuple[Cell, ...]]] = {}
    for row in table.rows:
        families.setdefault(str(row[2]), []).append(row[3:])
    return {family: tuple(np.array(rows, float).mean(axis=0).tolist()) for family, rows in families.items()}


def pair_subgroups(
    first: Measured, second: Measured, truth: Truth, family: str, *, part: str = "held_out", resamples: int
) -> Table:
    """Return both arms' macro AUROC and their paired difference by age, sex and setting (of each arm's first seed)."""
    names = first.shared(family, second)
    found: list[tuple[tuple[Cell, ...], Difference]] = []
    if names:
        tables = [score_table(truth, arm.stored[0], names, part) for arm in (first, second)]
        for kind, group in groups_of(first.stored[0].rows, part).items():
            paired = paired_subgroups(tables[0], tables[1], group, names, resamples=resamples)
            for name, (a, b, difference) in paired.groups.items():
                found.append(((kind, name, int((group == name).sum()), len(paired.names), a, b), difference))
    known = [difference.p for _, difference in found if difference.p is not None]
    q = iter(benjamini_hochberg(np.array(known)).tolist() if known else ())
    rows = [(*cells, Difference(one.estimate, one.p, None if one.p is None else next(q))) for cells, one in found]
    columns = ("by", "group", "rows", "labels", first.key, second.key, "difference")
    notes = ("q is Benjamini and Hochberg's over these groups; too few positives leave a group undefined.",)
    title = f"Subgroups, macro AUROC of {family} labels, {first.key} minus {second.key}, held out"
    name = f"subgroups-{pair_name(first, second)}-{file_name(family)}"
    return Table(name, title, columns, tuple(rows), truth.cohort.domain, notes)


def subgroup_chart(table: Table) -> Chart | None:
    """Return the differences of `pair_subgroups` as a dot plot; None where no group has a figure."""
    kept = [row for row in table.rows if isinstance(row[-1], Difference) and row[-1].estimate.defined]
    if not kept:
        return None
    estimates = [row[-1].estimate for row in kept if isinstance(row[-1], Difference)]
    value, low, high = zip(*((e.value or 0.0, e.low or 0.0, e.high or 0.0) for e in estimates), strict=True)
    rows = tuple(f"{row[0]} {row[1]} ({row[2]:,} ECGs)" for row in kept)
    dots = Series("difference", value, tuple(map(float, range(len(kept)))), low, high)
    x_title = f"Difference in macro AUROC, {table.columns[-3]} minus {table.columns[-2]}"
    note = "Paired over patients, 95 % intervals. Not adjusted for anything else in which groups differ."
    return Chart(table.name, table.title, x_title, "", (dots,), table.domain, rows, note, zero=True)


def methods(
    first: Measured, second: Measured, truth: Truth, comparison: Comparison, *, part: str = "held_out", resamples: int
) -> str:
    """Return a paragraph for a paper: what was compared, on whom, how, and with which version."""
    rows, facts = first.stored[0].rows, truth.cohort
    chosen = rows.of(part)
    subjects = len(np.unique(rows.subject_ids[chosen]))
    stored_by = ", ".join(sorted({one.origin.version for arm in (first, second) for one in arm.stored}))
    said = [
        f"{whose(facts.domain)}. {first.key} was compared with {second.key} on {int(chosen.sum()):,} held-out ECGs of "
        f"{subjects:,} patients (cohort {facts.fingerprint}, manifest {facts.manifest}, split {facts.split_rule}, "
        f"labels {facts.catalogue}).",
        f"{_arm(first)} {_arm(second)}",
        f"AUROC of each of the {len(comparison.labels)} labels that both give and that at least 10 patients have and "
        f"10 have not; paired differences, their 95 % intervals and p values from {resamples:,} resamples of "
        f"patients, the same for both; q values after Benjamini and Hochberg over these labels, called clear below "
        f"{HARM_Q}. Probabilities were calibrated by Platt scaling on the tuning patients.",
        f"Computed with ecgkt {__version__} from predictions stored with ecgkt {stored_by}. {NOTICE}.",
    ]
    return " ".join(said)


def _arm(arm: Measured) -> str:
    ids = ", ".join(f"{one.origin.checkpoint} (seed {one.origin.seed})" for one in arm.stored)
    share = arm.stored[0].origin.budget
    seen = "" if share == 1 else f", trained with the diagnoses of {share:.0%} of the training patients"
    return f"{arm.key}: {arm.title}, checkpoint {ids}{seen}."


def _worst_first(found: Difference | None) -> tuple[bool, float]:
    value = None if found is None else found.estimate.value
    return value is None, value or 0.0


def _verdict(found: Difference) -> str:
    return "harmed" if (found.estimate.value or 0.0) < 0 else "helped"


def harmed_and_helped(table: Table) -> Mapping[str, tuple[str, ...]]:
    """Return the titles of the harmed and of the helped labels of `pair_labels`, the clearest first."""
    verdicts, titles = table.column("verdict"), table.column("title")
    both = list(zip(verdicts, titles, strict=True))
    return {
        "harmed": tuple(str(title) for verdict, title in both if verdict == "harmed"),
        "helped": tuple(str(title) for verdict, title in reversed(both) if verdict == "helped"),
    }
