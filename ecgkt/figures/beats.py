"""The median beat of each lead side by side at 50 mm/s, with the edges of its waves, as one SVG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Domain, Explanation, Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.paper import MARGIN_MM, PULSE_SECONDS, Cell, Paper, Scale, pulse_outline
from ecgkt.figures.sheet import draw_sheet

FROM_MS, TO_MS = -300.0, 700.0
BEAT_SCALE = Scale(50.0, 10.0)
_ROWS = (LEADS[:6], LEADS[6:])
_LEAST_UP_MM, _LEAST_DOWN_MM, _ROOM_MM, _BETWEEN_MM = 14.0, 6.0, 2.0, 2.0


def draw_beats(
    signal: NDArray[np.floating],
    time_ms: NDArray[np.floating],
    edges_ms: Sequence[float],
    count: int,
    domain: Domain,
    scale: Scale = BEAT_SCALE,
    explanation: Explanation | None = None,
    target_title: str | None = None,
    said: str | None = None,
) -> str:
    """Draw (12, n) mV at `time_ms` (n,) from QRS onset; NaN is a lead that could not be read.

    A dashed line stands in every lead at each of `edges_ms`; those that are NaN are left out. `count` beats went in.
    An `explanation` of such a beat from -300 ms on stands behind the ink, one range for all leads. `said` replaces the
    line below. Raises InvalidValue where no sample lies between -300 and 700 ms.
    """
    beat, start = _beat(signal, time_ms, domain)
    edges = tuple((edge - start) / 1000 for edge in edges_ms if np.isfinite(edge) and FROM_MS <= edge < TO_MS)
    return draw_sheet(
        beat,
        lay_out_beats((beat,), scale),
        explanation=explanation,
        target_title=target_title,
        said=said or _said(scale, count, len(edges)) + ("; colour: the map's mean over them" if explanation else ""),
        edges=edges,
    )


def overlay_beats(
    now: tuple[NDArray[np.floating], NDArray[np.floating]],
    other: tuple[NDArray[np.floating], NDArray[np.floating]],
    domain: Domain,
    other_title: str,
    scale: Scale = BEAT_SCALE,
) -> str:
    """Draw the median beats of two ECGs over each other at QRS onset, the other one as a broad light line beneath.

    Each is a (12, n) signal in mV and its (n,) times in ms, as in `draw_beats`.
    """
    beat, beneath = _beat(*now, domain)[0], _beat(*other, domain)[0]
    said = f"{scale} relative to the grid · median beats, no filter, zero at QRS onset; blue: {other_title}"
    return draw_sheet(beat, lay_out_beats((beat, beneath), scale), said=said, beneath=beneath)


def lay_out_beats(beats: Sequence[Record], scale: Scale = BEAT_SCALE) -> Paper:
    """Return a sheet with the limb leads above the chest leads, its rows as high as the waves of all beats are."""
    zone = PULSE_SECONDS * scale.mm_per_second + 5
    left, pitch = MARGIN_MM + zone, beats[0].seconds * scale.mm_per_second + _BETWEEN_MM
    cells: list[Cell] = []
    pulses = []
    top = height = sum(sum(_reach(beats, row, scale)) for row in _ROWS)
    for row in _ROWS:
        up, down = _reach(beats, row, scale)
        baseline = top - up
        top = baseline - down
        pulses.append(pulse_outline(baseline, scale, zone))
        cells += [Cell(lead, 0.0, beats[0].seconds, left + at * pitch, baseline) for at, lead in enumerate(row)]
    width = float(np.ceil(left + len(_ROWS[0]) * pitch + MARGIN_MM))
    return Paper(scale, width, height, tuple(cells), tuple(pulses))


def _beat(signal: NDArray[np.floating], time_ms: NDArray[np.floating], domain: Domain) -> tuple[Record, float]:
    """Return the part of a beat that is drawn, and the time in ms of its first sample."""
    near = (time_ms >= FROM_MS) & (time_ms < TO_MS)
    if np.count_nonzero(near) < 2:
        raise InvalidValue("a beat around its QRS onset", "none", "give times in ms from QRS onset")
    step = float(np.diff(time_ms[near]).mean())
    drawn = np.asarray(signal)[:, near].astype(np.float32)
    return Record(drawn, 1000 / step, "median beats", domain), float(time_ms[near][0])


def _reach(beats: Sequence[Record], leads: Sequence[str], scale: Scale) -> tuple[float, float]:
    """Return how far in whole mm the waves of a row go above and below its baseline."""
    row = np.concatenate([beat.lead(lead) for beat in beats for lead in leads])
    known = row[np.isfinite(row)] * scale.mm_per_millivolt
    up = np.ceil(known.max(initial=0.0) + _ROOM_MM)
    down = np.ceil(-known.min(initial=0.0) + _ROOM_MM)
    return float(max(up, _LEAST_UP_MM)), float(max(down, _LEAST_DOWN_MM))


def _said(scale: Scale, count: int, edges: int) -> str:
    lines = "; dashed: where P begins, QRS begins and ends, T ends" if edges else ""
    return f"{scale} relative to the grid · median of {count} alike beats, no filter, zero at QRS onset{lines}"
