"""How a model's scores move between two ECGs: target by target, in logits and as the scores are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.predictions import Predictions
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor


@dataclass(frozen=True, eq=False)
class Moves:
    """Scores of k labels before and after; `logits` (2, k) are raw, `after` has scores even where `refusal` is one.

    `refusal` is the sentence with which the model would abstain from the changed ECG in use, None where it would not.
    """

    before: Predictions
    after: Predictions
    logits: NDArray[np.float64]
    refusal: str | None

    @property
    def change(self) -> NDArray[np.float64]:
        """The change (k,) of the raw logit."""
        change: NDArray[np.float64] = self.logits[1] - self.logits[0]
        return change

    def order(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return these labels by the size of their change, the largest first."""
        size = np.abs(self.change)
        return tuple(sorted(names, key=lambda name: -size[self.before.labels.index(name)]))


def moves(predictor: Predictor, before: Record, after: Record) -> Moves:
    """Score an ECG and what was made of it, the changed one even where the model would abstain from it in use.

    A silenced electrode is a flat lead, and a model refuses flat leads for good reason: nobody knows what is under
    them. Here it is known, and what the score does without it is the question, so it is asked all the same and the
    refusal travels with the answer. Raises InvalidValue where the model abstains from the ECG as it was, or reads
    clinical tables as well.
    """
    look = predictor.look(before)
    if look.signal is None:
        raise InvalidValue("an ECG that the model can read", f"{look.refusal}", "open another one")
    inputs = [look.signal, predictor.card.preprocessing.apply(after)]
    logits = predictor.logits(inputs)
    told = [predictor.read_logits(logits[[row]], record.domain) for row, record in enumerate((before, after))]
    return Moves(told[0], told[1], logits, predictor.look(after).refusal)
