"""A page of paper in millimetres through matplotlib: words, lines and sheets of ECG paper, each at its true size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ecgkt.domain import Record
from ecgkt.errors import UnknownName
from ecgkt.figures.grid import FAINT_INK, INK
from ecgkt.figures.paper import Paper
from ecgkt.figures.print import MM_PER_INCH, ink_sheet
from ecgkt.figures.printed_charts import ONE_AT_A_TIME
from ecgkt.figures.saliency import LEVELS, Overlay, legend_levels, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT = "DejaVu Sans"
POINTS_PER_MM = 72 / MM_PER_INCH
HAIRLINE = "#b9bec5"
IMAGE_DOTS_PER_INCH = 200


@dataclass(frozen=True)
class PageSize:
    """A page that lies on its side."""

    name: str
    width_mm: float
    height_mm: float


PAGE_SIZES = {one.name: one for one in (PageSize("A4", 297.0, 210.0), PageSize("US Letter", 279.4, 215.9))}


def page_size(name: str) -> PageSize:
    """Return a size by its name; raises UnknownName."""
    if name not in PAGE_SIZES:
        raise UnknownName(f"a paper size among {', '.join(PAGE_SIZES)}", repr(name), "choose one of them")
    return PAGE_SIZES[name]


class Page:
    """One page whose unit is the millimetre, from its lower left corner; drawn on by those who know what to say."""

    def __init__(self, size: PageSize) -> None:
        from matplotlib.figure import Figure

        self.size = size
        inches = (size.width_mm / MM_PER_INCH, size.height_mm / MM_PER_INCH)
        self.figure: Figure = Figure(figsize=inches, facecolor="white")
        self._axes: Axes = self._part(0, 0, size.width_mm, size.height_mm)

    def words(
        self,
        x: float,
        y: float,
        text: str,
        points: float = 7.0,
        *,
        bold: bool = False,
        faint: bool = False,
        anchor: str = "left",
        width: float | None = None,
    ) -> float:
        """Write one line whose baseline begins at (x, y), cut to `width` mm; return how wide it is in mm."""
        told = printable(text)
        if width is not None:
            told = shortened(told, points, width, bold=bold)
        self._axes.text(
            x,
            y,
            told,
            size=points,
            weight="bold" if bold else "normal",
            color=FAINT_INK if faint else INK,
            ha=anchor,
            va="baseline",
            parse_math=False,
        )
        return width_of(told, points, bold=bold)

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        width: float,
        points: float = 7.0,
        *,
        bold: bool = False,
        faint: bool = False,
        most: int | None = None,
    ) -> float:
        """Write a text in lines of at most `width` mm from the baseline `y` downwards; return the next baseline.

        `most` lines are written; the last one then ends with an ellipsis where more was to be said.
        """
        for line in wrapped(printable(text), points, width, bold=bold, most=most):
            self.words(x, y, line, points, bold=bold, faint=faint)
            y -= line_mm(points)
        return y

    def rule(self, x: float, y: float, width: float, *, strong: bool = False) -> None:
        """Draw a horizontal line."""
        colour, thick = (INK, 0.6) if strong else (HAIRLINE, 0.4)
        self._axes.plot([x, x + width], [y, y], color=colour, linewidth=thick, solid_capstyle="butt")

    def upright(self, x: float, y: float, height: float) -> None:
        """Draw a vertical line."""
        self._axes.plot([x, x], [y, y + height], color=INK, linewidth=0.6)

    def frame(self, x: float, y: float, width: float, height: float, *, strong: bool = False) -> None:
        """Draw an empty box."""
        across, up = [x, x + width, x + width, x, x], [y, y, y + height, y + height, y]
        self._axes.plot(across, up, color=INK if strong else HAIRLINE, linewidth=1.0 if strong else 0.4)

    def bar(self, x: float, y: float, width: float, height: float, share: float, mark: float | None = None) -> None:
        """Draw a share as a bar, and a tick where `mark` lies."""
        self._axes.fill_between([x, x + width], y, y + height, color="#eceef1", linewidth=0)
        self._axes.fill_between([x, x + width * share], y, y + height, color="#4a90be", linewidth=0)
        if mark is not None:
            at = x + width * mark
            self._axes.plot([at, at], [y - 0.3, y + height + 0.3], color=INK, linewidth=0.8)

    def sheet(self, x: float, y: float, record: Record, paper: Paper, overlay: Overlay | None = None) -> None:
        """Draw a sheet of ECG paper with its lower left corner at (x, y), a millimetre of it a millimetre here."""
        axes = self._part(x, y, paper.width_mm, paper.height_mm)
        ink_sheet(axes, record, paper, overlay)

    def legend(self, x: float, y: float, width: float = 24.0, height: float = 2.6) -> None:
        """Draw the colours of a map, from lowers (striped) to raises."""
        axes = self._part(x, y, width, height)
        ramp = palette()[legend_levels(width, height).astype(int) + LEVELS]
        axes.imshow(ramp, extent=(0, width, 0, height), aspect="auto", interpolation="bilinear")

    def _part(self, x: float, y: float, width: float, height: float) -> Axes:
        wide, high = self.size.width_mm, self.size.height_mm
        axes = self.figure.add_axes((x / wide, y / high, width / wide, height / high))
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.axis("off")
        return axes


def pdf(draw: Callable[[], Sequence[Page]], title: str, subject: str) -> bytes:
    """Return pages as one PDF: vector graphics, TrueType letters as letters, no date, no author, no path.

    `draw` is called where matplotlib's settings are those of the file; whoever draws with matplotlib elsewhere waits.
    """
    import matplotlib
    from matplotlib.backends.backend_pdf import PdfPages

    about = {"Title": title, "Subject": subject, "Author": None, "Creator": "ecgkt", "Producer": None}
    memory = BytesIO()
    undated = {**about, "CreationDate": None, "ModDate": None}
    with (
        ONE_AT_A_TIME,
        matplotlib.rc_context({"pdf.fonttype": 42, "font.family": FONT}),
        PdfPages(memory, metadata=undated) as file,
    ):
        for page in draw():
            page.figure.savefig(file, format="pdf", dpi=IMAGE_DOTS_PER_INCH)
    return memory.getvalue()


def line_mm(points: float) -> float:
    """Return how far the baselines of a text of that size lie apart."""
    return 1.28 * points / POINTS_PER_MM


def wrapped(text: str, points: float, width: float, *, bold: bool = False, most: int | None = None) -> list[str]:
    """Return the lines of a text that are at most `width` mm wide; a word that is wider is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, points, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [shortened(line, points, width, bold=bold) for line in lines]


def shortened(text: str, points: float, width: float, *, bold: bool = False) -> str:
    """Return a line cut to `width` mm, with an ellipsis where something is missing."""
    if width_of(text, points, bold=bold) <= width:
        return text
    fits = bisect_right(range(1, len(text)), width, key=lambda at: width_of(f"{text[:at]}…", points, bold=bold))
    return f"{text[:fits].rstrip()}…"


@lru_cache(maxsize=4096)
def width_of(text: str, points: float, *, bold: bool = False) -> float:
    """Return how wide a line is in mm."""
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(text, _font(points, bold), False)
    return float(width) / POINTS_PER_MM


def printable(text: str) -> str:
    """Return a text in one line of characters that the letters have; others are question marks."""
    known = _characters()
    return "".join(one if ord(one) in known else "?" for one in " ".join(text.split()))


@lru_cache(maxsize=64)
def _font(points: float, bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=FONT, size=points, weight="bold" if bold else "normal")


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(_font(7.0, False))).get_charmap())
