"""What must not be missed on an ECG, in a fixed order, and what of it no target covers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ecgkt.catalogue.files import read
from ecgkt.catalogue.targets import all_labels


@dataclass(frozen=True)
class Condition:
    """One condition of the strip: the label `target` speaks of it, `caution` says what that label leaves open."""

    name: str
    title: str
    target: str
    why: str
    source: str
    caution: str

    def __post_init__(self) -> None:
        all_labels().index(self.target)


@cache
def do_not_miss() -> tuple[Condition, ...]:
    """Return the conditions in the order of the screen; raise UnknownName where a target is not in the catalogue."""
    return tuple(Condition(name, **row) for name, row in read("do_not_miss")["condition"].items())


@cache
def not_covered() -> tuple[str, ...]:
    """Return conditions as dangerous that no target covers."""
    return tuple(read("do_not_miss")["not_covered"])
