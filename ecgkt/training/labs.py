"""Stage 2, labs: every laboratory abnormality, low and high apart, from the ECG alone."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.domain.labels import Kind
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.training.loop import Batch, Progress, fit, seeded
from ecgkt.training.settings import Fit, Recipe


def train_labs(
    study: Study, recipe: Recipe, encoder: EcgEncoder, progress: Progress = iter
) -> tuple[EcgNetwork, list[float]]:
    """Fine-tune a stage-1 encoder with a lab head on training rows; a lab that was not measured carries no loss."""
    settings = recipe.labs
    table = study.labels.of_kind(Kind.LAB)
    with seeded(settings.seed + 1):
        network = EcgNetwork(copy.deepcopy(encoder), {str(Kind.LAB): len(table.labels)})
    labels = torch.from_numpy(np.array(table.values))
    rows = study.rows("train")
    rows = rows[~np.isnan(table.values[rows]).all(axis=1)]

    def loss_of(batch: Batch) -> Tensor:
        return masked_cross_entropy(network(batch.signals), labels[batch.rows])

    history = fit([network], loss_of, study.signals, rows, study.preprocessing.fs, settings, progress)
    return network, history


def probe_labs(study: Study, network: EcgNetwork, settings: Fit, steps: int = 300) -> None:
    """Give a network whose encoder never saw a lab a lab head: a linear probe on its frozen embedding, in place."""
    table = study.labels.of_kind(Kind.LAB)
    rows = study.rows("train")
    with torch.inference_mode():
        chunks = [
            network.encoder(torch.from_numpy(np.ascontiguousarray(study.signals[some])))
            for some in np.array_split(rows, max(1, len(rows) // 64))
        ]
    hidden = torch.cat(chunks).clone().relu()
    labels = torch.from_numpy(np.array(table.values[rows]))
    with seeded(settings.seed + 2):
        head = torch.nn.Linear(network.encoder.width, len(table.labels))
    optimiser = torch.optim.AdamW(head.parameters(), lr=0.01, weight_decay=settings.weight_decay)
    for _ in range(steps):
        loss = masked_cross_entropy(head(hidden), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    network.heads[str(Kind.LAB)] = head
