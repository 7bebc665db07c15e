"""Stage 3, diagnoses: what the tracing shows and what was coded at the visit, with the lab heads kept in training."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.domain.arms import Arm
from ecgkt.domain.features import FeatureTable
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidCheckpoint
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.nets.multimodal import MultimodalNetwork
from ecgkt.nets.tables import TableEncoder
from ecgkt.training.batches import Batch
from ecgkt.training.controls import budget_rows, plant
from ecgkt.training.embedding import embed_all
from ecgkt.training.engine import Engine, History, LossOf, Progress, fit
from ecgkt.training.probe import cross_entropy, fit_probe, rows_of
from ecgkt.training.processes import gather
from ecgkt.training.randomness import seeded
from ecgkt.training.settings import Recipe

DIAGNOSES = (Kind.TRACING, Kind.VISIT)


@dataclass(frozen=True, eq=False)
class Start:
    """What stage 3 begins with: nothing, or encoders and a lab head of the stages before."""

    encoder: EcgEncoder | None = None
    labs: torch.nn.Module | None = None
    tables: TableEncoder | None = None


def train_diagnoses(
    study: Study,
    recipe: Recipe,
    arm: Arm,
    start: Start | None = None,
    budget: float = 1.0,
    *,
    values: FeatureTable | None = None,
    engine: Engine | None = None,
    folder: Path | None = None,
    progress: Progress = iter,
) -> tuple[EcgNetwork | MultimodalNetwork, History | None]:
    """Train stage 3 of an arm on the training rows within its budget; return the network and its history.

    An arm with earlier stages begins with a linear probe (and ends there where the recipe does not fine-tune: then
    there is no history). A lab head that comes from stage 2 stays in training. At the end each family's head is fitted
    anew as a probe of the embedding that is now there, and whichever reads the tuning rows better is kept; a network
    without a lab head gets such a probe, so that one forward pass gives the same labels in every arm that reads the
    ECG alone. The multimodal arm reads `values`, is asked for diagnoses only, and has no lab head: it would read the
    answer.
    """
    start = start or Start()
    settings = recipe.diagnoses.for_budget(budget, with_labs=start.labs is not None)
    kinds = (Kind.TRACING,) if arm.tracing_only else DIAGNOSES
    rows = budget_rows(study, budget, settings.seed)
    with seeded(settings.seed + 3):
        network = _network(study, recipe, arm, start, kinds)
    told = torch.from_numpy(np.array(values.values)) if arm.needs_tables and values is not None else None
    heads = [str(kind) for kind in kinds]
    truth = np.array(study.labels.of_kind(*kinds).values)
    seen = rows
    if not arm.from_scratch:
        _share_out(_probe(network, study, truth, seen, told), network, heads)
    history = None
    if settings.fine_tune or arm.from_scratch:
        truth[np.setdiff1d(np.arange(len(truth)), rows)] = np.nan
        loss_of = _loss(network, study, recipe, arm, truth, told)
        rates = {"encoder": 1.0} if arm.from_scratch else None
        if settings.unlabelled and start.labs is not None:
            rows = _with_unlabelled(study, rows, round(settings.rounds(budget)))
        history = fit(
            network, loss_of, study, rows, settings, engine=engine, folder=folder, progress=progress, rates=rates
        )
        _refit(network, study, kinds, seen, told)
    if isinstance(network, EcgNetwork) and str(Kind.LAB) not in network.heads and not arm.tracing_only:
        labs = np.array(study.labels.of_kind(Kind.LAB).values)
        network.heads[str(Kind.LAB)] = _probe(network, study, labs, study.rows("train"), None)
    return network.eval(), history


def _probe(
    network: EcgNetwork | MultimodalNetwork,
    study: Study,
    truth: NDArray[np.float32],
    rows: NDArray[np.intp],
    values: Tensor | None,
) -> torch.nn.Linear:
    """Return a linear probe of the network's embedding, fitted on `rows`, its prior chosen on the tuning rows."""
    tuning = study.rows("tuning")
    judged = (embed_all(network, study, tuning, values), rows_of(truth, tuning)) if len(tuning) else None
    return fit_probe(embed_all(network, study, rows, values), rows_of(truth, rows), judged)


def _refit(
    network: EcgNetwork | MultimodalNetwork,
    study: Study,
    kinds: tuple[Kind, ...],
    rows: NDArray[np.intp],
    values: Tensor | None,
) -> None:
    """Put a probe in the place of each family's head that reads the tuning rows worse than the probe does."""
    tuning = study.rows("tuning")
    if not len(tuning):
        return
    judged = embed_all(network, study, tuning, values)
    within = embed_all(network, study, rows, values)
    for kind in kinds:
        truth = np.array(study.labels.of_kind(kind).values)
        _keep_the_better(network, kind, (within, rows_of(truth, rows)), (judged, rows_of(truth, tuning)))
    if str(Kind.LAB) in network.heads:
        every, truth = study.rows("train"), np.array(study.labels.of_kind(Kind.LAB).values)
        within = embed_all(network, study, every, values)
        _keep_the_better(network, Kind.LAB, (within, rows_of(truth, every)), (judged, rows_of(truth, tuning)))


def _keep_the_better(
    network: EcgNetwork | MultimodalNetwork, kind: Kind, fitted: tuple[Tensor, Tensor], judged: tuple[Tensor, Tensor]
) -> None:
    probe = fit_probe(*fitted, judged)
    if cross_entropy(probe, *judged) < cross_entropy(network.heads[str(kind)], *judged):
        network.heads[str(kind)] = probe


def _with_unlabelled(study: Study, rows: NDArray[np.intp], rounds: int) -> NDArray[np.intp]:
    """Return rows within the budget, `rounds` times each, and once each other training row with a known lab."""
    others = np.setdiff1d(study.rows("train"), rows)
    known = ~np.isnan(study.labels.of_kind(Kind.LAB).values[others]).all(axis=1)
    return np.concatenate([np.repeat(rows, rounds), others[known]])


def _network(
    study: Study, recipe: Recipe, arm: Arm, start: Start, kinds: tuple[Kind, ...]
) -> EcgNetwork | MultimodalNetwork:
    sizes = {str(kind): len(study.labels.labels.of_kind(kind)) for kind in kinds}
    encoder = EcgEncoder(**recipe.encoder) if start.encoder is None else copy.deepcopy(start.encoder)
    if arm.needs_tables:
        if start.tables is None:
            raise InvalidCheckpoint("a stage 1 with an encoder of tables", "none", "train stage 1 with the tables")
        return MultimodalNetwork(encoder, copy.deepcopy(start.tables), sizes)
    network = EcgNetwork(encoder, sizes)
    if start.labs is not None:
        network.heads[str(Kind.LAB)] = copy.deepcopy(start.labs)
    return network


def _share_out(probe: torch.nn.Linear, network: EcgNetwork | MultimodalNetwork, heads: list[str]) -> None:
    """Put the rows of one linear layer into the heads, in their order."""
    linear = [head for name in heads if isinstance(head := network.heads[name], torch.nn.Linear)]
    sizes = [head.out_features for head in linear]
    parts = zip(torch.split(probe.weight, sizes), torch.split(probe.bias, sizes), strict=True)
    for head, (weight, bias) in zip(linear, parts, strict=True):
        head.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})


def _loss(
    network: EcgNetwork | MultimodalNetwork,
    study: Study,
    recipe: Recipe,
    arm: Arm,
    truth: NDArray[np.float32],
    values: Tensor | None,
) -> LossOf:
    settings = recipe.diagnoses
    diagnoses = torch.from_numpy(truth)
    labs = torch.from_numpy(np.array(study.labels.of_kind(Kind.LAB).values))
    with_labs = str(Kind.LAB) in network.heads
    count = diagnoses.shape[1]

    def loss_of(batch: Batch) -> dict[str, Tensor]:
        signals = batch.signals
        if arm.shortcut:
            signals = plant(signals, batch.rows, study)
        logits = network(signals) if values is None else network(signals, batch.take(values))
        logits = gather(logits)
        loss = masked_cross_entropy(logits[:, :count], gather(batch.take(diagnoses)))
        terms = {"diagnoses": loss}
        if with_labs:
            terms["labs"] = masked_cross_entropy(logits[:, count:], gather(batch.take(labs)))
            loss = loss + settings.lab_weight * terms["labs"]
        return {"loss": loss, **terms}

    return loss_of
