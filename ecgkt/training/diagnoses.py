"""Stage 3, diagnoses: what the tracing shows and what was coded at the visit, with the lab heads kept in training."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
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
from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.nets.beside import Beside
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
Rows = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows to fit on, and rows to judge by."""
KEPT = {"encoder": 0.0, "tables.kept": 0.0, "tables.side": 1.0}
"""Rates of the multimodal arm beside: it learns from the tables what its embeddings lack."""


@dataclass(frozen=True, eq=False)
class Start:
    """What stage 3 begins with: nothing, or encoders and a lab head of the stages before.

    `side` is the baseline's encoder, to stand beside the ECG's.
    """

    encoder: EcgEncoder | None = None
    labs: torch.nn.Linear | None = None
    tables: TableEncoder | None = None
    side: EcgEncoder | None = None


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

    What an arm with earlier stages does with their encoder is the recipe's `transfer`. A lab head that comes from
    stage 2 stays. At the end each family's head is fitted anew as a probe of the embedding that is now there, and
    whichever reads the tuning rows better is kept, so that one forward pass gives the same labels in every arm that
    reads the ECG alone. Tuning rows beyond the budget are not asked for their diagnoses. The multimodal arm reads
    `values`, is asked for diagnoses only, and has no lab head: it would read the answer. The shortcut's heads stay as
    they are: a probe would see ECGs without the mark.
    """
    start = start or Start()
    settings = recipe.diagnoses.for_budget(budget, with_labs=start.labs is not None)
    kinds = (Kind.TRACING,) if arm.tracing_only else DIAGNOSES
    rows = budget_rows(study, budget, settings.seed)
    judged = budget_rows(study, budget, settings.seed, "tuning")
    with seeded(settings.seed + 3):
        network = _network(study, recipe, arm, start, kinds)
    told = torch.from_numpy(np.array(values.values)) if arm.needs_tables and values is not None else None
    heads = [str(kind) for kind in kinds]
    truth = np.array(study.labels.of_kind(*kinds).values)
    history = None
    taught_by = ("fine_tune", "beside") if arm.needs_tables else ("fine_tune",)
    trained = arm.from_scratch or settings.transfer in taught_by
    if trained:
        if not arm.from_scratch:
            _share_out(_probe(network, study, truth, (rows, judged), told), network, heads)
        truth[np.setdiff1d(np.arange(len(truth)), rows)] = np.nan
        loss_of = _loss(network, study, recipe, arm, truth, told)
        rates = {"encoder": 1.0} if arm.from_scratch else KEPT if settings.transfer == "beside" else None
        taught = rows
        if settings.unlabelled and start.labs is not None:
            taught = _with_unlabelled(study, rows, round(settings.rounds(budget)))
        history = fit(
            network, loss_of, study, taught, settings, engine=engine, folder=folder, progress=progress, rates=rates
        )
    learnt = set(kinds) if trained else set()
    families = {} if arm.shortcut else dict.fromkeys(kinds, (rows, judged))
    if isinstance(network, EcgNetwork) and not arm.tracing_only:
        if start.labs is not None:
            learnt.add(Kind.LAB)
        if start.labs is None or settings.transfer != "probe":
            families[Kind.LAB] = (study.rows("train"), study.rows("tuning"))
    _read_anew(network, study, families, told, learnt)
    return network.eval(), history


def _probe(
    network: EcgNetwork | MultimodalNetwork, study: Study, truth: NDArray[np.float32], rows: Rows, values: Tensor | None
) -> torch.nn.Linear:
    """Return a linear probe of the network's embedding, fitted on the first `rows`, its prior chosen on the others."""
    fitted, judged = (
        (embed_all(network, study, some, values), rows_of(truth, some)) if len(some) else None for some in rows
    )
    if fitted is None:
        raise InvalidValue("labelled ECGs to fit a probe on", "none", "take a larger budget")
    return fit_probe(*fitted, judged)


def _read_anew(
    network: EcgNetwork | MultimodalNetwork,
    study: Study,
    families: Mapping[Kind, Rows],
    values: Tensor | None,
    learnt: AbstractSet[Kind],
) -> None:
    """Fit a probe of each family on its first rows; a `learnt` head stays where it reads the others better."""
    wanted = [np.unique(np.concatenate(some)) for some in zip(*families.values(), strict=True)]
    within = embed_all(network, study, wanted[0], values)
    beyond = embed_all(network, study, wanted[1], values) if len(wanted[1]) else None
    for kind, rows in families.items():
        truth = np.array(study.labels.of_kind(kind).values)
        fitted = (within[np.searchsorted(wanted[0], rows[0])], rows_of(truth, rows[0]))
        judged = None
        if beyond is not None and len(rows[1]):
            judged = (beyond[np.searchsorted(wanted[1], rows[1])], rows_of(truth, rows[1]))
        if judged is None and kind in learnt:
            continue
        probe = fit_probe(*fitted, judged)
        before = cross_entropy(network.heads[str(kind)], *judged) if judged and kind in learnt else np.inf
        if judged is None or cross_entropy(probe, *judged) < before:
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
    first = EcgEncoder(**recipe.encoder) if start.encoder is None else copy.deepcopy(start.encoder)
    side = EcgEncoder(**recipe.encoder) if arm.pair else copy.deepcopy(start.side)
    encoder = first if side is None else Beside(first, side)
    if arm.needs_tables:
        if start.tables is None:
            raise InvalidCheckpoint("a stage 1 with an encoder of tables", "none", "train stage 1 with the tables")
        tables = copy.deepcopy(start.tables)
        return MultimodalNetwork(encoder, tables if side is None else Beside(tables, tables.another()), sizes)
    network = EcgNetwork(encoder, sizes)
    if start.labs is not None:
        network.heads[str(Kind.LAB)] = _widened(start.labs, encoder.width)
    return network


def _widened(head: torch.nn.Linear, width: int) -> torch.nn.Linear:
    """Return a head that reads the first dimensions of an embedding (b, width) as `head` reads all of its own."""
    wide = torch.nn.Linear(width, head.out_features)
    with torch.no_grad():
        wide.weight.zero_()
        wide.weight[:, : head.in_features] = head.weight
        wide.bias.copy_(head.bias)
    return wide


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
