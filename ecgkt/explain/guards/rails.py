"""What a check of a map found, and the one verdict over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ecgkt.errors import InvalidValue

PASSED_DOT, FAILED_DOT, UNDEFINED_DOT = "●", "○", "–"


class State(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNDEFINED = "not checked"


@dataclass(frozen=True)
class Guard:
    """One check: its `figure`, the `limit` that it must keep to, and `source`, where that limit came from.

    With `above` the figure passes from the limit on upwards, else from the limit on downwards. A `figure` or `limit`
    of None is undefined, with the `reason`; a check that is `needed` then counts as failed. `title` is what passes,
    `failure` what is wrong where it does not, `said` the figure in words, `rows` what went into it.
    """

    name: str
    title: str
    failure: str
    figure: float | None
    limit: float | None
    above: bool
    said: str
    source: str
    reason: str = ""
    needed: bool = False
    rows: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if (self.figure is None or self.limit is None) and not self.reason:
            raise InvalidValue(f"a figure and a limit of the check {self.name}, or a reason", "neither", "give one")
        if any(value is not None and not np.isfinite(value) for value in (self.figure, self.limit)):
            raise InvalidValue("a finite figure and limit", f"{self.figure} and {self.limit}", "use None with a reason")

    @property
    def state(self) -> State:
        """Whether it passed, failed, or is undefined."""
        if self.figure is None or self.limit is None:
            return State.FAILED if self.needed else State.UNDEFINED
        passed = self.figure >= self.limit if self.above else self.figure <= self.limit
        return State.PASSED if passed else State.FAILED


@dataclass(frozen=True)
class GuardRails:
    """All checks of one map, in the order in which they are told; `whole` where none was left for later."""

    guards: tuple[Guard, ...]
    target: str
    method: str
    checkpoint_id: str
    whole: bool = True

    def __post_init__(self) -> None:
        names = [guard.name for guard in self.guards]
        if not names or len(set(names)) != len(names):
            raise InvalidValue("checks of different names", f"{', '.join(names) or 'none'}", "name each once")

    def of(self, state: State) -> tuple[Guard, ...]:
        """Return the checks that ended so."""
        return tuple(guard for guard in self.guards if guard.state is state)

    @property
    def reliable(self) -> bool:
        """Whether no check failed; that is no proof that the map is right."""
        return not self.of(State.FAILED)

    @property
    def dots(self) -> str:
        """Return a shape per check, in their order: full passed, empty failed, a dash where it could not be made."""
        shapes = {State.PASSED: PASSED_DOT, State.FAILED: FAILED_DOT, State.UNDEFINED: UNDEFINED_DOT}
        return "".join(shapes[guard.state] for guard in self.guards)

    @property
    def count(self) -> str:
        """Return how many were passed of those that could be made."""
        passed, failed, undefined = (len(self.of(state)) for state in State)
        told = f"passed {passed} of {passed + failed} checks"
        return told + (f", {undefined} could not be made" if undefined else "")

    @property
    def verdict(self) -> str:
        """Return one sentence to trust or distrust the map by."""
        failed = self.of(State.FAILED)
        if failed:
            return f"Do not rely on this map: {'; '.join(guard.failure for guard in failed)}."
        if not self.whole:
            return "Not checked in full yet."
        return "As far as they tell the map is true to the model; whether its place is right they do not say."
