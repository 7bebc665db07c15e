"""A rendered page, measured in pixels as a ruler would."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

PX_PER_MM = 20
DARK = 110


@dataclass(frozen=True)
class Ruled:
    """A rendered page: `rgb` (rows, columns, 3), and where on it the pink of the paper begins and ends, in mm."""

    rgb: NDArray[np.uint8]

    @cached_property
    def dark(self) -> NDArray[np.bool_]:
        return self.rgb.max(axis=2) < DARK

    @cached_property
    def pink(self) -> NDArray[np.bool_]:
        red, green = self.rgb[..., 0].astype(np.int16), self.rgb[..., 1].astype(np.int16)
        return (red - green > 12) & (red > 200)

    def sheet(self) -> tuple[float, float, float, float]:
        """Return left, right, top and bottom of the squares, in mm from the page's upper left corner."""
        rows, columns = (np.flatnonzero(self.pink.sum(axis=axis) > 20 * PX_PER_MM) for axis in (1, 0))
        edges = (columns[0], columns[-1] + 1, rows[0], rows[-1] + 1)
        left, right, top, bottom = (edge / PX_PER_MM for edge in edges)
        return left, right, top, bottom

    def window(self, left: float, right: float, top: float, bottom: float) -> NDArray[np.bool_]:
        """Return the dark pixels of a window in mm."""
        a, b, c, d = (round(PX_PER_MM * one) for one in (left, right, top, bottom))
        return self.dark[c:d, a:b]


def centres(counts: NDArray[np.integer], least: float) -> list[float]:
    """Return the middles in mm of the runs of places where a count reaches `least`."""
    places = np.flatnonzero(counts >= least)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return [float(run.mean() + 0.5) / PX_PER_MM for run in runs if len(run)]


def longest_runs(mask: NDArray[np.bool_]) -> NDArray[np.int_]:
    """Return the longest run of dark pixels in each row."""
    found = np.zeros(len(mask), dtype=int)
    run = np.zeros(len(mask), dtype=int)
    for column in mask.T:
        run = np.where(column, run + 1, 0)
        found = np.maximum(found, run)
    return found
