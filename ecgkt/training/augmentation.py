"""Changes to an ECG that leave its diagnosis alone: no polarity flips, no stretching of time, no swapped leads.

All but the loss of a lead is done to the eight independent leads, so that Einthoven's and Goldberger's laws still hold.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ecgkt.domain import LEADS
from ecgkt.domain.records import STORED_LEADS

_STORED = [LEADS.index(lead) for lead in STORED_LEADS]
_HALF_GAIN = 0.3
"""Share of records whose chest leads are halved, as by carts that store them at 5 mm/mV."""


def augment(signals: Tensor, fs: float, generator: torch.Generator) -> Tensor:
    """Return changed copies of (b, 12, n) signals in mV.

    Gain of the whole, of the chest leads and of each lead, chest leads at half gain, chest electrodes off their place,
    a cart's 40 Hz low-pass, noise, wander, leads lost for a while or altogether.
    """
    b, _, n = signals.shape
    out = signals[:, _STORED]
    out = out * _uniform((b, 1, 1), 0.7, 1.35, generator) * _uniform((b, len(_STORED), 1), 0.9, 1.1, generator)
    out = torch.cat([out[:, :2], _displaced(out[:, 2:], generator)], dim=1)
    half = torch.rand((b, 1, 1), generator=generator, device=generator.device) < _HALF_GAIN
    chest = torch.where(half, 0.5, 1.0) * _uniform((b, 1, 1), 0.8, 1.25, generator)
    out = torch.cat([out[:, :2], chest * out[:, 2:]], dim=1)
    out = _smooth(out, generator)
    size = (
        0.035
        * torch.rand((b, 1, 1), generator=generator, device=generator.device).square()
        * _uniform((b, 8, 1), 0.2, 1.5, generator)
    )
    out = out + size * torch.randn(out.shape, generator=generator, device=generator.device)
    time = torch.arange(n, device=signals.device) / fs
    hz = _uniform((b, 8, 1), 0.1, 0.7, generator)
    phase = _uniform((b, 8, 1), 0, 2 * math.pi, generator)
    out = out + _uniform((b, 1, 1), 0, 0.08, generator) * torch.sin(2 * math.pi * hz * time + phase)
    return _lose(_twelve(out), generator)


def _twelve(stored: Tensor) -> Tensor:
    """Return the 12 leads (b, 12, n) from I, II, V1-V6 (Einthoven, Goldberger)."""
    one, two = stored[:, :1], stored[:, 1:2]
    return torch.cat([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, stored[:, 2:]], dim=1)


def _displaced(chest: Tensor, generator: torch.Generator) -> Tensor:
    """Return V1-V6 with each electrode up to a quarter of the way towards a neighbour."""
    b = len(chest)
    before = torch.cat([chest[:, :1], chest[:, :-1]], dim=1)
    after = torch.cat([chest[:, 1:], chest[:, -1:]], dim=1)
    shift = _uniform((b, 1, 1), -0.2, 0.2, generator) + _uniform((b, 6, 1), -0.1, 0.1, generator)
    return chest + shift.clamp(min=0) * (after - chest) + (-shift).clamp(min=0) * (before - chest)


def _lose(leads: Tensor, generator: torch.Generator) -> Tensor:
    """Silence some leads in some records, for a window or for good."""
    b, count, n = leads.shape
    lost = (torch.rand((b, count, 1), generator=generator, device=generator.device) < 0.15) & (
        torch.rand((b, 1, 1), generator=generator, device=generator.device) < 0.25
    )
    place = torch.rand((b, 1, 1), generator=generator, device=generator.device) * n
    length = torch.rand((b, 1, 1), generator=generator, device=generator.device) * 2 * n
    time = torch.arange(n, device=leads.device)
    return leads.masked_fill(lost & (time >= place - length / 2) & (time < place + length / 2), 0.0)


def crop(signals: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """Return one random window of `samples` of each row of (b, 12, n)."""
    spare = signals.shape[-1] - samples
    if spare <= 0:
        return signals
    starts = torch.randint(0, spare + 1, (len(signals),), generator=generator, device=generator.device).tolist()
    return torch.stack([row[:, start : start + samples] for row, start in zip(signals, starts, strict=True)])


def _smooth(signals: Tensor, generator: torch.Generator) -> Tensor:
    """Blend each record with its three-point mean, as carts with a 40 Hz low-pass do."""
    padded = torch.nn.functional.pad(signals, (1, 1), mode="replicate")
    smooth = (padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / 3
    share = _uniform((len(signals), 1, 1), 0, 1, generator)
    return signals + share * (smooth - signals)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)
