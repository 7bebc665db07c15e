"""What a control is shown in place of the truth: other patients' tables, other patients' diagnoses, a planted mark."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.domain.arms import Arm
from ecgkt.domain.features import FeatureTable
from ecgkt.domain.labels import Kind, LabelTable
from ecgkt.signals import shortcut

TARGET = "i50_heart_failure"
"""Whose positives carry the planted mark."""
MARKED_POSITIVES, MARKED_NEGATIVES = 0.9, 0.05


def shown_to(arm: Arm, study: Study, seed: int = 0) -> Study:
    """Return the study as an arm is shown it: unchanged but for the controls that swap rows among training patients."""
    if not (arm.strangers or arm.random_labels):
        return study
    rows = study.rows("train")
    other = np.arange(len(study.cohort))
    other[rows] = _strangers(study.cohort.subject_ids[rows], rows, seed)
    kinds = (Kind.LAB,) if arm.strangers else (Kind.TRACING, Kind.VISIT)
    changed = replace(study, labels=_swapped(study.labels, kinds, other))
    if arm.strangers:
        partners = FeatureTable(study.partners.specs, study.partners.values[other], study.partners.rejected)
        changed = replace(changed, partners=partners)
    return changed


def _strangers(subjects: NDArray[np.int64], rows: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Return for each row one of another patient: rows by subject, shifted by half of them, in a random order."""
    generator = np.random.default_rng([seed, 71])
    order = np.argsort(generator.permutation(len(np.unique(subjects)))[np.unique(subjects, return_inverse=True)[1]])
    swapped: NDArray[np.intp] = np.empty_like(rows)
    swapped[order] = rows[np.roll(order, len(order) // 2)]
    return swapped


def _swapped(table: LabelTable, kinds: tuple[Kind, ...], other: NDArray[np.intp]) -> LabelTable:
    values = np.array(table.values)
    columns = table.labels.positions(table.labels.of_kind(*kinds).names)
    values[:, columns] = values[np.ix_(other, columns)]
    return LabelTable(table.labels, values)


def plant(signals: Tensor, rows: NDArray[np.intp], study: Study, target: str = TARGET) -> Tensor:
    """Return (b, 12, m) crops with the mark of `signals.shortcut` in nearly all positives of a target and few others.

    Which records are marked follows from their ids; where in the crop the mark begins is drawn by torch's generator.
    """
    marked = is_marked(study, rows, target)
    phases = torch.rand(len(rows)).numpy() * shortcut.EVERY_SECONDS
    m, fs = signals.shape[-1], study.preprocessing.fs
    marks = np.stack([shortcut.mark(m, fs, float(phase)) for phase in phases]) * marked[:, None, None]
    return signals + torch.from_numpy(marks.astype(np.float32)).to(signals)


def is_marked(study: Study, rows: NDArray[np.intp], target: str = TARGET) -> NDArray[np.bool_]:
    """Return (b,) whether each record carries the mark."""
    positive = study.labels.column(target)[rows] == 1
    draws = np.array([_uniform(int(record)) for record in study.cohort.record_ids[rows]])
    return draws < np.where(positive, MARKED_POSITIVES, MARKED_NEGATIVES)


def budget_rows(study: Study, budget: float, seed: int = 0, part: str = "train") -> NDArray[np.intp]:
    """Return the rows of a share `budget` of a part's patients; a smaller budget is within a larger."""
    rows = study.rows(part)
    if budget >= 1:
        return rows
    subjects = study.cohort.subject_ids[rows]
    place = {subject: _uniform(f"{seed}:{subject}") for subject in np.unique(subjects).tolist()}
    within = np.array([place[subject] < budget for subject in subjects.tolist()], dtype=bool)
    return rows[np.flatnonzero(within)]


def _uniform(key: object) -> float:
    return int.from_bytes(hashlib.sha256(f"budget {key}".encode()).digest()[:8], "big") / 2**64
