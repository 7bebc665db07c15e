"""What electrodes, cables and the device add: drawn per record, made at the electrodes before leads are formed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.simulation.settings import FS, SAMPLES, SimulationSettings

WANDER, MUSCLE, SENSOR = 0, 1, 2
_MUSCLE_AT = np.array([1.2, 1.2, 0.7, 0.35, 0.3, 0.3, 0.35, 0.35, 0.4])
"""Muscle noise at each electrode: the arms carry most of it, the chest little (PTB-XL, 30 to 100 Hz)."""


@dataclass(frozen=True)
class Artefacts:
    """What happens between skin and file.

    `amplitude` (3 kinds, 9 electrodes), `mains_mv`, `tremor_mv` and `jump_mv` (9,) in mV; `order` (9,) says which
    electrode each cable hangs on (reversed limbs, swapped chest electrodes); `chest_gain` is 0.5 where the cart
    stores chest leads at 5 mm/mV; `fault` ("", "flat", "missing", "gap") of `fault_lead`, a gap from and to a sample.
    """

    amplitude: NDArray[np.float64]
    mains_mv: NDArray[np.float64]
    mains_hz: float
    tremor_mv: NDArray[np.float64]
    tremor_hz: float
    jump_at: float
    jump_mv: NDArray[np.float64]
    high_pass_hz: float
    low_pass_hz: float
    notch: bool
    order: NDArray[np.intp]
    chest_gain: float
    fault: str
    fault_lead: int
    gap: tuple[int, int]
    noise_seed: int


_LIMB_SWAPS = ((0, 1), (1, 2), (0, 2))
"""Right arm with left arm, left arm with left leg, right arm with left leg."""


def draw_artefacts(rng: np.random.Generator, settings: SimulationSettings) -> Artefacts:
    """Draw a recording's artefacts, about as often as physiology says: wander 25 %, muscle 30 %, mains 5 %."""
    scale = settings.artefacts
    wander = 0.10 * np.exp(rng.normal(0, 0.5)) if rng.random() < 0.25 else 0.022 * np.exp(rng.normal(0, 0.5))
    muscle = 0.018 * np.exp(rng.normal(0, 0.5)) if rng.random() < 0.3 else 0.005 * np.exp(rng.normal(0, 0.6))
    each = np.exp(rng.normal(0, 0.5, (3, 9)))
    each[MUSCLE] *= _MUSCLE_AT
    amplitude = np.array([wander, muscle, 0.0018])[:, None] * each * scale
    mains = scale * (
        0.02 * np.exp(rng.normal(0, 0.6, 9)) if rng.random() < 0.05 else 0.0018 * np.exp(rng.normal(0, 0.8, 9))
    )
    shaking = rng.random() < 0.02
    tremor = scale * shaking * 0.05 * np.exp(rng.normal(0, 0.5, 9)) * np.array([1.0, 1.0, 0.5, *[0.1] * 6])
    moved = rng.random() < 0.06
    jump = scale * (rng.normal(0, 0.35, 9) * (rng.random(9) < 0.25) if moved else np.zeros(9))
    style = rng.random()
    faulty = rng.random() < settings.faulty
    start = int(rng.integers(0, SAMPLES - 600))
    return Artefacts(
        amplitude,
        mains,
        float(rng.choice([50.0, 60.0])),
        tremor,
        float(rng.uniform(4.0, 6.5)),
        float(rng.uniform(0, 10)),
        jump,
        0.005 if style < 0.35 else 0.05 if style < 0.75 else 0.5,
        float(rng.choice([150.0, 100.0, 40.0], p=[0.78, 0.12, 0.10])),
        bool(rng.random() < 0.8),
        _cabling(rng, min(scale, 1.0)),
        0.5 if rng.random() < 0.06 * min(scale, 1.0) else 1.0,
        str(rng.choice(["flat", "missing", "gap"], p=[0.4, 0.2, 0.4])) if faulty else "",
        int(rng.integers(6, 12)),
        (start, start + int(rng.integers(25, 600))),
        int(rng.integers(2**62)),
    )


def _cabling(rng: np.random.Generator, chance: float) -> NDArray[np.intp]:
    """Return which electrode each of the nine cables hangs on: limbs reversed in 1.2 %, chest swapped in 1.5 %."""
    order = np.arange(9)
    limb, chest = rng.random(), rng.random()
    pair, first = _LIMB_SWAPS[int(rng.choice(3, p=[0.7, 0.2, 0.1]))], 3 + int(rng.integers(5))
    if limb < 0.012 * chance:
        order[list(pair)] = order[list(pair)[::-1]]
    if chest < 0.015 * chance:
        order[[first, first + 1]] = order[[first + 1, first]]
    return order


def electrode_noise(drawn: list[Artefacts], samples: int, device: torch.device) -> Tensor:
    """Return (b, 9, samples) mV: wander, muscle and sensor noise shaped in frequency, mains, and jumps that decay."""
    hz = torch.fft.rfftfreq(samples, 1 / FS)
    shapes = torch.stack(
        [
            1 / (1 + (hz / 0.35) ** 2) * (hz > 0.02),
            torch.sigmoid((hz - 18) / 5) * torch.sigmoid((120 - hz) / 25),
            torch.ones_like(hz),
        ]
    )
    shapes = shapes / shapes.square().mean(dim=1, keepdim=True).sqrt()
    amplitude = torch.tensor(np.stack([a.amplitude for a in drawn]), dtype=torch.float32)
    spectrum = torch.sqrt(torch.einsum("bke,kf->bef", amplitude.square(), shapes.square()))
    white = torch.stack([_white(a.noise_seed, samples) for a in drawn])
    noise: Tensor = torch.fft.irfft(torch.fft.rfft(white.to(device)) * spectrum.to(device), n=samples)
    time = torch.arange(samples, dtype=torch.float32, device=device) / FS
    for row, a in enumerate(drawn):
        if a.mains_mv.any():
            wave = torch.sin(2 * torch.pi * a.mains_hz * time)
            noise[row] += torch.tensor(a.mains_mv, dtype=torch.float32, device=device)[:, None] * wave
        if a.tremor_mv.any():
            turn = 2 * torch.pi * a.tremor_hz * time + 1.5 * torch.sin(2 * torch.pi * 0.37 * time)
            shape = torch.sin(turn) + 0.3 * torch.sin(2 * turn)
            noise[row] += torch.tensor(a.tremor_mv, dtype=torch.float32, device=device)[:, None] * shape
        if a.jump_mv.any():
            since = time - a.jump_at - 1.0
            shape = torch.where(since > 0, torch.exp(-since / 0.5), torch.zeros_like(since)) * torch.sigmoid(
                since / 0.02
            )
            noise[row] += torch.tensor(a.jump_mv, dtype=torch.float32, device=device)[:, None] * shape
    return noise


def _white(seed: int, samples: int) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(9, samples, generator=source)


def device_response(drawn: list[Artefacts], samples: int) -> Tensor:
    """Return (b, frequencies) complex: the device's zero-phase low cut, its low pass, and its mains notch."""
    hz = torch.fft.rfftfreq(samples, 1 / FS)[None]
    low = torch.tensor([[a.high_pass_hz] for a in drawn])
    high = torch.tensor([[a.low_pass_hz] for a in drawn])
    mains = torch.tensor([[a.mains_hz if a.notch else -100.0] for a in drawn])
    cut = (hz / low).square() / (1 + (hz / low).square())
    roll = 1 / torch.sqrt(1 + (hz / high) ** 4)
    notch = 1 - torch.exp(-0.5 * ((hz - mains) / 0.7) ** 2)
    response: Tensor = (cut * roll * notch).to(torch.float32)
    return response
