"""Stage 1, align: the ECG's embedding and the clinical tables' embedding of one patient are drawn together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.nets.losses import vicreg_loss
from ecgkt.nets.tables import TableEncoder, projector
from ecgkt.training.loop import Batch, Progress, fit, seeded
from ecgkt.training.settings import Recipe


def pretrain(study: Study, recipe: Recipe, progress: Progress = iter) -> tuple[EcgEncoder, TableEncoder, list[float]]:
    """Train both encoders on training rows that have at least one measured partner; no diagnosis is seen.

    Returns them with the mean loss of each epoch.
    """
    settings = recipe.pretrain
    with seeded(settings.seed):
        ecg = EcgEncoder(**recipe.encoder)
        tables = TableEncoder(len(study.partners.specs), ecg.width)
        ecg_projector = projector(ecg.width, settings.projector)
        tables_projector = projector(tables.width, settings.projector)
    values = torch.from_numpy(np.array(study.partners.values))
    rows = study.rows("train")
    rows = rows[~np.isnan(study.partners.values[rows]).all(axis=1)]
    negative = (values[rows] < 0).any(dim=0)
    logarithmic = torch.tensor([spec.kind == "lab" for spec in study.partners.specs]) & ~negative
    tables.fit_scaling(values[rows], logarithmic)
    weights = (settings.invariance, settings.variance, settings.covariance)

    def loss_of(batch: Batch) -> Tensor:
        seen = ecg_projector(ecg(batch.signals))
        told = tables_projector(tables(values[batch.rows]))
        return vicreg_loss(seen, told, weights)

    modules = [ecg, tables, ecg_projector, tables_projector]
    history = fit(modules, loss_of, study.signals, rows, study.preprocessing.fs, settings, progress)
    return ecg, tables, history


def effective_rank(embedding: np.ndarray) -> float:
    """Return the effective rank of an embedding (n, d): the exponential of the entropy of its singular values.

    Near 1 the embedding has collapsed; near d it uses every dimension (Roy, Vetterli 2007).
    """
    singular = np.linalg.svd(embedding - embedding.mean(axis=0), compute_uv=False)
    share = singular / max(singular.sum(), 1e-12)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))
