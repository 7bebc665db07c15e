"""The signed overlay behind the traces: one colour range for all leads, strongest along the ink.

What raises a score is plain orange, what lowers it striped blue: the colours differ for every kind of colour vision,
and the stripes tell the sign in a grey print.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Explanation, Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.paper import Cell, Paper

RAISES_RGB = (230, 97, 0)
LOWERS_RGB = (26, 95, 180)
LEVELS = 24
MAX_OPACITY = 0.9
SMOOTHING_SECONDS = 0.05
CLIP_PERCENTILE = 98.5
ROWS_PER_MM = 2
REACH_MM = 3.0
STRIPE_MM = 2.0
BETWEEN_STRIPES = 0.25


@dataclass(frozen=True, eq=False)
class Patch:
    """The overlay of one cell: `levels` (rows from the top, columns) int8 from -LEVELS to LEVELS, 0 is no colour.

    It covers `x_mm` to `x_mm + width_mm` and `bottom_mm` to `bottom_mm + height_mm` of the sheet.
    """

    cell: Cell
    levels: NDArray[np.int8]
    x_mm: float
    bottom_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, eq=False)
class Overlay:
    """All patches of a sheet, and the share of the absolute attribution that the sheet does not show."""

    patches: tuple[Patch, ...]
    hidden_share: float

    @property
    def note(self) -> str:
        """Return the sentence about what lies outside the windows shown; empty where all is shown."""
        return told_hidden(self.hidden_share)


def shade(explanation: Explanation, record: Record, paper: Paper) -> Overlay:
    """Turn a map into patches along the ink, on one range for all leads (the 98.5th percentile of the whole map).

    The map is averaged over 50 ms for the eye; its own sum and shares are untouched. Raises InvalidValue where the
    map is so much shorter than the recording that it cannot belong to it.
    """
    explained = explanation.attribution.shape[1] / explanation.fs
    if explained + 1.0 < min(record.seconds, max(cell.to_second for cell in paper.cells)):
        raise InvalidValue(
            f"a map of {record.seconds:.1f} s like the recording", f"{explained:.1f} s", "explain this recording"
        )
    smooth = _smooth(explanation.attribution, round(SMOOTHING_SECONDS * explanation.fs))
    limit = float(np.percentile(np.abs(smooth), CLIP_PERCENTILE))
    strength = np.clip(smooth / limit, -1, 1) if limit > 0 else np.zeros_like(smooth)
    patches = tuple(_patch(cell, strength, explanation.fs, record, paper) for cell in paper.cells)
    return Overlay(patches, hidden_share(explanation, paper))


def hidden_share(explanation: Explanation, paper: Paper) -> float:
    """Return the share of the absolute attribution that lies outside the cells of a sheet."""
    mass = np.abs(explanation.attribution.astype(np.float64))
    shown = np.zeros(mass.shape, dtype=bool)
    for cell in paper.cells:
        shown[LEADS.index(cell.lead), _columns(cell, explanation.fs, mass.shape[1])] = True
    total = mass.sum()
    return float(mass[~shown].sum() / total) if total > 0 else 0.0


def told_hidden(share: float) -> str:
    """Return the sentence about a hidden share of a map; empty below one hundredth."""
    return f"{share:.0%} of the map lies outside the seconds shown of each lead" if share >= 0.01 else ""


def legend_levels(width_mm: float, height_mm: float) -> NDArray[np.int8]:
    """Return the levels of a legend of that size, from lowers (striped, left) to raises."""
    x = (np.arange(round(4 * width_mm)) + 0.5) / 4
    y = (np.arange(round(4 * height_mm)) + 0.5)[::-1] / 4
    ramp = np.broadcast_to(2 * x / width_mm - 1, (len(y), len(x)))
    return np.round(_striped(ramp, x, y) * LEVELS).astype(np.int8)


def _striped(
    strength: NDArray[np.floating], x_mm: NDArray[np.floating], y_mm: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Return a strength (rows, columns) whose negative part is striped, so that its sign is told without any colour."""
    stripe = (x_mm[None, :] + y_mm[:, None]) % STRIPE_MM < STRIPE_MM / 2
    return np.where((strength < 0) & ~stripe, BETWEEN_STRIPES * strength, strength)


def palette() -> NDArray[np.uint8]:
    """Return (2 LEVELS + 1, 4) RGBA, from lowers the score to raises it; opacity grows with the magnitude."""
    level = np.arange(-LEVELS, LEVELS + 1)
    colours = np.zeros((len(level), 4), dtype=np.uint8)
    colours[level < 0, :3] = LOWERS_RGB
    colours[level >= 0, :3] = RAISES_RGB
    colours[:, 3] = np.round(255 * MAX_OPACITY * np.abs(level) / LEVELS)
    return colours


def png_uri(levels: NDArray[np.int8]) -> str:
    """Return some levels as a data URI of a palette PNG (ISO/IEC 15948), a few kB for a cell."""
    colours = palette()
    height, width = levels.shape
    rows = (levels.astype(np.int16) + LEVELS).astype(np.uint8)
    unfiltered = np.hstack([np.zeros((height, 1), dtype=np.uint8), rows])
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colours[:, :3].tobytes()),
        (b"tRNS", colours[:, 3].tobytes()),
        (b"IDAT", zlib.compress(unfiltered.tobytes(), 6)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def _smooth(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    if width < 2:
        return values
    kernel = np.hanning(width + 2)[1:-1]
    kernel /= kernel.sum()
    return np.stack([np.convolve(row, kernel, mode="same") for row in values]).astype(np.float32)


def _columns(cell: Cell, fs: float, length: int) -> slice:
    return slice(min(round(cell.from_second * fs), length), min(round(cell.to_second * fs), length))


def _patch(cell: Cell, strength: NDArray[np.float32], fs: float, record: Record, paper: Paper) -> Patch:
    """Spread a cell's strengths over the height of its ink and 3 mm beyond, fading out."""
    columns = _columns(cell, fs, strength.shape[1])
    values = strength[LEADS.index(cell.lead), columns]
    low, high = _ink_span(cell, len(values), fs, record, paper)
    bottom = np.floor(low.min(initial=cell.baseline_mm) - REACH_MM)
    height = np.ceil(high.max(initial=cell.baseline_mm) + REACH_MM) - bottom
    y = bottom + height - (np.arange(int(height * ROWS_PER_MM)) + 0.5) / ROWS_PER_MM
    beyond = np.maximum(np.maximum(low - y[:, None], y[:, None] - high), 0)
    fade = np.clip(1 - (beyond / REACH_MM) ** 2, 0, 1)
    x = cell.x_mm + (np.arange(len(values)) + 0.5) / fs * paper.scale.mm_per_second
    levels = np.round(_striped(values * fade, x, y) * LEVELS).astype(np.int8)
    return Patch(cell, levels, cell.x_mm, float(bottom), len(values) / fs * paper.scale.mm_per_second, float(height))


def _ink_span(
    cell: Cell, count: int, fs: float, record: Record, paper: Paper
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest ink in mm (count,) by column of the map; the baseline where there is none."""
    ink = paper.trace(record, cell).y_mm
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    column = np.minimum((np.arange(len(ink)) / record.fs * fs).astype(int), max(count - 1, 0))
    known = ~np.isnan(ink)
    column, ink = column[known], ink[known]
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    if len(starts):
        low[column[starts]], high[column[starts]] = np.minimum.reduceat(ink, starts), np.maximum.reduceat(ink, starts)
    empty = ~np.isfinite(low)
    low[empty] = high[empty] = cell.baseline_mm
    return low, high
