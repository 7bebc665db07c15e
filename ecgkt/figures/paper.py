"""Where each lead lies on ECG paper, in millimetres from the lower left corner of the sheet. Numbers only, no ink."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Record
from ecgkt.errors import InvalidValue

SHOWN_SECONDS = 10.0
MARGIN_MM = 5.0
PULSE_ZONE_MM = 10.0
ROW_MM = 25.0
BASELINE_MM = 12.0
PULSE_MILLIVOLT = 1.0
PULSE_SECONDS = 0.2


@dataclass(frozen=True)
class Scale:
    """Paper speed and gain."""

    mm_per_second: float = 25.0
    mm_per_millivolt: float = 10.0

    def __str__(self) -> str:
        return f"{self.mm_per_second:g} mm/s, {self.mm_per_millivolt:g} mm/mV"


@dataclass(frozen=True)
class Layout:
    """Leads by row, left to right; the leads of a row share the 10 s equally. `rhythm` strips run below, whole.

    Raises InvalidValue unless `rows` holds each of the 12 leads exactly once.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    rhythm: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        drawn = Counter(lead for row in self.rows for lead in row)
        if drawn != Counter(LEADS) or not set(self.rhythm) <= set(LEADS):
            wrong = sorted((drawn - Counter(LEADS)) + (Counter(LEADS) - drawn)) or list(self.rhythm)
            raise InvalidValue("a layout with each of the 12 leads once", ", ".join(wrong), f"correct {self.name!r}")


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            "3x4 + II",
            rows=(("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6")),
            rhythm=("II",),
        ),
    )
}


@dataclass(frozen=True)
class Cell:
    """One lead's place: its samples from `from_second` to `to_second` start at `x_mm`, 0 mV lies at `baseline_mm`."""

    lead: str
    from_second: float
    to_second: float
    x_mm: float
    baseline_mm: float


@dataclass(frozen=True)
class Trace:
    """Samples of one cell as ink: the first at `x0_mm`, then every `dx_mm`, at heights `y_mm` (NaN in gaps)."""

    cell: Cell
    x0_mm: float
    dx_mm: float
    y_mm: NDArray[np.float32]


@dataclass(frozen=True)
class Paper:
    """A sheet: its size, its cells in reading order, and the outline of the calibration pulse of each row."""

    scale: Scale
    width_mm: float
    height_mm: float
    cells: tuple[Cell, ...]
    pulses: tuple[tuple[tuple[float, float], ...], ...]

    def trace(self, record: Record, cell: Cell) -> Trace:
        """Place the samples of `record` that belong in `cell`; never rescaled, cut where the recording ends."""
        first = int(np.ceil(cell.from_second * record.fs - 1e-6))
        last = int(np.ceil(cell.to_second * record.fs - 1e-6))
        millivolt = record.lead(cell.lead)[first:last]
        x0 = cell.x_mm + (first / record.fs - cell.from_second) * self.scale.mm_per_second
        y = cell.baseline_mm + self.scale.mm_per_millivolt * millivolt
        return Trace(cell, x0, self.scale.mm_per_second / record.fs, y.astype(np.float32))

    def traces(self, record: Record) -> tuple[Trace, ...]:
        """Place every cell of the sheet."""
        return tuple(self.trace(record, cell) for cell in self.cells)


def lay_out(layout: Layout = LAYOUTS["3x4 + II"], scale: Scale | None = None) -> Paper:
    """Return the sheet of a layout: rows from the top, each starting with a 1 mV, 200 ms pulse."""
    scale = scale or Scale()
    rows = (*layout.rows, *((lead,) for lead in layout.rhythm))
    height = ROW_MM * len(rows)
    left = MARGIN_MM + PULSE_ZONE_MM
    cells, pulses = [], []
    for number, leads in enumerate(rows):
        baseline = height - ROW_MM * (number + 1) + BASELINE_MM
        pulses.append(_pulse(baseline, scale))
        seconds = SHOWN_SECONDS / len(leads)
        for column, lead in enumerate(leads):
            start = column * seconds
            cells.append(Cell(lead, start, start + seconds, left + start * scale.mm_per_second, baseline))
    width = left + SHOWN_SECONDS * scale.mm_per_second + MARGIN_MM
    return Paper(scale, width, height, tuple(cells), tuple(pulses))


def _pulse(baseline_mm: float, scale: Scale) -> tuple[tuple[float, float], ...]:
    width = PULSE_SECONDS * scale.mm_per_second
    foot = (PULSE_ZONE_MM - width) / 2
    up = MARGIN_MM + foot
    top = baseline_mm + PULSE_MILLIVOLT * scale.mm_per_millivolt
    return (
        (MARGIN_MM, baseline_mm),
        (up, baseline_mm),
        (up, top),
        (up + width, top),
        (up + width, baseline_mm),
        (up + width + foot, baseline_mm),
    )
