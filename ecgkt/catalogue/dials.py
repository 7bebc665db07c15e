"""What may be turned on a simulated patient: dials with their ranges, how sensitive a heart may be, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ecgkt.catalogue.files import read
from ecgkt.catalogue.panel import lab
from ecgkt.errors import InvalidValue, UnknownName

ISCHAEMIA = "ischaemia"


@dataclass(frozen=True)
class Dial:
    """One dial in `unit`, from `low` to `high` by `step`, beginning at `start`; the simulator calls it `given`.

    `usual` is the range called usual, None where there is none, from `usual_source`. `below` and `above` name the
    targets that speak of a value on that side, "" where the catalogue has none.
    """

    name: str
    title: str
    given: str
    unit: str
    low: float
    high: float
    step: float
    start: float
    usual: tuple[float, float] | None
    usual_source: str
    below: str
    above: str
    note: str

    def __post_init__(self) -> None:
        if not self.low <= self.start <= self.high or self.step <= 0:
            raise InvalidValue("a start within the range and a step above 0", self.name, "correct dials.toml")

    @property
    def digits(self) -> int:
        """How many decimals its values are told with."""
        return len(f"{self.step:g}".partition(".")[2])

    def told(self, value: float) -> str:
        """Return a value with its unit."""
        gap = "" if self.unit.startswith("/") else " "
        return f"{value:.{self.digits}f}{gap}{self.unit}"

    def values(self) -> tuple[float, ...]:
        """Return every position of the dial."""
        count = round((self.high - self.low) / self.step)
        return tuple(round(self.low + place * self.step, 6) for place in range(count + 1))

    def target(self, value: float) -> str:
        """Return the target that speaks of a value: of its side, or of the other where that side has none."""
        middle = self.start if self.usual is None else sum(self.usual) / 2
        return (self.below if value < middle else self.above) or self.above or self.below


@dataclass(frozen=True)
class Sensitivity:
    """How strongly a heart answers: multiples of the simulator's sizes, for high potassium and for the other causes."""

    name: str
    title: str
    high_potassium: float
    other: float
    said: str


@dataclass(frozen=True)
class DialPatient:
    """A simulated patient whom the dials are turned on, by `number` under the seed of `dial_seed`."""

    name: str
    number: int
    title: str


@cache
def dials() -> dict[str, Dial]:
    """Return the dials by name in the order of the screen; the range of a blood value is the laboratory's."""
    return {name: _dial(name, row) for name, row in read("dials")["dial"].items()}


@cache
def ischaemia_kinds() -> dict[str, str]:
    """Return what the ischaemia dial may do, by name: elevation or depression, and where."""
    return dict(read("dials")["ischaemia"])


@cache
def sensitivities() -> dict[str, Sensitivity]:
    """Return the sensitivities by name, the least first."""
    return {name: Sensitivity(name, **row) for name, row in read("dials")["sensitivity"].items()}


@cache
def dial_patients() -> dict[str, DialPatient]:
    """Return the patients by name."""
    return {name: DialPatient(name, **row) for name, row in read("dials")["patient"].items()}


def dial_seed() -> int:
    """Return the seed under which they are drawn: no released model was trained on it."""
    return int(read("dials")["seed"])


def dial(name: str) -> Dial:
    """Return one dial; raise UnknownName where there is none of that name."""
    if name not in dials():
        raise UnknownName(f"one of: {', '.join(dials())}", repr(name), "choose a dial from that list")
    return dials()[name]


def _dial(name: str, row: dict[str, Any]) -> Dial:
    plain = {key: value for key, value in row.items() if key not in ("lab", "usual", "usual_source")}
    usual, source = row.get("usual"), row.get("usual_source", "")
    if "lab" in row:
        analyte = lab(row["lab"])
        usual = [analyte.usual_limit(side) for side in ("low", "high")]
        source = analyte.usual_source
    return Dial(name=name, usual=None if usual is None else (usual[0], usual[1]), usual_source=source, **plain)
