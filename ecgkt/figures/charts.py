"""Charts of results as plain data, and their drawing for the screen (Plotly); `printed_charts` draws them for paper."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ecgkt import NOTICE
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidValue
from ecgkt.figures.ecg import FAINT_INK, FONT, INK

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f")
"""Told apart with every common colour blindness (Okabe and Ito)."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
ROW_PX, HEAD_PX, FOOT_PX = 19, 78, 96
NOTE_LETTERS = 72
LONE_HEAD_PX = 44
"""Above a chart without a legend."""


@dataclass(frozen=True)
class Series:
    """Points of one name: `x` and `y` (n,), and the intervals `low` to `high` (n,) of the measured one of them.

    `joined` draws a line through the points. `faint` takes a series back behind the others.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    joined: bool = False
    faint: bool = False

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.low) != len(self.high) or len(self.low) not in (0, len(self.x)):
            raise InvalidValue("as many x, y, low and high", f"{len(self.x)}, {len(self.y)}", "give one of each")


@dataclass(frozen=True)
class Chart:
    """One chart; `rows` are the names of y = 0, 1, ... from the top, where y is no number (a dot plot).

    In a dot plot the intervals lie along x, else along y. `zero` draws a line at x = 0, `diagonal` where y = x, and
    `ticks` are the marks of a logarithmic x axis with what is written at them.
    """

    name: str
    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    domain: Domain
    rows: tuple[str, ...] = ()
    note: str = ""
    zero: bool = False
    diagonal: bool = False
    ticks: tuple[tuple[float, str], ...] = ()

    @property
    def mark(self) -> str:
        """What must stand in every drawing: whose patients they are, and the notice."""
        return f"{whose(self.domain)} · {NOTICE}"

    @property
    def measured(self) -> str:
        """The axis along which intervals lie."""
        return "x" if self.rows else "y"


def whose(domain: Domain) -> str:
    """Return the words for the patients of a domain that stand in every table and chart."""
    return {Domain.SIMULATED: "SIMULATED patients", Domain.REAL: "Real patients"}.get(
        domain, "Patients of no known kind"
    )


def draw_chart(chart: Chart) -> Figure:
    """Draw a chart for the screen."""
    import plotly.graph_objects as go

    head = HEAD_PX if len(chart.series) > 1 else LONE_HEAD_PX
    height = head + FOOT_PX + (ROW_PX * max(len(chart.rows), 6) if chart.rows else 420)
    layout = go.Layout(
        template="simple_white",
        title={
            "text": chart.title,
            "font": {"size": 15},
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 16, "t": 10},
        },
        font={"family": FONT, "size": 13, "color": INK},
        height=height,
        margin={"t": head, "b": FOOT_PX, "l": 16, "r": 24},
        xaxis=_x_axis(chart),
        yaxis=_y_axis(chart),
        shapes=[*_lines(chart)],
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        annotations=[_written("<br>".join((f"<b>{chart.mark}</b>", *wrap(chart.note, NOTE_LETTERS))))],
        hovermode="closest",
    )
    traces = [_trace(chart, series, place) for place, series in enumerate(chart.series)]
    return go.Figure(traces, layout)


def offsets(chart: Chart) -> list[float]:
    """Return how far down each series of a dot plot is moved, so that none hides another that has the same rows."""
    count = len(chart.series)
    rows = [y for series in chart.series for y in series.y]
    if not chart.rows or len(set(rows)) == len(rows):
        return [0.0] * count
    return [0.5 * (place / (count - 1) - 0.5) for place in range(count)]


def _trace(chart: Chart, series: Series, place: int) -> Any:
    import plotly.graph_objects as go

    colour = COLOURS[place % len(COLOURS)]
    shift = offsets(chart)[place]
    middle = series.x if chart.rows else series.y
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [high - value for high, value in zip(series.high, middle, strict=False)],
        "arrayminus": [value - low for low, value in zip(series.low, middle, strict=False)],
        "thickness": 1.2,
        "width": 0,
    }
    names = [chart.rows[int(y)] for y in series.y] if chart.rows else [series.name] * len(series.x)
    return go.Scatter(
        x=list(series.x),
        y=[y + shift for y in series.y],
        name=series.name,
        mode="lines+markers" if series.joined else "markers",
        marker={"color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 7},
        line={"color": colour, "width": 1.5},
        opacity=0.45 if series.faint else 1.0,
        text=names,
        hovertemplate="%{text}<br>x %{x:.3f}, y %{y:.3f}" if not chart.rows else "%{text}: %{x:.3f}",
        **({f"error_{chart.measured}": bars} if series.low else {}),
    )


def _x_axis(chart: Chart) -> dict[str, Any]:
    title = {"text": chart.x_title, "font": {"size": 13}, "standoff": 8}
    axis: dict[str, Any] = {"title": title, "showgrid": True, "gridcolor": "#eceef1"}
    if chart.ticks:
        axis |= {
            "type": "log",
            "tickvals": [at for at, _ in chart.ticks],
            "ticktext": [said for _, said in chart.ticks],
        }
    if chart.diagonal:
        axis["range"] = [0, reach(chart)]
    return axis


def _y_axis(chart: Chart) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "title": {"text": chart.y_title, "font": {"size": 13}},
        "showgrid": True,
        "gridcolor": "#eceef1",
        "automargin": True,
    }
    if chart.rows:
        axis |= {
            "tickvals": list(range(len(chart.rows))),
            "ticktext": list(chart.rows),
            "range": [len(chart.rows) - 0.4, -0.6],
        }
    elif chart.diagonal:
        axis["range"] = [0, reach(chart)]
    return axis


def reach(chart: Chart) -> float:
    """Return the end of both axes of a calibration chart: beyond the highest point and interval, at most 1."""
    ends = [value for series in chart.series for value in (*series.x, *series.y, *series.high)]
    return min(1.0, 1.08 * max(ends, default=1.0))


def _lines(chart: Chart) -> list[dict[str, Any]]:
    style = {"color": FAINT_INK, "width": 1, "dash": "dot"}
    if chart.zero:
        return [{"type": "line", "xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "line": style}]
    if chart.diagonal:
        end = reach(chart)
        return [{"type": "line", "x0": 0, "x1": end, "y0": 0, "y1": end, "line": style}]
    return []


def _written(text: str) -> dict[str, Any]:
    """Return the words below a chart: they end where it ends, since the names of its rows leave them no room before."""
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 1,
        "y": 0,
        "yshift": -FOOT_PX + 20,
        "showarrow": False,
        "align": "right",
        "xanchor": "right",
        "yanchor": "middle",
        "font": {"size": 12, "color": INK},
    }
