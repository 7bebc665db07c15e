"""What several checkpoints say of one ECG, target by target: a difference only where their figures share a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ecgkt.domain import Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import ScoreRow, score_rows

HIGHER = ("rgba(213, 94, 0, .28)", "rgba(0, 114, 178, .28)")
"""Behind a difference: the first model higher, or lower, as a map's orange raises; the sign says it too."""
_LONGEST = 92.0
"""The longest bar in per cent of its cell, so that it does not touch the figure before it."""


@dataclass(frozen=True)
class ComparedRow:
    """One target: `figures` by checkpoint ("–" where it has none), `shares` (in [0, 1] or None) behind them.

    `difference` is the first share minus the second, None where one is missing or the two scales are not one.
    """

    name: str
    title: str
    kind: Kind
    figures: tuple[str, ...]
    shares: tuple[float | None, ...]
    difference: float | None
    told: str


def not_comparable(first: Predictions, second: Predictions) -> str | None:
    """Return the sentence why two checkpoints' figures on one record have no difference, or None where they have."""
    if first.abstained[0] is not None or second.abstained[0] is not None:
        return "No difference: a model abstains."
    if first.calibrated != second.calibrated:
        return "No difference: one model is calibrated on such ECGs, the other is not."
    if first.calibrated:
        return None
    if first.reference is None or second.reference is None:
        return "No difference: a model has no reference set."
    if first.reference != second.reference:
        return "No difference: the models are ranked among different reference sets."
    return None


def compared_rows(predictions: Sequence[Predictions], kind: Kind) -> tuple[ComparedRow, ...]:
    """Return the targets of one family that any of two or more checkpoints gives, the largest difference first.

    `predictions` are each of one and the same record. Targets without a difference come last, the highest first.
    """
    found = [{row.name: row for row in score_rows(one, kind)} for one in predictions]
    names = dict.fromkeys(name for rows in found for name in rows)
    comparable = not_comparable(predictions[0], predictions[1]) is None
    rows = [_row(name, [one.get(name) for one in found], comparable) for name in names]
    return tuple(sorted(rows, key=_place))


def unit(predictions: Predictions) -> str:
    """Return what differences of a checkpoint's figures are counted in."""
    return "in 100 such ECGs" if predictions.calibrated else "in 100 places"


def difference_words(difference: float | None) -> str:
    """Return a difference of shares in hundredths with its sign: "+12", "−0.4"."""
    if difference is None:
        return "–"
    points = 100 * difference
    digits = 0 if abs(points) >= 9.95 else 1
    told = f"{abs(points):.{digits}f}"
    if float(told) == 0:
        return "0" if points == 0 else "under 0.1"
    return f"{'+' if points > 0 else '−'}{told}"


def table_html(
    rows: Sequence[ComparedRow],
    heading: str,
    names: Sequence[str],
    counted: str,
    first: int | None = None,
    pressed: str | None = None,
) -> str:
    """Return the `first` rows of one family as an HTML table, its differences `counted` in a unit.

    Bars behind the differences are relative to the largest of the family. Where `pressed` is given, each row's title is
    a button with the target's name as `data-target`, and the row of the target `pressed` is chosen wherever it stands.
    """
    longest = max((abs(row.difference) for row in rows if row.difference is not None), default=0.0)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    shown = [row for place, row in enumerate(rows) if first is None or place < first or row.name == pressed]
    body = "".join(_line(row, longest, pressed) for row in shown)
    return (
        f'<table class="ecgkt-compared"><caption>{escape(heading)}</caption>'
        f'<thead><tr><th scope="col">Target</th>{head}<th scope="col">Difference {escape(counted)}</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _line(row: ComparedRow, longest: float, pressed: str | None) -> str:
    cells = "".join(f"<td>{escape(figure)}</td>" for figure in row.figures)
    style = ""
    if row.difference and longest:
        colour, width = HIGHER[row.difference < 0], _LONGEST * abs(row.difference) / longest
        style = f' style="background: linear-gradient(to left, {colour} {width:.0f}%, transparent {width:.0f}%)"'
    title, chosen = escape(row.title), ' class="chosen"' if row.name == pressed else ""
    if pressed is not None:
        on = str(row.name == pressed).lower()
        title = f'<button type="button" data-target="{escape(row.name)}" aria-pressed="{on}">{title}</button>'
    return f'<tr{chosen}><th scope="row">{title}</th>{cells}<td{style}>{escape(row.told)}</td></tr>'


def _row(name: str, scores: Sequence[ScoreRow | None], comparable: bool) -> ComparedRow:
    known = next(score for score in scores if score is not None)
    shares = tuple(None if score is None else score.share for score in scores)
    figures = tuple("–" if score is None else score.figure for score in scores)
    difference = None
    if comparable and shares[0] is not None and shares[1] is not None:
        difference = shares[0] - shares[1]
    return ComparedRow(name, known.title, known.kind, figures, shares, difference, difference_words(difference))


def _place(row: ComparedRow) -> tuple[bool, float]:
    if row.difference is None:
        return True, -max((share for share in row.shares if share is not None), default=0.0)
    return False, -abs(row.difference)
