"""A page of the gallery: simulated and real recordings of one diagnosis at true scale, each with its kind in words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecgkt import NOTICE
from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.grid import FAINT_INK, INK
from ecgkt.figures.paper import Paper, lay_out
from ecgkt.figures.print import MM_PER_INCH, ink_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNREVIEWED = "No clinician has reviewed this"
HEAD_MM, LINE_MM, FOOT_MM, CAPTION_MM, GAP_MM, MARGIN_MM = 19.0, 5.4, 13.0, 16.0, 4.0, 12.0
_NOTICE_MM, _MM_PER_CHARACTER = 80.0, 2.45


@dataclass(frozen=True)
class Exhibit:
    """One recording on a page: what it is in words ("PTB-XL record 123, real"), and up to two lines below that."""

    record: Record
    kind: str
    lines: tuple[str, ...] = ()


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


def place(
    simulated: int, real: int, columns: int, paper: Paper, head_mm: float = HEAD_MM
) -> tuple[float, float, list[tuple[float, float]]]:
    """Return a page's width and height in mm, and the lower left corner of each sheet: simulated, then real.

    With two columns the simulated stand left and the real right; with one the real stand below the simulated. A kind
    without recordings keeps the room of one sheet for its sentence.
    """
    if columns not in (1, 2):
        raise InvalidValue("1 or 2 columns", f"{columns}", "2 puts simulated and real side by side")
    counts = (max(simulated, 1), max(real, 1))
    rows = sum(counts) if columns == 1 else max(counts)
    pitch = CAPTION_MM + paper.height_mm + GAP_MM
    width = page_width(columns, paper)
    height = head_mm + rows * pitch + FOOT_MM
    corners = []
    for kind, count in enumerate(counts):
        column, above = (kind, 0) if columns == 2 else (0, kind * counts[0])
        x = MARGIN_MM + column * (paper.width_mm + GAP_MM)
        corners += [(x, height - head_mm - (above + row + 1) * pitch + GAP_MM) for row in range(count)]
    return width, height, corners


def page_width(columns: int, paper: Paper) -> float:
    """Return the width in mm of a page with this many sheets side by side."""
    return 2 * MARGIN_MM + columns * paper.width_mm + (columns - 1) * GAP_MM


def draw_plate(plate: Plate, columns: int = 2, paper: Paper | None = None) -> Figure:
    """Draw a page as a matplotlib figure whose size in inches is the printed page's."""
    from matplotlib.figure import Figure

    paper = paper or lay_out()
    room = page_width(columns, paper) - 2 * MARGIN_MM - _NOTICE_MM
    rule = textwrap.wrap(plate.rule, int(room / _MM_PER_CHARACTER))
    head = HEAD_MM + LINE_MM * len(rule)
    width, height, corners = place(len(plate.simulated), len(plate.real), columns, paper, head)
    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), facecolor="white")
    page = _axes(figure, (0, 0), (width, height), (width, height))
    page.set_zorder(1)
    _words(page, plate.title, rule, paper, width, height)
    kinds = (*(plate.simulated or (plate.without_simulated,)), *(plate.real or (plate.without_real,)))
    for shown, (x, y) in zip(kinds, corners, strict=True):
        top = y + paper.height_mm
        if isinstance(shown, str):
            said = textwrap.fill(shown, int(0.6 * paper.width_mm / _MM_PER_CHARACTER))
            page.text(x + paper.width_mm / 2, (y + top) / 2, said, size=14, ha="center", va="center", color=FAINT_INK)
            continue
        page.text(x, top + 11.0, shown.kind, size=13, weight="bold", color=INK)
        for row, line in enumerate(shown.lines):
            short = textwrap.shorten(line, int(paper.width_mm / _MM_PER_CHARACTER * 1.15), placeholder=" ...")
            page.text(x, top + 6.2 - 4.6 * row, short, size=10, color=FAINT_INK)
        ink_sheet(_axes(figure, (x, y), (paper.width_mm, paper.height_mm), (width, height)), shown.record, paper)
    return figure


def _words(page: Axes, title: str, rule: list[str], paper: Paper, width: float, height: float) -> None:
    """Write heading, rule and scale, and that no clinician has reviewed the page: above and below."""
    page.text(MARGIN_MM, height - 11, title, size=22, weight="bold", color=INK)
    page.text(MARGIN_MM, height - 15, "\n".join(rule), size=12, va="top", color=FAINT_INK, linespacing=1.25)
    notice = f"{UNREVIEWED}\n{NOTICE}"
    page.text(width - MARGIN_MM, height - 10, notice, size=12, weight="bold", ha="right", va="center", color=INK)
    scale = f"Printed at 100 %: {paper.scale}; raw signals, no display filter."
    page.text(MARGIN_MM, FOOT_MM - 5, f"{UNREVIEWED}. {NOTICE}.", size=11, weight="bold", color=INK)
    page.text(MARGIN_MM, FOOT_MM - 10, scale, size=10, color=FAINT_INK)


def _axes(figure: Figure, corner: Sequence[float], size: Sequence[float], page: Sequence[float]) -> Axes:
    """Return axes in millimetres over a rectangle of the page, without a frame."""
    axes = figure.add_axes(
        (corner[0] / page[0], corner[1] / page[1], size[0] / page[0], size[1] / page[1]),
        xlim=(0, size[0]),
        ylim=(0, size[1]),
    )
    axes.axis("off")
    return axes
