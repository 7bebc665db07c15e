"""Saliency on the leads, through Captum: the attribution of one target's logit to every sample of the ECG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecgkt.domain.explanations import Explanation
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 50
STEPS, UNEXPLAINED = (50, 200), 0.1


def integrated_gradients(predictor: Predictor, record: Record, target: str, steps: int | None = None) -> Explanation:
    """Attribute the raw logit of `target` along the straight path from the zero signal (Sundararajan 2017).

    The attribution lies on the model's input, (12, n) at the preprocessing's rate, aligned with the record's start.
    Its completeness residual travels with it. Without `steps` the integral takes 50, and 200 where those leave more
    than a tenth of the score difference (of one logit, where it is smaller) unexplained. Raises InvalidValue where the
    model abstains, UnknownName where the checkpoint has no such target. The network is left as it was found.
    """
    import torch
    from captum.attr import IntegratedGradients

    column = predictor.card.labels.index(target)
    look = predictor.look(record)
    if look.signal is None:
        raise InvalidValue("an ECG that the model can read", f"{look.refusal}", "explain another recording")
    signal = torch.from_numpy(look.signal)[None]
    baseline = torch.zeros_like(signal)

    def logit(x: Tensor) -> Tensor:
        scores: Tensor = predictor.network(x)[:, column]
        return scores

    with torch.inference_mode():
        score, baseline_score = (float(logit(x)[0]) for x in (signal, baseline))
    difference = score - baseline_score
    for count in STEPS if steps is None else (steps,):
        found = IntegratedGradients(logit).attribute(signal, baseline, n_steps=count, internal_batch_size=BATCH)
        residual = float(found.double().sum()) - difference
        if abs(residual) <= UNEXPLAINED * max(abs(difference), 1.0):
            break
    return Explanation(
        attribution=found[0].detach().numpy(),
        fs=predictor.card.preprocessing.fs,
        method="integrated gradients",
        target=target,
        baseline="zero signal",
        score=score,
        baseline_score=baseline_score,
        residual=residual,
        checkpoint_id=predictor.card.id,
    )
