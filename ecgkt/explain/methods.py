"""Attribution methods behind one contract: an ECG and a target in, an `Explanation` of the model's input out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import COMPLETE_METHODS, NO_BASELINE, Explanation
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain import baselines
from ecgkt.explain.baselines import ZERO
from ecgkt.explain.logits import Logit, Score
from ecgkt.explain.questions import Question
from ecgkt.explain.saliency import integrate
from ecgkt.inference import Predictor

DEFAULT = "integrated gradients"
Map = NDArray[np.float32]


@dataclass(frozen=True)
class Method:
    """One way to attribute a logit to the samples of its input.

    `complete` says whether the attribution promises to sum to the score minus the baseline's; `takes_baseline` whether
    one is chosen for it; `draws` whether a seed matters. `description` is one sentence for a reader.
    """

    name: str
    description: str
    attribute: Callable[[Question], Map]
    takes_baseline: bool = True
    draws: bool = False

    @property
    def complete(self) -> bool:
        """Whether the map promises to sum to the score difference."""
        return self.name in COMPLETE_METHODS


def _integrated_gradients(question: Question) -> Map:
    score, reference = question.scores
    return integrate(question.logit, question.signal, question.baseline, score - reference)


def _gradients(question: Question) -> Map:
    import torch
    from captum.attr import Saliency

    found = Saliency(question.logit).attribute(torch.from_numpy(question.signal)[None].requires_grad_(), abs=False)
    attribution: Map = found[0].detach().numpy()
    return attribution


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            DEFAULT,
            "The gradient summed along the straight path from the baseline to the ECG (Sundararajan 2017).",
            _integrated_gradients,
        ),
        Method(
            "gradients",
            "The plain gradient, the control: where a small rise of the voltage would raise or lower the score "
            "(Simonyan 2013); it says nothing about what the voltage is.",
            _gradients,
            takes_baseline=False,
        ),
    )
}
"""Every method by its name, the default first."""


def explain(
    predictor: Predictor,
    record: Record,
    target: str,
    *,
    method: str = DEFAULT,
    baseline: str = ZERO,
    minus: str | None = None,
    seed: int = 0,
    layer: int = -1,
    tables: NDArray[np.float32] | None = None,
) -> Explanation:
    """Attribute the raw logit of `target`, less that of `minus`, to every sample of the model's input.

    `tables` (values,) belong to a model that reads clinical tables and stay as they are. `layer` is Grad-CAM's. A
    method that takes no baseline ignores `baseline`. Raises InvalidValue where the model abstains or the baseline
    cannot be laid, UnknownName for a method, a baseline or a target that is not there. The network stays as it was.
    """
    chosen = find(method)
    logit = Logit.of(predictor, target, minus, tables)
    look = predictor.look(record)
    if look.signal is None:
        raise InvalidValue("an ECG that the model can read", f"{look.refusal}", "explain another recording")
    fs = predictor.card.preprocessing.fs
    reference = baselines.lay(baseline if chosen.takes_baseline else ZERO, record, predictor.card.preprocessing)
    question = Question(logit.private(), look.signal, fs, reference, seed, layer)
    attribution = chosen.attribute(question)
    score, baseline_score = question.scores
    total = float(attribution.astype(np.float64).sum())
    return Explanation(
        attribution=attribution,
        fs=fs,
        method=method,
        target=target,
        baseline=baseline if chosen.takes_baseline else NO_BASELINE,
        score=score,
        baseline_score=baseline_score if chosen.takes_baseline else float("nan"),
        residual=total - (score - baseline_score) if chosen.complete else None,
        checkpoint_id=predictor.card.id,
        minus=minus,
        seed=seed if chosen.draws else None,
    )


def attribute(
    logit: Score,
    signal: NDArray[np.float32],
    fs: float,
    baseline: NDArray[np.float32] | None = None,
    method: str = DEFAULT,
    seed: int = 0,
    layer: int = -1,
) -> Map:
    """Return the attribution (12, n) of any logit at a preprocessed signal (12, n) at `fs` Hz.

    `logit` is a `Logit` (a network of any weights and the column that is asked for) or, where the method does not look
    into the network, any function from (b, 12, n) tensors to (b,). Without `baseline` (12, n) it is the zero signal.
    Raises UnknownName for another method, InvalidValue for another shape or for gaps.
    """
    chosen = find(method)
    signal = np.ascontiguousarray(signal, dtype=np.float32)
    reference = np.zeros_like(signal) if baseline is None else np.ascontiguousarray(baseline, dtype=np.float32)
    own = logit.private() if isinstance(logit, Logit) else logit
    return chosen.attribute(Question(own, signal, fs, reference, seed, layer))


def explain_difference(
    first: Predictor,
    second: Predictor,
    record: Record,
    target: str,
    *,
    method: str = DEFAULT,
    baseline: str = ZERO,
    minus: str | None = None,
    seed: int = 0,
) -> Explanation:
    """Return the map of the first model's raw logit minus the second's on one ECG.

    Raises InvalidValue where their preprocessing differs, and what `explain` raises.
    """
    ours, theirs = (one.card.preprocessing.fingerprint for one in (first, second))
    if ours != theirs:
        raise InvalidValue("two models of one preprocessing", f"{ours} and {theirs}", "compare models of one input")
    one, other = (
        explain(predictor, record, target, method=method, baseline=baseline, minus=minus, seed=seed)
        for predictor in (first, second)
    )
    return one.less(other)


def find(name: str) -> Method:
    """Return a method by its name; raises UnknownName."""
    if name not in METHODS:
        raise UnknownName(f"a method among {', '.join(METHODS)}", repr(name), "choose one of them")
    return METHODS[name]
