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
_TWELVE = [[1, 0], [0, 1], [-1, 1], [-0.5, -0.5], [1, -0.5], [-0.5, 1]]
"""I, II, III, aVR, aVL, aVF from I and II (Einthoven, Goldberger)."""
_HALF_GAIN = 0.3
"""Share of records whose chest leads are halved, as by carts that store them at 5 mm/mV."""


def augment(signals: Tensor, fs: float, generator: torch.Generator) -> Tensor:
    """Return changed copies of (b, 12, n) signals in mV, computed where they and the generator are.

    Gain of the whole, of the chest leads and of each lead, chest leads at half gain, chest electrodes off their place,
    a cart's 40 Hz low-pass, noise, wander, leads lost for a while or altogether. What mixes or scales leads is one
    matrix per record.
    """
    draw = _Draw(generator)
    b = len(signals)
    stored = _smooth(signals[:, _STORED], draw)
    size = 0.035 * draw(b, 1, 1).square() * draw(b, 8, 1, low=0.2, high=1.5)
    added = torch.randn(stored.shape, generator=generator, device=stored.device).mul_(size)
    added += _wander(stored, fs, draw)
    out = torch.baddbmm(added, _mixing(b, draw), stored)
    limb = torch.matmul(torch.tensor(_TWELVE, device=out.device), out[:, :2])
    return _lose(torch.cat([limb, out[:, 2:]], dim=1), draw)


class _Draw:
    """Uniform random numbers of a shape, from one generator on its device."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def __call__(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return numbers from `low` to `high`."""
        return torch.rand(shape, generator=self.generator, device=self.generator.device).mul_(high - low).add_(low)


def _mixing(b: int, draw: _Draw) -> Tensor:
    """Return how each of I, II, V1-V6 becomes of these: (b, 8, 8).

    Gains, and each chest electrode up to a quarter of the way towards a neighbour.
    """
    shift = draw(b, 1, low=-0.2, high=0.2) + draw(b, 6, low=-0.1, high=0.1)
    after, before = shift.clamp(min=0), (-shift).clamp(min=0)
    after[:, -1] = 0
    before[:, 0] = 0
    chest = torch.diag_embed(1 - after - before)
    chest += torch.diag_embed(after[:, :-1], offset=1) + torch.diag_embed(before[:, 1:], offset=-1)
    halved = torch.where(draw(b, 1, 1) < _HALF_GAIN, 0.5, 1.0) * draw(b, 1, 1, low=0.8, high=1.25)
    mixing = torch.eye(8, device=shift.device).repeat(b, 1, 1)
    mixing[:, 2:, 2:] = chest * halved
    return mixing * draw(b, 1, 8, low=0.9, high=1.1) * draw(b, 1, 1, low=0.7, high=1.35)


def _smooth(signals: Tensor, draw: _Draw) -> Tensor:
    """Blend each record with its three-point mean, in place, as carts with a 40 Hz low-pass do."""
    step = signals.diff().mul_(draw(len(signals), 1, 1) / 3)
    signals[..., :-1] += step
    signals[..., 1:] -= step
    return signals


def _wander(stored: Tensor, fs: float, draw: _Draw) -> Tensor:
    """Return each lead's slow wander, of the shape (b, 8, n) of `stored`."""
    b, count, n = stored.shape
    time = torch.arange(n, device=stored.device) * (2 * math.pi / fs)
    angle = draw(b, count, 1, low=0.1, high=0.7) * time
    return angle.add_(draw(b, count, 1, high=2 * math.pi)).sin_().mul_(draw(b, 1, 1, high=0.08))


def _lose(leads: Tensor, draw: _Draw) -> Tensor:
    """Silence some leads in some records, for a window or for good, in place."""
    b, count, n = leads.shape
    lost = (draw(b, count) < 0.15) & (draw(b, 1) < 0.25)
    place, length = draw(b, 1, high=n), draw(b, 1, high=2 * n)
    record, lead = lost.nonzero(as_tuple=True)
    time = torch.arange(n, device=leads.device)
    window = (time >= (place - length / 2)[record]) & (time < (place + length / 2)[record])
    leads[record, lead] = leads[record, lead].masked_fill(window, 0.0)
    return leads
