"""Stage 1, align: the ECG's embedding and that of its partner (the clinical tables) are drawn together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ecgkt.data.studies import Study
from ecgkt.domain.arms import Arm
from ecgkt.domain.features import FeatureTable
from ecgkt.nets.collapse import collapse
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.nets.objectives import objective
from ecgkt.nets.tables import TableEncoder, projector
from ecgkt.training.batches import Batch
from ecgkt.training.embedding import embed
from ecgkt.training.engine import Engine, History, Progress, fit
from ecgkt.training.processes import gather
from ecgkt.training.randomness import seeded
from ecgkt.training.settings import Recipe

WATCHED = 512
"""Tuning recordings whose embeddings are watched for collapse."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """What stage 1 leaves: the ECG's encoder, the tables' encoder (None where there was none), and its history."""

    encoder: EcgEncoder
    tables: TableEncoder | None
    history: History


def pretrain(
    study: Study,
    recipe: Recipe,
    arm: Arm,
    *,
    engine: Engine | None = None,
    folder: Path | None = None,
    progress: Progress = iter,
) -> Aligned:
    """Train the encoders of stage 1 on training rows that have a partner; no diagnosis and no lab label is seen.

    The ECG is aligned with its tables, with which of them were filled, or with another view of itself (`arm.align`).
    """
    settings = recipe.pretrain
    values = shown_values(study, arm)
    rows = study.rows("train")
    if arm.align != "ecg":
        rows = rows[~np.isnan(study.partners.values[rows]).all(axis=1)]
    with seeded(settings.seed):
        encoder = EcgEncoder(**recipe.encoder)
        module = nn.ModuleDict({"encoder": encoder, "projector": projector(encoder.width, settings.projector)})
        module["objective"] = objective(settings.objective, settings.objective_settings)
        tables = None
        if arm.align != "ecg":
            tables = new_tables(study.partners, values, rows, encoder.width)
            module["tables"] = tables
            module["tables_projector"] = projector(tables.width, settings.projector)
        if arm.align == "ecg" or settings.second_view:
            module["view_projector"] = projector(encoder.width, settings.projector)

    def loss_of(batch: Batch) -> Mapping[str, Tensor]:
        seen = encoder(batch.signals)
        terms: dict[str, Tensor] = {}
        if tables is not None:
            told = module["tables_projector"](tables(batch.take(values)))
            terms |= module["objective"](gather(module["projector"](seen)), gather(told))
        if batch.second is not None:
            view = module["view_projector"]
            among = module["objective"](gather(view(seen)), gather(view(encoder(batch.second))))
            weight = settings.second_view if tables is not None else 1.0
            loss = weight * among["loss"] + terms.get("loss", 0.0)
            terms |= {f"{name} of two views": term for name, term in among.items() if name != "loss"}
            terms["loss"] = loss
        return terms

    watched = study.rows("tuning")[:WATCHED]

    def watch() -> dict[str, float]:
        device = next(encoder.parameters()).device
        told = {f"ECG {name}": value for name, value in collapse(embed(encoder, study, watched)).items()}
        if tables is not None:
            with torch.inference_mode():
                embedded = tables(values[torch.from_numpy(watched)].to(device)).cpu()
            told |= {f"tables {name}": value for name, value in collapse(embedded).items()}
        return told

    history = fit(
        module,
        loss_of,
        study,
        rows,
        settings,
        engine=engine,
        folder=folder,
        progress=progress,
        at_epoch_end=watch if len(watched) > 1 else None,
        views=2 if "view_projector" in module else 1,
        rates={"encoder": 1.0, "tables": 1.0},
    )
    return Aligned(encoder, tables, history)


def shown_values(study: Study, arm: Arm) -> Tensor:
    """Return the partners' values (n, k) as the arm is shown them: `ordered` sees 1 where there is one, else NaN."""
    values = torch.from_numpy(np.array(study.partners.values))
    return torch.where(values.isnan(), values, 1.0) if arm.align == "ordered" else values


def new_tables(table: FeatureTable, values: Tensor, rows: np.ndarray, width: int) -> TableEncoder:
    """Return an untrained encoder of the tables, scaled by the training `rows` of `values` (n, k).

    A lab that is never below zero is scaled by its logarithm.
    """
    tables = TableEncoder(len(table.specs), width)
    shown = values[torch.from_numpy(rows)]
    negative = (shown < 0).any(dim=0)
    tables.fit_scaling(shown, torch.tensor([spec.kind == "lab" for spec in table.specs]) & ~negative)
    return tables
