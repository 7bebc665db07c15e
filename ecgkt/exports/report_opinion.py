"""What was measured and said of an ECG, as the lower part of a report: measurements, the strip, families of scores."""

from __future__ import annotations

from collections.abc import Sequence

from ecgkt.catalogue import lab_panel, tracing_labels
from ecgkt.domain import Predictions
from ecgkt.domain.labels import Kind
from ecgkt.exports.reading import Reading
from ecgkt.figures.page import Page, line_mm
from ecgkt.figures.scores import HEADINGS, ScoreRow, basis, score_rows
from ecgkt.opinion.beside import beneath_words
from ecgkt.opinion.families import folded_words, holds_back, none_open_words, open_rows
from ecgkt.opinion.measured import Line, foot, lines
from ecgkt.opinion.strip import not_covered_words, strip_cells

LEAST_MM = 44.0
SHOWN = 6
_STRIP_MM, _BASIS_MM, _HEADING_MM, _ROW_MM, _GAP_MM = 12.5, 8.4, 4.4, 6.2, 5.0
_MEASURED_SHARE = 0.24


def draw_opinion(page: Page, reading: Reading, left: float, bottom: float, width: float, top: float) -> None:
    """Draw between `top` and `bottom` what is known; where scores are not revealed, the measurements alone."""
    narrow = _MEASURED_SHARE * width if reading.revealed else width
    predictions = reading.predictions
    if predictions is None:
        _measurements(page, reading, left, top - 3.0, 0.3 * narrow)
        page.words(left + 0.36 * narrow, top - 3.0, "No score is told before the reader's own.", 7.5, faint=True)
        return
    below = _strip(page, reading, predictions, left, width, top)
    _measurements(page, reading, left, below, narrow - _GAP_MM)
    x, wide = left + narrow, width - narrow
    if predictions.abstained[0] is not None:
        _abstained(page, reading, predictions.abstained[0], x, wide, below)
    else:
        _families(page, reading, predictions, x, wide, below, bottom + _BASIS_MM)
        page.paragraph(x, bottom + _BASIS_MM - 3.4, _how_to_read(predictions), wide, 5.8, faint=True, most=3)


def _how_to_read(predictions: Predictions) -> str:
    return f"{basis(predictions)}. Do not miss {not_covered_words()}"


def _strip(page: Page, reading: Reading, predictions: Predictions, left: float, width: float, top: float) -> float:
    """Draw what must not be missed; return the first baseline below."""
    qtc = None if reading.measurements is None else reading.measurements.values["qtc_fridericia"]
    cells = strip_cells(reading.card, predictions, reading.rules, qtc, holds_back(predictions))
    head = 15.0
    page.paragraph(left, top - 3.2, "Do not miss", head, 7.0, bold=True)
    each = (width - head) / len(cells)
    for place, cell in enumerate(cells):
        x = left + head + place * each
        page.frame(x, top - _STRIP_MM + 1.6, each - 1.4, _STRIP_MM - 1.8)
        figure = cell.figure.replace("under ", "< ")
        said = page.words(x + each - 2.6, top - 3.2, figure, 6.8, bold=True, anchor="right")
        page.words(x + 1.2, top - 3.2, cell.condition.title, 6.6, width=each - said - 5.0)
        page.paragraph(x + 1.2, top - 6.4, cell.told, each - 3.6, 5.8, faint=True, most=2)
    return top - _STRIP_MM - 2.6


def _measurements(page: Page, reading: Reading, left: float, y: float, width: float) -> None:
    """Draw each measurement with what the device stated and what was computed, or why there is none."""
    page.words(left, y, "Measurements", 7.6, bold=True)
    found = reading.measurements
    if found is None:
        page.paragraph(left, y - 4.0, f"None. {reading.unmeasured}", width, 6.6)
        return
    right, middle = left + width, left + 0.66 * width
    told = lines(found, reading.device)
    page.words(right, y, "computed", 5.8, faint=True, anchor="right")
    if reading.device:
        page.words(middle, y, "device", 5.8, faint=True, anchor="right")
    y -= 3.6
    for line in told:
        page.words(left, y, f"{line.title} {line.formula}".strip(), 6.8)
        page.words(right, y, _computed(line), 6.8, bold=bool(line.computed), anchor="right")
        if reading.device:
            page.words(middle, y, line.device or "not stated", 6.8, anchor="right")
        y -= line_mm(6.8)
    reasons = list(dict.fromkeys(line.refusal for line in told if line.refusal)) if reading.revealed else []
    stated = [f"The device states: {'; '.join(reading.statements)}."] if reading.statements else []
    said = " ".join([*stated, foot(found, reading.revealed), *reasons])
    page.paragraph(left, y, said, width, 6.0, faint=True, most=5)


def _computed(line: Line) -> str:
    mark = " (500 or more)" if line.marked else ""
    return f"{line.computed}{mark}" if line.computed else "refused" if line.refusal else ""


def _families(
    page: Page, reading: Reading, predictions: Predictions, left: float, width: float, top: float, bottom: float
) -> None:
    panel = [lab.name for lab in lab_panel() if lab.shown]
    kinds = predictions.labels.kinds
    each = width / len(kinds)
    held_back = holds_back(predictions)
    for place, kind in enumerate(kinds):
        rows = score_rows(predictions, kind, first_labs=panel)
        shown = open_rows(rows, reading.card, held_back)
        _family(page, reading, kind, rows, shown, left + place * each, each - _GAP_MM, top, bottom)


def _family(
    page: Page,
    reading: Reading,
    kind: Kind,
    rows: Sequence[ScoreRow],
    shown: Sequence[ScoreRow],
    left: float,
    width: float,
    top: float,
    bottom: float,
) -> None:
    """Draw the first rows of a family that stand open, and what is said of those that do not."""
    page.words(left, top, HEADINGS[kind], 7.6, bold=True, width=width)
    folded = [row for row in rows if row not in shown]
    y = top - _HEADING_MM
    if not shown:
        page.paragraph(left, y, none_open_words(kind, folded, reading.card), width, 6.4, faint=True, most=5)
        return
    room = max(1, int((y - bottom) / _ROW_MM))
    first = shown[: min(SHOWN, room)]
    for row in first:
        _row(page, reading, row, left, y, width)
        y -= _ROW_MM
    more = len(shown) - len(first)
    told = [f"{more} more, with lower figures" if more else "", folded_words(kind, len(folded)) if folded else ""]
    page.paragraph(left, y + 1.2, "; ".join(filter(None, told)), width, 6.0, faint=True, most=2)


def _row(page: Page, reading: Reading, row: ScoreRow, left: float, y: float, width: float) -> None:
    predictions = reading.predictions
    if predictions is None:
        return
    told = row.interval or ("uncalibrated here" if row.figure.endswith("of 100") else "no interval")
    figure = page.words(left + width, y, row.figure, 7.0, bold=True, anchor="right")
    page.words(left, y, row.title, 7.0, width=width - figure - 2.0)
    below = beneath_words(row, predictions.labels, reading.beside, reading.measured)
    interval = page.words(left + width, y - 2.5, told, 6.0, faint=True, anchor="right")
    page.words(left, y - 2.5, below, 6.0, faint=True, width=width - interval - 2.0)


def _abstained(page: Page, reading: Reading, reason: str, left: float, width: float, y: float) -> None:
    """Say why the model abstains, and what rules and the device say all the same."""
    y = page.paragraph(left, y, f"The model abstains. {reason}", width, 9.0, bold=True, most=4) - 1.5
    rules = reading.rules
    met = [f"{tracing_labels()[name].title} ({said.why})" for name, said in rules.items() if said.met]
    if rules:
        y = page.paragraph(left, y, f"Rules alone say {'; '.join(met) or 'nothing'}.", width, 7.0, most=5) - 1.0
    if reading.statements:
        page.paragraph(left, y, f"The device states: {'; '.join(reading.statements)}.", width, 7.0, most=4)
