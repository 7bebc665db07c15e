"""The main tables: macro figures by arm and family, paired differences, and the share of the gap that is closed."""

from __future__ import annotations

from collections.abc import Mapping

from ecgkt.domain.records import Domain
from ecgkt.evaluation.comparison import gap_closed, macro, paired_difference
from ecgkt.reports.measured import DIAGNOSES, FAMILIES, Measured, contrasts, paired_runs
from ecgkt.reports.tables import Cell, Table

TITLES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "sensitivity_at_90_specificity": "Sensitivity at 90 % specificity",
}
_INTERVALS = "95 % intervals resample patients; with several seeds, figures are means over them."


def main_table(arms: Mapping[str, Measured], domain: Domain, metric: str = "auroc") -> Table:
    """Return the mean over the labels of each family, by arm; nothing where an arm does not give a whole family.

    A family's labels are those with enough positives and negatives among the held-out rows.
    """
    sizes = {family: max(len(arm.shared(family)) for arm in arms.values()) for family in FAMILIES}
    rows: list[tuple[Cell, ...]] = []
    for arm in arms.values():
        cells: list[Cell] = [arm.key, len(arm.runs)]
        for family, size in sizes.items():
            names = arm.shared(family)
            whole = size and len(names) == size
            cells.append(macro(list(arm.runs), names, metric) if whole else None)
        rows.append(tuple(cells))
    counts = ", ".join(f"{family} {size}" for family, size in sizes.items())
    notes = (f"Mean {TITLES[metric]} over the labels of a family that are defined ({counts}). {_INTERVALS}",)
    return Table(
        f"macro-{metric}", f"Macro {TITLES[metric]}, held out", ("arm", "seeds", *FAMILIES), tuple(rows), domain, notes
    )


def arms_table(arms: Mapping[str, Measured], domain: Domain) -> Table:
    """Return which checkpoints stand behind each arm, and where their probabilities may be read as frequencies."""
    rows = [
        (
            arm.key,
            arm.title,
            ", ".join(one.origin.checkpoint for one in arm.stored),
            ", ".join(str(seed) for seed in arm.seeds),
            f"{arm.stored[0].origin.budget:.0%}",
            len(arm.names),
            str(arm.stored[0].origin.calibrated_in),
        )
        for arm in arms.values()
    ]
    columns = ("arm", "what", "checkpoints", "seeds", "budget", "labels", "calibrated in")
    notes = ("Budget: the share of training patients whose diagnoses were seen.",)
    return Table("arms", "What is compared", columns, tuple(rows), domain, notes)


def difference_table(arms: Mapping[str, Measured], domain: Domain, metric: str = "auroc") -> Table:
    """Return paired differences of the macro metric between arms, over the labels that both give."""
    rows: list[tuple[Cell, ...]] = []
    for a, b in contrasts(arms):
        cells: list[Cell] = [f"{a} minus {b}"]
        for family in FAMILIES:
            names = arms[a].shared(family, arms[b])
            if not names:
                cells.append(None)
                continue
            first, second = paired_runs(names, arms[a], arms[b])
            cells.append(paired_difference(first, second, names, metric).macro)
        rows.append(tuple(cells))
    notes = (f"Difference of the macro {TITLES[metric]}, on the same draws of the same patients. {_INTERVALS}",)
    title = f"Paired differences, {TITLES[metric]}, held out"
    return Table(f"differences-{metric}", title, ("difference", *FAMILIES), tuple(rows), domain, notes)


def gap_table(arms: Mapping[str, Measured], domain: Domain, metric: str = "auroc") -> Table | None:
    """Return how much of the gap between baseline and multimodal the transferred arm closes; None without the three."""
    if not {"baseline", "transferred", "multimodal"} <= set(arms):
        return None
    three = [arms[name] for name in ("baseline", "transferred", "multimodal")]
    rows: list[tuple[Cell, ...]] = []
    for family in DIAGNOSES:
        names = three[0].shared(family, *three[1:])
        if not names:
            continue
        low, middle, high = paired_runs(names, *three)
        figures = [macro(runs, names, metric) for runs in (low, middle, high)]
        gain = paired_difference(middle, low, names, metric).macro
        gap = paired_difference(high, low, names, metric).macro
        rows.append((family, len(names), *figures, gain, gap, gap_closed(low, middle, high, names, metric)))
    columns = ("family", "labels", "baseline", "transferred", "multimodal", "gain", "gap", "share of the gap closed")
    notes = (
        "Share: (transferred - baseline) / (multimodal - baseline), 1 where the whole gap is closed. Where a lab "
        "defines a diagnosis, the multimodal arm reads the label off its tables: those are told apart.",
    )
    return Table("gap", "How much of the gap is closed, AUROC, held out", columns, tuple(rows), domain, notes)
