"""Attribution methods behind one contract: an ECG and a target in, an `Explanation` of the model's input out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import COMPLETE_METHODS, NO_BASELINE, Explanation
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain import baselines, gradients, occlusion
from ecgkt.explain.baselines import TYPICAL, ZERO
from ecgkt.explain.logits import Logit, Score
from ecgkt.explain.questions import Question, find_waves
from ecgkt.inference import Predictor
from ecgkt.signals.delineation import Delineation

DEFAULT = "integrated gradients"
WAVES = "occlusion by wave"
Map = NDArray[np.float32]


@dataclass(frozen=True)
class Method:
    """One way to attribute a logit to the samples of its input.

    `description` is one or two sentences for a reader. `baseline` is what it compares with where that is not to be
    chosen: "none", or its own. `draws` says whether a seed matters, `coarse` what the map cannot tell, empty where it
    tells leads and samples apart.
    """

    name: str
    description: str
    attribute: Callable[[Question], Map]
    baseline: str = ""
    draws: bool = False
    coarse: str = ""

    @property
    def complete(self) -> bool:
        """Whether the map promises to sum to the score minus the baseline's."""
        return self.name in COMPLETE_METHODS

    @property
    def takes_baseline(self) -> bool:
        """Whether a baseline is chosen for it."""
        return not self.baseline


def _deep_lift(question: Question) -> Map:
    from ecgkt.explain.layers import deep_lift

    return deep_lift(question)


def _grad_cam(question: Question) -> Map:
    from ecgkt.explain.layers import grad_cam

    return grad_cam(question)


_IN_ORDER = (
    Method(
        DEFAULT,
        "The gradient summed along the straight path from the baseline to the ECG (Sundararajan 2017).",
        gradients.integrated_gradients,
    ),
    Method(
        "gradient SHAP",
        "The same path at points drawn at random, with a little noise (Lundberg 2017).",
        gradients.gradient_shap,
        draws=True,
    ),
    Method(
        "DeepLIFT",
        "Each layer's change from the baseline is passed back to what changed it (Shrikumar 2017).",
        _deep_lift,
    ),
    Method(
        "Grad-CAM",
        "What the last block's channels add to the score, by time (Selvaraju 2017).",
        _grad_cam,
        baseline=NO_BASELINE,
        coarse="It tells moments apart, coarsely, and no leads: every lead has the same colours.",
    ),
    Method(
        "occlusion by electrode",
        "The score's loss as each electrode alone carries the baseline and every lead that hangs on it follows.",
        occlusion.by_electrode,
        coarse="It tells electrodes apart and no waves: within a lead the colours only follow the voltage.",
    ),
    Method(
        WAVES,
        "The score's loss as one P, PR, QRS, ST or T of one beat is a straight line in all leads.",
        occlusion.by_wave,
        baseline=occlusion.STRAIGHT,
        coarse="It tells waves and beats apart and no leads: within a wave the colours only follow the voltage.",
    ),
    Method(
        "gradients",
        "The plain gradient, the control: where a small rise of the voltage would raise or lower the score "
        "(Simonyan 2013). It says nothing of the voltage that is there.",
        gradients.gradients,
        baseline=NO_BASELINE,
    ),
)
METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _IN_ORDER})
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
    steps: int | None = None,
) -> Explanation:
    """Attribute the raw logit of `target`, less that of `minus`, to every sample of the model's input.

    `tables` (values,) belong to a model that reads clinical tables and stay as they are. `layer` is Grad-CAM's block,
    `steps` are those of integrated gradients, as many as its sum needs where None. A method that takes no baseline
    ignores `baseline`. Raises InvalidValue where the model abstains, no waves are found that are needed, or another
    method is given steps; UnknownName for a method, a baseline or a target that is not there. The network stays as it
    was.
    """
    chosen, named = find(method), baselines.find(baseline)
    if steps is not None and method != DEFAULT:
        raise InvalidValue(f"steps for {DEFAULT} alone", f"{steps} for {method}", "leave the steps out")
    logit = Logit.of(predictor, target, minus, tables)
    look = predictor.look(record)
    if look.signal is None:
        raise InvalidValue("an ECG that the model can read", f"{look.refusal}", "explain another recording")
    preprocessing = predictor.card.preprocessing
    beats = None
    if method == WAVES or (chosen.takes_baseline and named == TYPICAL):
        beats = find_waves(record.first_seconds(preprocessing.seconds).signal, record.fs)
    if method == WAVES and beats is not None:
        reference = occlusion.without_waves(look.signal, preprocessing.fs, beats)
    else:
        name = named if chosen.takes_baseline else ZERO
        reference = baselines.lay(name, record, preprocessing, look.signal, beats)
    question = Question(logit.evaluating(), look.signal, preprocessing.fs, reference, seed, layer, beats, steps)
    attribution = chosen.attribute(question)
    score, baseline_score = question.scores
    total = float(attribution.astype(np.float64).sum())
    return Explanation(
        attribution=attribution,
        fs=preprocessing.fs,
        method=method,
        target=target,
        baseline=chosen.baseline or named,
        score=score,
        baseline_score=float("nan") if chosen.baseline == NO_BASELINE else baseline_score,
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
    beats: Delineation | None = None,
) -> Map:
    """Return the attribution (12, n) of any logit at a preprocessed signal (12, n) at `fs` Hz.

    `logit` is a `Logit` (a network of any weights and the column that is asked for) or, where the method does not look
    into the network, any function from (b, 12, n) tensors to (b,). Without `baseline` (12, n) it is the zero signal.
    Occlusion by wave takes `beats` (those of the signal itself where None). Raises UnknownName for another method,
    InvalidValue for another shape, for gaps, or where there is no wave to occlude.
    """
    chosen = find(method)
    signal = np.ascontiguousarray(signal, dtype=np.float32)
    reference = np.zeros_like(signal) if baseline is None else np.ascontiguousarray(baseline, dtype=np.float32)
    own = logit.evaluating() if isinstance(logit, Logit) else logit
    return chosen.attribute(Question(own, signal, fs, reference, seed, layer, beats))


def find(name: str) -> Method:
    """Return a method by its name; raises UnknownName."""
    if name not in METHODS:
        raise UnknownName(f"a method among {', '.join(METHODS)}", repr(name), "choose one of them")
    return METHODS[name]
