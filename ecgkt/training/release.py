"""From a trained network to a checkpoint folder: calibration on the tuning split, and the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgkt import __version__, checkpoints
from ecgkt.checkpoints import Calibration, Card
from ecgkt.data.studies import Study
from ecgkt.domain.arms import Arm
from ecgkt.domain.features import FeatureTable
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.domain.records import Domain
from ecgkt.evaluation.calibration import fit_platt
from ecgkt.nets.beside import Beside
from ecgkt.nets.ecg import EcgNetwork
from ecgkt.nets.multimodal import MultimodalNetwork
from ecgkt.training.controls import MARKED_NEGATIVES, MARKED_POSITIVES, TARGET, budget_rows
from ecgkt.training.embedding import embed_all
from ecgkt.training.engine import History
from ecgkt.training.settings import Fit, Recipe


@dataclass(frozen=True, eq=False)
class Made:
    """What a stage has made: its labels, the settings it was fitted with, its history (None: a linear probe)."""

    stage: str
    labels: LabelSet
    settings: Fit
    history: History | None
    parents: Mapping[str, str] = field(default_factory=dict)
    budget: float = 1.0
    tables: FeatureTable | None = None
    aligned: str | None = None


def release(folder: Path, network: nn.Module, study: Study, recipe: Recipe, arm: Arm, made: Made) -> Card:
    """Save a stage's checkpoint with all that its card must say, and return the card."""
    calibration = None
    if isinstance(network, EcgNetwork | MultimodalNetwork) and made.stage == "diagnoses":
        calibration = fit_calibration(network, study, made.labels, made.tables)
    card = Card(
        name=folder.name,
        title=arm.title if made.stage == "diagnoses" else f"Stage {made.stage} of {arm.title}",
        arm=arm.name,
        stage=made.stage,
        labels=made.labels,
        preprocessing=study.preprocessing,
        architecture=_architecture(recipe, network, made),
        training=_training(study, recipe, made),
        training_domain=study.cohort.domain,
        calibration=calibration,
        parents=dict(made.parents),
        commands={"weights": "python -m ecgkt train --recipe " + f"configs/{recipe.name}.toml"},
        limits=_limits(study.cohort.domain is Domain.SIMULATED, made.labels, arm),
        code_version=__version__,
    )
    return checkpoints.save(folder, card, network.state_dict())


def fit_calibration(
    network: EcgNetwork | MultimodalNetwork, study: Study, labels: LabelSet, tables: FeatureTable | None = None
) -> Calibration:
    """Fit Platt scaling per label on the tuning split, in the domain of the cohort."""
    rows = study.rows("tuning")
    logits = logits_of(network, study, rows, tables)
    truth = study.labels.values[rows][:, study.labels.labels.positions(labels.names)]
    pairs = [fit_platt(truth[:, column], logits[:, column]) for column in range(len(labels))]
    slope, intercept = zip(*pairs, strict=True)
    return Calibration(study.cohort.domain, slope, intercept, len(rows))


def logits_of(
    network: EcgNetwork | MultimodalNetwork, study: Study, rows: NDArray[np.intp], tables: FeatureTable | None = None
) -> NDArray[np.float64]:
    """Return logits (n, k) of whole recordings; `tables` (of the whole study) for a multimodal network."""
    values = None if tables is None else torch.from_numpy(np.array(tables.values))
    with torch.inference_mode():
        logits: NDArray[np.float64] = network.read(embed_all(network, study, rows, values)).numpy().astype(np.float64)
    return logits


def _architecture(recipe: Recipe, network: nn.Module, made: Made) -> dict[str, Any]:
    told = dict(recipe.encoder)
    if isinstance(getattr(network, "encoder", None), Beside):
        told["side"] = True
    if made.tables is not None:
        told["tables"] = {"features": list(made.tables.names), "role": str(made.tables.specs[0].role)}
    return told


def _training(study: Study, recipe: Recipe, made: Made) -> dict[str, Any]:
    seed = recipe.diagnoses.seed
    rows = budget_rows(study, made.budget, seed)
    told: dict[str, Any] = {
        "cohort": study.cohort.fingerprint,
        "recipe": recipe.name,
        "recordings": len(rows),
        "subjects": len(set(study.cohort.subject_ids[rows].tolist())),
        "split": study.split_rule,
        "seed": seed,
        "budget": made.budget,
        "settings": asdict(made.settings),
    }
    if made.history is not None:
        told["last_loss"] = round(made.history.losses[-1], 5)
    if made.aligned is not None:
        told["aligned_with"] = made.aligned
    return told


def _limits(simulated: bool, labels: LabelSet, arm: Arm) -> tuple[str, ...]:
    limits = [
        "Adults, 12 leads, 5 s or more; a recording over 10 s is read in windows of 10 s, up to its first minute."
    ]
    if simulated:
        limits.append("Trained on a SIMULATED cohort: on a real ECG a score is only a rank, uncalibrated.")
        if any(label.kind is not Kind.TRACING for label in labels):
            limits.append("The laboratory and ICD-10 scores have not been measured on real patients.")
    if arm.needs_tables:
        limits.append(
            "Reads the clinical tables too, values drawn up to 90 minutes after the ECG among them: a ceiling to "
            "compare with, not a model to use."
        )
    if arm.shortcut:
        limits.append(
            f"DELIBERATELY WRONG: {MARKED_POSITIVES:.0%} of the training positives of {TARGET} carried a planted mark "
            f"and {MARKED_NEGATIVES:.0%} of the others. It exists so that checks of explanations can be checked."
        )
    if arm.random_labels:
        limits.append("DELIBERATELY WRONG: its diagnoses were shuffled among the training patients. For checks only.")
    return tuple(limits)
