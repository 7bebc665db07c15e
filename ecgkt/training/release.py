"""From a trained network to a checkpoint folder: calibration on the tuning split, and the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgkt import __version__, checkpoints
from ecgkt.checkpoints import Calibration, Card
from ecgkt.data.studies import Study
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.domain.records import Domain
from ecgkt.evaluation.calibration import fit_platt
from ecgkt.nets.ecg import EcgNetwork
from ecgkt.training.settings import Fit, Recipe

TITLES = {
    "baseline": "Baseline: signal only, from scratch",
    "transferred": "Transferred: ECG that knows the blood",
    "signal_only": "Signal only: what the tracing shows",
}


def release(
    folder: Path,
    network: nn.Module,
    study: Study,
    recipe: Recipe,
    *,
    arm: str,
    stage: str,
    labels: LabelSet,
    settings: Fit,
    history: list[float],
    parents: Mapping[str, str] | None = None,
) -> Card:
    """Save a stage's checkpoint with all that its card must say, and return the card."""
    calibration = None
    if isinstance(network, EcgNetwork) and stage == "diagnoses":
        calibration = fit_calibration(network, study, labels)
    simulated = study.cohort.domain is Domain.SIMULATED
    card = Card(
        name=folder.name,
        title=("" if stage == "diagnoses" else f"Stage {stage} of ") + TITLES[arm],
        arm=arm,
        stage=stage,
        labels=labels,
        preprocessing=study.preprocessing,
        architecture=dict(recipe.encoder),
        training=_training(study, recipe, settings, history),
        training_domain=study.cohort.domain,
        calibration=calibration,
        parents=dict(parents or {}),
        commands={"weights": "python -m ecgkt train --recipe " + f"configs/{recipe.name}.toml"},
        limits=_limits(simulated, labels),
        code_version=__version__,
    )
    return checkpoints.save(folder, card, network.state_dict())


def fit_calibration(network: EcgNetwork, study: Study, labels: LabelSet) -> Calibration:
    """Fit Platt scaling per label on the tuning split, in the domain of the cohort."""
    rows = study.rows("tuning")
    logits = logits_of(network, study.signals, rows)
    truth = study.labels.values[rows][:, study.labels.labels.positions(labels.names)]
    pairs = [fit_platt(truth[:, column], logits[:, column]) for column in range(len(labels))]
    slope, intercept = zip(*pairs, strict=True)
    return Calibration(study.cohort.domain, slope, intercept, len(rows))


def logits_of(network: EcgNetwork, signals: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return logits (n, k) of whole recordings, 64 at a time."""
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(np.ascontiguousarray(signals[rows[start : start + 64]]))).numpy()
            for start in range(0, len(rows), 64)
        ]
    return np.concatenate(parts).astype(np.float64)


def _training(study: Study, recipe: Recipe, settings: Fit, history: list[float]) -> dict[str, Any]:
    return {
        "cohort": study.cohort.fingerprint,
        "recipe": recipe.name,
        "recordings": len(study.rows("train")),
        "subjects": len(set(study.cohort.subject_ids[study.rows("train")].tolist())),
        "split": study.split_rule,
        "settings": asdict(settings),
        "last_loss": round(history[-1], 5),
    }


def _limits(simulated: bool, labels: LabelSet) -> tuple[str, ...]:
    limits = ["Adults, 12 leads, 5 to 10 s; the first 10 s of a longer recording are read."]
    if simulated:
        limits.append("Trained on a small SIMULATED cohort: on a real ECG a score is only a rank, uncalibrated.")
        if any(label.kind is not Kind.TRACING for label in labels):
            limits.append("The laboratory and ICD-10 scores have not been measured on real patients.")
    return tuple(limits)
