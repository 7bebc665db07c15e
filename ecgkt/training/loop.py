"""The loop that every stage shares: shuffled crops, AdamW, one cycle, a stop at the first loss that is no number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ecgkt.errors import InvalidValue
from ecgkt.training.augmentation import augment, crop
from ecgkt.training.settings import Fit

Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class Batch:
    """Augmented crops (b, 12, m) and the rows of the study that they come from."""

    signals: Tensor
    rows: NDArray[np.intp]


def fit(
    modules: Sequence[nn.Module],
    loss_of: Callable[[Batch], Tensor],
    signals: NDArray[np.float32],
    rows: NDArray[np.intp],
    fs: float,
    settings: Fit,
    progress: Progress = iter,
) -> list[float]:
    """Minimise `loss_of` over the `rows` of `signals` (n, 12, m); return the mean loss of each epoch.

    The modules are left in evaluation mode. Raises InvalidValue, before the weights are spoilt, where a loss is not
    finite.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    parameters = [parameter for module in modules for parameter in module.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    every = nn.ModuleList(modules)
    average = _average(every, settings.averaging) if settings.averaging else None
    steps = settings.epochs * max(1, len(rows) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps)
    history = []
    for module in modules:
        module.train()
    with seeded(settings.seed):
        for _ in progress(range(settings.epochs)):
            losses = []
            for batch in _batches(signals, rows, fs, settings, generator):
                loss = loss_of(batch)
                if not torch.isfinite(loss):
                    raise InvalidValue(
                        "a finite loss", f"{loss.item()} in rows {batch.rows[:5].tolist()}", "check them"
                    )
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                schedule.step()
                if average is not None:
                    average.update_parameters(every)
                losses.append(loss.item())
            history.append(float(np.mean(losses)))
    if average is not None:
        every.load_state_dict(average.module.state_dict())
    for module in modules:
        module.eval()
    return history


def _average(modules: nn.Module, decay: float) -> AveragedModel:
    """Return the moving average of weights and of the norms' statistics, to be updated at every step."""
    mean = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(modules, multi_avg_fn=mean, use_buffers=True)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what has no generator of its own (initial weights, dropout), and leave the global state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _batches(
    signals: NDArray[np.float32], rows: NDArray[np.intp], fs: float, settings: Fit, generator: torch.Generator
) -> Iterator[Batch]:
    """Yield every full batch of one epoch in a new order."""
    order = rows[torch.randperm(len(rows), generator=generator).numpy()]
    size = min(settings.batch, len(rows))
    for start in range(0, len(order) - size + 1, size):
        some = np.sort(order[start : start + size])
        whole = torch.from_numpy(np.ascontiguousarray(signals[some]))
        cut = crop(whole, round(settings.crop_seconds * fs), generator)
        yield Batch(augment(cut, fs, generator), some)
