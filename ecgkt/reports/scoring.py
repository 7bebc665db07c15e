"""Logits of a checkpoint: of the rows of a study, batch by batch, and of recordings read from files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.checkpoints import Reference
from ecgkt.data.layout import Prepared
from ecgkt.data.studies import Study, read_manifest, read_values
from ecgkt.domain.features import Role
from ecgkt.errors import EcgktError, InvalidCohort, InvalidValue
from ecgkt.inference import Predictor
from ecgkt.signals.quality import assess

QUANTILES = 51
ROWS_AT_ONCE = 512
Progress = Callable[[Iterable[int]], Iterable[int]]


def study_logits(
    predictor: Predictor,
    study: Study,
    rows: NDArray[np.intp],
    cohort: Path | None = None,
    progress: Progress = iter,
) -> NDArray[np.float64]:
    """Return logits (n, k) of `rows` of a study, in the order of the card's labels; never all signals in memory.

    A checkpoint that reads clinical tables gets those of its role; for another role than the alignment partner the
    folder of the prepared `cohort` must be given.
    """
    tables = _tables(predictor, study, cohort)
    out = np.empty((len(rows), len(predictor.card.labels)))
    for start in progress(range(0, len(rows), ROWS_AT_ONCE)):
        some = rows[start : start + ROWS_AT_ONCE]
        signals = list(study.signals[some])
        out[start : start + len(some)] = predictor.logits(signals, None if tables is None else tables[some])
    return out


def score_files(
    predictor: Predictor, paths: Sequence[Path], progress: Progress = iter
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return logits (m, k) of the files that can be read and judged, and their positions (m,) in `paths`."""
    inputs, kept = [], []
    for row in progress(range(len(paths))):
        try:
            record = readers.read_record(paths[row])
        except EcgktError:
            continue
        if assess(record, predictor.card.preprocessing.seconds).good:
            inputs.append(predictor.card.preprocessing.apply(record))
            kept.append(row)
    if not kept:
        raise InvalidCohort("records that can be read", f"none of {len(paths)}", "check the folder")
    return predictor.logits(inputs), np.array(kept, dtype=np.intp)


def reference_of(
    predictor: Predictor, paths: Sequence[Path], name: str, source: str, progress: Progress = iter
) -> Reference:
    """Return the quantiles of each label's logit over a set of real records; the records themselves are not kept."""
    logits, kept = score_files(predictor, paths, progress)
    quantiles = np.quantile(logits, np.linspace(0, 1, QUANTILES), axis=0).T
    rows = tuple(tuple(float(f"{value:.4f}") for value in row) for row in quantiles)
    return Reference(name, source, len(kept), rows)


def _tables(predictor: Predictor, study: Study, cohort: Path | None) -> NDArray[np.float32] | None:
    """Return the values (rows of the study, k) that a checkpoint reads beside the ECG, None where it reads none."""
    role = predictor.table_role
    if role is None:
        return None
    if role is Role.ALIGNMENT_PARTNER:
        return study.partners.values
    if cohort is None:
        raise InvalidValue(f"the prepared cohort's folder for tables of the role {role}", "none", "name the folder")
    prepared = Prepared(Path(cohort))
    return read_values(prepared, role, read_manifest(prepared)).values
