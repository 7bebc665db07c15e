"""Which targets share evidence on one ECG: how alike the contributions to their scores are, feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.labels import LabelSet
from ecgkt.errors import InvalidValue
from ecgkt.explain.hidden import Features, read_heads
from ecgkt.inference import Predictor

SHARED = 0.5
"""From this cosine on two targets are told to share evidence; 1 is all of it, 0 none, below 0 evidence against."""


@dataclass(frozen=True, eq=False)
class SharedEvidence:
    """Contributions (k, width) of the encoder's features to the raw score of each of `labels`, on one ECG.

    Row i sums to the logit of label i minus its logit for the zero signal: the heads are linear, so the parts are
    exact. It says what the scores are read from and nothing of what causes what in the patient.
    """

    labels: LabelSet
    contributions: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.contributions.ndim != 2 or len(self.contributions) != len(self.labels):
            raise InvalidValue(
                f"contributions ({len(self.labels)}, width)", f"{self.contributions.shape}", "one row per label"
            )

    def cosines(self, name: str) -> Mapping[str, float]:
        """Return by every other label the cosine of its contributions with those of `name`, from -1 to 1.

        0 where a label has no contributions at all.
        """
        place = self.labels.index(name)
        length = np.linalg.norm(self.contributions, axis=1)
        dots = self.contributions @ self.contributions[place]
        scale = length * length[place]
        cosines = np.divide(dots, scale, out=np.zeros_like(dots), where=scale > 0)
        return {other: float(cosines[row]) for row, other in enumerate(self.labels.names) if row != place}


def shared_evidence(predictor: Predictor, features: Features) -> SharedEvidence:
    """Return what each target's score is read from, on the ECG of which a model read these features."""
    weights, _ = read_heads(predictor)
    return SharedEvidence(predictor.card.labels, weights * (features.ecg - features.zero).astype(np.float64))
