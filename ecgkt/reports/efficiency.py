"""Label efficiency: the same arms trained with few and with many diagnoses, over several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecgkt.domain.records import Domain
from ecgkt.evaluation.comparison import macro, paired_difference
from ecgkt.evaluation.resampling import RESAMPLES
from ecgkt.reports.comparators import COMPARATORS
from ecgkt.reports.measured import DIAGNOSES, Made, Measured, contrasts, group_by_arm, measure, paired_runs
from ecgkt.reports.stored import Stored, Truth
from ecgkt.reports.tables import Cell, Table


def budgets_of(stored: Sequence[Made]) -> tuple[float, ...]:
    """Return the budgets that occur, the smallest first; comparators have none."""
    return tuple(sorted({one.origin.budget for one in stored if one.origin.arm not in COMPARATORS}))


def measure_budgets(
    truth: Truth,
    stored: Sequence[Stored],
    *,
    part: str = "held_out",
    resamples: int = RESAMPLES,
    known: Mapping[str, Measured] | None = None,
) -> dict[float, dict[str, Measured]]:
    """Measure the AUROC of every arm at every budget; arms at hand in `known` are not measured again."""
    found: dict[float, dict[str, Measured]] = {}
    at_hand = {tuple(one.origin.checkpoint for one in arm.stored): arm for arm in (known or {}).values()}
    for budget in budgets_of(stored):
        arms = group_by_arm([one for one in stored if one.origin.arm not in COMPARATORS], budget)
        found[budget] = {}
        for key, some in arms.items():
            before = at_hand.get(tuple(one.origin.checkpoint for one in some))
            again = before or measure(truth, {key: some}, part=part, metrics=["auroc"], resamples=resamples)[key]
            found[budget][key] = again
    return found


def efficiency_table(budgets: Mapping[float, Mapping[str, Measured]], domain: Domain) -> Table:
    """Return the macro AUROC of the diagnoses by arm and budget."""
    rows: list[tuple[Cell, ...]] = []
    for budget, arms in budgets.items():
        for arm in arms.values():
            figures = [
                macro(list(arm.runs), arm.shared(family)) if arm.shared(family) else None for family in DIAGNOSES
            ]
            rows.append((f"{budget:.0%}", arm.key, len(arm.runs), *figures))
    notes = (
        "Budget: the share of training patients whose diagnoses were seen in stage 3; stages 1 and 2 saw all. "
        "Intervals hold patients and, with several seeds, seeds.",
    )
    columns = ("budget", "arm", "seeds", *DIAGNOSES)
    return Table("efficiency", "Label efficiency, macro AUROC, held out", columns, tuple(rows), domain, notes)


def efficiency_differences(budgets: Mapping[float, Mapping[str, Measured]], domain: Domain) -> Table:
    """Return the paired differences between arms at each budget, seed by seed."""
    rows: list[tuple[Cell, ...]] = []
    for budget, arms in budgets.items():
        for a, b in contrasts(arms):
            seeds = len(set(arms[a].seeds) & set(arms[b].seeds))
            cells: list[Cell] = [f"{budget:.0%}", f"{a} minus {b}", seeds]
            for family in DIAGNOSES:
                names = arms[a].shared(family, arms[b])
                if not names:
                    cells.append(None)
                    continue
                first, second = paired_runs(names, arms[a], arms[b])
                cells.append(paired_difference(first, second, names).macro)
            rows.append(tuple(cells))
    columns = ("budget", "difference", "seeds", *DIAGNOSES)
    title = "Label efficiency, paired differences of the macro AUROC, held out"
    return Table("efficiency-differences", title, columns, tuple(rows), domain)
