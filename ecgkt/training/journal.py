"""What a run tells about itself: log.csv, TensorBoard's files where wanted, and the manifest run.json."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgkt import __version__
from ecgkt.data.studies import Study
from ecgkt.errors import InvalidValue
from ecgkt.training.settings import Fit
from ecgkt.training.state import LOG, MANIFEST, write_file

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

BOARD = "tensorboard"


def run_key(
    module: nn.Module,
    study: Study,
    rows: NDArray[np.intp],
    settings: Fit,
    engine: Mapping[str, Any],
    views: int,
    rates: Mapping[str, float],
) -> dict[str, Any]:
    """Return all that decides what a run computes; a state is gone on with where all of it is the same."""
    key = {
        "settings": {"stage": type(settings).__name__, **asdict(settings)},
        "cohort": study.cohort.fingerprint,
        "preprocessing": study.preprocessing.fingerprint,
        "training_rows": hashlib.sha256(np.ascontiguousarray(rows, dtype="<i8").tobytes()).hexdigest()[:12],
        "initial_weights": _digest(module),
        "engine": dict(engine),
        "views": views,
        "rates": dict(rates),
        "code_version": __version__,
        "torch_version": torch.__version__,
    }
    plain: dict[str, Any] = json.loads(json.dumps(key))
    return plain


def _digest(module: nn.Module) -> str:
    """Return twelve hex digits over names and values of a module's state."""
    digest = hashlib.sha256()
    for name, values in module.state_dict().items():
        digest.update(name.encode())
        digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


class Journal:
    """The files of one run in `folder`; each is whole at any time."""

    def __init__(self, folder: Path, key: Mapping[str, Any], logger: str) -> None:
        self.folder, self.key = folder, json.dumps(key)
        self.manifest: dict[str, Any] = {**key, "started": _now(), "finished": None}
        self.board: SummaryWriter | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if logger == "tensorboard":
            self.board = _board(folder / BOARD)

    def begin(self, epochs: Sequence[Mapping[str, float]], step: int) -> None:
        """Say that the run begins, or goes on from `step`."""
        if step:
            self.manifest["started"] = self._before().get("started", self.manifest["started"])
            self.manifest["gone_on_from_step"] = [*self._before().get("gone_on_from_step", []), step]
        self._write()
        write_file(self.folder / LOG, _table(epochs))
        for epoch in range(len(epochs)):
            self._show(epochs, epoch)

    def add(self, epochs: Sequence[Mapping[str, float]]) -> None:
        """Log the last of the epochs."""
        write_file(self.folder / LOG, _table(epochs))
        self._show(epochs, len(epochs) - 1)

    def end(self, seconds: float, samples_per_second: float, waiting: float) -> None:
        """Say that all steps are done, and how fast."""
        if self.manifest["finished"] is None:
            speed = {"samples_per_second": round(samples_per_second, 1), "waiting_share": round(waiting, 4)}
            self.manifest |= {"finished": _now(), "seconds": round(seconds, 1), **speed}
            self._write()
        if self.board is not None:
            self.board.close()

    def _before(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told

    def _write(self) -> None:
        write_file(self.folder / MANIFEST, (json.dumps(self.manifest, indent=2) + "\n").encode())

    def _show(self, epochs: Sequence[Mapping[str, float]], epoch: int) -> None:
        if self.board is None:
            return
        for name, value in epochs[epoch].items():
            self.board.add_scalar(name, value, epoch + 1)
        self.board.flush()


def _board(folder: Path) -> SummaryWriter:
    """Return a writer of a new log for TensorBoard, which a run that goes on fills from its start."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InvalidValue(
            "tensorboard for its logs", "none installed", "pip install tensorboard, or use the logger csv"
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    return SummaryWriter(str(folder))


def _table(epochs: Sequence[Mapping[str, float]]) -> bytes:
    names = list(dict.fromkeys(["loss", *(name for told in epochs for name in told)]))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["epoch", *names])
    for number, told in enumerate(epochs, start=1):
        writer.writerow([number, *(f"{told[name]:.6f}" if name in told else "" for name in names)])
    return stream.getvalue().encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
