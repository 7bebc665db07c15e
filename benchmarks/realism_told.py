"""Classifiers that try to tell real from simulated recordings, for benchmarks.realism."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from ecgkt.domain.estimates import Estimate
from ecgkt.evaluation.discrimination import auroc_estimate

FOLDS = 5
EPOCHS, BATCH = 14, 32
_EDGE = 0.5


@dataclass(frozen=True)
class Told:
    """How well a classifier tells real (1) from simulated (0): AUROC out of fold, and the loss of AUROC by feature."""

    estimate: Estimate
    importance: NDArray[np.float64]


def folds(real: NDArray[np.bool_], people: NDArray[np.int64], seed: int) -> list[tuple[NDArray[np.intp], ...]]:
    """Return (train, test) rows of each fold; no person is in both."""
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return [(train, test) for train, test in split.split(np.zeros(len(real)), real, people)]


def tell_apart(
    values: NDArray[np.float64], real: NDArray[np.bool_], people: NDArray[np.int64], kind: str, seed: int
) -> Told:
    """Train "logistic" or "trees" on numbers (n, k), NaN where unknown, and judge it out of fold."""
    score, importance = np.empty(len(real)), []
    for train, test in folds(real, people, seed):
        model = _logistic() if kind == "logistic" else _trees(seed)
        model.fit(values[train], real[train])
        score[test] = model.predict_proba(values[test])[:, 1]
        if kind == "trees":
            shuffled = permutation_importance(
                model, values[test], real[test], scoring="roc_auc", n_repeats=2, random_state=seed
            )
            importance.append(shuffled.importances_mean)
    lost = np.mean(importance, axis=0) if importance else np.full(values.shape[1], np.nan)
    return Told(auroc_estimate(real.astype(np.float32), score, people), lost)


def _logistic() -> Pipeline:
    impute = SimpleImputer(strategy="median", add_indicator=True)
    return make_pipeline(impute, StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=500))


def _trees(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.08, max_leaf_nodes=8, l2_regularization=1.0, random_state=seed
    )


def alone(values: NDArray[np.float64], real: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each number's AUROC (k,) by itself, over 0.5 where it is larger in the real; 0.5 where it is constant."""
    found = np.full(values.shape[1], 0.5)
    for column, one in enumerate(values.T):
        known = np.isfinite(one)
        if 0 < real[known].sum() < known.sum():
            found[column] = roc_auc_score(real[known], one[known])
    return found


def network_tells(
    signals: NDArray[np.float32], real: NDArray[np.bool_], people: NDArray[np.int64], fs: float, seed: int
) -> Estimate:
    """Return the out-of-fold AUROC of a small 1-D network on (n, leads, samples); the outer half seconds are cut off.

    They are cut because real files end in a constant or a step, which would tell them apart at once.
    """
    edge = round(_EDGE * fs)
    x = torch.from_numpy(np.ascontiguousarray(signals[:, :, edge:-edge]))
    x = x / x.std(dim=(0, 2), keepdim=True).clamp_min(1e-6)
    y = torch.from_numpy(real.astype(np.float32))
    score = np.empty(len(real))
    for train, test in folds(real, people, seed):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = _fit(x[train], y[train])
        with torch.no_grad():
            score[test] = model(x[test])[:, 0].numpy()
    return auroc_estimate(real.astype(np.float32), score, people)


def _fit(x: Tensor, y: Tensor) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((x.shape[1], 16), (16, 24), (24, 32)):
        layers += [nn.Conv1d(before, after, 7, stride=2, padding=3), nn.BatchNorm1d(after), nn.ReLU()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, 1))
    weight = (len(y) - y.sum()) / y.sum()
    loss = nn.BCEWithLogitsLoss(pos_weight=weight)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    steps = EPOCHS * (len(y) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + 1)
    for _ in range(EPOCHS):
        order = torch.randperm(len(y))
        for start in range(0, len(y) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            optimiser.zero_grad()
            loss(model(x[rows])[:, 0], y[rows]).backward()
            optimiser.step()
            schedule.step()
    return model.eval()
