"""The same charts through matplotlib, for paper: vector graphics whose bytes depend on the data alone."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ecgkt.figures.charts import COLOURS, Chart, Series, offsets, reach
from ecgkt.figures.ecg import FAINT_INK, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "D", "^", "P", "X", "*", "h")
WIDTH_INCHES, ROW_INCHES, FRAME_INCHES = 7.2, 0.17, 1.75


ONE_AT_A_TIME = Lock()
"""matplotlib's settings and fonts are the process's: whoever draws with it waits for the others."""


def write_svg(chart: Chart, path: Path) -> None:
    """Write a chart as SVG, its letters as letters, without a date."""
    path.write_bytes(svg(chart))


def svg(chart: Chart) -> bytes:
    """Return a chart as an SVG file; matplotlib's settings are the process's, so threads wait for each other."""
    import matplotlib

    memory = BytesIO()
    with ONE_AT_A_TIME, matplotlib.rc_context({"svg.hashsalt": chart.name, "svg.fonttype": "none"}):
        print_chart(chart).savefig(memory, format="svg", metadata={"Date": None, "Creator": None})
    return memory.getvalue()


def print_chart(chart: Chart) -> Figure:
    """Draw a chart on a matplotlib figure, 183 mm wide (two columns of a journal)."""
    from matplotlib.figure import Figure

    height = FRAME_INCHES + (ROW_INCHES * max(len(chart.rows), 6) if chart.rows else 4.2)
    figure = Figure(figsize=(WIDTH_INCHES, height), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    for place, series in enumerate(chart.series):
        _ink(axes, chart, series, place)
    _frame(axes, chart)
    figure.suptitle(chart.title, x=0.01, ha="left", size=11, weight="bold", color=INK)
    said = chart.mark + (f"\n{chart.note}" if chart.note else "")
    figure.supxlabel(said, x=0.01, ha="left", size=7.5, color=INK)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(chart.series), 4), frameon=False, fontsize=8)
    return figure


def _ink(axes: Axes, chart: Chart, series: Series, place: int) -> None:
    shift = offsets(chart)[place]
    y = [value + shift for value in series.y]
    middle = series.x if chart.rows else series.y
    bars: dict[str, Any] = {}
    if series.low:
        below = [max(0.0, value - low) for value, low in zip(middle, series.low, strict=True)]
        above = [max(0.0, high - value) for value, high in zip(middle, series.high, strict=True)]
        bars = {f"{chart.measured}err": [below, above]}
    axes.errorbar(
        series.x,
        y,
        **bars,
        fmt=MARKERS[place % len(MARKERS)],
        linestyle="-" if series.joined else "none",
        linewidth=1.0,
        elinewidth=0.9,
        markersize=4,
        color=COLOURS[place % len(COLOURS)],
        alpha=0.45 if series.faint else 1.0,
        label=series.name,
    )


def _frame(axes: Axes, chart: Chart) -> None:
    axes.set_xlabel(chart.x_title, size=9)
    axes.set_ylabel(chart.y_title, size=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#eceef1", linewidth=0.6)
    axes.set_axisbelow(True)
    if chart.rows:
        axes.set_yticks(range(len(chart.rows)), chart.rows, size=7)
        axes.set_ylim(len(chart.rows) - 0.4, -0.6)
    if chart.zero:
        axes.axvline(0, color=FAINT_INK, linewidth=0.8, linestyle=":")
    if chart.diagonal:
        end = reach(chart)
        axes.plot([0, end], [0, end], color=FAINT_INK, linewidth=0.8, linestyle=":")
        axes.set(xlim=(0, end), ylim=(0, end))
    if chart.ticks:
        axes.set_xscale("log")
        axes.set_xticks([at for at, _ in chart.ticks], [said for _, said in chart.ticks])
        axes.minorticks_off()
