"""Stage 1, align: the ECG's embedding and that of its partner (the clinical tables) are drawn together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
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
        pair = _Pair(recipe, arm, study.partners, values, rows)
    watched = study.rows("tuning")[:WATCHED]
    history = fit(
        pair,
        lambda batch: pair.terms(batch, values),
        study,
        rows,
        settings,
        engine=engine,
        folder=folder,
        progress=progress,
        at_epoch_end=(lambda: pair.collapse(study, values, watched)) if len(watched) > 1 else None,
        views=1 if pair.view_projector is None else 2,
        rates={"encoder": 1.0, "tables": 1.0},
    )
    return Aligned(pair.encoder, pair.tables, history)


class _Pair(nn.Module):
    """The encoders of stage 1 with their projectors and the objective, and what is measured of them."""

    def __init__(
        self, recipe: Recipe, arm: Arm, partners: FeatureTable, values: Tensor, rows: NDArray[np.intp]
    ) -> None:
        super().__init__()
        settings = recipe.pretrain
        self.weight = 1.0 if arm.align == "ecg" else settings.second_view
        self.encoder = EcgEncoder(**recipe.encoder)
        width = self.encoder.width
        self.projector = projector(width, settings.projector)
        self.objective = objective(settings.objective, settings.objective_settings)
        self.tables: TableEncoder | None = None
        self.tables_projector: nn.Module | None = None
        self.view_projector: nn.Module | None = None
        if arm.align != "ecg":
            self.tables = new_tables(partners, values, rows, width)
            self.tables_projector = projector(width, settings.projector)
        if self.weight:
            self.view_projector = projector(width, settings.projector)

    def terms(self, batch: Batch, values: Tensor) -> Mapping[str, Tensor]:
        """Return the loss of a batch and what it is made of; `values` (n, k) are those of the whole study."""
        seen = self.encoder(batch.signals)
        terms: dict[str, Tensor] = {}
        if self.tables is not None and self.tables_projector is not None:
            told = self.tables_projector(self.tables(batch.take(values)))
            terms |= self.objective(gather(self.projector(seen)), gather(told))
        if self.view_projector is not None and batch.second is not None:
            views = [gather(self.view_projector(view)) for view in (seen, self.encoder(batch.second))]
            among = self.objective(*views)
            terms |= {
                **{f"{name} of two views": term for name, term in among.items() if name != "loss"},
                "loss": self.weight * among["loss"] + terms.get("loss", 0.0),
            }
        return terms

    def collapse(self, study: Study, values: Tensor, rows: NDArray[np.intp]) -> dict[str, float]:
        """Return the measures of collapse of both embeddings over some rows."""
        told = {f"ECG {name}": value for name, value in collapse(embed(self.encoder, study, rows)).items()}
        if self.tables is not None:
            device = next(self.encoder.parameters()).device
            with torch.inference_mode():
                embedded = self.tables(values[torch.from_numpy(rows)].to(device)).cpu()
            told |= {f"tables {name}": value for name, value in collapse(embedded).items()}
        return told


def shown_values(study: Study, arm: Arm) -> Tensor:
    """Return the partners' values (n, k) as the arm is shown them: `ordered` sees 1 where there is one, else NaN."""
    values = torch.from_numpy(np.array(study.partners.values))
    return torch.where(values.isnan(), values, 1.0) if arm.align == "ordered" else values


def new_tables(table: FeatureTable, values: Tensor, rows: NDArray[np.intp], width: int) -> TableEncoder:
    """Return an untrained encoder of the tables, scaled by the training `rows` of `values` (n, k).

    A lab that is never below zero is scaled by its logarithm.
    """
    tables = TableEncoder(len(table.specs), width)
    shown = values[torch.from_numpy(rows)]
    negative = (shown < 0).any(dim=0)
    tables.fit_scaling(shown, torch.tensor([spec.kind == "lab" for spec in table.specs]) & ~negative)
    return tables
