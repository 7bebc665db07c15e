"""One arm's scores on rows whose truth is known, and its metrics on the sample and on every draw of subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.discrimination import FEWEST_POSITIVES, METRICS, Ladder, measure, subjects_of_classes, too_few
from ecgkt.evaluation.resampling import RESAMPLES, draw_subjects


@dataclass(frozen=True)
class ScoreTable:
    """One arm's `scores` (n, k) beside the truth `labels` (n, k) of the same rows; NaN is unknown, in both.

    `subjects` (n,) are the units that are resampled; `names` are the k labels.
    """

    labels: NDArray[np.floating]
    scores: NDArray[np.floating]
    subjects: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        wanted = (len(self.subjects), len(self.names))
        if self.labels.shape != wanted or self.scores.shape != wanted:
            raise InvalidValue(
                f"labels and scores of shape {wanted}", f"{self.labels.shape}, {self.scores.shape}", "align the rows"
            )
        if not np.isin(self.labels[~np.isnan(self.labels)], (0, 1)).all():
            raise InvalidValue("labels 1, 0 or NaN", "other values", "give the truth, not the scores")

    def rows(self, chosen: NDArray[np.bool_]) -> ScoreTable:
        """Return the table of the chosen rows alone."""
        return ScoreTable(self.labels[chosen], self.scores[chosen], self.subjects[chosen], self.names)


@dataclass(frozen=True)
class Bootstrap:
    """One arm's metrics on the sample and on every resample.

    `n` rows and `positives` among them are by label (k,); `units` (k, 2) subjects with a positive, a negative.
    `values` and `draws` are by metric: (k,) and (r, k), NaN where `reasons` says why there is no figure. `rows` are
    fingerprints by label of subjects, truth, missing scores and draws: what is compared must have the same.
    """

    names: tuple[str, ...]
    n: NDArray[np.int64]
    positives: NDArray[np.int64]
    units: NDArray[np.int64]
    reasons: tuple[str | None, ...]
    rows: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]
    draws: Mapping[str, NDArray[np.float64]]

    def defined(self, names: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return those of `names` (all by default) that have enough positives and negatives."""
        reasons = dict(zip(self.names, self.reasons, strict=True))
        return tuple(name for name in self.names if name in set(names or self.names) and reasons[name] is None)


def bootstrap(
    table: ScoreTable,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    metrics: Sequence[str] = tuple(METRICS),
    fewest: int = FEWEST_POSITIVES,
) -> Bootstrap:
    """Measure every label of a table on the sample and on the draws that its subjects and the seed define."""
    draws = draw_subjects(table.subjects, resamples, seed)
    known = ~(np.isnan(table.labels) | np.isnan(table.scores))
    k = len(table.names)
    reasons = [too_few(table.labels[known[:, i], i], table.subjects[known[:, i]], fewest) for i in range(k)]
    defined = [i for i in range(k) if reasons[i] is None]
    ladders = [
        Ladder.of(table.labels[rows, i], table.scores[rows, i], draws.group[rows], len(draws.counts))
        for i, rows in ((i, known[:, i]) for i in defined)
    ]
    found = {metric: np.full((resamples + 1, k), np.nan) for metric in metrics}
    for metric, values in measure(ladders, draws, metrics).items():
        found[metric][:, defined] = values
    start = blake2b(
        np.array([resamples, seed], dtype=np.int64).tobytes() + table.subjects.astype(np.int64).tobytes(),
        digest_size=16,
    )
    rows = []
    for i in range(k):
        digest = start.copy()
        digest.update(np.where(known[:, i], table.labels[:, i], 2).astype(np.uint8).tobytes())
        rows.append(digest.hexdigest())
    return Bootstrap(
        table.names,
        known.sum(axis=0),
        np.where(known, table.labels, 0).sum(axis=0).astype(np.int64),
        np.array([subjects_of_classes(table.labels[known[:, i], i], table.subjects[known[:, i]]) for i in range(k)]),
        tuple(reasons),
        tuple(rows),
        {metric: values[0] for metric, values in found.items()},
        {metric: values[1:] for metric, values in found.items()},
    )
