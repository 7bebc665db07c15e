"""A table as plain data, and how it is written: Markdown for people, CSV for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecgkt import NOTICE, __version__
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.comparison import Difference
from ecgkt.figures.charts import whose
from ecgkt.spreadsheets import Field, write_csv

Cell = str | int | float | Estimate | Difference | None


@dataclass(frozen=True)
class Table:
    """`rows` of cells under `columns`; `name` is its file's, `notes` stand above it.

    `domain` is that of the patients: where they were simulated, the table says so wherever it goes.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    domain: Domain
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise InvalidValue(f"rows of {len(self.columns)} cells", "another number", "give one cell per column")

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of one column."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)


def to_markdown(table: Table) -> str:
    """Return a table with its heading, whose patients they are, the notice, and its notes."""
    lines = [f"## {table.title}", "", f"**{whose(table.domain)}. {NOTICE}.**", ""]
    lines += [f"{note}\n" for note in table.notes]
    lines += [_line(table.columns), _line(["---"] * len(table.columns))]
    lines += [_line([_told(cell) for cell in row]) for row in table.rows]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    """Return a table with one figure per field: an estimate takes value, low, high, n, positives and reason."""
    spread = [_spread(table, place) for place in range(len(table.columns))]
    header = [f"{name} {part}".strip() for name, parts in zip(table.columns, spread, strict=True) for part in parts]
    last = (f"ecgkt {__version__}", whose(table.domain), NOTICE)
    rows = (
        [*(field for cell, parts in zip(row, spread, strict=True) for field in _fields(cell, parts)), *last]
        for row in table.rows
    )
    return write_csv([*header, "software", "patients", "notice"], rows)


_ESTIMATE = ("", "low", "high", "n", "positives", "reason")
_DIFFERENCE = (*_ESTIMATE, "p", "q")


def _spread(table: Table, place: int) -> tuple[str, ...]:
    cells = [row[place] for row in table.rows]
    if any(isinstance(cell, Difference) for cell in cells):
        return _DIFFERENCE
    return _ESTIMATE if any(isinstance(cell, Estimate) for cell in cells) else ("",)


def _fields(cell: Cell, parts: Sequence[str]) -> list[Field]:
    """Return the fields of one cell, empty where there is nothing."""
    p, q = (cell.p, cell.q) if isinstance(cell, Difference) else (None, None)
    estimate = cell.estimate if isinstance(cell, Difference) else cell
    if isinstance(estimate, Estimate):
        figures = (estimate.value, estimate.low, estimate.high)
        told = [None if figure is None else round(float(figure), 6) for figure in figures]
        fields: list[Field] = [*told, estimate.n, estimate.positives, estimate.reason, p, q]
        return fields[: len(parts)]
    empty: list[Field] = [None] * (len(parts) - 1)
    return [estimate, *empty]


def _told(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Difference):
        return _difference(cell)
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return str(cell)


def _difference(cell: Difference) -> str:
    one = cell.estimate
    if one.value is None:
        return str(one)
    said = f"{one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
    for letter, value in (("p", cell.p), ("q", cell.q)):
        if value is not None:
            said += f", {letter} {'< 0.001' if value < 0.001 else f'{value:.3f}'}"
    return said


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
