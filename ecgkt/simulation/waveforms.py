"""Plans in, signals out: (batch, 12, 5000) float32 mV at 500 Hz, in torch, on CPU or GPU.

Everything is summed at nine electrodes; the leads are formed last, so Einthoven's and Goldberger's laws hold to
rounding. A record depends on its plan alone, never on the others in its batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.simulation.artefacts import device_response, electrode_noise
from ecgkt.simulation.heartbeats import QRS_WAVES, Beat
from ecgkt.simulation.plans import Plan
from ecgkt.simulation.rhythms import MARGIN
from ecgkt.simulation.settings import FS, SAMPLES

_CHUNK = 16
_TOTAL = SAMPLES + 2 * int(MARGIN * FS)
_BEFORE_MS, _BEAT, _QRS, _ATRIAL = 60.0, 480, 190, 130
_GRID = 1100
"""Length of a beat's template, ms."""


def synthesise(plans: Sequence[Plan], device: torch.device | str = "cpu") -> Tensor:
    """Return the leads (n, 12, 5000) of these plans, in the order of `LEADS`."""
    device = torch.device(device)
    leads = torch.empty(len(plans), 12, SAMPLES, device=device)
    for start in range(0, len(plans), _CHUNK):
        leads[start : start + _CHUNK] = _synthesise(plans[start : start + _CHUNK], device)
    return leads


def clean_leads(plans: Sequence[Plan], device: torch.device | str = "cpu") -> Tensor:
    """Return the leads (n, 12, 5000) as the heart gives them: cabled and scaled as planned, no noise, no filter."""
    begin = int(MARGIN * FS)
    potential = _potential(plans, torch.device(device))[..., begin : begin + SAMPLES]
    return form_leads(potential, [replace(p, artefacts=replace(p.artefacts, fault="")) for p in plans])


def _potential(plans: Sequence[Plan], device: torch.device) -> Tensor:
    """Return the electrodes (b, 9, time) of the beating heart, a margin before and after the 10 s."""
    potential = torch.zeros(len(plans), _TOTAL + 2 * _BEAT, 9, device=device)
    _add_ventricles(potential, plans)
    _add_atria(potential, plans)
    potential = potential[:, _BEAT : _BEAT + _TOTAL].transpose(1, 2)
    return potential + _atrial_activity(plans, device)


def _synthesise(plans: Sequence[Plan], device: torch.device) -> Tensor:
    potential = _potential(plans, device)
    drawn = [plan.artefacts for plan in plans]
    potential = potential + electrode_noise(drawn, _TOTAL, device)
    spectrum = torch.fft.rfft(potential) * device_response(drawn, _TOTAL).to(device)[:, None]
    potential = torch.fft.irfft(spectrum, n=_TOTAL)[..., int(MARGIN * FS) : int(MARGIN * FS) + SAMPLES]
    return form_leads(potential, plans)


def form_leads(potential: Tensor, plans: Sequence[Plan]) -> Tensor:
    """Return leads (b, 12, n) from electrodes (b, 9, n), cabled and stored as planned; gaps are NaN."""
    drawn = [plan.artefacts for plan in plans]
    order = torch.tensor(np.stack([a.order for a in drawn]), device=potential.device)
    potential = torch.take_along_dim(potential, order[:, :, None], dim=1)
    right, left, foot = potential[:, 0], potential[:, 1], potential[:, 2]
    one, two = left - right, foot - right
    limb = torch.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2], dim=1)
    gain = torch.tensor([a.chest_gain for a in drawn], dtype=potential.dtype, device=potential.device)
    chest = (potential[:, 3:] - ((right + left + foot) / 3)[:, None]) * gain[:, None, None]
    leads = torch.cat([limb, chest], dim=1)
    for row, a in enumerate(drawn):
        if a.fault == "flat":
            leads[row, a.fault_lead] = 0.0
        elif a.fault == "missing":
            leads[row, a.fault_lead] = torch.nan
        elif a.fault == "gap":
            leads[row, a.fault_lead, a.gap[0] : a.gap[1]] = torch.nan
    return leads


def beat_shape(beats: Sequence[Beat], start_ms: float, step_ms: float, samples: int) -> Tensor:
    """Return (beats, samples, 9) mV every `step_ms` from `start_ms` after QRS onset."""
    time = (start_ms + step_ms * torch.arange(samples)).expand(len(beats), -1)
    return _depolarisation(beats, time) + _repolarisation(beats, time)


def _stack(beats: Sequence[Beat], name: str, device: torch.device) -> Tensor:
    return torch.tensor(np.stack([getattr(b, name) for b in beats]), dtype=torch.float32, device=device)


def _waves(beats: Sequence[Beat], time: Tensor, some: slice) -> Tensor:
    """Return the sum of some waves (beats, samples, 9) at times (beats, samples) in ms after QRS onset."""
    centre, left, right, potential = (
        _stack(beats, name, time.device)[:, some] for name in ("centre", "left", "right", "potential")
    )
    offset = time[:, None] - centre[:, :, None]
    width = torch.where(offset < 0, left[:, :, None], right[:, :, None])
    waves = torch.exp(-0.5 * (offset / width).square())
    return torch.bmm(waves.transpose(1, 2), potential)


def _depolarisation(beats: Sequence[Beat], time: Tensor) -> Tensor:
    return _waves(beats, time, slice(0, QRS_WAVES))


def _repolarisation(beats: Sequence[Beat], time: Tensor) -> Tensor:
    """Return ST segment, T and U waves; the ST segment slopes up from its corner at J into T."""
    start = _stack(beats, "plateau_start", time.device)[:, :, None]
    stop = _stack(beats, "plateau_end", time.device)[:, :, None]
    since = time[:, None] - start
    rise, fall = torch.sigmoid(since / 4.5), torch.sigmoid((stop - time[:, None]) / 22.0)
    slope = 0.7 + 0.5 * (since / (stop - start)).clamp(0, 1)
    segment = torch.bmm((rise * fall * slope).transpose(1, 2), _stack(beats, "plateau_potential", time.device))
    return segment + _waves(beats, time, slice(QRS_WAVES, None))


def _add_ventricles(potential: Tensor, plans: Sequence[Plan]) -> None:
    """Add every ventricular beat: the QRS as it is, what comes after it from a template stretched to the beat's QT."""
    device = potential.device
    rows = np.concatenate([np.full(len(p.timing.kind), row) for row, p in enumerate(plans)])
    kinds = np.concatenate([plan.timing.kind for plan in plans])
    shapes, shape = np.unique(2 * rows + kinds, return_inverse=True)
    templates = [plans[both // 2].beats[both % 2] for both in shapes]
    first, fraction = _first_samples(np.concatenate([p.timing.ventricular for p in plans]) - _BEFORE_MS / 1000)
    start = torch.tensor(-_BEFORE_MS + fraction, dtype=torch.float32, device=device)
    time = start[:, None] + torch.arange(_BEAT, device=device) * (1000 / FS)
    grid = torch.arange(_GRID, device=device, dtype=torch.float32) - _BEFORE_MS
    late = _repolarisation(templates, grid.expand(len(templates), -1)).reshape(-1, 9)
    end = torch.tensor([templates[k].qrs_ms for k in shape], dtype=torch.float32, device=device)[:, None]
    stretch = np.concatenate([plan.stretch for plan in plans])
    scale = torch.tensor(stretch, dtype=torch.float32, device=device)[:, None]
    place = torch.where(time > end, end + (time - end) / scale, time) + _BEFORE_MS
    place = place.clamp(0, _GRID - 2)
    below = place.floor()
    index = below.long() + torch.tensor(shape * _GRID, device=device)[:, None]
    signal = torch.lerp(late[index], late[index + 1], (place - below)[:, :, None])
    signal[:, :_QRS] += _depolarisation([templates[k] for k in shape], time[:, :_QRS])
    gain = torch.tensor(np.concatenate([p.beat_gain for p in plans]), dtype=torch.float32, device=device)
    _scatter(potential, rows, first, signal * gain[:, None])


def _add_atria(potential: Tensor, plans: Sequence[Plan]) -> None:
    waves = [plan.p_waves[kind] for plan in plans for kind in plan.timing.atrial_kind]
    rows = [row for row, plan in enumerate(plans) for _ in plan.timing.atrial]
    if not rows:
        return
    first, fraction = _first_samples(np.concatenate([plan.timing.atrial for plan in plans]) - 0.04)

    def stack(name: str) -> Tensor:
        values = np.stack([getattr(wave, name) for wave in waves])
        return torch.tensor(values, dtype=torch.float32, device=potential.device)

    start = torch.tensor(-40.0 + fraction, dtype=torch.float32, device=potential.device)
    time = start[:, None, None] + torch.arange(_ATRIAL, device=potential.device) * (1000 / FS)
    shape = torch.exp(-0.5 * ((time - stack("centre")[:, :, None]) / stack("width")[:, :, None]).square())
    _scatter(potential, np.array(rows), first, torch.bmm(shape.transpose(1, 2), stack("potential")))


def _first_samples(onset: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the sample at or after each time, and how many ms after it that sample lies."""
    place = (onset + MARGIN) * FS
    first = np.ceil(place).astype(np.int64)
    return first, (first - place) * 1000 / FS


def _scatter(potential: Tensor, rows: NDArray[np.intp], first: NDArray[np.int64], signal: Tensor) -> None:
    """Add (beats, samples, 9) into (batch, time, 9), whose time begins one beat before the first sample."""
    length, samples = potential.shape[1], signal.shape[1]
    start = np.clip(first + _BEAT, 0, length - samples) + rows * length
    index = torch.tensor(start, device=potential.device)[:, None] + torch.arange(samples, device=potential.device)
    potential.view(-1, 9).index_add_(0, index.reshape(-1), signal.reshape(-1, 9))


def _atrial_activity(plans: Sequence[Plan], device: torch.device) -> Tensor:
    """Return (b, 9, time): fibrillatory waves of wandering rate and size, or a flutter's sawtooth."""
    whole = np.zeros((len(plans), 9, _TOTAL), dtype=np.float32)
    for row, plan in enumerate(plans):
        if plan.atrial_activity is not None:
            whole[row] = plan.atrial_activity.potential.T @ plan.atrial_activity.waves(_TOTAL)
    return torch.from_numpy(whole).to(device)
