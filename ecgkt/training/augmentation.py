"""Changes to an ECG that leave its diagnosis alone: no polarity flips, no stretching of time, no swapped leads."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def augment(signals: Tensor, fs: float, generator: torch.Generator) -> Tensor:
    """Return changed copies of (b, 12, n) signals in mV: gain, electrode noise, wander, smoothing, lost leads."""
    b, leads, n = signals.shape
    out = signals * _uniform((b, 1, 1), 0.85, 1.2, generator)
    out = out * _uniform((b, leads, 1), 0.93, 1.07, generator)
    out = _smooth(out, generator)
    out = out + _uniform((b, 1, 1), 0, 0.03, generator) * torch.randn(out.shape, generator=generator)
    time = torch.arange(n) / fs
    hz = _uniform((b, leads, 1), 0.1, 0.6, generator)
    phase = _uniform((b, leads, 1), 0, 2 * math.pi, generator)
    out = out + _uniform((b, leads, 1), 0, 0.08, generator) * torch.sin(2 * math.pi * hz * time + phase)
    lost = torch.rand((b, leads, 1), generator=generator) < 0.15
    some = torch.rand((b, 1, 1), generator=generator) < 0.3
    return out.masked_fill(lost & some, 0.0)


def crop(signals: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """Return one random window of `samples` of each row of (b, 12, n)."""
    spare = signals.shape[-1] - samples
    if spare <= 0:
        return signals
    starts = torch.randint(0, spare + 1, (len(signals),), generator=generator).tolist()
    return torch.stack([row[:, start : start + samples] for row, start in zip(signals, starts, strict=True)])


def _smooth(signals: Tensor, generator: torch.Generator) -> Tensor:
    """Blend each record with its three-point mean, as carts with a 40 Hz low-pass do."""
    padded = torch.nn.functional.pad(signals, (1, 1), mode="replicate")
    smooth = (padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / 3
    share = _uniform((len(signals), 1, 1), 0, 1, generator)
    return signals + share * (smooth - signals)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)
