"""The same sheet of paper through matplotlib, at true scale: a millimetre on the sheet is a millimetre in print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecgkt import NOTICE
from ecgkt.domain import Domain, Explanation, Record
from ecgkt.figures.ecg import footer_text
from ecgkt.figures.grid import FAINT_INK, INK, PAPER, THICK_LINE, THIN_LINE
from ecgkt.figures.lead_names import name_places
from ecgkt.figures.paper import Paper, lay_out, shows_small_squares
from ecgkt.figures.saliency import LEVELS, Overlay, legend_levels, palette, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM_PER_INCH = 25.4
HEAD_MM, FOOT_MM = 9.0, 11.0
DOTS_PER_INCH = 200


def write_png(
    record: Record,
    path: Path,
    explanation: Explanation | None = None,
    *,
    title: str = "",
    model_saw: str | None = None,
) -> None:
    """Write a record as PNG at true scale (its resolution says so), with the overlay of an explanation."""
    figure = print_ecg(record, explanation, title=title, model_saw=model_saw)
    figure.savefig(path, format="png", dpi=DOTS_PER_INCH)


def print_ecg(
    record: Record,
    explanation: Explanation | None = None,
    *,
    paper: Paper | None = None,
    title: str = "",
    model_saw: str | None = None,
) -> Figure:
    """Draw a record on a matplotlib figure whose size in inches is the sheet's, with a head and a foot line.

    `title` stands at the head, and names the score beside the overlay's colours.
    """
    from matplotlib.figure import Figure

    paper = paper or lay_out(record=record)
    said = footer_text(record, paper, model_saw, true_size=True)
    height = paper.height_mm + HEAD_MM + FOOT_MM
    figure = Figure(figsize=(paper.width_mm / MM_PER_INCH, height / MM_PER_INCH), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, paper.width_mm), ylim=(-FOOT_MM, paper.height_mm + HEAD_MM))
    axes.axis("off")
    overlay = None if explanation is None else shade(explanation, record, paper)
    ink_sheet(axes, record, paper, overlay)
    _head(axes, record, paper, title)
    _foot(axes, paper, said, overlay, title)
    return figure


def ink_sheet(
    axes: Axes,
    record: Record,
    paper: Paper,
    overlay: Overlay | None = None,
    *,
    px_per_mm: float = DOTS_PER_INCH / MM_PER_INCH,
) -> None:
    """Draw grid, overlay, leads and pulses on axes whose unit is the millimetre, from the sheet's lower left corner."""
    _grid(axes, paper, px_per_mm)
    if overlay is not None:
        _colour(axes, overlay)
    _ink(axes, record, paper)


def _grid(axes: Axes, paper: Paper, px_per_mm: float) -> None:
    for step, colour, width in ((1, THIN_LINE, 0.25), (5, THICK_LINE, 0.5)):
        if step == 1 and not shows_small_squares(px_per_mm):
            continue
        axes.vlines(np.arange(0, paper.width_mm + 0.1, step), 0, paper.height_mm, colors=colour, linewidths=width)
        axes.hlines(np.arange(0, paper.height_mm + 0.1, step), 0, paper.width_mm, colors=colour, linewidths=width)


def _colour(axes: Axes, overlay: Overlay) -> None:
    colours = palette()
    for patch in overlay.patches:
        right, top = patch.x_mm + patch.width_mm, patch.bottom_mm + patch.height_mm
        axes.imshow(
            colours[patch.levels.astype(int) + LEVELS],
            extent=(patch.x_mm, right, patch.bottom_mm, top),
            aspect="auto",
            interpolation="bilinear",
            zorder=2,
        )
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())


def _ink(axes: Axes, record: Record, paper: Paper) -> None:
    traces = paper.traces(record)
    for trace, place in zip(traces, name_places(paper, traces), strict=True):
        x = trace.x0_mm + trace.dx_mm * np.arange(len(trace.y_mm))
        axes.plot(x, trace.y_mm, color=INK, linewidth=0.7, zorder=3, label=trace.cell.name, clip_on=False)
        axes.text(*place, trace.cell.name, weight="bold", size=9, va="center")
    for pulse in paper.pulses:
        axes.plot(*zip(*pulse, strict=True), color=INK, linewidth=0.7, zorder=3)
    for at, low, high in paper.seams:
        axes.vlines(at, low, high, colors=INK, linewidths=0.7, zorder=3)


def _head(axes: Axes, record: Record, paper: Paper, title: str) -> None:
    middle = paper.height_mm + HEAD_MM / 2
    axes.text(2, middle, title, size=10, weight="bold", va="center", color=INK)
    mark = "SIMULATED · " if record.domain is Domain.SIMULATED else ""
    axes.text(paper.width_mm - 2, middle, mark + NOTICE, size=9, weight="bold", va="center", ha="right", color=INK)


def _foot(axes: Axes, paper: Paper, text: str, overlay: Overlay | None, title: str) -> None:
    axes.text(2, -3.2, text, size=7, va="center", color=FAINT_INK)
    if overlay is None:
        return
    right = paper.width_mm - 14
    ramp = palette()[legend_levels(22, 2.4).astype(int) + LEVELS]
    axes.imshow(ramp, extent=(right - 22, right, -8.6, -6.2), aspect="auto", zorder=2)
    axes.text(right - 23, -7.4, f"{title or 'the score'}: lowers", size=7, va="center", ha="right")
    axes.text(right + 1, -7.4, "raises", size=7, va="center")
    axes.text(2, -7.4, overlay.note, size=7, va="center", color=FAINT_INK)
