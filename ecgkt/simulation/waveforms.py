"""Plans in, signals out: (batch, 12, 5000) float32 mV at 500 Hz, in torch, on CPU or GPU.

Everything is summed at nine electrodes; the leads are formed last, so Einthoven's and Goldberger's laws hold to
rounding. A record depends on its plan alone, never on the others in its batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.simulation.artefacts import device_response, electrode_noise
from ecgkt.simulation.heartbeats import Beat
from ecgkt.simulation.plans import Plan
from ecgkt.simulation.rhythms import MARGIN
from ecgkt.simulation.settings import FS, SAMPLES

_CHUNK = 16
_TOTAL = SAMPLES + 2 * int(MARGIN * FS)
_BEFORE_MS, _BEAT, _ATRIAL = 60.0, 480, 130


def synthesise(plans: Sequence[Plan], device: torch.device | str = "cpu") -> Tensor:
    """Return the leads (n, 12, 5000) of these plans, in the order of `LEADS`."""
    device = torch.device(device)
    chunks = [plans[start : start + _CHUNK] for start in range(0, len(plans), _CHUNK)]
    if not chunks:
        return torch.empty(0, 12, SAMPLES, device=device)
    return torch.cat([_synthesise(chunk, device) for chunk in chunks])


def _synthesise(plans: Sequence[Plan], device: torch.device) -> Tensor:
    potential = torch.zeros(len(plans), _TOTAL + 2 * _BEAT, 9, device=device)
    _add_ventricles(potential, plans)
    _add_atria(potential, plans)
    potential = potential[:, _BEAT : _BEAT + _TOTAL].transpose(1, 2)
    potential = potential + _atrial_activity(plans, device)
    drawn = [plan.artefacts for plan in plans]
    potential = potential + electrode_noise(drawn, _TOTAL, device)
    spectrum = torch.fft.rfft(potential) * device_response(drawn, _TOTAL).to(device)[:, None]
    potential = torch.fft.irfft(spectrum, n=_TOTAL)[..., int(MARGIN * FS) : int(MARGIN * FS) + SAMPLES]
    return form_leads(potential, plans)


def form_leads(potential: Tensor, plans: Sequence[Plan]) -> Tensor:
    """Return leads (b, 12, n) from electrodes (b, 9, n): reversed arms and flat electrodes as planned."""
    right, left, foot = potential[:, 0], potential[:, 1], potential[:, 2]
    swap = torch.tensor([plan.artefacts.limb_reversal for plan in plans], device=potential.device)[:, None]
    right, left = torch.where(swap, left, right), torch.where(swap, right, left)
    one, two = left - right, foot - right
    limb = torch.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2], dim=1)
    chest = potential[:, 3:] - ((right + left + foot) / 3)[:, None]
    leads = torch.cat([limb, chest], dim=1)
    for row, plan in enumerate(plans):
        if plan.artefacts.flat_electrode >= 0:
            leads[row, plan.artefacts.flat_electrode + 3] = 0.0
    return leads


def beat_shape(beats: Sequence[Beat], stretch: NDArray[np.float64], start_ms: Tensor, samples: int) -> Tensor:
    """Return (beats, samples, 9) mV from `start_ms` (beats,) relative to QRS onset; `stretch` is each QT's."""
    time = start_ms[:, None] + torch.arange(samples, device=start_ms.device) * (1000 / FS)

    def stack(name: str) -> Tensor:
        return torch.tensor(np.stack([getattr(b, name) for b in beats]), dtype=torch.float32, device=start_ms.device)

    scale = torch.tensor(stretch, dtype=torch.float32, device=start_ms.device)[:, None]
    end = torch.tensor([b.qrs_ms for b in beats], dtype=torch.float32, device=start_ms.device)[:, None]

    def late(at: Tensor) -> Tensor:
        return torch.where(at > end, end + (at - end) * scale, at)

    centre = late(stack("centre"))
    offset = time[:, None] - centre[:, :, None]
    width = torch.where(offset < 0, stack("left")[:, :, None], stack("right")[:, :, None])
    waves = torch.exp(-0.5 * (offset / width).square())
    signal = torch.bmm(waves.transpose(1, 2), stack("potential"))
    rise = torch.sigmoid((time[:, None] - stack("plateau_start")[:, :, None]) / 5.0)
    fall = torch.sigmoid((late(stack("plateau_end"))[:, :, None] - time[:, None]) / 18.0)
    return signal + torch.bmm((rise * fall).transpose(1, 2), stack("plateau_potential"))


def _add_ventricles(potential: Tensor, plans: Sequence[Plan]) -> None:
    rows, onsets, beats, stretch, gain = [], [], [], [], []
    for row, plan in enumerate(plans):
        timing = plan.timing
        rows += [row] * len(timing.ventricular)
        onsets.append(timing.ventricular)
        beats += [plan.beats[kind] for kind in timing.kind]
        stretch.append(plan.stretch)
        gain.append(plan.beat_gain)
    first, fraction = _first_samples(np.concatenate(onsets) - _BEFORE_MS / 1000)
    start = torch.tensor(-_BEFORE_MS + fraction, dtype=torch.float32, device=potential.device)
    signal = beat_shape(beats, np.concatenate(stretch), start, _BEAT)
    signal = signal * torch.tensor(np.concatenate(gain), dtype=torch.float32, device=potential.device)[:, None, None]
    _scatter(potential, rows, first, signal)


def _add_atria(potential: Tensor, plans: Sequence[Plan]) -> None:
    rows = [row for row, plan in enumerate(plans) for _ in plan.timing.atrial]
    if not rows:
        return
    first, fraction = _first_samples(np.concatenate([plan.timing.atrial for plan in plans]) - 0.04)

    def stack(position: int) -> Tensor:
        values = np.stack([plans[row].atrium[position] for row in rows])
        return torch.tensor(values, dtype=torch.float32, device=potential.device)

    start = torch.tensor(-40.0 + fraction, dtype=torch.float32, device=potential.device)
    time = start[:, None, None] + torch.arange(_ATRIAL, device=potential.device) * (1000 / FS)
    waves = torch.exp(-0.5 * ((time - stack(0)[:, :, None]) / stack(1)[:, :, None]).square())
    _scatter(potential, rows, first, torch.bmm(waves.transpose(1, 2), stack(2)))


def _first_samples(onset: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the sample at or after each time, and how many ms after it that sample lies."""
    place = (onset + MARGIN) * FS
    first = np.ceil(place).astype(np.int64)
    return first, (first - place) * 1000 / FS


def _scatter(potential: Tensor, rows: list[int], first: NDArray[np.int64], signal: Tensor) -> None:
    """Add (beats, samples, 9) into (batch, time, 9), whose time begins one beat before the first sample."""
    length, samples = potential.shape[1], signal.shape[1]
    start = np.clip(first + _BEAT, 0, length - samples) + np.array(rows) * length
    index = torch.tensor(start, device=potential.device)[:, None] + torch.arange(samples, device=potential.device)
    potential.view(-1, 9).index_add_(0, index.reshape(-1), signal.reshape(-1, 9))


def _atrial_activity(plans: Sequence[Plan], device: torch.device) -> Tensor:
    """Return (b, 9, time): fibrillatory waves of wandering rate and size, or a flutter's sawtooth."""
    whole = np.zeros((len(plans), 9, _TOTAL), dtype=np.float32)
    for row, plan in enumerate(plans):
        if plan.atrial_activity is not None:
            whole[row] = plan.atrial_activity.potential.T @ plan.atrial_activity.waves(_TOTAL)
    return torch.from_numpy(whole).to(device)
