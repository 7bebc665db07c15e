"""Where each lead's name stands on a sheet: above the start of its line, and aside where a tall wave is there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ecgkt.figures.paper import Paper, Trace

LEFT_MM = 1.0
_LETTER_MM, _HALF_MM, _CLEAR_MM = 2.4, 1.5, 0.6
_RIGHT_MM, _UP_MM = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0), (0.0, 2.0, -2.0)


def name_places(paper: Paper, traces: Sequence[Trace]) -> tuple[tuple[float, float], ...]:
    """Return by trace the left edge and the middle in mm of its lead's name.

    It is the first place of a few that no ink comes near, from the usual one rightwards, or else the one that the ink
    leaves most room.
    """
    return tuple(_place(paper, trace, traces) for trace in traces)


def _place(paper: Paper, own: Trace, traces: Sequence[Trace]) -> tuple[float, float]:
    cell = own.cell
    width = _LETTER_MM * len(cell.name)
    usual = (cell.x_mm + LEFT_MM, cell.baseline_mm + paper.name_mm)
    best, most = usual, -np.inf
    for right, up in product(_RIGHT_MM, _UP_MM):
        x, y = usual[0] + right, usual[1] + up
        if not _HALF_MM <= y <= paper.height_mm - _HALF_MM:
            continue
        ink = np.concatenate([_between(trace, x - _CLEAR_MM, x + width + _CLEAR_MM) for trace in traces])
        room = float(np.abs(ink[np.isfinite(ink)] - y).min(initial=np.inf))
        if room >= _HALF_MM + _CLEAR_MM:
            return x, y
        if room > most:
            best, most = (x, y), room
    return best


def _between(trace: Trace, left_mm: float, right_mm: float) -> NDArray[np.float32]:
    first, last = (max(0, int(np.ceil((x - trace.x0_mm) / trace.dx_mm))) for x in (left_mm, right_mm))
    return trace.y_mm[first:last]
