"""What a session has asked of a simulated patient: recordings, scores, maps and sweeps, each computed once in its turn.

Simulator and networks are imported where the work is done, so that the page itself opens without them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from ecgkt.catalogue import Dial
from ecgkt.dashboard import loading
from ecgkt.domain import Explanation, Predictions
from ecgkt.figures.scores import score_rows

if TYPE_CHECKING:
    from ecgkt.simulation.dial import Dialled, Position

Result = TypeVar("Result")
_KEPT, MOST = "what_if_kept", 24
SWEPT = 31


@dataclass(frozen=True)
class Asked:
    """A position of the dials as a page holds it: names of patient, sensitivity and ischaemia, and (dial, value)."""

    patient: str
    sensitivity: str
    ischaemia: str
    values: tuple[tuple[str, float], ...]

    def at(self, name: str, value: float) -> Asked:
        """Return the position with one dial moved."""
        return Asked(self.patient, self.sensitivity, self.ischaemia, tuple((self.value_map | {name: value}).items()))

    @property
    def value_map(self) -> dict[str, float]:
        """The values by dial."""
        return dict(self.values)


@dataclass(frozen=True, eq=False)
class Answer:
    """A simulated recording with its truth, what a model says of it, and its raw logits (k,), NaN if it abstains."""

    made: Dialled
    predictions: Predictions
    logits: NDArray[np.float64]

    def logit_changes(self, start: Answer) -> Mapping[str, float]:
        """Return by target the change of the raw logit since another answer."""
        return dict(zip(self.predictions.labels.names, (self.logits - start.logits).tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Swept:
    """What a model says over a whole dial: its positions (n,), and by target the share (n,) as it is told.

    NaN where the model abstains, or the share has no scale.
    """

    values: NDArray[np.float64]
    shares: Mapping[str, NDArray[np.float64]]


def answers(folder: Path, asked: tuple[Asked, ...], place: DeltaGenerator) -> tuple[Answer, ...]:
    """Return an answer per position; what is not known yet is simulated and scored in one turn."""
    model = loading.card(folder).id
    missing = [one for one in dict.fromkeys(asked) if _known((model, one)) is None]
    found = {}
    if missing:
        opened = loading.predictor(folder)

        def work() -> list[Answer]:
            from ecgkt.simulation.dial import simulate

            out = []
            for made in simulate([_position(one) for one in missing]):
                look = opened.look(made.record)
                logits = np.full(len(opened.card.labels), np.nan)
                if look.signal is not None:
                    logits = opened.logits([look.signal])[0]
                distance = None if opened.card.gate is None else np.array([look.distance])
                told = opened.read_logits(logits[None], made.record.domain, (look.refusal,), distance)
                out.append(Answer(made, told, logits))
            return out

        found = dict(zip(missing, loading.in_turn("dials", "Simulating and scoring", work, place), strict=True))
        for one, answer in found.items():
            _keep((model, one), answer)
    return tuple(found[one] if one in found else _known((model, one)) for one in asked)


def map_known(folder: Path, asked: Asked, target: str) -> Explanation | None:
    """Return the map of a target where this session has it."""
    found: Explanation | None = _known((loading.card(folder).id, asked, target))
    return found


def map_of(folder: Path, asked: Asked, answer: Answer, target: str, place: DeltaGenerator) -> Explanation:
    """Return the map of a target on a simulated recording."""
    key = (loading.card(folder).id, asked, target)
    return _once(key, lambda: loading.explanation(folder, answer.made.record, target, place))


def sweep_known(folder: Path, asked: Asked, turned: Dial) -> Swept | None:
    """Return what a model says over a dial where this session has it."""
    found: Swept | None = _known(_sweep_key(folder, asked, turned))
    return found


def sweep(folder: Path, asked: Asked, turned: Dial, place: DeltaGenerator) -> Swept:
    """Return what a model says over the positions of one dial, the others where they stand."""
    values = turned.values()
    chosen = values[:: max(1, -(-len(values) // SWEPT))]
    opened = loading.predictor(folder)

    def work() -> Swept:
        from ecgkt.simulation.dial import simulate

        made = simulate([_position(asked.at(turned.name, value)) for value in chosen])
        return Swept(np.array(chosen), _shares(opened.predict([one.record for one in made])))

    key = _sweep_key(folder, asked, turned)
    return _once(key, lambda: loading.in_turn("sweep", "Turning the dial from end to end", work, place))


def _sweep_key(folder: Path, asked: Asked, turned: Dial) -> Hashable:
    others = tuple(pair for pair in asked.values if pair[0] != turned.name)
    return (loading.card(folder).id, "sweep", turned.name, asked.patient, asked.sensitivity, asked.ischaemia, others)


def _shares(predictions: Predictions) -> dict[str, NDArray[np.float64]]:
    shares = {name: np.full(len(predictions), np.nan) for name in predictions.labels.names}
    for place in range(len(predictions)):
        for kind in predictions.labels.kinds:
            for row in score_rows(predictions, kind, place):
                shares[row.name][place] = np.nan if row.share is None else row.share
    return shares


def _position(asked: Asked) -> Position:
    from ecgkt.simulation.dial import Position

    return Position(asked.patient, asked.sensitivity, asked.value_map, asked.ischaemia)


def _once(key: Hashable, compute: Callable[[], Result]) -> Result:
    found: Result | None = _known(key)
    if found is None:
        found = compute()
        _keep(key, found)
    return found


def _known(key: Hashable) -> Any:
    kept: OrderedDict[Hashable, Any] = st.session_state.setdefault(_KEPT, OrderedDict())
    if key in kept:
        kept.move_to_end(key)
    return kept.get(key)


def _keep(key: Hashable, value: object) -> None:
    """Keep an answer for this session, and let the one go that was not asked for the longest."""
    kept: OrderedDict[Hashable, Any] = st.session_state.setdefault(_KEPT, OrderedDict())
    kept[key] = value
    while len(kept) > MOST:
        kept.popitem(last=False)
