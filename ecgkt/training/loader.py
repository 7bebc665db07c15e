"""Crops off the memory map: of each row only the crop's samples are read; order and place come from seed and step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ecgkt.errors import InvalidCohort
from ecgkt.training.settings import Fit


class Asked(NamedTuple):
    """What one step reads: rows (b,) of the study and the first samples (views, b) of their crops."""

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]


class Read(NamedTuple):
    """What was read: the crops (b, 12, samples) of each view and their rows (b,)."""

    views: list[Tensor]
    rows: NDArray[np.intp]

    def refuse_gaps(self, record_ids: NDArray[np.int64]) -> None:
        """Raise InvalidCohort with the ids of the records of which a value is not finite."""
        whole = [torch.isfinite(view).all(dim=-1).all(dim=-1) for view in self.views]
        if all(bool(view.all()) for view in whole):
            return
        bad = self.rows[~torch.stack(whole).all(dim=0).numpy()]
        raise InvalidCohort(
            "signals of finite values",
            f"NaN or infinity in {named(record_ids[bad])}",
            "leave them out or prepare the cohort anew; the weights have not seen this batch",
        )


class Crops(Dataset[Tensor]):
    """Crops of `samples` from `signals` (n, 12, m), mapped or not."""

    def __init__(self, signals: NDArray[np.float32], samples: int) -> None:
        self.signals, self.samples = signals, min(samples, signals.shape[-1])
        self._plain = np.asarray(signals)

    def __getitems__(self, asked: Asked) -> Read:
        """Read what one step asks for."""
        views = []
        for starts in asked.starts:
            block = np.empty((len(asked.rows), self._plain.shape[1], self.samples), dtype=np.float32)
            for place, (row, start) in enumerate(zip(asked.rows.tolist(), starts.tolist(), strict=True)):
                block[place] = self._plain[row, :, start : start + self.samples]
            views.append(torch.from_numpy(block))
        return Read(views, asked.rows)

    def __getstate__(self) -> dict[str, Any]:
        """Send a worker the map's place instead of its content."""
        state = self.__dict__ | {"_plain": None}
        told = _place(self.signals)
        return state if told is None else state | {"signals": told}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(self.signals, _Place):
            self.signals = np.memmap(
                self.signals.path, self.signals.dtype, "r", self.signals.offset, self.signals.shape
            )
        self._plain = np.asarray(self.signals)


class _Place(NamedTuple):
    path: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]


def _place(signals: NDArray[np.float32]) -> _Place | None:
    """Return where a whole map lies on the disk; None for an array that is none, or a part of one."""
    if not isinstance(signals, np.memmap) or signals.filename is None or not signals.flags.c_contiguous:
        return None
    path = Path(signals.filename)
    if path.stat().st_size != signals.offset + signals.nbytes:
        return None
    return _Place(str(path), signals.dtype, signals.offset, signals.shape)


def named(record_ids: NDArray[np.int64], most: int = 5) -> str:
    """Return "record 7" or "records 7, 9", the first few of them."""
    told = ", ".join(str(one) for one in record_ids[:most].tolist())
    more = f" and {len(record_ids) - most} more" if len(record_ids) > most else ""
    return f"record{'s' if len(record_ids) > 1 else ''} {told}{more}"


@dataclass(frozen=True, eq=False)
class Order(Sampler[Asked]):
    """What each step from `first` on reads: an epoch's rows in an order of (seed, epoch), without the last few.

    `batch` is the whole batch, of which this process reads its own part; where the crops lie does not depend on how
    many processes there are.
    """

    rows: NDArray[np.intp]
    settings: Fit
    spare: int
    views: int = 1
    rank: int = 0
    processes: int = 1
    first: int = 0

    def starting(self, first: int) -> Order:
        """Return the same order from the step `first` on."""
        return replace(self, first=first)

    @property
    def batch(self) -> int:
        """Rows of one step over all processes."""
        size = min(self.settings.batch, len(self.rows))
        return size - size % self.processes

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return len(self.rows) // self.batch

    def __len__(self) -> int:
        return self.steps * self.settings.epochs - self.first

    def __iter__(self) -> Iterator[Asked]:
        size, own = self.batch, self.batch // self.processes
        mine = slice(self.rank * own, (self.rank + 1) * own)
        for epoch in range(self.first // self.steps, self.settings.epochs):
            generator = np.random.default_rng([self.settings.seed, epoch])
            order = self.rows[generator.permutation(len(self.rows))]
            starts = generator.integers(0, self.spare + 1, (self.views, len(self.rows)))
            for step in range(self.steps):
                if epoch * self.steps + step < self.first:
                    continue
                cut = slice(step * size, (step + 1) * size)
                by_row = np.argsort(order[cut], kind="stable")[mine]
                yield Asked(order[cut][by_row], starts[:, cut][:, by_row])


def loader(crops: Crops, order: Order, workers: int = 0, pin: bool = False) -> DataLoader[Any]:
    """Return a loader of `Read` in that order, read ahead by `workers` processes."""
    return DataLoader(
        crops,
        batch_sampler=order,  # type: ignore[arg-type]
        num_workers=workers,
        collate_fn=_whole,
        pin_memory=pin,
        generator=torch.Generator(),
        multiprocessing_context="spawn" if workers else None,
        prefetch_factor=4 if workers else None,
    )


def _whole(read: Any) -> Any:
    return read
