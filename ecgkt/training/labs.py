"""Stage 2, labs: every laboratory abnormality, low and high apart, from the ECG alone."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ecgkt.data.studies import Study
from ecgkt.domain.labels import Kind
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy, masked_squared_error
from ecgkt.training.batches import Batch
from ecgkt.training.engine import Engine, History, Progress, fit
from ecgkt.training.pretrain import new_tables
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
    """Train a stage-1 encoder (None: a new one) with a lab head; what was not measured carries no loss.

    With the recipe's `value_weight` the values of the tables are regressed too, by a head that is not kept.
    """
    settings = recipe.labs
    table = study.labels.of_kind(Kind.LAB)
    rows = study.rows("train")
    seen = np.concatenate([table.values, study.partners.values], axis=1) if settings.value_weight else table.values
    rows = rows[~np.isnan(seen[rows]).all(axis=1)]
    with seeded(settings.seed + 1):
        start = EcgEncoder(**recipe.encoder) if encoder is None else copy.deepcopy(encoder)
        network = EcgNetwork(start, {str(Kind.LAB): len(table.labels)})
        module = nn.ModuleDict({"network": network, "to_values": nn.Linear(start.width, len(study.partners.specs))})
        told = torch.from_numpy(np.array(study.partners.values))
        values = new_tables(study.partners, told, rows, start.width).scaled(told)
    labels = torch.from_numpy(np.array(table.values))

    def loss_of(batch: Batch) -> dict[str, Tensor]:
        embedding = network.encoder(batch.signals)
        loss = masked_cross_entropy(gather(network.read(embedding)), gather(batch.take(labels)))
        terms = {"labs": loss}
        if settings.value_weight:
            predicted = gather(module["to_values"](embedding.relu()))
            terms["values"] = masked_squared_error(predicted, gather(batch.take(values)))
            loss = loss + settings.value_weight * terms["values"]
        return {"loss": loss, **terms}

    history = fit(
        module,
        loss_of,
        study,
        rows,
        settings,
        engine=engine,
        folder=folder,
        progress=progress,
        rates={"network.encoder": 1.0} if encoder is None else None,
    )
    return network, history
