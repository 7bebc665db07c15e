"""Scores before and after something was changed on one ECG, the largest change first, as a table to press on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ecgkt.domain import Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.side_by_side import HIGHER, ComparedRow, compared_rows

SHORT = {Kind.TRACING: "tracing", Kind.VISIT: "code", Kind.LAB: "blood"}


@dataclass(frozen=True)
class MovedRow:
    """One target: what it said `before` and `after`, the change of its share and of its raw logit, and the `truth`.

    `difference` is None where both have no common scale; `truth` is "" where none is known.
    """

    name: str
    title: str
    kind: Kind
    before: str
    after: str
    difference: float | None
    told: str
    logit: float
    truth: str = ""


def moved_rows(
    before: Predictions, after: Predictions, logits: Mapping[str, float], truth: Mapping[str, str] | None = None
) -> tuple[MovedRow, ...]:
    """Return every target of two predictions of one checkpoint, the largest change of the told figure first.

    `logits` holds the change of the raw logit by target; targets whose figure does not change are in its order.
    """
    rows = [row for kind in Kind for row in compared_rows([after, before], kind)]
    known = truth or {}
    moved = [_row(row, logits.get(row.name, 0.0), known.get(row.name, "")) for row in rows]
    return tuple(sorted(moved, key=lambda row: (-round(abs(row.difference or 0.0), 4), -abs(row.logit))))


def first_of(rows: Sequence[MovedRow], names: Sequence[str], count: int) -> tuple[MovedRow, ...]:
    """Return `count` rows: those of these names in their order, then the others as they stand."""
    by_name = {row.name: row for row in rows}
    led = [by_name[name] for name in names if name in by_name]
    rest = [row for row in rows if row not in led]
    return tuple([*led, *rest][: max(count, len(led))])


def moved_table(
    rows: Sequence[MovedRow],
    caption: str,
    heads: tuple[str, str],
    counted: str,
    pressed: str,
    *,
    truth: bool = False,
    logit: bool = False,
) -> str:
    """Return rows as an HTML table whose titles are buttons with the target's name as `data-target`.

    `heads` name the columns before and after; the caption tells in what the change is `counted`. With `truth` a
    column says what the simulator made, with `logit` one the change of the raw logit.
    """
    longest = max((abs(row.difference) for row in rows if row.difference is not None), default=0.0)
    more = [("Truth, simulated", truth), ("Logit", logit)]
    columns = ["Target", *heads, "Change", *(name for name, shown in more if shown)]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(_line(row, longest, pressed, truth, logit) for row in rows)
    return (
        f'<table class="ecgkt-compared"><caption>{escape(caption)}; change {escape(counted)}</caption>'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def signed(value: float) -> str:
    """Return a change of a logit with its sign and two decimals."""
    told = f"{value:+.2f}".replace("-", "−")
    return "0.00" if float(f"{value:.2f}") == 0 else told


def _row(row: ComparedRow, logit: float, truth: str) -> MovedRow:
    after, before = row.figures
    return MovedRow(row.name, row.title, row.kind, before, after, row.difference, row.told, logit, truth)


def _line(row: MovedRow, longest: float, pressed: str, truth: bool, logit: bool) -> str:
    style = ""
    if row.difference and longest:
        colour, width = HIGHER[row.difference < 0], 100 * abs(row.difference) / longest
        style = f' style="background: linear-gradient(to left, {colour} {width:.0f}%, transparent {width:.0f}%)"'
    on = row.name == pressed
    button = (
        f'<button type="button" data-target="{escape(row.name)}" aria-pressed="{str(on).lower()}">'
        f"{escape(row.title)}</button> <small>{SHORT[row.kind]}</small>"
    )
    cells = [f"<td>{escape(row.before)}</td>", f"<td><b>{escape(row.after)}</b></td>"]
    cells.append(f"<td{style}>{escape(row.told)}</td>")
    cells += [f"<td>{escape(row.truth or '–')}</td>"] * truth + [f"<td>{signed(row.logit)}</td>"] * logit
    chosen = ' class="chosen"' if on else ""
    return f'<tr{chosen}><th scope="row">{button}</th>{"".join(cells)}</tr>'
