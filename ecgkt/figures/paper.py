"""Where each lead lies on ECG paper, in millimetres from the lower left corner of the sheet. Numbers only, no ink."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Record
from ecgkt.errors import InvalidValue

SHOWN_SECONDS = 10.0
MARGIN_MM = 5.0
PULSE_ZONE_MM = 10.0
ROW_MM = 25.0
PULSE_MILLIVOLT = 1.0
PULSE_SECONDS = 0.2
LEAST_SQUARE_PX = 4.0
SEAM_FROM_MM, SEAM_MM = 3.0, 2.0
SPEEDS = (25.0, 50.0, 12.5)
GAINS = (10.0, 5.0, 20.0)


@dataclass(frozen=True)
class Scale:
    """Paper speed and gain."""

    mm_per_second: float = 25.0
    mm_per_millivolt: float = 10.0

    def __post_init__(self) -> None:
        for value in (self.mm_per_second, self.mm_per_millivolt):
            if not 1 <= value <= 100:
                raise InvalidValue("1 to 100 mm per second and per mV", f"{value:g}", "use 25 and 10")

    def __str__(self) -> str:
        return f"{self.mm_per_second:g} mm/s, {self.mm_per_millivolt:g} mm/mV"


@dataclass(frozen=True)
class Layout:
    """Leads by row, left to right; the leads of a row share the time equally. `rhythm` strips run below, whole.

    A lead written with a minus, as `-aVR` in Cabrera's order, is drawn upside down. `row_mm` is the height of a row at
    up to 10 mm/mV. Raises InvalidValue unless `rows` holds each of the 12 leads exactly once.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    rhythm: tuple[str, ...] = ()
    row_mm: float = ROW_MM

    def __post_init__(self) -> None:
        drawn = Counter(lead.removeprefix("-") for row in self.rows for lead in row)
        if drawn != Counter(LEADS) or not set(self.rhythm) <= set(LEADS):
            wrong = sorted((drawn - Counter(LEADS)) + (Counter(LEADS) - drawn)) or list(self.rhythm)
            raise InvalidValue("a layout with each of the 12 leads once", ", ".join(wrong), f"correct {self.name!r}")


_THREE_ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
_LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
_CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III")

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("3x4 + II", _THREE_ROWS, rhythm=("II",)),
        Layout("3x4 + II, V1, V5", _THREE_ROWS, rhythm=("II", "V1", "V5"), row_mm=20.0),
        Layout("6x2", tuple(zip(_LIMB, _CHEST, strict=True)), row_mm=20.0),
        Layout("12x1", tuple((lead,) for lead in (*_LIMB, *_CHEST)), row_mm=15.0),
        Layout("Cabrera 6x2", tuple(zip(_CABRERA, _CHEST, strict=True)), row_mm=20.0),
        Layout("Cabrera 12x1", tuple((lead,) for lead in (*_CABRERA, *_CHEST)), row_mm=15.0),
    )
}


@dataclass(frozen=True)
class Cell:
    """One lead's place: its samples from `from_second` to `to_second` start at `x_mm`, 0 mV lies at `baseline_mm`.

    `sign` is -1 where the lead is drawn upside down.
    """

    lead: str
    from_second: float
    to_second: float
    x_mm: float
    baseline_mm: float
    sign: int = 1

    @property
    def name(self) -> str:
        """The lead as it is written on the sheet."""
        return self.lead if self.sign > 0 else f"\N{MINUS SIGN}{self.lead}"


@dataclass(frozen=True)
class Trace:
    """Samples of one cell as ink: the first at `x0_mm`, then every `dx_mm`, at heights `y_mm` (NaN in gaps)."""

    cell: Cell
    x0_mm: float
    dx_mm: float
    y_mm: NDArray[np.float32]


@dataclass(frozen=True)
class Paper:
    """A sheet: its size, its cells in reading order, and the outline of the calibration pulse of each row.

    `name_mm` is how far above its baseline a lead's name stands.
    """

    scale: Scale
    width_mm: float
    height_mm: float
    cells: tuple[Cell, ...]
    pulses: tuple[tuple[tuple[float, float], ...], ...]
    name_mm: float = 9.5

    @property
    def seams(self) -> tuple[tuple[float, float, float], ...]:
        """Short strokes above and below the baseline where a row goes on with another lead: x, lower and upper y."""
        changes = [cell for cell in self.cells if cell.from_second > 0]
        return tuple(
            (cell.x_mm, cell.baseline_mm + low, cell.baseline_mm + low + SEAM_MM)
            for cell in changes
            for low in (SEAM_FROM_MM, -SEAM_FROM_MM - SEAM_MM)
        )

    def trace(self, record: Record, cell: Cell) -> Trace:
        """Place the samples of `record` that belong in `cell`; never rescaled, cut where the recording ends."""
        first = int(np.ceil(cell.from_second * record.fs - 1e-6))
        last = int(np.ceil(cell.to_second * record.fs - 1e-6))
        millivolt = record.lead(cell.lead)[first:last]
        x0 = cell.x_mm + (first / record.fs - cell.from_second) * self.scale.mm_per_second
        y = cell.baseline_mm + cell.sign * self.scale.mm_per_millivolt * millivolt
        return Trace(cell, x0, self.scale.mm_per_second / record.fs, y.astype(np.float32))

    def traces(self, record: Record) -> tuple[Trace, ...]:
        """Place every cell of the sheet."""
        return tuple(self.trace(record, cell) for cell in self.cells)


def lay_out(layout: Layout = LAYOUTS["3x4 + II"], scale: Scale | None = None, record: Record | None = None) -> Paper:
    """Return the sheet of a layout: rows from the top, each starting with a 1 mV, 200 ms pulse.

    Above 10 mm/mV the rows are 1.4 times as high. The sheet is high enough for the uppermost pulse and, where a record
    is given, for all of its ink, up to two rows more above and below. The columns share 10 s, or a shorter record's
    length, so that no lead falls behind its end.
    """
    scale = scale or Scale()
    shown = SHOWN_SECONDS if record is None else min(SHOWN_SECONDS, record.seconds)
    rows = (*layout.rows, *((lead,) for lead in layout.rhythm))
    row_mm = round(layout.row_mm * (1.4 if scale.mm_per_millivolt > 10 else 1.0))
    foot = round(0.48 * row_mm)
    headroom = max(0.0, np.ceil(foot + PULSE_MILLIVOLT * scale.mm_per_millivolt + 1 - row_mm))
    zone = max(PULSE_ZONE_MM, PULSE_SECONDS * scale.mm_per_second + 5.0)
    left = MARGIN_MM + zone
    cells, pulses = [], []
    for number, leads in enumerate(rows):
        baseline = float(row_mm * (len(rows) - number - 1) + foot)
        pulses.append(pulse_outline(baseline, scale, zone))
        seconds = shown / len(leads)
        for column, lead in enumerate(leads):
            start = column * seconds
            x = left + start * scale.mm_per_second
            sign = -1 if lead.startswith("-") else 1
            cells.append(Cell(lead.removeprefix("-"), start, start + seconds, x, baseline, sign))
    width = left + SHOWN_SECONDS * scale.mm_per_second + MARGIN_MM
    height = float(row_mm * len(rows) + headroom)
    paper = Paper(scale, width, height, tuple(cells), tuple(pulses), name_mm=row_mm - foot - 3.5)
    return paper if record is None else with_room(paper, record, 2.0 * row_mm)


def with_room(paper: Paper, record: Record, most_mm: float) -> Paper:
    """Return a sheet that is higher, by whole mm, where the ink of a record would leave it."""
    ink = np.concatenate([trace.y_mm for trace in paper.traces(record)])
    known = ink[np.isfinite(ink)]
    above = float(np.clip(np.ceil(known.max(initial=0.0) + 1 - paper.height_mm), 0, most_mm))
    below = float(np.clip(np.ceil(1 - known.min(initial=1.0)), 0, most_mm))
    cells = tuple(replace(cell, baseline_mm=cell.baseline_mm + below) for cell in paper.cells)
    pulses = tuple(tuple((x, y + below) for x, y in pulse) for pulse in paper.pulses)
    return replace(paper, height_mm=paper.height_mm + above + below, cells=cells, pulses=pulses)


def shows_small_squares(px_per_mm: float) -> bool:
    """Whether squares of 1 mm are wide enough to be told apart."""
    return px_per_mm >= LEAST_SQUARE_PX


def pulse_outline(baseline_mm: float, scale: Scale, zone_mm: float) -> tuple[tuple[float, float], ...]:
    """Return the corners in mm of a 1 mV, 200 ms pulse in the middle of a zone at the left margin."""
    width = PULSE_SECONDS * scale.mm_per_second
    foot = (zone_mm - width) / 2
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
