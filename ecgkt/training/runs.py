"""Each stage as a run: read the parents, train, write the checkpoint with its log and manifest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from ecgkt import checkpoints
from ecgkt.checkpoints import Card, Checkpoint
from ecgkt.data.studies import Study
from ecgkt.domain.arms import Arm
from ecgkt.domain.features import FeatureTable
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.errors import InvalidCheckpoint
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.nets.tables import TableEncoder
from ecgkt.training import processes
from ecgkt.training.controls import shown_to
from ecgkt.training.diagnoses import Start, train_diagnoses
from ecgkt.training.engine import Engine, Progress
from ecgkt.training.labs import train_labs
from ecgkt.training.pretrain import pretrain
from ecgkt.training.release import Made, release
from ecgkt.training.settings import Recipe
from ecgkt.training.state import LOG, MANIFEST


@dataclass(frozen=True, eq=False)
class Run:
    """What every stage needs: a study, a recipe with its seed, an arm, how to train, and what to show meanwhile."""

    study: Study
    recipe: Recipe
    arm: Arm
    engine: Engine | None = None
    progress: Progress = iter

    @property
    def shown(self) -> Study:
        """The study as the arm is shown it."""
        return shown_to(self.arm, self.study, self.recipe.diagnoses.seed)


def run_pretrain(run: Run, out: Path) -> Card:
    """Stage 1: write a checkpoint with the ECG's encoder and, where there were tables, theirs."""
    folder = _working(out)
    aligned = pretrain(run.shown, run.recipe, run.arm, engine=run.engine, folder=folder, progress=run.progress)
    both: dict[str, nn.Module] = {"encoder": aligned.encoder}
    if aligned.tables is not None:
        both["tables"] = aligned.tables
    made = Made("align", LabelSet(()), run.recipe.pretrain, aligned.history, aligned=run.arm.align)
    return _written(run, out, nn.ModuleDict(both), made)


def run_labs(run: Run, parents: Sequence[Path], out: Path) -> Card:
    """Stage 2: write a checkpoint that reads labs off the encoder of stage 1 (or, in `labs_only`, a new one)."""
    before = _parents(run, parents, {"align"} & run.arm.parents)
    encoder = _encoder(before["align"]) if before else None
    network, history = train_labs(
        run.shown, run.recipe, encoder, engine=run.engine, folder=_working(out), progress=run.progress
    )
    made = Made("labs", run.study.labels.labels.of_kind(Kind.LAB), run.recipe.labs, history, parents=_ids(before))
    return _written(run, out, network, made)


def run_diagnoses(
    run: Run, parents: Sequence[Path], out: Path, budget: float = 1.0, values: FeatureTable | None = None
) -> Card:
    """Stage 3: write a checkpoint that gives diagnoses and, from the ECG alone, labs.

    `values` are what the multimodal arm reads, of the same rows as the study; by default the alignment partners.
    """
    needed = set(run.arm.parents)
    if "labs" in needed and not run.arm.needs_tables:
        needed = {"labs"}
    if needed and run.recipe.diagnoses.transfer == "beside":
        needed.add("diagnoses")
    before = _parents(run, parents, needed)
    told = (run.study.partners if values is None else values) if run.arm.needs_tables else None
    start = _start(run.arm, before, budget)
    network, history = train_diagnoses(
        run.shown,
        run.recipe,
        run.arm,
        start,
        budget,
        values=told,
        engine=run.engine,
        folder=_working(out),
        progress=run.progress,
    )
    kinds = [Kind(name) for name in network.heads]
    settings = run.recipe.diagnoses.for_budget(budget, with_labs=start.labs is not None)
    labels = run.study.labels.labels.of_kind(*kinds)
    made = Made("diagnoses", labels, settings, history, parents=_ids(before), budget=budget, tables=told)
    return _written(run, out, network, made)


def _working(out: Path) -> Path:
    """Return the folder in which a stage keeps its state until its checkpoint is written."""
    return out.with_name(f"{out.name}.run")


def _written(run: Run, out: Path, network: nn.Module, made: Made) -> Card:
    """Write the checkpoint, its log and its manifest, by one process; then the working folder goes."""
    if processes.is_first():
        release(out, network, run.study, run.recipe, run.arm, made)
        folder = _working(out)
        for name in (LOG, MANIFEST):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, out / name)
        shutil.rmtree(folder, ignore_errors=True)
    processes.wait_for_all()
    return checkpoints.read_card(out)


def _parents(run: Run, folders: Sequence[Path], needed: set[str]) -> dict[str, Checkpoint]:
    """Load the checkpoints of the stages before, by stage; refuse too few, others', and those of other data."""
    found: dict[str, Checkpoint] = {}
    for folder in folders:
        checkpoint = checkpoints.load(folder)
        found[checkpoint.card.stage] = _checked(checkpoint, run.study)
    if set(found) != needed:
        got = ", ".join(sorted(found)) or "none"
        raise InvalidCheckpoint(
            f"parents of {run.arm.name} of stage {', '.join(sorted(needed)) or 'none'}", got, "name the stage before"
        )
    if {"align", "labs"} <= set(found) and found["labs"].card.parents.get("align") != found["align"].card.id:
        raise InvalidCheckpoint("a stage 2 from this stage 1", "one from another", "name the two that belong together")
    for checkpoint in found.values():
        trained = checkpoint.card.training.get("seed")
        if trained != run.recipe.diagnoses.seed:
            raise InvalidCheckpoint(f"parents of seed {run.recipe.diagnoses.seed}", f"{trained}", "train them anew")
    return found


def _checked(checkpoint: Checkpoint, study: Study) -> Checkpoint:
    card = checkpoint.card
    if card.preprocessing != study.preprocessing:
        raise InvalidCheckpoint(
            f"a parent with preprocessing {study.preprocessing.fingerprint}",
            card.preprocessing.fingerprint,
            "train all stages with one recipe",
        )
    if card.labels.fingerprint != study.labels.labels.of_kind(*{label.kind for label in card.labels}).fingerprint:
        raise InvalidCheckpoint("a parent with this catalogue's labels", "other labels or order", "train it anew")
    return checkpoint


def _ids(before: Mapping[str, Checkpoint]) -> dict[str, str]:
    """Return stage -> checkpoint id of all that came before."""
    ids: dict[str, str] = {}
    for checkpoint in before.values():
        ids |= checkpoint.card.parents
    return {**ids, **{stage: checkpoint.card.id for stage, checkpoint in before.items()}}


def _start(arm: Arm, before: Mapping[str, Checkpoint], budget: float) -> Start:
    last = before.get("labs") or before.get("align")
    if last is None:
        return Start()
    labs, tables = None, None
    if "labs" in before and not arm.needs_tables:
        network = checkpoints.build_network(before["labs"].card)
        network.load_state_dict(dict(before["labs"].weights))
        head = network.heads[str(Kind.LAB)]
        labs = head if isinstance(head, nn.Linear) else None
    if arm.needs_tables:
        tables = _tables(before["align"])
    side = _side(before["diagnoses"], budget) if "diagnoses" in before else None
    return Start(_encoder(last), labs, tables, side)


def _side(checkpoint: Checkpoint, budget: float) -> EcgEncoder:
    card = checkpoint.card
    if card.parents or card.training.get("budget") != budget:
        got = f"{card.name}, budget {card.training.get('budget')}"
        raise InvalidCheckpoint(f"a baseline of budget {budget:g} to stand beside", got, "train the baseline first")
    return _encoder(checkpoint)


def _encoder(checkpoint: Checkpoint) -> EcgEncoder:
    encoder = EcgEncoder(**checkpoints.encoder_settings(checkpoint.card))
    encoder.load_state_dict(_below(checkpoint, "encoder."))
    return encoder


def _tables(checkpoint: Checkpoint) -> TableEncoder:
    weights = _below(checkpoint, "tables.")
    if not weights:
        raise InvalidCheckpoint("a stage 1 with an encoder of tables", "none", "train stage 1 with the tables")
    tables = TableEncoder(len(weights["mean"]), _encoder(checkpoint).width)
    tables.load_state_dict(weights)
    return tables


def _below(checkpoint: Checkpoint, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): w for name, w in checkpoint.weights.items() if name.startswith(prefix)}
