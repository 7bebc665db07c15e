"""Stage 2, labs: every laboratory abnormality, low and high apart, from the ECG alone."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.domain.labels import Kind
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.training.batches import Batch
from ecgkt.training.embedding import embed
from ecgkt.training.engine import Engine, History, Progress, fit
from ecgkt.training.probe import fit_probe, rows_of
from ecgkt.training.processes import gather
from ecgkt.training.randomness import seeded
from ecgkt.training.settings import Recipe


def train_labs(
    study: Study,
    recipe: Recipe,
    encoder: EcgEncoder | None,
    *,
    engine: Engine | None = None,
    folder: Path | None = None,
    progress: Progress = iter,
) -> tuple[EcgNetwork, History]:
    """Train a stage-1 encoder (None: a new one) with a lab head; a lab that was not measured carries no loss."""
    settings = recipe.labs
    table = study.labels.of_kind(Kind.LAB)
    with seeded(settings.seed + 1):
        start = EcgEncoder(**recipe.encoder) if encoder is None else copy.deepcopy(encoder)
        network = EcgNetwork(start, {str(Kind.LAB): len(table.labels)})
    labels = torch.from_numpy(np.array(table.values))
    rows = study.rows("train")
    rows = rows[~np.isnan(table.values[rows]).all(axis=1)]

    def loss_of(batch: Batch) -> dict[str, Tensor]:
        return {"loss": masked_cross_entropy(gather(network(batch.signals)), gather(batch.take(labels)))}

    rates = {"encoder": 1.0} if encoder is None else None
    history = fit(network, loss_of, study, rows, settings, engine=engine, folder=folder, progress=progress, rates=rates)
    return network, history


def probe_labs(study: Study, network: EcgNetwork, seed: int) -> None:
    """Give a network whose encoder never saw a lab a lab head: a linear probe on its frozen embedding, in place."""
    rows = study.rows("train")
    labels = rows_of(study.labels.of_kind(Kind.LAB).values, rows)
    network.heads[str(Kind.LAB)] = fit_probe(embed(network.encoder, study, rows), labels, seed + 2)
