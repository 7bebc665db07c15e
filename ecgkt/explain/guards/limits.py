"""The limits of the checks: between what maps known to be wrong and right ones reach, written by a command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ecgkt.errors import InvalidValue

PATH = Path(__file__).resolve().parents[3] / "assets" / "guard_limits.json"
WRONG_PASS = 0.05
"""At most this share of the maps that are wrong in the sense of a check keep to its limit."""


@dataclass(frozen=True)
class Limit:
    """A `value`, measured on `n` wrong maps (what they were) and on `right` ones, of which `right_pass` keep to it."""

    value: float
    n: int
    wrong: str
    right: int
    right_pass: float

    @property
    def source(self) -> str:
        """Return in words where the limit came from."""
        told = f"{1 - WRONG_PASS:.0%} of {self.n} {self.wrong} fail it"
        return f"{told}; {self.right_pass:.0%} of {self.right} right ones pass"


@cache
def limits() -> Mapping[str, Mapping[str, Limit]]:
    """Return by check, then by method, the limits; the method "any" holds for all.

    Raises InvalidValue where the file is not as `python -m benchmarks.guard_limits` writes it.
    """
    try:
        told = json.loads(PATH.read_text(encoding="utf-8"))["limits"]
        return {check: {method: Limit(**row) for method, row in rows.items()} for check, rows in told.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidValue(
            f"the limits in {PATH.name}", f"{error}", "write them with `python -m benchmarks.guard_limits`"
        ) from error


def limit_of(check: str, method: str) -> Limit | None:
    """Return the limit of a check for maps of a method, None where none was measured."""
    rows = limits().get(check, {})
    return rows.get(method, rows.get("any"))
