"""Saliency on the leads, through Captum: the attribution of one target's logit to every sample of the ECG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import Explanation
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.explain.logits import Logit, Score, score_of
from ecgkt.inference import Predictor

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 50
UNEXPLAINED = 0.1
BEND = 0.5
ROUNDS = ((44, 6), (90, 10), (180, 20))
"""Steps before and after the bend: near the zero signal a network of ReLUs changes its slope, beyond it hardly ever."""


def integrated_gradients(predictor: Predictor, record: Record, target: str, steps: int | None = None) -> Explanation:
    """Attribute the raw logit of `target` along the straight path from the zero signal (Sundararajan 2017).

    The attribution lies on the model's input, (12, n) at the preprocessing's rate, aligned with the record's start.
    Its completeness residual travels with it. `steps` are spread evenly; without them the integral takes 50, of which
    44 in the first half of the path, then 100 and 200 where those leave more than a tenth of the score difference (of
    one logit, where it is smaller) unexplained. Raises InvalidValue where the model abstains, UnknownName where the
    checkpoint has no such target. The network is left as it was found.
    """
    logit = Logit.of(predictor, target)
    look = predictor.look(record)
    if look.signal is None:
        raise InvalidValue("an ECG that the model can read", f"{look.refusal}", "explain another recording")
    baseline = np.zeros_like(look.signal)
    score, baseline_score = score_of(logit, np.stack([look.signal, baseline])).tolist()
    attribution = integrate(logit.evaluating(), look.signal, baseline, score - baseline_score, steps)
    return Explanation(
        attribution=attribution,
        fs=predictor.card.preprocessing.fs,
        method="integrated gradients",
        target=target,
        baseline="zero signal",
        score=score,
        baseline_score=baseline_score,
        residual=float(attribution.astype(np.float64).sum()) - (score - baseline_score),
        checkpoint_id=predictor.card.id,
    )


def integrate(
    logit: Score,
    signal: NDArray[np.float32],
    baseline: NDArray[np.float32],
    difference: float,
    steps: int | None = None,
) -> NDArray[np.float32]:
    """Return the attribution (12, n) of a logit along the straight path from a baseline (12, n) to a signal (12, n).

    `difference` is the logit's between both; the rule of steps is that of `integrated_gradients`, but that from another
    baseline than the zero signal they are spread evenly, since there the slope changes all along the path.
    """
    import torch
    from captum.attr import IntegratedGradients

    given, reference = torch.from_numpy(signal)[None], torch.from_numpy(baseline)[None]
    bend = reference + BEND * (given - reference)
    method = IntegratedGradients(logit)

    def along(start: Tensor, end: Tensor, count: int) -> Tensor:
        found: Tensor = method.attribute(end, start, n_steps=count, internal_batch_size=BATCH).detach()
        return found

    if steps is not None:
        return _array(along(reference, given, steps))
    for before, after in ROUNDS:
        if baseline.any():
            found = along(reference, given, before + after)
        else:
            found = along(reference, bend, before) + along(bend, given, after)
        if abs(float(found.double().sum()) - difference) <= UNEXPLAINED * max(abs(difference), 1.0):
            break
    return _array(found)


def _array(found: Tensor) -> NDArray[np.float32]:
    attribution: NDArray[np.float32] = found[0].numpy()
    return attribution
