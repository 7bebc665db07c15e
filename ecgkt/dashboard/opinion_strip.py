"""The strip of what must not be missed: always in the same place and order, each with its figure or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import streamlit as st

from ecgkt.catalogue import Condition, do_not_miss, not_covered
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.dashboard.opinion_rows import choose, plain
from ecgkt.dashboard.state import TARGET
from ecgkt.domain import Domain, Predictions
from ecgkt.figures.scores import ScoreRow, score_rows
from ecgkt.signals.measurements import Measured
from ecgkt.signals.rules import VERY_LONG_QTC_MS, RuleSaid


@dataclass(frozen=True)
class Cell:
    """One condition: its `figure`, what stands below it, and the whole of it for whoever stays on it."""

    condition: Condition
    figure: str
    below: str
    whole: str


def show_strip(
    card: Card, predictions: Predictions, rules: Mapping[str, RuleSaid], qtc: Measured | None, held_back: bool
) -> None:
    """Draw the strip above the families; a click on a cell chooses its target as a click on its line does."""
    cells = strip_cells(card, predictions, rules, qtc, held_back)
    with st.container(key="strip"):
        for column, cell in zip(st.columns(len(cells), gap="small"), cells, strict=True):
            target = cell.condition.target
            chosen = st.session_state.get(TARGET) == target
            column.button(
                f"{plain(cell.condition.title)} **{plain(cell.figure)}** :small[{plain(cell.below)}]",
                key=f"miss-{cell.condition.name}",
                type="tertiary",
                width="stretch",
                help=plain(cell.whole),
                on_click=choose,
                args=(None if chosen else target,),
            )
    st.html(
        '<p class="ecgkt-basis"><b>Do not miss.</b> The same six in the same order on every ECG; a low figure rules '
        f"nothing out. Not covered: {escape(', '.join(not_covered()))}.</p>"
    )


def strip_cells(
    card: Card, predictions: Predictions, rules: Mapping[str, RuleSaid], qtc: Measured | None, held_back: bool
) -> tuple[Cell, ...]:
    """Return the cells in the catalogue's order; `held_back`: scores that were not shown to work on real ECGs."""
    found: dict[str, ScoreRow] = {
        row.name: row for kind in predictions.labels.kinds for row in score_rows(predictions, kind)
    }
    return tuple(_cell(one, card, found.get(one.target), rules, qtc, held_back) for one in do_not_miss())


def _cell(
    condition: Condition,
    card: Card,
    row: ScoreRow | None,
    rules: Mapping[str, RuleSaid],
    qtc: Measured | None,
    held_back: bool,
) -> Cell:
    if row is None:
        figure, said = "no score", "this model has no such target"
    elif held_back and not (evidence := real_evidence(card, condition.target)).works:
        figure, said = "no figure", evidence.reason
    else:
        figure, said = row.figure, row.sentence
    below = said if figure.startswith("no ") else (row.interval if row else "")
    if (rule := rule_words(condition, rules, qtc)) is not None:
        below = f"{rule}; {below}" if below else rule
    whole = f"{figure}: {said}. {condition.why} {condition.caution} ({condition.source})"
    return Cell(condition, figure, below, whole.replace("  ", " "))


def rule_words(condition: Condition, rules: Mapping[str, RuleSaid], qtc: Measured | None) -> str | None:
    """Return what a rule says of a condition; for a very long QT the measured QTc, None where there is no rule."""
    if condition.name == "very_long_qt":
        if qtc is None or qtc.value is None:
            return "QTc refused"
        over = "\N{GREATER-THAN OR EQUAL TO}" if qtc.value >= VERY_LONG_QTC_MS else "under"
        return f"QTc {qtc.value:.0f} ms, {over} 500"
    rule = rules.get(condition.target)
    if rule is None:
        return None
    return f"rules: {'cannot say' if rule.met is None else 'yes' if rule.met else 'no'}"


def holds_back(predictions: Predictions) -> bool:
    """Whether scores that were not shown to work on real ECGs are folded away: on all that is not simulated."""
    return predictions.domain is not Domain.SIMULATED
