"""At what height each lead's name stands on a sheet: above its baseline, and elsewhere where a tall wave is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgkt.figures.paper import Paper, Trace

LEFT_MM = 1.0
_LETTER_MM, _HALF_MM, _CLEAR_MM = 2.4, 1.5, 0.6
_HIGHER_MM, _LOWER_MM = (0.0, 2.0, 4.0, -2.0), (-4.5, -6.5, -8.5)


def name_heights(paper: Paper, traces: Sequence[Trace]) -> tuple[float, ...]:
    """Return by trace the middle in mm of its lead's name, `LEFT_MM` right of its cell's edge.

    It is the first height of a few that no ink comes near, or else the one that it leaves most room.
    """
    return tuple(_height(paper, trace, traces) for trace in traces)


def _height(paper: Paper, own: Trace, traces: Sequence[Trace]) -> float:
    cell = own.cell
    left = cell.x_mm + LEFT_MM - _CLEAR_MM
    right = cell.x_mm + LEFT_MM + _LETTER_MM * len(cell.name) + _CLEAR_MM
    ink = np.concatenate([_between(trace, left, right) for trace in traces])
    ink = ink[np.isfinite(ink)]
    offsets = (*(paper.name_mm + step for step in _HIGHER_MM), *_LOWER_MM)
    heights = [cell.baseline_mm + offset for offset in offsets]
    heights = [one for one in heights if _HALF_MM <= one <= paper.height_mm - _HALF_MM] or heights[:1]
    rooms = [float(np.abs(ink - one).min(initial=np.inf)) for one in heights]
    free = [one for one, room in zip(heights, rooms, strict=True) if room >= _HALF_MM + _CLEAR_MM]
    return free[0] if free else heights[int(np.argmax(rooms))]


def _between(trace: Trace, left_mm: float, right_mm: float) -> NDArray[np.float32]:
    first, last = (max(0, int(np.ceil((x - trace.x0_mm) / trace.dx_mm))) for x in (left_mm, right_mm))
    return trace.y_mm[first:last]
