"""How often each label was there among ECGs with such a score, and how that count comes into a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints
from ecgkt.checkpoints import Card
from ecgkt.data.studies import Study
from ecgkt.domain.frequencies import Observed
from ecgkt.domain.labels import LabelTable
from ecgkt.errors import InvalidCheckpoint
from ecgkt.evaluation.frequencies import count_observed
from ecgkt.inference import Predictor
from ecgkt.reports.scoring import study_logits
from ecgkt.reports.stored import Stored, Truth, refuse_other_rows


def count_stored(truth: Truth, stored: Stored, part: str = "held_out") -> dict[str, Observed]:
    """Return label -> how often it was there by range of the calibrated probability, on one part of a cohort.

    Labels with too few positives, negatives or patients are left out.
    """
    refuse_other_rows(truth, stored)
    rows = stored.rows.of(part)
    table = LabelTable(truth.labels.labels, truth.labels.values[rows])
    probabilities = {name: stored.probability(name)[rows] for name in stored.names}
    return _count(table, probabilities, stored.rows.subject_ids[rows])


def count_study(
    predictor: Predictor, study: Study, part: str = "held_out", cohort: Path | None = None
) -> dict[str, Observed]:
    """Return the same by scoring a part of a study; `cohort` is its folder, for tables of the role input."""
    rows = study.rows(part)
    logits = study_logits(predictor, study, rows, cohort)
    found = predictor.read_logits(logits, study.cohort.domain).probabilities
    probabilities = {name: found[:, place] for place, name in enumerate(predictor.card.labels.names)}
    return _count(study.labels.take(rows), probabilities, study.cohort.subject_ids[rows])


def add_observed(folder: Path, where: str, observed: Mapping[str, Observed], command: str) -> Card:
    """Write counts and the command that counted into a checkpoint's card; its id stays.

    Raises InvalidCheckpoint where the card has no calibration, whose probabilities are what is counted by.
    """
    card = checkpoints.read_card(folder)
    if card.calibration is None:
        raise InvalidCheckpoint("a calibrated checkpoint", f"none in {card.name}", "train stage 3 first")
    kept = {name: observed[name] for name in card.labels.names if name in observed}
    card = replace(
        card,
        calibration=replace(card.calibration, observed=kept, observed_in=where),
        commands={**card.commands, f"observed frequencies, {where}": command},
    )
    checkpoints.update_card(folder, card)
    return card


def _count(
    table: LabelTable, probabilities: Mapping[str, NDArray[np.float64]], subjects: NDArray[np.int64]
) -> dict[str, Observed]:
    counted = {
        name: count_observed(table.column(name), values, subjects)
        for name, values in probabilities.items()
        if name in table.labels.names
    }
    return {name: one for name, one in counted.items() if one is not None}
