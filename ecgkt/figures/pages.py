"""A sheet of ECG paper cut so that each part fits a page at its own scale: by seconds, then by rows. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.paper import MARGIN_MM, PULSE_MILLIVOLT, SHOWN_SECONDS, Cell, Paper, with_room

_LEAST_SECONDS = 0.5
_SECONDS = (10.0, 5.0, 2.5, 2.0, 1.25, 1.0, _LEAST_SECONDS)


@dataclass(frozen=True)
class Part:
    """A part of a sheet as a sheet of its own: `paper` from `from_second` to `to_second`, the rows `first` to `last`.

    Rows count from 1 at the top, `rows` of them on the whole sheet.
    """

    paper: Paper
    from_second: float
    to_second: float
    first: int
    last: int
    rows: int

    @property
    def told(self) -> str:
        """Which part it is, empty for the whole sheet."""
        whole = self.to_second - self.from_second >= SHOWN_SECONDS
        seconds = "" if whole else f"{self.from_second:g} to {self.to_second:g} s"
        some = f"row {self.first}" if self.first == self.last else f"rows {self.first} to {self.last}"
        rows = "" if self.last - self.first + 1 == self.rows else f"{some} of {self.rows}"
        return ", ".join(filter(None, (seconds, rows)))


def cut_sheet(paper: Paper, record: Record, width_mm: float, height_mm: float) -> tuple[Part, ...]:
    """Return a sheet in parts of at most that width and height, each at the sheet's own scale, none left out.

    Each part starts with the calibration pulse of its rows and is higher, where the page allows, for the ink of
    `record` that would leave it. A sheet that fits is returned whole. Raises InvalidValue
    where not even one row of half a second fits.
    """
    rows = sorted({cell.baseline_mm for cell in paper.cells}, reverse=True)
    left = min(cell.x_mm - cell.from_second * paper.scale.mm_per_second for cell in paper.cells)
    fits = [one for one in _SECONDS if left + one * paper.scale.mm_per_second <= width_mm]
    bounds = _row_bounds(paper, rows)
    tops = [max(high, row + _pulse_mm(paper)) for (_, high), row in zip(bounds, rows, strict=True)]
    groups = _group(bounds, tops, height_mm)
    if not fits or groups is None:
        told = f"{paper.width_mm:.0f} x {paper.height_mm:.0f} mm"
        raise InvalidValue(f"a sheet for a page of {width_mm:.0f} x {height_mm:.0f} mm", told, "choose a smaller scale")
    seconds, parts = fits[0], []
    for place in range(ceil(SHOWN_SECONDS / seconds)):
        window = (place * seconds, min(SHOWN_SECONDS, (place + 1) * seconds))
        for first, last in groups:
            low, high = bounds[last][0], tops[first]
            wide = left + (window[1] - window[0]) * paper.scale.mm_per_second
            cut = _cut(paper, set(rows[first : last + 1]), low, window, min(wide + MARGIN_MM, width_mm), high - low)
            cut = with_room(cut, record, float((height_mm - cut.height_mm) // 2))
            parts.append(Part(cut, *window, first + 1, last + 1, len(rows)))
    return tuple(parts)


def _row_bounds(paper: Paper, rows: list[float]) -> list[tuple[float, float]]:
    """Return the lower and upper edge in mm of each row, from the top; together they cover the sheet."""
    edges = [paper.height_mm]
    for upper, lower in pairwise(rows):
        edges.append(float(round(lower + 0.52 * (upper - lower))))
    edges.append(0.0)
    return [(low, high) for high, low in pairwise(edges)]


def _pulse_mm(paper: Paper) -> float:
    """Return how much room the calibration pulse of an uppermost row needs above its baseline, in whole mm."""
    return float(ceil(PULSE_MILLIVOLT * paper.scale.mm_per_millivolt) + 1)


def _group(bounds: list[tuple[float, float]], tops: list[float], height_mm: float) -> list[tuple[int, int]] | None:
    """Return runs of rows that fit one below the other, as even as can be; None where a row alone is too high."""
    for parts in range(1, len(bounds) + 1):
        size = ceil(len(bounds) / parts)
        runs = [(at, min(at + size, len(bounds)) - 1) for at in range(0, len(bounds), size)]
        if all(tops[first] - bounds[last][0] <= height_mm for first, last in runs):
            return runs
    return None


def _cut(
    paper: Paper, baselines: set[float], low: float, window: tuple[float, float], width: float, height: float
) -> Paper:
    begin, end = window
    shift = begin * paper.scale.mm_per_second
    cells = tuple(
        _clip(cell, window, paper, shift, low)
        for cell in paper.cells
        if cell.baseline_mm in baselines and cell.from_second < end and cell.to_second > begin
    )
    pulses = tuple(
        tuple((x, y - low) for x, y in pulse) for pulse in paper.pulses if min(y for _, y in pulse) in baselines
    )
    return replace(paper, width_mm=float(width), height_mm=height, cells=cells, pulses=pulses)


def _clip(cell: Cell, window: tuple[float, float], paper: Paper, shift: float, low: float) -> Cell:
    begin, end = max(cell.from_second, window[0]), min(cell.to_second, window[1])
    x = cell.x_mm + (begin - cell.from_second) * paper.scale.mm_per_second - shift
    return replace(cell, from_second=begin, to_second=end, x_mm=x, baseline_mm=cell.baseline_mm - low)
