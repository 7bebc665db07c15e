"""The sheet as an SVG file that says by itself where it comes from, at true scale."""

from __future__ import annotations

from ecgkt.exports.reading import Drawing, Reading
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.figures.sheet import draw_sheet


def sheet_svg(reading: Reading, drawing: Drawing | None = None, stamp: Stamp | None = None) -> str:
    """Return the ECG as drawn on the page, with the map of the chosen target, as large as its millimetres."""
    drawing = drawing or Drawing()
    drawn = drawing.copy_of(reading.record)
    mapped = reading.mapped
    return draw_sheet(
        drawn,
        drawing.paper(drawn),
        explanation=None if mapped is None else mapped.explanation,
        target_title=reading.subject or None,
        model_saw=reading.saw,
        display_filter=drawing.display.description,
        true_size=True,
        stamp=(stamp or stamp_of(reading, drawing)).lines,
    )
