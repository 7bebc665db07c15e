"""The engine that every stage shares: on a processor, a GPU, or several processes; a run that was stopped goes on.

Every step's order, crops, augmentation and dropout come from (seed, epoch, step, process), so that weights, optimiser,
schedule, average and the position are all that a run needs in order to go on to the bit as if it had never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgkt.data.studies import Study
from ecgkt.errors import InvalidValue
from ecgkt.training import state as states
from ecgkt.training.augmentation import augment
from ecgkt.training.batches import Batch
from ecgkt.training.faults import offending
from ecgkt.training.journal import Journal, run_key
from ecgkt.training.loader import Crops, Order, Read, loader, named
from ecgkt.training.machines import Engine
from ecgkt.training.optimisation import frozen, moving_average, one_cycle, optimiser_for, start_training
from ecgkt.training.processes import part_norms, share_norms
from ecgkt.training.randomness import seed_of, seeded
from ecgkt.training.settings import Fit

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Batch", "Engine", "History", "LossOf", "Progress", "fit"]

Progress = Callable[[Iterable[int]], Iterable[int]]
LossOf = Callable[[Batch], Mapping[str, Tensor]]


@dataclass(frozen=True)
class History:
    """What each epoch told (mean loss, the other terms, what the epoch's end measured), and how fast it went.

    `waiting` is the share of the time in which a batch was read and augmented while no step was computed.
    """

    epochs: tuple[Mapping[str, float], ...]
    seconds: float
    samples_per_second: float
    waiting: float

    @property
    def losses(self) -> list[float]:
        """The mean loss of each epoch."""
        return [epoch["loss"] for epoch in self.epochs]


def fit(
    module: nn.Module,
    loss_of: LossOf,
    study: Study,
    rows: NDArray[np.intp],
    settings: Fit,
    *,
    engine: Engine | None = None,
    folder: Path | None = None,
    progress: Progress = iter,
    at_epoch_end: Callable[[], Mapping[str, float]] | None = None,
    views: int = 1,
    rates: Mapping[str, float] | None = None,
) -> History:
    """Minimise `loss_of(batch)["loss"]` over `rows` of the study; the other entries, scalars all, are logged.

    `module` holds all that is trained and is left on the CPU, in evaluation mode, with the average where one is kept.
    `settings.batch` counts the rows of all processes together; `loss_of` gathers what it compares, so that every
    process has the loss of the whole batch. With a `folder` the run's state, log and manifest are kept there: a run
    of the same settings, rows and initial weights goes on, and one that had ended returns at once, until
    `state.forget_state`. `at_epoch_end` is called in evaluation mode and may use the network. `rates` multiplies the
    learning rate by submodule (see `optimisation.rate_of`). `progress` wraps the steps that are left.

    Raises InvalidCohort for a signal that is not finite, before the network sees it, and InvalidValue for a loss or
    gradient that is not, before the weights change, both with record ids; InvalidCheckpoint for a state that is
    damaged or another run's; DiskFull, the last state standing.
    """
    engine = engine or Engine()
    if len(rows) < 2:
        raise InvalidValue("at least 2 rows to train on", f"{len(rows)}", "take a larger cohort or budget")
    fabric = engine.fabric()
    if fabric.world_size > 1:
        share_norms(module)
    mine = folder if fabric.is_global_zero else None
    with states.held(mine), frozen(module, settings, rates or {}):
        run = _Run(module, loss_of, study, rows, settings, engine, fabric, folder, views, rates or {})
        run.resume()
        with seeded(settings.seed, [fabric.device] if fabric.device.type == "cuda" else []):
            run.train(progress if fabric.is_global_zero else iter, at_epoch_end)
        history = run.end()
    part_norms(module)
    return history


class _Step(nn.Module):
    """A loss as the forward pass of a module, so that mixed precision and gradient averaging reach all of it."""

    def __init__(self, module: nn.Module, loss_of: LossOf) -> None:
        super().__init__()
        self.module, self.loss_of = module, loss_of

    def forward(self, views: list[Tensor], rows: NDArray[np.intp]) -> dict[str, Tensor]:
        terms = self.loss_of(Batch(views[0], views[1] if len(views) > 1 else None, rows))
        return {name: term if name == "loss" else term.detach() for name, term in terms.items()}


class _Run:
    """One run of one stage: what it holds, one step, and where it stands."""

    def __init__(
        self,
        module: nn.Module,
        loss_of: LossOf,
        study: Study,
        rows: NDArray[np.intp],
        settings: Fit,
        engine: Engine,
        fabric: Fabric,
        folder: Path | None,
        views: int,
        rates: Mapping[str, float],
    ) -> None:
        self.module, self.loss_of, self.study, self.settings = module, loss_of, study, settings
        self.engine, self.fabric, self.folder = engine, fabric, folder
        self.crops = Crops(study.signals, round(settings.crop_seconds * study.preprocessing.fs))
        self.spare = study.signals.shape[-1] - self.crops.samples
        self.order = Order(rows, settings, self.spare, views, fabric.global_rank, fabric.world_size)
        self.total = self.order.steps * settings.epochs
        self.key = run_key(module, study, rows, settings, engine.told(fabric), views, rates)
        optimiser = optimiser_for(module, settings, rates)
        self.wrapped, self.optimiser = fabric.setup(_Step(module, loss_of), optimiser)
        self.schedule = one_cycle(optimiser, self.total)
        self.average = moving_average(module, settings.averaging) if settings.averaging else None
        self.step = 0
        self.sums: dict[str, float] = {}
        self.epochs: list[dict[str, float]] = []
        self.seconds = self.waited = 0.0
        self.journal = Journal(folder, self.key, engine.logger) if folder and fabric.is_global_zero else None

    def resume(self) -> None:
        """Go on from the folder's state where there is one."""
        found = states.read_state(self.folder, self.key) if self.journal and self.folder else None
        found = self.fabric.broadcast(found) if self.fabric.world_size > 1 else found
        if found is not None:
            self.module.load_state_dict(found["module"])
            self.optimiser.load_state_dict(found["optimiser"])
            self.schedule.load_state_dict(found["schedule"])
            if self.average is not None:
                self.average.load_state_dict(found["average"])
            self.step, self.sums, self.epochs = found["step"], found["sums"], found["epochs"]
            self.seconds, self.waited = found["seconds"], found["waited"]
        if self.journal:
            self.journal.begin(self.epochs, self.step)

    def save(self) -> None:
        """Write where the run stands."""
        if self.journal is None or self.folder is None:
            return
        state = {
            "module": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }
        position = {"step": self.step, "sums": self.sums, "epochs": self.epochs}
        clock = {"seconds": self.seconds, "waited": self.waited}
        states.write_state(self.folder, {"key": self.journal.key, **state, **position, **clock})

    def train(self, progress: Progress, at_epoch_end: Callable[[], Mapping[str, float]] | None) -> None:
        """Do the steps that are left; save at each epoch's end and now and then between."""
        order = self.order.starting(self.step)
        cuda = self.fabric.device.type == "cuda"
        read: Iterator[Read] = iter(loader(self.crops, order, self.engine.workers, pin=cuda))
        start_training(self.module)
        saved = began = time.monotonic()
        for _ in progress(range(self.step, self.total)):
            asked = time.monotonic()
            batch = self.prepared(next(read))
            self.waited += time.monotonic() - asked
            self.add(self.minimise(batch))
            self.step += 1
            now = time.monotonic()
            self.seconds, began = self.seconds + now - began, now
            if self.step % self.order.steps == 0:
                self.close_epoch(at_epoch_end)
            elif now - saved >= self.engine.save_every_seconds:
                self.save()
            else:
                continue
            saved = began = time.monotonic()

    def prepared(self, read: Read) -> Batch:
        """Return what was read, checked, where the network is, and augmented."""
        read.refuse_gaps(self.study.cohort.record_ids)
        epoch, step = divmod(self.step, self.order.steps)
        seed = seed_of(self.settings.seed, epoch, step, self.fabric.global_rank)
        torch.manual_seed(seed)
        device = self.fabric.device
        views = [view.to(device, non_blocking=True) for view in read.views]
        if self.settings.augmentation:
            generator = torch.Generator(device).manual_seed(seed)
            views = [augment(view, self.study.preprocessing.fs, generator) for view in views]
        return Batch(views[0], views[1] if len(views) > 1 else None, read.rows)

    def minimise(self, batch: Batch) -> dict[str, float]:
        """Take one step and return its terms; raise InvalidValue, before the step, where one is not finite."""
        views = [batch.signals] if batch.second is None else [batch.signals, batch.second]
        self.optimiser.zero_grad()
        terms = self.wrapped(views, batch.rows)
        self.fabric.backward(terms["loss"])
        norm = self.fabric.clip_gradients(self.wrapped, self.optimiser, max_norm=1.0, error_if_nonfinite=False)
        scalars = [norm, *(term.detach().to(norm) for term in terms.values())]
        size, *values = torch.stack(scalars).tolist()
        told = dict(zip(terms, values, strict=True))
        if not (math.isfinite(size) and math.isfinite(told["loss"])):
            self.refuse(batch, told["loss"], size)
        self.optimiser.step()
        self.schedule.step()
        if self.average is not None:
            self.average.update_parameters(self.module)
        return told

    def refuse(self, batch: Batch, loss: float, size: float) -> None:
        """Name the records that a loss or gradient which is not finite comes from."""
        self.optimiser.zero_grad()
        bad = offending(self.module, self.loss_of, batch)
        raise InvalidValue(
            "a finite loss and gradient",
            f"loss {loss:g}, gradient {size:g} in step {self.step + 1} from {named(self.study.cohort.record_ids[bad])}",
            "check their signals, labels and values, or lower the learning_rate; the weights were left as they were",
        )

    def add(self, told: Mapping[str, float]) -> None:
        """Add a step's terms to the epoch's."""
        for name, value in told.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def close_epoch(self, at_epoch_end: Callable[[], Mapping[str, float]] | None) -> None:
        """Put the epoch's means into the log, measure what the caller wants to know, and save."""
        told = {name: value / self.order.steps for name, value in self.sums.items()}
        if at_epoch_end is not None:
            self.module.eval()
            told |= {name: float(value) for name, value in at_epoch_end().items()}
            start_training(self.module)
        self.epochs, self.sums = [*self.epochs, told], {}
        self.save()
        if self.journal:
            self.journal.add(self.epochs)

    def end(self) -> History:
        """Leave the module as it is to be used, and return what was told."""
        if self.average is not None:
            self.module.load_state_dict(self.average.module.state_dict())
        self.module.zero_grad()
        self.module.to("cpu").eval()
        samples = self.step * self.order.batch / max(self.seconds, 1e-9)
        history = History(tuple(self.epochs), self.seconds, samples, self.waited / max(self.seconds, 1e-9))
        if self.journal:
            self.journal.end(history.seconds, history.samples_per_second, history.waiting)
        return history
