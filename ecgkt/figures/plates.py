"""A page of the gallery: simulated and real recordings of one diagnosis at true scale, each with its kind in words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecgkt import NOTICE
from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.ecg import FAINT_INK, INK
from ecgkt.figures.paper import Paper, lay_out
from ecgkt.figures.print import MM_PER_INCH, ink_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNREVIEWED = "No clinician has reviewed this"
HEAD_MM, FOOT_MM, CAPTION_MM, GAP_MM, MARGIN_MM = 27.0, 9.0, 11.0, 4.0, 12.0
_CHARACTERS_PER_MM = 0.62


@dataclass(frozen=True)
class Exhibit:
    """One recording on a page: what it is in words ("PTB-XL record 123, real"), and its measurements, "" if unknown."""

    record: Record
    kind: str
    measurements: str = ""


@dataclass(frozen=True)
class Plate:
    """One page: its heading, the rule below it, and recordings of two kinds.

    `without_simulated` and `without_real` are the sentences that stand where a kind has no recording at all.
    """

    title: str
    rule: str
    simulated: tuple[Exhibit, ...]
    real: tuple[Exhibit, ...]
    without_simulated: str = "No simulated recording was found."
    without_real: str = "No real recording has this diagnosis."


def place(simulated: int, real: int, columns: int, paper: Paper) -> tuple[float, float, list[tuple[float, float]]]:
    """Return a page's width and height in mm, and the lower left corner of each sheet: simulated, then real.

    With two columns the simulated stand left and the real right; with one the real stand below the simulated. A kind
    without recordings keeps the room of one sheet for its sentence.
    """
    if columns not in (1, 2):
        raise InvalidValue("1 or 2 columns", f"{columns}", "2 puts simulated and real side by side")
    counts = (max(simulated, 1), max(real, 1))
    rows = sum(counts) if columns == 1 else max(counts)
    pitch = CAPTION_MM + paper.height_mm + GAP_MM
    width = 2 * MARGIN_MM + columns * paper.width_mm + (columns - 1) * GAP_MM
    height = HEAD_MM + rows * pitch + FOOT_MM
    corners = []
    for kind, count in enumerate(counts):
        column, above = (kind, 0) if columns == 2 else (0, kind * counts[0])
        x = MARGIN_MM + column * (paper.width_mm + GAP_MM)
        corners += [(x, height - HEAD_MM - (above + row + 1) * pitch + GAP_MM) for row in range(count)]
    return width, height, corners


def draw_plate(plate: Plate, columns: int = 2, paper: Paper | None = None) -> Figure:
    """Draw a page as a matplotlib figure whose size in inches is the printed page's."""
    from matplotlib.figure import Figure

    paper = paper or lay_out()
    width, height, corners = place(len(plate.simulated), len(plate.real), columns, paper)
    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), facecolor="white")
    page = _axes(figure, (0, 0), (width, height), (width, height))
    _head(page, plate, paper, width, height)
    page.text(MARGIN_MM, FOOT_MM / 2, f"{UNREVIEWED}. {NOTICE}.", size=12, weight="bold", va="center", color=INK)
    kinds = (*(plate.simulated or (plate.without_simulated,)), *(plate.real or (plate.without_real,)))
    for shown, (x, y) in zip(kinds, corners, strict=True):
        if isinstance(shown, str):
            page.text(x + paper.width_mm / 2, y + paper.height_mm / 2, shown, size=16, ha="center", color=FAINT_INK)
            continue
        page.text(x, y + paper.height_mm + 6.5, shown.kind, size=13, weight="bold", color=INK)
        page.text(x, y + paper.height_mm + 1.6, shown.measurements, size=11, color=FAINT_INK)
        sheet = _axes(figure, (x, y), (paper.width_mm, paper.height_mm), (width, height))
        ink_sheet(sheet, shown.record, paper)
    return figure


def _head(page: Axes, plate: Plate, paper: Paper, width: float, height: float) -> None:
    page.text(MARGIN_MM, height - 11, plate.title, size=22, weight="bold", color=INK)
    room = int((width - 2 * MARGIN_MM) * _CHARACTERS_PER_MM)
    rule = textwrap.fill(f"{plate.rule} Printed at 100 %: {paper.scale}; raw signals, no display filter.", room)
    page.text(MARGIN_MM, height - 15, rule, size=12, va="top", color=FAINT_INK)
    page.text(
        width - MARGIN_MM, height - 10, f"{UNREVIEWED}\n{NOTICE}", size=12, weight="bold", ha="right", va="center"
    )


def _axes(figure: Figure, corner: Sequence[float], size: Sequence[float], page: Sequence[float]) -> Axes:
    """Return axes in millimetres over a rectangle of the page, without a frame."""
    axes = figure.add_axes(
        (corner[0] / page[0], corner[1] / page[1], size[0] / page[0], size[1] / page[1]),
        xlim=(0, size[0]),
        ylim=(0, size[1]),
    )
    axes.axis("off")
    return axes
