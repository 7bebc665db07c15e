"""What a box on the paper measures by its grid: its width in ms and as a rate, its height in mV."""

from __future__ import annotations

from dataclasses import dataclass

from ecgkt.errors import InvalidValue
from ecgkt.figures.paper import Cell, Paper

SHORTEST_CYCLE_MS = 150.0


@dataclass(frozen=True)
class Span:
    """A box from `second` of the lead in `cell` on: its sides in ms and mV, neither with a sign.

    `per_minute` is the rate of a rhythm with that cycle, None for one under 150 ms, which no rhythm has.
    """

    cell: Cell
    second: float
    milliseconds: float
    millivolt: float
    per_minute: float | None

    def __str__(self) -> str:
        rate = "" if self.per_minute is None else f" · {self.per_minute:.0f}/min"
        return f"{self.milliseconds:.0f} ms{rate} · {self.millivolt:.2f} mV"


def measure_box(paper: Paper, x: tuple[float, float], y: tuple[float, float]) -> Span:
    """Measure between two sides in x and two in y, each pair in any order, in mm from the sheet's lower left corner.

    The lead is that whose seconds hold the left side and whose row is nearest. Raises InvalidValue where there is none.
    """
    left, right, low, high = min(x), max(x), min(y), max(y)
    speed = paper.scale.mm_per_second
    over = [cell for cell in paper.cells if 0 <= left - cell.x_mm < (cell.to_second - cell.from_second) * speed]
    if not over:
        raise InvalidValue("a box that begins on a lead", "one beside them", "draw it over the ECG")
    cell = min(over, key=lambda one: abs(one.baseline_mm - (low + high) / 2))
    milliseconds = 1000 * (right - left) / speed
    return Span(
        cell,
        cell.from_second + (left - cell.x_mm) / speed,
        milliseconds,
        (high - low) / paper.scale.mm_per_millivolt,
        60_000 / milliseconds if milliseconds >= SHORTEST_CYCLE_MS else None,
    )
