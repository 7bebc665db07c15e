"""Stored predictions for all sessions: which there are, each read once and measured once per number of resamples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from ecgkt.dashboard import loading
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.comparison import Comparison
from ecgkt.reports.bundle import Bundle, read_bundle
from ecgkt.reports.draws import kept_draws
from ecgkt.reports.label_tables import compare_pair
from ecgkt.reports.measured import Measured, measure
from ecgkt.reports.pairs import pair_subgroups
from ecgkt.reports.stored import (
    TRUTH,
    Origin,
    Stored,
    Truth,
    predictions_folder,
    read_origin,
    read_predictions,
    refuse_other_rows,
)
from ecgkt.reports.stored import read_truth as _read_truth
from ecgkt.reports.tables import Table

Files = tuple[tuple[str, float], ...]
NONE = (
    "There are no stored predictions to compare: write them with `python -m ecgkt evaluate --cohort COHORT "
    "--models DIR --out RESULTS` and open the app with `--predictions RESULTS`."
)


@dataclass(frozen=True)
class Listed:
    """A file of stored predictions that has not been read yet."""

    path: Path
    origin: Origin


@dataclass(frozen=True, eq=False)
class Pair:
    """Two measured arms of one cohort, the first minus the second."""

    where: Path
    truth: Truth
    first: Measured
    second: Measured
    members: tuple[tuple[Listed, ...], tuple[Listed, ...]]
    resamples: int
    comparison: Comparison

    @property
    def keys(self) -> tuple[str, str]:
        """The names of both arms."""
        return self.first.key, self.second.key

    def held_out(self) -> tuple[int, int]:
        """Return the number of held-out ECGs and of their patients."""
        rows = self.first.stored[0].rows
        chosen = rows.of("held_out")
        return int(chosen.sum()), len(np.unique(rows.subject_ids[chosen]))

    def subgroups(self, family: str) -> Table:
        """Return the paired differences of one family by age, sex and setting."""
        return _subgroups(str(self.where), self.keys, _named(self.members), family, self.resamples)


def folder() -> Path | None:
    """Return the folder with the truth and the predictions, None where there is none."""
    named = loading.predictions_folder()
    return None if named is None else predictions_folder(named)


def bundle(where: Path) -> Bundle | None:
    """Return what was left out of a folder's predictions; None where they are a run's own."""
    return read_bundle(where)


def listed(where: Path) -> tuple[Listed, ...]:
    """Return the stored predictions of a folder; raise InvalidCohort where it holds none."""
    paths = sorted(path for path in where.glob("*.parquet") if path.name != TRUTH)
    if not paths:
        raise InvalidCohort("stored predictions beside the truth", "none", "store some with evaluate")
    return _listed(files(paths))


def files(paths: Sequence[Path]) -> Files:
    """Return paths with the time of their last change: what is cached for them holds until they change."""
    return tuple((str(path), path.stat().st_mtime) for path in paths)


@st.cache_data(show_spinner=False, max_entries=8)
def _listed(some: Files) -> tuple[Listed, ...]:
    return tuple(Listed(Path(path), read_origin(Path(path))) for path, _ in some)


def truth(where: Path) -> Truth:
    """Return the truth of a folder's cohort."""
    return _truth(files([where / TRUTH])[0])


@st.cache_resource(show_spinner=False, max_entries=2)
def _truth(file: tuple[str, float]) -> Truth:
    return _read_truth(Path(file[0]))


@st.cache_resource(show_spinner=False, max_entries=16)
def _stored(file: tuple[str, float]) -> Stored:
    return read_predictions(Path(file[0]))


def pair(
    where: Path, keys: tuple[str, str], members: tuple[tuple[Listed, ...], tuple[Listed, ...]], resamples: int
) -> Pair:
    """Return two arms held against each other; raise InvalidCohort where they have no label in common."""
    first, second = (arm(where, key, some, resamples) for key, some in zip(keys, members, strict=True))
    comparison = _comparison(_named(members), resamples, first, second)
    if comparison is None:
        raise InvalidCohort("two models with a label in common", "none", "choose another")
    return Pair(where, truth(where), first, second, members, resamples, comparison)


def _named(members: tuple[tuple[Listed, ...], tuple[Listed, ...]]) -> tuple[Files, Files]:
    first, second = (files([one.path for one in some]) for some in members)
    return first, second


@st.cache_resource(show_spinner=False, max_entries=16)
def _comparison(some: tuple[Files, Files], resamples: int, _first: Measured, _second: Measured) -> Comparison | None:
    return compare_pair(_first, _second)


def arm(where: Path, key: str, members: Sequence[Listed], resamples: int) -> Measured:
    """Return an arm with its AUROC on the sample and on every resample of patients."""
    return _arm(str(where), key, files([one.path for one in members]), resamples)


@st.cache_resource(show_spinner=False, max_entries=12)
def _arm(where: str, key: str, some: Files, resamples: int) -> Measured:
    stored = [_stored(file) for file in some]
    kept = [kept_draws(Path(file[0]), one.origin.checkpoint, resamples) for file, one in zip(some, stored, strict=True)]
    runs = tuple(run for run in kept if run is not None)
    if len(runs) == len(stored) and len({run.names for run in runs}) == 1:
        for one in stored:
            refuse_other_rows(truth(Path(where)), one)
        return Measured(key, stored[0].origin.title, tuple(stored), runs)
    return measure(truth(Path(where)), {key: stored}, metrics=["auroc"], resamples=resamples)[key]


@st.cache_data(show_spinner=False, max_entries=24)
def _subgroups(where: str, keys: tuple[str, str], some: tuple[Files, Files], family: str, resamples: int) -> Table:
    both = [_arm(where, key, chosen, resamples) for key, chosen in zip(keys, some, strict=True)]
    return pair_subgroups(both[0], both[1], truth(Path(where)), family, resamples=resamples)
