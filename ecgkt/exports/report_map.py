"""What is said beside a target's map in a report: the sentence, how it was made, its checks, its shares by wave."""

from __future__ import annotations

from ecgkt.errors import EcgktError
from ecgkt.explain.guards import GuardRails
from ecgkt.explain.placed import placed_words
from ecgkt.explain.told import DO_NOT_RELY, made_and_missed, subject
from ecgkt.explain.words import signed
from ecgkt.exports.reading import Mapped, Reading
from ecgkt.figures.page import Page, line_mm, width_of
from ecgkt.figures.saliency import SMOOTHING_SECONDS
from ecgkt.figures.scores import score_rows

NOT_CHECKED = "The checks of this map were not made."
_TABLE_MM, _GAP_MM = 84.0, 8.0


def draw_map_words(
    page: Page, reading: Reading, note: str, left: float, bottom: float, width: float, top: float
) -> None:
    """Draw what a map may be taken for, between `top` and `bottom`; `note` says what of it lies outside the sheet."""
    mapped = reading.mapped
    if mapped is None:
        return
    wide = width - _TABLE_MM - _GAP_MM
    y = top - 3.6
    failed = mapped.rails is not None and not mapped.rails.reliable
    title = subject(reading.card.labels, mapped.explanation)
    page.words(left, y, f"{DO_NOT_RELY} {title}" if failed else f"Why: {title}", 10.0, bold=True, width=wide)
    y -= 4.8
    y = page.paragraph(left, y, _score(reading, mapped), wide, 7.0, most=3) - 0.8
    y = page.paragraph(left, y, mapped.said, wide, 7.4, bold=True, most=3) - 0.8
    made = f"{made_and_missed(mapped.explanation)} A map is no cause, and methods disagree: look at the ECG first."
    y = page.paragraph(left, y, made, wide, 6.6, most=2) - 0.8
    y = page.paragraph(left, y, checked(mapped.rails), wide, 7.0, bold=failed, most=3) - 0.8
    for told, bold in zip(_placed(mapped), (True, False), strict=True):
        if y > bottom + 6.0:
            y = page.paragraph(left, y, told, wide, 7.0 if bold else 6.0, bold=bold, faint=not bold, most=2) - 0.4
    outside = f" {note}." if note else ""
    smoothed = f"On the ECG the map is averaged over {1000 * SMOOTHING_SECONDS:.0f} ms.{outside}"
    page.paragraph(left, max(y, bottom + 1.0), smoothed, wide, 5.8, faint=True, most=2)
    _legend(page, left + wide + _GAP_MM, top - 3.6)
    _table(page, mapped, left + wide + _GAP_MM, top - 9.0)


def checked(rails: GuardRails | None) -> str:
    """Return what the checks of a map found, in sentences."""
    if rails is None:
        return NOT_CHECKED
    said = rails.count
    return f"Checks of this map: {said}. {rails.verdict}"


def _placed(mapped: Mapped) -> tuple[str, str]:
    """Return what maps of this target were worth on simulated patients, a verdict and its figures."""
    try:
        return placed_words(mapped.explanation.checkpoint_id, mapped.explanation)
    except EcgktError as error:
        return "", str(error)


def _score(reading: Reading, mapped: Mapped) -> str:
    """Return the score that the map explains, as on the page, and the target's rule."""
    predictions, one = reading.predictions, mapped.explanation
    if predictions is None:
        return ""
    label = predictions.labels[one.target]
    row = next((row for row in score_rows(predictions, label.kind) if row.name == one.target), None)
    return f"{label.rule} Score: {row.sentence}." if row is not None else label.rule


def _legend(page: Page, x: float, y: float) -> None:
    before = width_of("lowers the score", 6.4)
    page.words(x, y, "lowers the score", 6.4)
    page.legend(x + before + 1.5, y - 0.6)
    page.words(x + before + 27.0, y, "raises it", 6.4)


def _table(page: Page, mapped: Mapped, x: float, y: float) -> None:
    """Draw the shares by wave, each with its chance level, and the leads that hold most."""
    found = mapped.shares
    if found is None or found.empty:
        return
    parts = found.by_region if found.regions.beats else found.by_lead
    columns = (x + 52.0, x + 62.0, x + 71.0, x + _TABLE_MM)
    for at, name in zip(columns, ("map", "signal", "times", "sum"), strict=True):
        page.words(at, y, name, 5.8, faint=True, anchor="right")
    page.words(x, y, "By wave" if found.regions.beats else "By lead", 6.4, bold=True)
    for part in parts:
        y -= line_mm(6.4)
        page.words(x, y, part.name, 6.4)
        if part.chance == 0:
            page.words(x + 24.0, y, "none was found", 5.8, faint=True)
            continue
        page.bar(x + 24.0, y, 20.0, 1.9, part.share, part.chance)
        figures = (f"{part.share:.0%}", f"{part.chance:.0%}", f"{part.times:.1f}", signed(part.signed))
        for at, told in zip(columns, figures, strict=True):
            page.words(at, y, told, 6.4, anchor="right")
    if found.regions.beats:
        most = sorted(found.by_lead, key=lambda part: -part.share)[:6]
        told = ", ".join(f"{part.name} {part.share:.0%}" for part in most)
        page.paragraph(x, y - 4.0, f"Leads that hold most: {told} (8% each if even).", _TABLE_MM, 6.0, most=2)
