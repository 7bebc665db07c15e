"""By how much two halves of one real ECG differ: what a change between two ECGs is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgkt.catalogue.files import read


@dataclass(frozen=True)
class Repeatability:
    """`limits` by measurement name: in 19 of 20 of `records` ECGs the first and the last 5 s differ by less."""

    records: int
    limits: Mapping[str, float]


def repeatability() -> Repeatability:
    """Return the limits as `benchmarks.repeatability` wrote them: /min, ms, degrees, and mV for `st`."""
    known = read("repeatability")
    return Repeatability(known["records"], known["limits"])
