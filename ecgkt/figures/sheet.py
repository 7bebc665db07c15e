"""The ECG as on paper, as one SVG: on screen before any chart script is loaded, crisp at any size and in print.

Drawn in hundredths of a millimetre from the upper left corner, from the same geometry as the zoomable figure (`ecg`)
and the print (`print`).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ecgkt import NOTICE
from ecgkt.domain import Domain, Explanation, Record
from ecgkt.figures.ecg import FONT, footer_text
from ecgkt.figures.grid import FAINT_INK, INK, PAPER, UNITS_PER_MM, squares
from ecgkt.figures.ink import TOLERANCE_MM, thin
from ecgkt.figures.lead_names import name_places
from ecgkt.figures.paper import Cell, Paper, Trace, lay_out
from ecgkt.figures.saliency import Overlay, legend_levels, png_uri, shade

FOOT_MM = 9.6
_STAMP_MM = 3.8
_LETTERS_MM, _LETTER_WIDTH = (3.3, 2.7, 2.2), 0.56
_LAST: WeakKeyDictionary[Record, tuple[Paper, str]] = WeakKeyDictionary()


def draw_sheet(
    record: Record,
    paper: Paper | None = None,
    *,
    explanation: Explanation | None = None,
    target_title: str | None = None,
    model_saw: str | None = None,
    display_filter: str | None = None,
    true_size: bool = False,
    said: str | None = None,
    edges: Sequence[float] = (),
    beneath: Record | None = None,
    tells_hidden: bool = True,
    told_below_px: int | None = None,
    stamp: Sequence[str] = (),
) -> str:
    """Return a record as SVG, with the overlay of an explanation behind the ink.

    `said` replaces the line about scale and filters; `edges` are seconds at which each cell has a dashed line.
    `beneath` is another record, drawn as a broad light line behind the ink. Without `tells_hidden` what of a map lies
    outside is not told below, for a page that says it beside the sheet. Up to a width of `told_below_px` the page tells
    the lines of the foot itself, in larger letters, and the drawing leaves them out. `stamp` are lines below all of it
    and in the drawing's description, for a file that goes elsewhere: it is then as large as the sheet in millimetres.
    Each ink path carries `class="ink"` and its `data-lead`; each patch of an overlay its `data-lead`.
    """
    paper = paper or lay_out()
    overlay = None if explanation is None else shade(explanation, record, paper)
    high = paper.height_mm + FOOT_MM + _STAMP_MM * len(stamp)
    width, height = _units(paper.width_mm), _units(high)
    size = f' width="{paper.width_mm:g}mm" height="{high:g}mm"' if stamp else ""
    traces = paper.traces(record)
    said = said or footer_text(record, paper, model_saw, display_filter, true_size=true_size)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"{size} font-family="{FONT}">',
        *([f"<desc>{escape(' '.join(stamp))}</desc>"] if stamp else []),
        *(
            [f"<style>@media (max-width: {told_below_px}px) {{.said {{display: none}}}}</style>"]
            if told_below_px
            else []
        ),
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        squares(paper),
        *([] if overlay is None else _patches(overlay, paper)),
        *(_edge(cell, second, paper) for cell in paper.cells for second in edges),
        *(_ink(trace, paper, "beneath", _BROAD) for trace in (paper.traces(beneath) if beneath is not None else ())),
        _inked(record, paper, traces),
        *(_pulse(pulse, paper) for pulse in paper.pulses),
        *(_seam(*seam, paper) for seam in paper.seams),
        *(_name(trace.cell, at, paper) for trace, at in zip(traces, name_places(paper, traces), strict=True)),
        *(_words(1.5, -FOOT_MM - _STAMP_MM * place - 2.0, one, paper, 2.7) for place, one in enumerate(stamp)),
        *_foot(said, overlay, target_title, paper, tells_hidden=tells_hidden),
        *([_mark(paper)] if record.domain is Domain.SIMULATED else []),
        "</svg>",
    ]
    return "".join(parts)


def _units(mm: float) -> int:
    return round(UNITS_PER_MM * mm)


def _down(mm: float, paper: Paper) -> int:
    """Return a height on the sheet as a distance from its upper edge."""
    return _units(paper.height_mm - mm)


def _inked(record: Record, paper: Paper, traces: Sequence[Trace]) -> str:
    """Return the ink of all traces; that of a record's last sheet is kept with it, since only a map may have come."""
    last = _LAST.get(record)
    if last is None or last[0] != paper:
        last = _LAST[record] = (paper, "".join(_ink(trace, paper) for trace in traces))
    return last[1]


def _ink(trace: Trace, paper: Paper, kind: str = "ink", stroke: str = "") -> str:
    """Draw one cell's samples, but for those that no eye would miss; a gap in the recording is a gap in the line."""
    x = np.round(UNITS_PER_MM * (trace.x0_mm + trace.dx_mm * np.arange(len(trace.y_mm))))
    y = np.round(UNITS_PER_MM * (paper.height_mm - trace.y_mm.astype(np.float64)))
    known = np.flatnonzero(~np.isnan(y))
    runs = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    kept = [run[thin(x[run], y[run], UNITS_PER_MM * TOLERANCE_MM)] for run in runs if len(run)]
    d = "".join(_line(x[run].astype(int), y[run].astype(int)) for run in kept)
    return f'<path class="{kind}" data-lead="{trace.cell.name}" d="{d}" {stroke or _STROKE}/>'


def _edge(cell: Cell, second: float, paper: Paper) -> str:
    x = _units(cell.x_mm + (second - cell.from_second) * paper.scale.mm_per_second)
    low, high = _down(cell.baseline_mm - 5, paper), _down(cell.baseline_mm + 5, paper)
    dashed = f'stroke="{FAINT_INK}" stroke-width="18" stroke-dasharray="90 70"'
    return f'<path class="edge" data-lead="{cell.name}" d="M{x} {low}V{high}" {dashed}/>'


def _line(x: NDArray[np.int_], y: NDArray[np.int_]) -> str:
    """Return a line through integer points as one move and relative steps, which are short to write."""
    steps = np.stack([np.diff(x), np.diff(y)], axis=1).ravel().tolist()
    return f"M{x[0]} {y[0]}" + (f"l{' '.join(map(str, steps))}" if steps else "")


OTHER_INK = "#4a90be"
_BROAD = f'stroke="{OTHER_INK}" stroke-width="85" stroke-linejoin="round" stroke-opacity=".75" fill="none"'
_RIM = f'paint-order="stroke" stroke="{PAPER}" stroke-width="70" stroke-opacity=".8"'
_STROKE = f'stroke="{INK}" stroke-width="32" stroke-linejoin="round" fill="none"'


def _pulse(pulse: tuple[tuple[float, float], ...], paper: Paper) -> str:
    points = " ".join(f"{_units(x)},{_down(y, paper)}" for x, y in pulse)
    return f'<polyline class="pulse" points="{points}" {_STROKE}/>'


def _seam(x_mm: float, low_mm: float, high_mm: float, paper: Paper) -> str:
    return f'<path class="seam" d="M{_units(x_mm)} {_down(low_mm, paper)}V{_down(high_mm, paper)}" {_STROKE}/>'


def _words(
    x_mm: float,
    y_mm: float,
    text: str,
    paper: Paper,
    size_mm: float,
    *,
    bold: bool = False,
    anchor: str = "start",
    kind: str = "",
) -> str:
    weight = (f' class="{kind}"' if kind else "") + (' font-weight="700"' if bold else "")
    place = f'x="{_units(x_mm)}" y="{_down(y_mm, paper)}" font-size="{_units(size_mm)}" text-anchor="{anchor}"'
    colour = INK if bold else FAINT_INK
    return f'<text {place} fill="{colour}"{weight}>{escape(text)}</text>'


def _name(cell: Cell, at: tuple[float, float], paper: Paper) -> str:
    """Write a lead's name, with a thin rim of paper for where no place is free of ink."""
    written = _words(at[0], at[1] - 1.3, cell.name, paper, 3.7, bold=True)
    return written.replace("<text ", f"<text {_RIM} ", 1)


def _patches(overlay: Overlay, paper: Paper) -> list[str]:
    return [
        f'<image data-lead="{patch.cell.lead}" x="{_units(patch.x_mm)}" '
        f'y="{_down(patch.bottom_mm + patch.height_mm, paper)}" width="{_units(patch.width_mm)}" '
        f'height="{_units(patch.height_mm)}" preserveAspectRatio="none" href="{png_uri(patch.levels)}"/>'
        for patch in overlay.patches
    ]


def _foot(
    text: str, overlay: Overlay | None, target_title: str | None, paper: Paper, *, tells_hidden: bool
) -> list[str]:
    """Return what stands below the sheet: scale and input, then the notice, a map's legend and what of it is hidden."""
    left, right, low = 1.5, paper.width_mm - 1.5, -8.0
    note = overlay.note if overlay is not None and tells_hidden else ""
    below = f"{NOTICE} · {note}" if note else NOTICE
    name = f"{target_title or 'score'}: lowers"
    legend_mm = 0.0 if overlay is None else 29.0 + 2.7 * _LETTER_WIDTH * len(name)
    size = min(_letter(text, right - left), _letter(below, right - left - legend_mm))
    words = [_words(left, low + y, line, paper, size, kind="said") for y, line in ((4.1, text), (0.0, below))]
    if overlay is None:
        return words
    bar = (
        f'<image x="{_units(right - 25)}" y="{_down(low + 2.6, paper)}" width="{_units(14)}" height="{_units(2.8)}" '
        f'preserveAspectRatio="none" href="{png_uri(legend_levels(14, 2.8))}"/>'
    )
    named = _words(right - 26, low, name, paper, 2.7, anchor="end")
    return [*words, named, bar, _words(right - 10, low, "raises", paper, 2.7)]


def _letter(text: str, room_mm: float) -> float:
    """Return the largest height of letters in mm at which a line keeps to its room."""
    return next((one for one in _LETTERS_MM if one * _LETTER_WIDTH * len(text) <= room_mm), _LETTERS_MM[-1])


def _mark(paper: Paper) -> str:
    """Mark a simulated recording, in the corner where no wave is expected."""
    x, y = paper.width_mm - 26.0, 6.2
    place = f'x="{_units(x)}" y="{_down(y, paper)}" width="{_units(25)}" height="{_units(5.2)}"'
    box = f'<rect {place} fill="{PAPER}" stroke="{INK}" stroke-width="25"/>'
    return box + _words(x + 12.5, y - 3.8, "SIMULATED", paper, 3.4, bold=True, anchor="middle")
