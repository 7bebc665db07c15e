"""The ECG as on paper, as one Plotly figure: pink grid, black ink, equal millimetres in x and y, never rescaled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ecgkt import NOTICE
from ecgkt.domain import Domain, Explanation, Record
from ecgkt.figures.grid import FAINT_INK, INK, PAPER, squares_uri
from ecgkt.figures.lead_names import name_places
from ecgkt.figures.paper import SHOWN_SECONDS, Paper, lay_out
from ecgkt.figures.saliency import Overlay, legend_levels, png_uri, shade

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["FAINT_INK", "FONT", "FOOTER_PX", "INK", "draw_ecg", "footer_text"]

FOOTER_PX = 38
FONT = "Source Sans, Source Sans Pro, system-ui, Arial, sans-serif"


def draw_ecg(
    record: Record,
    paper: Paper | None = None,
    *,
    explanation: Explanation | None = None,
    target_title: str | None = None,
    model_saw: str | None = None,
    display_filter: str | None = None,
) -> Figure:
    """Draw a record, with the overlay of an explanation behind the ink.

    x and y are millimetres from the sheet's lower left corner. `display_filter` says what was done to the record that
    is drawn, nothing where it is as the file has it; `model_saw` describes the model's own input, which is not drawn.
    """
    import plotly.graph_objects as go

    paper = paper or lay_out()
    overlay = None if explanation is None else shade(explanation, record, paper)
    images = [_squares(paper)] if overlay is None else [_squares(paper), *_patches(overlay), _legend_bar()]
    said = footer_text(record, paper, model_saw, display_filter)
    layout = go.Layout(
        xaxis=_axis(paper.width_mm, constrain="domain"),
        yaxis=_axis(paper.height_mm, scaleanchor="x", scaleratio=1, constrain="domain"),
        margin={"l": 0, "r": 0, "t": 0, "b": FOOTER_PX},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        font={"family": FONT, "size": 12, "color": INK},
        showlegend=False,
        hovermode=False,
        dragmode="zoom",
        uirevision="paper",
        images=images,
        annotations=[*_footer(said, overlay, target_title), *_mark(record, paper)],
    )
    return go.Figure([*_ink(record, paper), _lead_names(record, paper), *_strokes(paper)], layout)


def footer_text(
    record: Record, paper: Paper, model_saw: str | None, display_filter: str | None = None, *, true_size: bool = False
) -> str:
    """Return what must stand below an ECG: scale, filters, what is shown, what the model saw.

    On a screen the scale holds against the grid alone; `true_size` is for a drawing whose millimetres are millimetres.
    """
    parts = [f"{paper.scale}" + ("" if true_size else " relative to the grid")]
    parts.append(f"display: {display_filter}" if display_filter else "raw signal, no display filter")
    if record.filters:
        parts.append(f"recorded with {record.filters}")
    if record.seconds > SHOWN_SECONDS + 0.05:
        parts.append(f"first {SHOWN_SECONDS:g} s of {record.seconds:.1f} s")
    column = min(cell.to_second - cell.from_second for cell in paper.cells)
    if record.seconds < SHOWN_SECONDS - 0.05 and column < record.seconds - 0.05:
        parts.append(f"{record.seconds:.1f} s recorded, columns of {column:.1f} s")
    if model_saw:
        parts.append(f"the model saw {model_saw}")
    return " · ".join(parts)


def _axis(length_mm: float, **extra: Any) -> dict[str, Any]:
    """Return an axis in millimetres without numbers; the squares are an image below the ink."""
    return {
        "range": [0, length_mm],
        "showgrid": False,
        "showticklabels": False,
        "ticks": "",
        "zeroline": False,
        **extra,
    }


def _squares(paper: Paper) -> dict[str, Any]:
    return {
        "name": "squares",
        "source": squares_uri(paper),
        "layer": "below",
        "sizing": "stretch",
        "xref": "x",
        "yref": "y",
        "x": 0,
        "y": 0,
        "sizex": paper.width_mm,
        "sizey": paper.height_mm,
        "xanchor": "left",
        "yanchor": "bottom",
    }


def _ink(record: Record, paper: Paper) -> list[Any]:
    import plotly.graph_objects as go

    return [
        go.Scatter(
            x0=trace.x0_mm,
            dx=trace.dx_mm,
            y=trace.y_mm,
            name=trace.cell.name,
            mode="lines",
            line={"color": INK, "width": 1.3},
            connectgaps=False,
            hoverinfo="skip",
        )
        for trace in paper.traces(record)
    ]


def _lead_names(record: Record, paper: Paper) -> Any:
    import plotly.graph_objects as go

    places = name_places(paper, paper.traces(record))
    return go.Scatter(
        x=[x for x, _ in places],
        y=[y for _, y in places],
        text=[f"<b>{cell.name}</b>" for cell in paper.cells],
        name="lead names",
        mode="text",
        textposition="middle right",
        textfont={"size": 14, "color": INK},
        unselected={"textfont": {"color": INK}},
        hoverinfo="skip",
    )


def _strokes(paper: Paper) -> list[Any]:
    """Draw all calibration pulses as one trace, separated by gaps, and the changes from lead to lead as another."""
    import plotly.graph_objects as go

    ends = [((x, low), (x, high)) for x, low, high in paper.seams]
    return [
        go.Scatter(x=x, y=y, name=name, mode="lines", line={"color": INK, "width": 1.3}, hoverinfo="skip")
        for name, lines in (("calibration 1 mV", paper.pulses), ("lead changes", ends))
        for x, y in (_apart(lines),)
    ]


def _apart(lines: Iterable[Sequence[tuple[float, float]]]) -> tuple[list[float], list[float]]:
    """Return the points of several lines as one, with a gap after each."""
    points = [point for line in lines for point in (*line, (np.nan, np.nan))]
    return [x for x, _ in points], [y for _, y in points]


def _patches(overlay: Overlay) -> list[dict[str, Any]]:
    return [
        {
            "name": patch.cell.lead,
            "source": png_uri(patch.levels),
            "layer": "below",
            "sizing": "stretch",
            "xref": "x",
            "yref": "y",
            "x": patch.x_mm,
            "y": patch.bottom_mm,
            "sizex": patch.width_mm,
            "sizey": patch.height_mm,
            "xanchor": "left",
            "yanchor": "bottom",
        }
        for patch in overlay.patches
    ]


def _legend_bar() -> dict[str, Any]:
    return {
        "name": "legend",
        "source": png_uri(legend_levels(13, 3.5)),
        "layer": "above",
        "sizing": "stretch",
        "xref": "paper",
        "yref": "paper",
        "x": 0.905,
        "y": -0.012,
        "sizex": 0.05,
        "sizey": 0.028,
        "xanchor": "center",
        "yanchor": "top",
    }


def _footer(said_below: str, overlay: Overlay | None, target_title: str | None) -> list[dict[str, Any]]:
    words = {"xref": "paper", "yref": "paper", "yanchor": "top", "showarrow": False, "y": 0}
    said = {**words, "x": 0.004, "xanchor": "left", "text": said_below}
    below = NOTICE if overlay is None or not overlay.note else f"{NOTICE} · {overlay.note}"
    notice = {**words, "x": 0.004, "xanchor": "left", "yshift": -15, "text": below}
    legend = [
        {**words, "x": 0.877, "xanchor": "right", "text": f"<b>{target_title or 'score'}</b>: lowers"},
        {**words, "x": 0.933, "xanchor": "left", "text": "raises"},
    ]
    items = [said, notice] if overlay is None else [said, notice, *legend]
    return [{**item, "font": {"size": 11, "color": FAINT_INK}} for item in items]


def _mark(record: Record, paper: Paper) -> list[dict[str, Any]]:
    """Return the mark of a simulated recording, in the corner where no wave is expected."""
    if record.domain is not Domain.SIMULATED:
        return []
    return [
        {
            "xref": "x",
            "yref": "y",
            "x": paper.width_mm - 1.5,
            "y": 1.0,
            "xanchor": "right",
            "yanchor": "bottom",
            "showarrow": False,
            "text": "<b>SIMULATED</b>",
            "font": {"size": 13, "color": INK},
            "bgcolor": PAPER,
            "bordercolor": INK,
            "borderwidth": 1,
            "borderpad": 2,
        }
    ]
