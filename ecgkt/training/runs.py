"""Each stage as a run: read the parents, train, write the checkpoint and the log of its losses."""

from __future__ import annotations

import csv
from pathlib import Path

from torch import nn

from ecgkt import checkpoints
from ecgkt.checkpoints import Card, Checkpoint
from ecgkt.data.studies import Study
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.errors import InvalidCheckpoint
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.training.diagnoses import train_diagnoses
from ecgkt.training.labs import train_labs
from ecgkt.training.loop import Progress
from ecgkt.training.pretrain import pretrain
from ecgkt.training.release import release
from ecgkt.training.settings import Recipe


def run_pretrain(study: Study, recipe: Recipe, out: Path, progress: Progress = iter) -> Card:
    """Stage 1: write a checkpoint with both encoders."""
    ecg, tables, history = pretrain(study, recipe, progress)
    both = nn.ModuleDict({"encoder": ecg, "tables": tables})
    card = release(
        out,
        both,
        study,
        recipe,
        arm="transferred",
        stage="align",
        labels=LabelSet(()),
        settings=recipe.pretrain,
        history=history,
    )
    _log(out, history)
    return card


def run_labs(study: Study, recipe: Recipe, parent: Path, out: Path, progress: Progress = iter) -> Card:
    """Stage 2: write a checkpoint that reads labs off the encoder of stage 1."""
    aligned = _parent(parent, "align", study)
    encoder = EcgEncoder(**aligned.card.architecture)
    encoder.load_state_dict(
        {name.removeprefix("encoder."): w for name, w in aligned.weights.items() if name.startswith("encoder.")}
    )
    network, history = train_labs(study, recipe, encoder, progress)
    card = release(
        out,
        network,
        study,
        recipe,
        arm="transferred",
        stage="labs",
        labels=study.labels.labels.of_kind(Kind.LAB),
        settings=recipe.labs,
        history=history,
        parents={"align": aligned.card.id},
    )
    _log(out, history)
    return card


def run_signal_only(study: Study, recipe: Recipe, out: Path, progress: Progress = iter) -> Card:
    """Stage 3 alone: write a checkpoint, trained from scratch, that gives the targets on the tracing and no others."""
    network, history = train_diagnoses(study, recipe, None, progress, (Kind.TRACING,))
    labels = study.labels.labels.of_kind(Kind.TRACING)
    card = release(
        out,
        network,
        study,
        recipe,
        arm="signal_only",
        stage="diagnoses",
        labels=labels,
        settings=recipe.diagnoses,
        history=history,
    )
    _log(out, history)
    return card


def run_diagnoses(study: Study, recipe: Recipe, parent: Path | None, out: Path, progress: Progress = iter) -> Card:
    """Stage 3: write a checkpoint that gives diagnoses and labs; without a parent, the baseline arm."""
    network, parents = None, {}
    if parent is not None:
        before = _parent(parent, "labs", study)
        network = _network(before)
        parents = {**before.card.parents, "labs": before.card.id}
    trained, history = train_diagnoses(study, recipe, network, progress)
    card = release(
        out,
        trained,
        study,
        recipe,
        arm="baseline" if parent is None else "transferred",
        stage="diagnoses",
        labels=study.labels.labels,
        settings=recipe.diagnoses,
        history=history,
        parents=parents,
    )
    _log(out, history)
    return card


def _parent(folder: Path, stage: str, study: Study) -> Checkpoint:
    """Load the checkpoint of the stage before; refuse another stage or another preprocessing."""
    checkpoint = checkpoints.load(folder)
    if checkpoint.card.stage != stage:
        raise InvalidCheckpoint(f"a parent of stage {stage}", f"stage {checkpoint.card.stage}", "name the stage before")
    if checkpoint.card.preprocessing != study.preprocessing:
        raise InvalidCheckpoint(
            f"a parent with preprocessing {study.preprocessing.fingerprint}",
            checkpoint.card.preprocessing.fingerprint,
            "train all stages with one recipe",
        )
    labels = checkpoint.card.labels
    if labels.fingerprint != study.labels.labels.of_kind(*{label.kind for label in labels}).fingerprint:
        raise InvalidCheckpoint("a parent with this catalogue's labels", "other labels or order", "train stage 2 anew")
    return checkpoint


def _network(checkpoint: Checkpoint) -> EcgNetwork:
    network = checkpoints.build_network(checkpoint.card)
    network.load_state_dict(dict(checkpoint.weights))
    return network


def _log(folder: Path, history: list[float]) -> None:
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "loss"])
        writer.writerows((epoch, f"{loss:.6f}") for epoch, loss in enumerate(history, start=1))
