"""The squares of ECG paper as SVG: 5 mm always, 1 mm where the sheet is drawn large enough to tell them apart.

The drawing itself decides, by the width at which a browser shows it, so that the small squares go on a narrow screen
and come back on zooming in without asking anybody.
"""

from __future__ import annotations

from base64 import b64encode

from ecgkt.figures.paper import LEAST_SQUARE_PX, Paper

PAPER, INK, FAINT_INK = "#fffdfc", "#111418", "#4a4f57"
THIN_LINE, THICK_LINE = "#f8dcda", "#ecaeaa"
UNITS_PER_MM = 100


def squares(paper: Paper) -> str:
    """Return the paths of both grids in hundredths of a millimetre from the upper left corner, with their rule."""
    least = LEAST_SQUARE_PX * paper.width_mm
    rule = f"<style>@media (max-width: {least - 0.01:.2f}px) {{.small {{display: none}}}}</style>"
    return rule + _lines(paper, 1, THIN_LINE, 7, "small") + _lines(paper, 5, THICK_LINE, 12, "large")


def squares_uri(paper: Paper) -> str:
    """Return the empty paper as a data URI of an SVG that covers the sheet."""
    box = f"0 0 {round(UNITS_PER_MM * paper.width_mm)} {round(UNITS_PER_MM * paper.height_mm)}"
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" preserveAspectRatio="none">{squares(paper)}</svg>'
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"


def _lines(paper: Paper, step_mm: int, colour: str, width: int, name: str) -> str:
    right, bottom = round(UNITS_PER_MM * paper.width_mm), round(UNITS_PER_MM * paper.height_mm)
    lines = [f"M{UNITS_PER_MM * x} 0V{bottom}" for x in range(0, round(paper.width_mm) + 1, step_mm)]
    across = range(0, round(paper.height_mm) + 1, step_mm)
    lines += [f"M0 {bottom - UNITS_PER_MM * y}H{right}" for y in across]
    return f'<path class="{name}" d="{"".join(lines)}" stroke="{colour}" stroke-width="{width}" fill="none"/>'
