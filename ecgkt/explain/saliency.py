"""Saliency on the leads, through Captum: the attribution of one target's logit to every sample of the ECG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecgkt.domain.explanations import Explanation
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor
from ecgkt.signals.adults import under_age
from ecgkt.signals.quality import assess

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 50


def integrated_gradients(predictor: Predictor, record: Record, target: str, steps: int = 50) -> Explanation:
    """Attribute the raw logit of `target` along the straight path from the zero signal (Sundararajan 2017).

    The attribution lies on the model's input, (12, n) at the preprocessing's rate, aligned with the record's start.
    Its completeness residual travels with it. Raises InvalidValue where the record cannot be read, UnknownName
    where the checkpoint has no such target. The network is left as it was found.
    """
    import torch
    from captum.attr import IntegratedGradients

    column = predictor.card.labels.index(target)
    preprocessing = predictor.card.preprocessing
    refusal = under_age(record.age) or assess(record, preprocessing.seconds).refusal
    if refusal is not None:
        raise InvalidValue("an ECG that the model can read", refusal, "explain another recording")
    signal = torch.from_numpy(preprocessing.apply(record))[None]
    baseline = torch.zeros_like(signal)

    def logit(x: Tensor) -> Tensor:
        scores: Tensor = predictor.network(x)[:, column]
        return scores

    attribution = IntegratedGradients(logit).attribute(signal, baseline, n_steps=steps, internal_batch_size=BATCH)
    with torch.inference_mode():
        score, baseline_score = (float(logit(x)[0]) for x in (signal, baseline))
    return Explanation(
        attribution=attribution[0].detach().numpy(),
        fs=preprocessing.fs,
        method="integrated gradients",
        target=target,
        baseline="zero signal",
        score=score,
        baseline_score=baseline_score,
        residual=float(attribution.double().sum()) - (score - baseline_score),
        checkpoint_id=predictor.card.id,
    )
