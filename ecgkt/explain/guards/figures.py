"""What the checks measure of a map: one number each, before any limit is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import BETWEEN, NO_BASELINE, Explanation
from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.explain import baselines
from ecgkt.explain.agreement import Agreement, agreement_of
from ecgkt.explain.faithfulness import Faithfulness, deletion_insertion
from ecgkt.explain.guards.randomised import randomised, stages
from ecgkt.explain.logits import Logit, score_of
from ecgkt.explain.methods import DEFAULT, WAVES, attribute
from ecgkt.explain.questions import LEAST_RATE, find_waves
from ecgkt.inference import Predictor
from ecgkt.signals.delineation import Delineation
from ecgkt.signals.heart_part import heart_part
from ecgkt.signals.preprocessing import Preprocessing

Map = NDArray[np.float32]
STEPS, NOISE_DRAWS, RANDOM_NETWORKS = 20, 5, 3
OTHERS = ("gradient SHAP", "DeepLIFT", "occlusion by wave")
"""Methods that a map is compared with, but for its own."""
UNIT = 1.0
"""Score differences smaller than this, in logits, are counted as this."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A map with all that made it: the model, the recording, and a logit of its own network.

    `delineation` may be that of the recording where it is no longer than what the model sees; else it is looked for.
    """

    predictor: Predictor
    record: Record
    explanation: Explanation
    seed: int = 0
    delineation: Delineation | None = None

    def __post_init__(self) -> None:
        if BETWEEN in self.explanation.checkpoint_id or self.explanation.checkpoint_id != self.predictor.card.id:
            raise InvalidValue(
                f"a map of the model {self.predictor.card.id}",
                f"one of {self.explanation.checkpoint_id}",
                "check a map with the one model that made it",
            )

    @cached_property
    def logit(self) -> Logit:
        """The explained logit, of a copy of the network's modules."""
        return Logit.of(self.predictor, self.explanation.target, self.explanation.minus).private()

    @cached_property
    def signal(self) -> Map:
        """The model's input (12, n)."""
        seen = self.predictor.look(self.record).signal
        return self.predictor.card.preprocessing.apply(self.record) if seen is None else seen

    @cached_property
    def waves(self) -> Delineation | None:
        """The beats of the first seconds as recorded, None where none were found."""
        if self.delineation is not None:
            return self.delineation if len(self.delineation.beats) else None
        first = self.record.first_seconds(self.predictor.card.preprocessing.seconds)
        found = find_waves(first.signal, first.fs)
        return found if len(found.beats) else None

    @cached_property
    def baseline(self) -> Map:
        """What the map compares with (12, n); the zero signal where it takes nothing that could be laid again."""
        name = self.explanation.baseline
        if name not in baselines.BASELINES:
            return np.zeros_like(self.signal)
        preprocessing = self.predictor.card.preprocessing
        return baselines.lay(name, self.record, preprocessing, self.signal, self.waves)

    @cached_property
    def foreign(self) -> Map | None:
        """What of the input (12, n) the heart cannot have made, None where that cannot be told."""
        preprocessing = self.predictor.card.preprocessing
        first = self.record.first_seconds(preprocessing.seconds)
        if first.fs < LEAST_RATE or self.waves is None:
            return None
        fine = Preprocessing(first.fs, preprocessing.seconds, preprocessing.highpass_hz, preprocessing.order)
        signal = fine.apply(first)
        made = heart_part(signal, self.waves)
        if made is None:
            return None
        return preprocessing.apply(Record((signal - made).astype(np.float32), first.fs, first.source))

    def scores(self, *signals: Map) -> list[float]:
        """Return the explained logit of inputs (12, n)."""
        logit = Logit.of(self.predictor, self.explanation.target, self.explanation.minus).evaluating()
        found: list[float] = score_of(logit, np.stack(signals)).tolist()
        return found

    def map_of(self, signal: Map, network: object = None, method: str | None = None) -> Map:
        """Return the map of an input by a method, the map's own unless named, for this network or another's weights."""
        logit = self.logit if network is None else Logit(network, self.logit.column, self.logit.minus)  # type: ignore[arg-type]
        method = self.explanation.method if method is None else method
        if method == DEFAULT:
            return quick_gradients(logit, signal, self.baseline)
        beats = self.waves if method == WAVES else None
        return attribute(logit, signal, self.explanation.fs, self.baseline, method, self.seed, beats=beats)

    def alike(self, one: Map, other: Map | None = None) -> Agreement:
        """Return how alike two maps are, the second being the map under test unless given."""
        return agreement_of(self.explanation.attribution if other is None else other, one, self.explanation.fs)


def quick_gradients(logit: Logit, signal: Map, baseline: Map) -> Map:
    """Return integrated gradients by 20 midpoints: within a cosine of 0.98 of the full map, and twice as quick."""
    from ecgkt.explain.gradients import expected_gradients

    shares = ((np.arange(STEPS) + 0.5) / STEPS).astype(np.float32)
    return expected_gradients(logit, signal, baseline, shares, np.zeros((STEPS, *signal.shape), dtype=np.float32))


def unexplained(explanation: Explanation) -> float | None:
    """Return what the map's sum misses as a share of the score difference, or of one logit where that is smaller."""
    if explanation.residual is None or explanation.baseline == NO_BASELINE:
        return None
    return abs(explanation.residual) / max(abs(explanation.score - explanation.baseline_score), UNIT)


def by_other_methods(subject: Subject) -> Iterator[tuple[str, Agreement]]:
    """Yield how alike the map is to that of each other method."""
    for name in OTHERS:
        if name != subject.explanation.method:
            yield name, subject.alike(subject.map_of(subject.signal, method=name))


def down_the_layers(subject: Subject) -> Iterator[tuple[str, Agreement]]:
    """Yield how alike the map is to those of the network randomised from the heads down, but for the last part."""
    parts = stages(subject.predictor.network)
    for count in range(1, len(parts)):
        yield f"{parts[count - 1]} and above shuffled", subject.alike(_shuffled_map(subject, parts[:count], 0))


def all_shuffled(subject: Subject) -> Iterator[tuple[str, Agreement]]:
    """Yield how alike the map is to those of the network with all weights shuffled."""
    parts = stages(subject.predictor.network)
    for draw in range(RANDOM_NETWORKS):
        yield f"all weights shuffled, draw {draw + 1}", subject.alike(_shuffled_map(subject, parts, draw))


def likest(found: Sequence[Agreement]) -> float | None:
    """Return the largest cosine of some, signs aside; None where all are undefined."""
    return max((abs(one.cosine) for one in found if one.cosine is not None), default=None)


def _shuffled_map(subject: Subject, parts: Sequence[str], draw: int) -> Map:
    return subject.map_of(subject.signal, randomised(subject.predictor.network, parts, subject.seed + draw))


def follows(subject: Subject, progress: Callable[[float], None] | None = None) -> Faithfulness:
    """Return how the score follows the map as its pieces are taken out or put in."""

    def logit(inputs: Map) -> NDArray[np.float64]:
        return score_of(subject.logit, inputs)

    return deletion_insertion(
        logit,
        subject.signal,
        subject.explanation.attribution,
        subject.explanation.fs,
        baseline=subject.baseline,
        seed=subject.seed,
        progress=progress,
    )


def under_noise(subject: Subject) -> Iterator[tuple[str, Agreement]]:
    """Yield how alike the map is to those of the ECG with its own noise added once more."""
    for draw, one in enumerate(noisy_maps(subject)):
        yield f"noise, draw {draw + 1}", subject.alike(one)


def gains(curves: Faithfulness) -> tuple[float, float]:
    """Return how much earlier the score falls and rises by the map than in random orders, in [-1, 1].

    As a share of the range of all scores that were seen on the way (of one logit, where that is smaller), and not of
    the difference from start to end: that is small where a score rises and falls again.
    """
    seen = np.concatenate([np.ravel(one) for one in (curves.deletion, curves.insertion)])
    seen = np.concatenate([seen, curves.random_deletion.ravel(), curves.random_insertion.ravel()])
    share = curves.scale / max(float(np.ptp(seen)), UNIT)
    return curves.deletion_gain * share, curves.insertion_gain * share


def noisy_maps(subject: Subject) -> Iterator[Map]:
    """Yield maps of the ECG with its own noise added once more, moved in time each time; none where it is not known.

    What the heart cannot have made, in all leads together, has the noise's level, colour and spread over the leads.
    """
    noise = subject.foreign
    if noise is None:
        return
    generator = np.random.default_rng(subject.seed)
    n = noise.shape[1]
    for _ in range(NOISE_DRAWS):
        moved = np.roll(noise, int(generator.integers(n // 10, n - n // 10)), axis=1)
        yield subject.map_of(subject.signal + moved)


def not_of_the_heart(subject: Subject) -> tuple[float, float, float] | None:
    """Return the scores of the ECG, of what the heart can have made of it, and of the baseline; None if not known."""
    if subject.foreign is None:
        return None
    known = subject.explanation
    if known.baseline in baselines.BASELINES:
        return known.score, subject.scores(subject.signal - subject.foreign)[0], known.baseline_score
    made, reference = subject.scores(subject.signal - subject.foreign, subject.baseline)
    return known.score, made, reference


def share_lost(whole: float, without: float, reference: float) -> float:
    """Return how far a score goes without a part, as a share of its difference from the baseline's or of one logit."""
    return abs(whole - without) / max(abs(whole - reference), UNIT)
