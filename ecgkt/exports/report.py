"""The report: the ECG at true scale on a page, what was measured and said of it, and the map on a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ecgkt import NOTICE
from ecgkt.domain import Domain, Record
from ecgkt.exports.reading import Drawing, Reading
from ecgkt.exports.report_map import draw_map_words
from ecgkt.exports.report_opinion import LEAST_MM, draw_opinion
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.figures.page import PAGE_SIZES, Page, PageSize, line_mm, pdf, width_of, wrapped
from ecgkt.figures.pages import Part, cut_sheet
from ecgkt.figures.saliency import Overlay, hidden_share, shade, told_hidden

SIDE_MM, SHEET_SIDE_MM = 10.0, 4.5
HEAD_MM, FOOT_MM = 23.0, 19.0
MAP_WORDS_MM = 48.0
RULER_MM = 50.0
FILE_NAME = "ecg-report.pdf"


def report_pdf(
    reading: Reading,
    drawing: Drawing | None = None,
    size: PageSize = PAGE_SIZES["A4"],
    made_on: date | None = None,
) -> bytes:
    """Return the report as PDF: one page, and one more for the map of a chosen target.

    A sheet that is too large for a page at its scale goes on over several, none of it left out and nothing shrunk. The
    scores stand below the ECG where there is room, else on the next page. Before they are revealed there are none.
    Raises InvalidValue for a scale at which half a second does not fit a page.
    """
    drawing = drawing or Drawing()
    stamp = stamp_of(reading, drawing, made_on)
    simulated = "SIMULATED " if reading.record.domain is Domain.SIMULATED else ""
    return pdf(
        lambda: _Report(reading, drawing, size, stamp).pages(),
        f"{simulated}12-lead ECG: research demonstration",
        f"{stamp.notice}. {stamp.origin}. {stamp.by}",
    )


class _Report:
    """The pages of one report, made in their order."""

    def __init__(self, reading: Reading, drawing: Drawing, size: PageSize, stamp: Stamp) -> None:
        self.reading, self.drawing, self.size, self.stamp = reading, drawing, size, stamp
        self.drawn: Record = drawing.copy_of(reading.record)
        self.paper = drawing.paper(self.drawn)
        self.width = size.width_mm - 2 * SIDE_MM
        self.room = size.height_mm - HEAD_MM - FOOT_MM

    def pages(self) -> list[Page]:
        """Return all pages, each with its head and foot."""
        drawn = [*self._ecg_pages(), *self._map_pages()]
        for number, (page, part) in enumerate(drawn, start=1):
            self._head(page, part)
            self._foot(page, number, len(drawn))
        return [page for page, _ in drawn]

    def _ecg_pages(self) -> Iterator[tuple[Page, str]]:
        parts = self._parts()
        below = parts[0].paper.height_mm + LEAST_MM <= self.room
        for place, part in enumerate(parts):
            page = Page(self.size)
            bottom = self._sheet(page, part)
            if below and place == 0:
                draw_opinion(page, self.reading, SIDE_MM, FOOT_MM, self.width, bottom - 3.0)
            yield page, part.told
        if not below:
            page = Page(self.size)
            draw_opinion(page, self.reading, SIDE_MM, FOOT_MM, self.width, self.size.height_mm - HEAD_MM)
            yield page, "what was measured and said"

    def _map_pages(self) -> Iterator[tuple[Page, str]]:
        mapped = self.reading.mapped
        if mapped is None:
            return
        note = told_hidden(hidden_share(mapped.explanation, self.paper))
        parts = self._parts()
        below = parts[0].paper.height_mm + MAP_WORDS_MM <= self.room
        for place, part in enumerate(parts):
            page = Page(self.size)
            bottom = self._sheet(page, part, shade(mapped.explanation, self.drawn, part.paper))
            if below and place == 0:
                draw_map_words(page, self.reading, note, SIDE_MM, FOOT_MM, self.width, bottom - 2.0)
            yield page, ", ".join(filter(None, (self.reading.subject, part.told)))
        if not below:
            page = Page(self.size)
            draw_map_words(page, self.reading, note, SIDE_MM, FOOT_MM, self.width, self.size.height_mm - HEAD_MM)
            yield page, self.reading.subject

    def _parts(self) -> tuple[Part, ...]:
        return cut_sheet(self.paper, self.drawn, self.size.width_mm - 2 * SHEET_SIDE_MM, self.room)

    def _sheet(self, page: Page, part: Part, overlay: Overlay | None = None) -> float:
        """Draw a part of the sheet below the head, in the middle; return its lower edge."""
        bottom = self.size.height_mm - HEAD_MM - part.paper.height_mm
        page.sheet((self.size.width_mm - part.paper.width_mm) / 2, bottom, self.drawn, part.paper, overlay)
        return bottom

    def _head(self, page: Page, part: str) -> None:
        right, top = self.size.width_mm - SIDE_MM, self.size.height_mm
        reading, taken = self.reading, 0.0
        if reading.record.domain is Domain.SIMULATED:
            taken = width_of("SIMULATED", 17.0, bold=True) + 8.0
            page.frame(right - taken + 2.0, top - 16.6, taken - 2.0, 8.6, strong=True)
            page.words(right - taken / 2 + 1.0, top - 14.5, "SIMULATED", 17.0, bold=True, anchor="center")
        wide = self.width - taken - 4.0
        said = page.words(SIDE_MM, top - 11.5, reading.title, 12.0, bold=True, width=wide - 62.0)
        page.words(SIDE_MM + said + 4.0, top - 11.5, NOTICE, 7.5, faint=True, width=wide - said - 4.0)
        facts = [*reading.facts, *([f"recorded with {reading.record.filters}"] if reading.record.filters else [])]
        for place, line in enumerate(wrapped(" · ".join([*facts, *([part] if part else [])]), 7.0, wide, most=2)):
            page.words(SIDE_MM, top - 16.0 - place * line_mm(7.0), line, 7.0)

    def _foot(self, page: Page, number: int, count: int) -> None:
        """Say on every page what may be made of it, who spoke, and at which scale it was drawn."""
        notice, by, settings = self.stamp.lines
        page.rule(SIDE_MM, FOOT_MM - 3.0, self.width)
        ruler = self.size.width_mm - SIDE_MM - RULER_MM
        wide = self.width - RULER_MM - 6.0
        page.words(SIDE_MM, FOOT_MM - 6.2, notice, 6.6, bold=True, width=self.width)
        page.words(SIDE_MM, FOOT_MM - 9.4, f"{by} · page {number} of {count}", 6.3, faint=True, width=wide)
        page.paragraph(SIDE_MM, FOOT_MM - 12.4, settings, wide, 5.8, faint=True, most=2)
        page.rule(ruler, FOOT_MM - 12.0, RULER_MM, strong=True)
        for at in (ruler, ruler + RULER_MM):
            page.upright(at, FOOT_MM - 13.0, 2.0)
        told = "Printed at 100% this line is 50 mm long"
        page.words(ruler + RULER_MM / 2, FOOT_MM - 10.4, told, 5.8, faint=True, anchor="center")
