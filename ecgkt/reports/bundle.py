"""Stored predictions small enough to travel with the app: the held-out rows alone, their logits rounded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidCohort
from ecgkt.reports.draws import METRIC, keep_draws
from ecgkt.reports.judged import Judged
from ecgkt.reports.measured import group_by_arm
from ecgkt.reports.stored import (
    TRUTH,
    Origin,
    Stored,
    predictions_folder,
    read_origin,
    read_predictions,
    read_truth,
    refuse_other_rows,
    store_logits,
    store_truth,
)

ARMS = ("baseline", "ecg_only", "transferred", "multimodal")
"""The arms that the gap and the main contrasts need."""
PART, LEVELS, NOTE, RESAMPLES = "held_out", 256, "bundle.json", 200


@dataclass(frozen=True)
class Bundle:
    """What was kept of a run's stored predictions: ECGs and patients of one part, logits to a share of
    their spread, 1 / `levels`, which `arms`.

    `of` is the number of ECGs in the part before; it equals `ecgs` where none was left out.
    """

    part: str
    ecgs: int
    patients: int
    of: int
    levels: int
    arms: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", tuple(self.arms))

    def __str__(self) -> str:
        """Return the sentence about what was left out."""
        whole = "all of them" if self.ecgs == self.of else f"{self.ecgs:,} of {self.of:,} ECGs"
        return (
            f"Bundled with the app from the full run's stored predictions: its held-out ECGs ({whole}) and the arms "
            f"{', '.join(self.arms)}; each score rounded to 1/{self.levels} of its spread"
        )


def write_bundle(
    results: Path,
    out: Path,
    *,
    arms: Sequence[str] = ARMS,
    budgets: Sequence[float] = (1.0,),
    patients: int | None = None,
) -> Bundle:
    """Write the held-out rows of some arms' stored predictions to `out`, and the note of what was left out.

    AUROC on 200 resamples of patients is kept beside each, so that a first look at them takes none.

    With `patients`, those with the lowest ids alone (ids are drawn at random) are kept. Raises InvalidCohort where an
    arm is missing, and for the predictions of real patients, which stay where the patients' data are.
    """
    source = predictions_folder(results)
    truth = read_truth(source / TRUTH)
    if truth.cohort.domain is not Domain.SIMULATED:
        raise InvalidCohort("predictions of simulated patients", f"{truth.cohort.domain} ones", "keep them beside data")
    chosen = [read_predictions(path) for path in _files(source, arms, budgets)]
    rows = chosen[0].rows
    for one in chosen:
        refuse_other_rows(truth, one)
    part = rows.of(PART)
    subjects = np.unique(rows.subject_ids[part])[:patients]
    kept = part & np.isin(rows.subject_ids, subjects)
    _clear(out)
    where = np.flatnonzero(kept)
    store_truth(Judged(out, truth.cohort, where, rows.take(kept), truth.labels.take(kept)), out)
    small = [Stored(one.origin, one.rows.take(kept), one.names, rounded(one.logits[kept])) for one in chosen]
    keep_draws([store_logits(one, out) for one in small], RESAMPLES)
    bundle = Bundle(PART, int(kept.sum()), len(subjects), int(part.sum()), LEVELS, tuple(arms))
    (out / NOTE).write_text(json.dumps(asdict(bundle), indent=1) + "\n", encoding="utf-8")
    return bundle


def rounded(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return logits (n, k) rounded to multiples of a power of two, at most 1/256 of each label's standard deviation.

    Decimals would not do: the scores of a label that is hardly told apart lie close together, and ties move its AUROC.
    """
    spread = logits.astype(np.float64).std(axis=0)
    step = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1) / LEVELS)))
    return (np.round(logits / step) * step).astype(np.float32)


def read_bundle(folder: Path) -> Bundle | None:
    """Return what a folder of stored predictions says was left out; None where they are a run's own, whole ones."""
    path = Path(folder) / NOTE
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Bundle(**{field.name: told[field.name] for field in fields(Bundle)})
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidCohort(f"the note {NOTE} of a bundle", "another file", "write it with `bundle`") from error


def _files(source: Path, arms: Sequence[str], budgets: Sequence[float]) -> list[Path]:
    """Return the files of the arms at each budget, of the first seed of each."""
    paths = {path: read_origin(path) for path in sorted(source.glob("*.parquet")) if path.name != TRUTH}
    found = []
    for budget in budgets:
        grouped = group_by_arm([_At(path, origin) for path, origin in paths.items()], budget)
        missing = [arm for arm in arms if arm not in grouped]
        if missing:
            raise InvalidCohort(f"the arms {', '.join(arms)} at {budget:.0%}", f"no {missing[0]}", "store it first")
        found += [grouped[arm][0].path for arm in arms]
    return found


@dataclass(frozen=True)
class _At:
    path: Path
    origin: Origin


def _clear(out: Path) -> None:
    """Remove an earlier bundle, and nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not (out / NOTE).is_file():
        raise InvalidCohort(f"an empty folder or an earlier bundle at {out}", "other files", "name another folder")
    for path in (*out.glob("*.parquet"), *out.glob(f"{METRIC}-*.npz"), out / NOTE):
        path.unlink(missing_ok=True)
