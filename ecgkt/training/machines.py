"""How and where a stage is trained."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed

from ecgkt.errors import InvalidValue

if TYPE_CHECKING:
    from lightning_fabric import Fabric

ACCELERATORS = ("cpu", "cuda", "auto")
PRECISIONS = ("auto", "32-true", "bf16-mixed")
LOGGERS = ("csv", "tensorboard")


@dataclass(frozen=True)
class Engine:
    """How and where: `precision` is bf16-mixed on a GPU and 32-true elsewhere unless it is said.

    Several processes are started by torchrun, one per device; `devices` is then theirs on one machine, or 1. `workers`
    read crops ahead of each process. `logger` csv writes log.csv alone, tensorboard its own files beside it.
    """

    accelerator: str = "cpu"
    devices: int = 1
    precision: str = "auto"
    workers: int = 0
    logger: str = "csv"
    save_every_seconds: float = 60.0

    def __post_init__(self) -> None:
        for name, known in (("accelerator", ACCELERATORS), ("precision", PRECISIONS), ("logger", LOGGERS)):
            if getattr(self, name) not in known:
                raise InvalidValue(f"{name} among {', '.join(known)}", repr(getattr(self, name)), "choose one")
        if self.devices < 1 or self.workers < 0:
            raise InvalidValue(
                "devices >= 1 and workers >= 0", f"devices {self.devices}, workers {self.workers}", "raise them"
            )

    def fabric(self) -> Fabric:
        """Return the running Fabric of this process; raise InvalidValue where the machine has not what is asked for."""
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments import LightningEnvironment
        from lightning_fabric.strategies import DDPStrategy

        cuda = torch.cuda.is_available()
        if self.accelerator == "cuda" and not cuda:
            raise InvalidValue("a GPU that torch can use", "none", "use the accelerator cpu, or install torch for CUDA")
        accelerator = "cuda" if cuda and self.accelerator != "cpu" else "cpu"
        precision = (
            {"cuda": "bf16-mixed", "cpu": "32-true"}[accelerator] if self.precision == "auto" else self.precision
        )
        local, world = self._processes()
        together: dict[str, Any] = {"plugins": [LightningEnvironment()]}
        if world > 1:
            together = {"strategy": DDPStrategy(forward_sync_buffers=False), "num_nodes": world // local}
        fabric = Fabric(accelerator=accelerator, devices=local, precision=precision, **together)  # type: ignore[arg-type]
        fabric.launch()
        return fabric

    def told(self, fabric: Fabric) -> dict[str, Any]:
        """Return what of this decides the numbers: device, precision, processes."""
        precision = fabric.strategy.precision.precision
        return {"accelerator": fabric.device.type, "precision": precision, "processes": fabric.world_size}

    def _processes(self) -> tuple[int, int]:
        """Return how many processes torchrun started here and in all; 1 and 1 without it."""
        if not distributed.is_torchelastic_launched():
            if self.devices > 1:
                raise InvalidValue(
                    f"{self.devices} processes",
                    "one",
                    f"start it by torchrun --nproc-per-node {self.devices} -m ecgkt and the same words",
                )
            return 1, 1
        local, world = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        if self.devices not in (1, local):
            raise InvalidValue(f"devices {self.devices}", f"{local} processes of torchrun", "give both the same number")
        return local, world
