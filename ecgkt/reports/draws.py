"""AUROC on the sample and on every resample of patients, kept beside the stored predictions that it was measured from.

A first look over a cohort then takes no resampling. What is kept counts only for the very bytes it was measured from.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgkt.evaluation.bootstrap import Bootstrap
from ecgkt.reports.measured import measure
from ecgkt.reports.stored import TRUTH, read_predictions, read_truth

METRIC = "auroc"


def draws_path(folder: Path, checkpoint: str, resamples: int) -> Path:
    """Return where the resamples of a checkpoint's predictions are kept in their folder."""
    return Path(folder) / f"{METRIC}-{checkpoint}-{resamples}.npz"


def keep_draws(paths: Sequence[Path], resamples: int) -> list[Path]:
    """Measure some stored predictions of one folder on as many resamples, and keep the result beside them."""
    written = []
    for path in paths:
        stored = read_predictions(path)
        truth = read_truth(path.parent / TRUTH)
        measured = measure(truth, {stored.origin.name: [stored]}, metrics=[METRIC], resamples=resamples)
        run = measured[stored.origin.name].runs[0]
        target = draws_path(path.parent, stored.origin.checkpoint, resamples)
        kept: dict[str, Any] = {
            "names": np.array(run.names),
            "n": run.n,
            "positives": run.positives,
            "units": run.units,
            "reasons": np.array([reason or "" for reason in run.reasons]),
            "rows": np.array(run.rows),
            "values": run.values[METRIC],
            "draws": run.draws[METRIC].astype(np.float32),
            "digest": np.array(_digest(path)),
        }
        np.savez_compressed(target, allow_pickle=False, **kept)
        written.append(target)
    return written


def kept_draws(path: Path, checkpoint: str, resamples: int) -> Bootstrap | None:
    """Return what was measured of the stored predictions at `path`; None where nothing is kept for these very bytes."""
    try:
        with np.load(draws_path(path.parent, checkpoint, resamples), allow_pickle=False) as file:
            kept = {name: file[name] for name in file.files}
        if str(kept["digest"]) != _digest(path):
            return None
        return Bootstrap(
            names=tuple(kept["names"].tolist()),
            n=kept["n"],
            positives=kept["positives"],
            units=kept["units"],
            reasons=tuple(reason or None for reason in kept["reasons"].tolist()),
            rows=tuple(kept["rows"].tolist()),
            values={METRIC: kept["values"]},
            draws={METRIC: kept["draws"].astype(np.float64)},
        )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _digest(path: Path) -> str:
    """Return what stands for predictions and truth together."""
    digest = hashlib.sha256(path.read_bytes())
    digest.update((path.parent / TRUTH).read_bytes())
    return digest.hexdigest()
