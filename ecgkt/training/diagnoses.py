"""Stage 3, diagnoses: what the tracing shows and what was coded at the visit, with the lab heads kept in training."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.domain.labels import Kind
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.training.labs import probe_labs
from ecgkt.training.loop import Batch, Progress, fit, seeded
from ecgkt.training.settings import Recipe

DIAGNOSES = (Kind.TRACING, Kind.VISIT)


def train_diagnoses(
    study: Study,
    recipe: Recipe,
    parent: EcgNetwork | None,
    progress: Progress = iter,
    kinds: tuple[Kind, ...] = DIAGNOSES,
) -> tuple[EcgNetwork, list[float]]:
    """Train stage 3 on training rows, from a stage-2 network (transferred) or from nothing (baseline).

    The transferred arm keeps its lab head in training. The baseline learns diagnoses only; its lab head is a linear
    probe on its frozen embedding, fitted afterwards, so that one forward pass gives the same labels in every arm.
    With fewer `kinds` than both diagnoses the network gives those alone.
    """
    settings = recipe.diagnoses
    sizes = {str(kind): len(study.labels.labels.of_kind(kind)) for kind in kinds}
    with seeded(settings.seed + 3):
        encoder = EcgEncoder(**recipe.encoder) if parent is None else copy.deepcopy(parent.encoder)
        network = EcgNetwork(encoder, sizes)
    if parent is not None:
        network.heads[str(Kind.LAB)] = copy.deepcopy(parent.heads[str(Kind.LAB)])
    diagnoses = torch.from_numpy(np.array(study.labels.of_kind(*kinds).values))
    labs = torch.from_numpy(np.array(study.labels.of_kind(Kind.LAB).values))

    def loss_of(batch: Batch) -> Tensor:
        logits = network(batch.signals)
        loss = masked_cross_entropy(logits[:, : diagnoses.shape[1]], diagnoses[batch.rows])
        if parent is not None:
            loss = loss + settings.lab_weight * masked_cross_entropy(logits[:, diagnoses.shape[1] :], labs[batch.rows])
        return loss

    history = fit([network], loss_of, study.signals, study.rows("train"), study.preprocessing.fs, settings, progress)
    if parent is None and kinds == DIAGNOSES:
        probe_labs(study, network, settings)
    return network, history
