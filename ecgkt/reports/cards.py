"""Estimates of one checkpoint on one set of records, and how they come into its card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints
from ecgkt.checkpoints import Card
from ecgkt.data.collections import Collection
from ecgkt.data.studies import Study
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import Kind, LabelTable
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.calibration import expected_calibration_error
from ecgkt.evaluation.discrimination import auroc_estimate
from ecgkt.inference import Predictor
from ecgkt.reports.scoring import Progress, score_files, study_logits

_FEWER_PEOPLE = 10**9
"""More than any collection has, so that persons of two collections have two numbers."""


def evaluate_study(
    predictor: Predictor, study: Study, part: str = "held_out", cohort: Path | None = None
) -> dict[str, Estimate]:
    """Return label -> AUROC on one part of a study; `cohort` is its folder, for tables of the role input."""
    rows = study.rows(part)
    logits = study_logits(predictor, study, rows, cohort)
    table = study.labels.of_kind(*predictor.card.labels.kinds).take(rows)
    return _estimates(table, logits, study.cohort.subject_ids[rows])


def evaluate_collection(predictor: Predictor, collection: Collection, progress: Progress = iter) -> dict[str, Estimate]:
    """Return tracing label -> AUROC on a labelled public collection; records that cannot be read are left out."""
    logits, kept = score_files(predictor, collection.paths, progress)
    table = collection.labels.take(kept)
    columns = predictor.card.labels.positions(table.labels.names)
    return _estimates(table, logits[:, columns], collection.subject_ids[kept])


def evaluate_collections(
    predictor: Predictor, collections: Sequence[Collection], progress: Progress = iter
) -> dict[str, Estimate]:
    """Return tracing label -> AUROC on several labelled public collections taken together.

    Their readers and carts differ, which a pooled figure holds against the model. No person stands in two of them.
    """
    logits, values, subjects = [], [], []
    for place, collection in enumerate(collections):
        scores, kept = score_files(predictor, collection.paths, progress)
        logits.append(scores[:, predictor.card.labels.positions(collection.labels.labels.names)])
        values.append(collection.labels.values[kept])
        _, person = np.unique(collection.subject_ids[kept], return_inverse=True)
        subjects.append(person.astype(np.int64) + place * _FEWER_PEOPLE)
    table = LabelTable(collections[0].labels.labels, np.concatenate(values))
    return _estimates(table, np.concatenate(logits), np.concatenate(subjects))


def calibration_errors(
    predictor: Predictor, study: Study, part: str = "held_out", cohort: Path | None = None
) -> dict[Kind, float]:
    """Return by family the mean expected calibration error over its labels that have both classes in a part."""
    rows = study.rows(part)
    logits = study_logits(predictor, study, rows, cohort)
    probabilities = predictor.read_logits(logits, study.cohort.domain).probabilities
    errors: dict[Kind, float] = {}
    for kind in predictor.card.labels.kinds:
        names = predictor.card.labels.of_kind(kind).names
        places = zip(study.labels.labels.positions(names), predictor.card.labels.positions(names), strict=True)
        pairs = [(study.labels.values[rows, theirs], probabilities[:, ours]) for theirs, ours in places]
        known = [expected_calibration_error(y, p) for y, p in pairs if {0.0, 1.0} <= set(y.tolist())]
        errors[kind] = float(np.mean(known)) if known else float("nan")
    return errors


def add_estimates(
    folder: Path, where: str, estimates: dict[str, Estimate], command: str, errors: Mapping[Kind, float] | None = None
) -> Card:
    """Write estimates, calibration errors and the command that measured them into a checkpoint's card."""
    card = checkpoints.read_card(folder)
    commands = {**card.commands, f"AUROC, {where}": command}
    if errors and card.calibration is not None:
        found = {f"{where}: {kind}": round(error, 4) for kind, error in errors.items() if np.isfinite(error)}
        card = replace(card, calibration=replace(card.calibration, errors={**card.calibration.errors, **found}))
        commands[f"calibration error, {where}"] = command
    card = replace(card, estimates={**card.estimates, where: estimates}, commands=commands)
    checkpoints.update_card(folder, card)
    return card


def macro(estimates: dict[str, Estimate], names: Iterable[str]) -> float:
    """Return the mean of the defined values among `names`; NaN without any."""
    values = [estimates[name].value for name in names if name in estimates and estimates[name].defined]
    return float(np.mean([value for value in values if value is not None])) if values else float("nan")


def macro_by_kind(card: Card, estimates: dict[str, Estimate]) -> dict[Kind, float]:
    """Return the macro AUROC of each family of labels."""
    return {kind: macro(estimates, card.labels.of_kind(kind).names) for kind in card.labels.kinds}


def _estimates(table: LabelTable, logits: NDArray[np.float64], subjects: NDArray[np.int64]) -> dict[str, Estimate]:
    return {
        name: auroc_estimate(table.values[:, column], logits[:, column], subjects)
        for column, name in enumerate(table.labels.names)
    }


def refuse_other_split(card: Card, study: Study) -> None:
    """Raise InvalidCohort where a checkpoint may have been trained on patients that are held out here."""
    trained = card.training.get("split")
    if card.training_domain is study.cohort.domain and trained != study.split_rule:
        raise InvalidCohort(
            f"a cohort split as the checkpoint's was ({trained})",
            f"one split by {study.split_rule}",
            "prepare it with that --split-seed",
        )
