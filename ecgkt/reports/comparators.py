"""What can be told without the waveform: boosted trees on age and sex, and on the cart's intervals and axes as well.

They are fitted on the training rows, calibrated on the tuning rows and stored as any model's predictions are. A model
that reads the waveform has to beat them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgkt import __version__
from ecgkt.data.layout import Prepared
from ecgkt.data.studies import read_measurements
from ecgkt.domain.labels import LabelTable
from ecgkt.evaluation.calibration import fit_platt
from ecgkt.reports.judged import Judged, read_judged
from ecgkt.reports.scoring import Progress
from ecgkt.reports.stored import Origin, Stored

COMPARATORS: Mapping[str, str] = MappingProxyType(
    {
        "age_sex": "Comparator: age and sex",
        "intervals": "Comparator: the cart's intervals and axes, age and sex",
    }
)
FEWEST = 10
"""With fewer positives or negatives to learn from, a comparator gives their share to everyone."""
TREES = MappingProxyType({"max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 15, "min_samples_leaf": 20})


def comparator_origin(name: str, judged: Judged) -> Origin:
    """Return what stands in a comparator's file, before it is fitted and calibrated."""
    facts = judged.facts
    core = f"{name} {facts.fingerprint} {facts.manifest} {facts.split_rule} {dict(TREES)} {__version__}"
    return Origin(
        checkpoint=hashlib.sha256(core.encode()).hexdigest()[:12],
        name=name,
        title=COMPARATORS[name],
        arm=name,
        labels=judged.truth.labels.fingerprint,
        cohort=facts,
        slope=(),
        intercept=(),
        calibrated_in=facts.domain,
    )


def fit_comparator(name: str, judged: Judged, progress: Progress = iter) -> Stored:
    """Fit one of `COMPARATORS` on the cohort's training rows and return its predictions of the judged rows.

    Gradient boosting over histograms (Ke 2017), one model per label, missing values as they are. Raises InvalidCohort
    where the cohort was prepared without the cart's measurements and they are asked for.
    """
    train = read_judged(judged.folder, ("train",))
    given, asked = (_values(name, rows) for rows in (train, judged))
    names = judged.truth.labels.names
    logits = np.empty((len(judged.rows), len(names)), np.float32)
    for column in progress(range(len(names))):
        logits[:, column] = _fitted(given, train.truth.values[:, column], asked)
    platt = _platt(judged.truth, logits, judged.rows.of("tuning"))
    origin = comparator_origin(name, judged)
    slope, intercept = zip(*platt, strict=True)
    return Stored(replace(origin, slope=slope, intercept=intercept), judged.rows, names, logits)


def _values(name: str, judged: Judged) -> NDArray[np.float32]:
    """Return (n, 2) age and sex, with the cart's (n, 8) intervals and axes behind them for `intervals`."""
    person = np.stack([judged.rows.ages, judged.rows.sex_male], axis=1)
    if name == "age_sex":
        return person
    _, measured = read_measurements(Prepared(judged.folder))
    return np.concatenate([person, measured[judged.places]], axis=1)


def _fitted(given: NDArray[np.float32], truth: NDArray[np.float32], asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logits (m,) of `asked` (m, f) by trees fitted on `given` (n, f) where the (n,) truth is known."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    known = ~np.isnan(truth)
    y = truth[known]
    positives, negatives = float(y.sum()), float((1 - y).sum())
    if min(positives, negatives) < FEWEST:
        return np.full(len(asked), np.log((positives + 1) / (negatives + 1)), np.float32)
    trees = HistGradientBoostingClassifier(**TREES, early_stopping=False, random_state=0)
    logits: NDArray[np.float64] = trees.fit(given[known], y).decision_function(asked)
    return logits.astype(np.float32)


def _platt(truth: LabelTable, logits: NDArray[np.float32], rows: NDArray[np.bool_]) -> list[tuple[float, float]]:
    return [fit_platt(truth.values[rows, column], logits[rows, column]) for column in range(logits.shape[1])]
