"""How fast training goes: ours, our network trained the plain way, and an XResNet1d-50, on the same records.

python -m benchmarks.training_throughput --cohort DIR --prepared DIR [--steps 200] [--batch 64] [--crop 5]

The first DIR holds a cohort as `simulate` writes it, one WFDB file per record, the second is that cohort prepared.
Every way takes `steps` steps of `batch` records on all labels, on one thread. The ways take turns in four rounds, so
that what else the machine does falls on all of them; wall time is told, and CPU time, which other work disturbs less.
Files and map are read once before, so that both lie in the page cache. Ours augments, the plain way does not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import wfdb
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.xresnet import XResNet1d50
from ecgkt.data.studies import Study, read_study
from ecgkt.domain.records import LEADS, Record
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.training.engine import Batch, Engine, fit
from ecgkt.training.optimisation import one_cycle
from ecgkt.training.settings import Fit

ROUNDS = 4


@dataclass
class Spent:
    """What a way has spent so far."""

    samples: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    waited: float = 0.0


class Files(Dataset[tuple[Tensor, int]]):
    """One WFDB file per record, read and preprocessed when it is asked for."""

    def __init__(self, paths: Mapping[int, Path], study: Study, rows: NDArray[np.intp]) -> None:
        self.paths, self.study, self.rows = paths, study, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        row = int(self.rows[place])
        read = wfdb.rdrecord(str(self.paths[int(self.study.cohort.record_ids[row])]))
        signal = read.p_signal.T[[read.sig_name.index(lead) for lead in LEADS]]
        record = Record(signal.astype(np.float32), read.fs, "file")
        return torch.from_numpy(self.study.preprocessing.apply(record)), row


def plain_way(network: nn.Module, labels: Tensor, files: Files, batch: int, spent: Spent) -> None:
    """Train as a plain loop does: a usual DataLoader, float32, all of the 10 s, AdamW, one cycle."""
    read = iter(DataLoader(files, batch, shuffle=True, drop_last=True))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    schedule = one_cycle(optimiser, len(files) // batch)
    network.train()
    began, cpu = time.monotonic(), time.process_time()
    for _ in range(len(files) // batch):
        asked = time.monotonic()
        signals, rows = next(read)
        spent.waited += time.monotonic() - asked
        loss = masked_cross_entropy(network(signals), labels[rows])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        loss.item()
        spent.samples += len(rows)
    spent.wall += time.monotonic() - began
    spent.cpu += time.process_time() - cpu


def our_way(
    network: nn.Module, labels: Tensor, study: Study, rows: NDArray[np.intp], settings: Fit, spent: Spent
) -> None:
    """Train by the engine."""

    def loss_of(batch: Batch) -> dict[str, Tensor]:
        return {"loss": masked_cross_entropy(network(batch.signals), batch.take(labels))}

    cpu = time.process_time()
    history = fit(network, loss_of, study, rows, settings, engine=Engine())
    spent.cpu += time.process_time() - cpu
    spent.samples += len(rows) // settings.batch * settings.batch
    spent.wall += history.seconds
    spent.waited += history.waiting * history.seconds


def measured(study: Study, paths: Mapping[int, Path], steps: int, batch: int, crop: float) -> dict[str, Spent]:
    """Return what each way spent."""
    labels = torch.from_numpy(np.array(study.labels.values))
    count = labels.shape[1]
    cut, short = Fit(epochs=1, batch=batch, crop_seconds=crop), Fit(epochs=1, batch=batch, crop_seconds=2.5)
    heads = {"all": count}

    def engine(network: nn.Module, settings: Fit) -> Callable[[NDArray[np.intp], Spent], None]:
        return lambda rows, spent: our_way(network, labels, study, rows, settings, spent)

    plain = EcgNetwork(EcgEncoder(), heads)
    ways: dict[str, Callable[[NDArray[np.intp], Spent], None]] = {
        f"ours: mapped, crops of {crop:g} s, augmented": engine(EcgNetwork(EcgEncoder(), heads), cut),
        "our network, plain: one WFDB file per record, 10 s": lambda rows, spent: plain_way(
            plain, labels, Files(paths, study, rows), batch, spent
        ),
        f"XResNet1d-50 in our engine, crops of {crop:g} s": engine(XResNet1d50(count), cut),
        "XResNet1d-50 in our engine, crops of 2.5 s": engine(XResNet1d50(count), short),
    }
    spent = {name: Spent() for name in ways}
    rows = study.rows("train")
    for way in ways.values():
        way(rows[: 2 * batch], Spent())
    for turn in range(ROUNDS):
        some = np.resize(np.roll(rows, -turn * (steps // ROUNDS) * batch), steps // ROUNDS * batch)
        for name, way in ways.items():
            way(some, spent[name])
    return spent


def main() -> None:
    """Print one line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--crop", type=float, default=5.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    study = read_study(given.prepared, Preprocessing())
    paths = {int(path.stem): path.with_suffix("") for path in (given.cohort / "files").rglob("*.hea")}
    for row in study.rows("train")[: given.steps * given.batch]:
        paths[int(study.cohort.record_ids[row])].with_suffix(".dat").read_bytes()
        study.signals[row].sum()
    spent = measured(study, paths, given.steps, given.batch, given.crop)
    first = next(iter(spent.values()))
    print("| way | samples/s | samples per CPU second | waiting for data | CPU time per sample beside ours |")
    print("|---|---|---|---|---|")
    for name, one in spent.items():
        ratio = (one.cpu / one.samples) / (first.cpu / first.samples)
        speed = f"{one.samples / one.wall:.0f} | {one.samples / one.cpu:.0f}"
        print(f"| {name} | {speed} | {100 * one.waited / one.wall:.0f} % | {ratio:.2f} |")


if __name__ == "__main__":
    main()
