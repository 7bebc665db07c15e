"""What must not be missed, always in the same order: each condition with its figure or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgkt.catalogue import Condition, do_not_miss, not_covered
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.domain import Predictions
from ecgkt.figures.scores import ScoreRow, score_rows
from ecgkt.signals.measurements import Measured
from ecgkt.signals.rules import VERY_LONG_QTC_MS, RuleSaid


@dataclass(frozen=True)
class Cell:
    """One condition: its `figure`, what a `rule` says of it, and the reason why it has no figure, each "" if none.

    `of` is the target whose figure stands there, "" where it is the condition itself.
    """

    condition: Condition
    figure: str
    rule: str
    reason: str
    of: str = ""

    @property
    def beside(self) -> str:
        """Whose figure it is, and what a rule says."""
        return "; ".join(filter(None, (f"for {self.of}" if self.of else "", self.rule)))

    @property
    def told(self) -> str:
        """What stands below the figure, with the reason where there is none."""
        return "; ".join(filter(None, (self.beside, self.reason)))


def strip_cells(
    card: Card, predictions: Predictions, rules: Mapping[str, RuleSaid], qtc: Measured | None, held_back: bool
) -> tuple[Cell, ...]:
    """Return the cells in the catalogue's order; `held_back`: scores that were not shown to work on real ECGs."""
    found: dict[str, ScoreRow] = {
        row.name: row for kind in predictions.labels.kinds for row in score_rows(predictions, kind)
    }
    abstains = predictions.abstained[0] is not None
    return tuple(_cell(one, card, found.get(one.target), rules, qtc, held_back, abstains) for one in do_not_miss())


def not_covered_words() -> str:
    """Return what the strip is and what it does not cover."""
    return (
        "holds the same six in the same order on every ECG; a low figure "
        f"rules nothing out. It does not cover {', '.join(not_covered())}."
    )


def _cell(
    condition: Condition,
    card: Card,
    row: ScoreRow | None,
    rules: Mapping[str, RuleSaid],
    qtc: Measured | None,
    held_back: bool,
    abstains: bool,
) -> Cell:
    rule, evidence = rule_words(condition, rules, qtc), real_evidence(card, condition.target)
    if abstains:
        return Cell(condition, "no figure", rule, "the model abstains")
    if row is None:
        return Cell(condition, "no figure", rule, "this model has no such target")
    if held_back and not evidence.works:
        return Cell(condition, "no figure", rule, evidence.reason)
    return Cell(condition, row.figure, rule, "", "" if condition.title.lower() in row.title.lower() else row.title)


def rule_words(condition: Condition, rules: Mapping[str, RuleSaid], qtc: Measured | None) -> str:
    """Return what a rule says of a condition; for a very long QT the measured QTc, "" where there is no rule."""
    if condition.name == "very_long_qt":
        if qtc is None or qtc.value is None:
            return "QTc refused"
        long = qtc.value >= VERY_LONG_QTC_MS
        return f"rules: {'yes' if long else 'no'}, {qtc.value:.0f} ms"
    rule = rules.get(condition.target)
    return "" if rule is None else f"rules: {rule.answer}"
