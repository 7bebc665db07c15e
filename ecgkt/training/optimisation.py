"""What changes the weights: AdamW with a rate per submodule, one cycle, and the moving average that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ecgkt.errors import InvalidValue
from ecgkt.training.settings import Fit

_ENCODERS = {"encoder", "tables"}


def rate_of(name: str, settings: Fit, rates: Mapping[str, float]) -> float:
    """Return the factor on the learning rate of the parameter `name`.

    The longest of the `rates` whose name the parameter's begins with ("network.encoder"); without one, the settings'
    `encoder_rate` below a submodule called encoder or tables, and 1 elsewhere.
    """
    named = [prefix for prefix in rates if name == prefix or name.startswith(f"{prefix}.")]
    if named:
        return rates[max(named, key=len)]
    return settings.encoder_rate if _ENCODERS & set(name.split(".")[:-1]) else 1.0


@contextmanager
def frozen(module: nn.Module, settings: Fit, rates: Mapping[str, float]) -> Iterator[None]:
    """Keep parameters of rate 0 out of training, and say afterwards again which may be trained."""
    still = [one for name, one in module.named_parameters() if one.requires_grad and not rate_of(name, settings, rates)]
    for one in still:
        one.requires_grad_(False)
    try:
        yield
    finally:
        for one in still:
            one.requires_grad_(True)


def start_training(module: nn.Module) -> None:
    """Put `module` in training mode, but for submodules without a parameter to train: their norms stay as they are."""
    module.train()
    for part in module.modules():
        parameters = list(part.parameters())
        if parameters and not any(one.requires_grad for one in parameters):
            part.eval()


def optimiser_for(module: nn.Module, settings: Fit, rates: Mapping[str, float]) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov, Hutter 2019, arXiv 1711.05101) over the parameters to train, grouped by rate."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, one in module.named_parameters():
        if one.requires_grad:
            groups.setdefault(rate_of(name, settings, rates), []).append(one)
    if not groups:
        raise InvalidValue("a parameter to train", "none", "raise encoder_rate or leave some unfrozen")
    told: list[dict[str, Any]] = [
        {"params": some, "lr": settings.learning_rate * rate} for rate, some in groups.items()
    ]
    return torch.optim.AdamW(told, weight_decay=settings.weight_decay, fused=True)


def one_cycle(optimiser: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
    """Return the one-cycle schedule (Smith, Topin 2019, arXiv 1708.07120), each group up to its own rate."""
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, [group["lr"] for group in optimiser.param_groups], steps)


def moving_average(module: nn.Module, decay: float) -> AveragedModel:
    """Return the moving average of weights and of the norms' statistics, to be updated at every step."""
    mean = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(module, multi_avg_fn=mean, use_buffers=True)
