"""What electrodes, cables and the device add: drawn per record, made at the electrodes before leads are formed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.simulation.settings import FS, SimulationSettings

WANDER, MUSCLE, SENSOR = 0, 1, 2


@dataclass(frozen=True)
class Artefacts:
    """Noise amplitudes (3 kinds, 9 electrodes) mV, mains, jumps, breathing, the device's filter, and faults."""

    amplitude: NDArray[np.float64]
    mains_mv: NDArray[np.float64]
    mains_hz: float
    jump_at: float
    jump_mv: NDArray[np.float64]
    high_pass_hz: float
    low_pass_hz: float
    notch: bool
    limb_reversal: bool
    flat_electrode: int
    noise_seed: int


def draw_artefacts(rng: np.random.Generator, settings: SimulationSettings) -> Artefacts:
    """Draw a recording's artefacts, about as often as physiology says: wander 25 %, muscle 15 %, mains 5 %."""
    scale = settings.artefacts
    wander = 0.10 * np.exp(rng.normal(0, 0.5)) if rng.random() < 0.25 else 0.022 * np.exp(rng.normal(0, 0.5))
    muscle = 0.020 * np.exp(rng.normal(0, 0.5)) if rng.random() < 0.15 else 0.0035 * np.exp(rng.normal(0, 0.5))
    each = np.exp(rng.normal(0, 0.5, (3, 9)))
    amplitude = np.array([wander, muscle, 0.0030])[:, None] * each * scale
    mains = scale * (
        0.02 * np.exp(rng.normal(0, 0.6, 9)) if rng.random() < 0.05 else 0.0018 * np.exp(rng.normal(0, 0.8, 9))
    )
    moved = rng.random() < 0.06
    jump = scale * (rng.normal(0, 0.35, 9) * (rng.random(9) < 0.25) if moved else np.zeros(9))
    style = rng.random()
    return Artefacts(
        amplitude,
        mains,
        float(rng.choice([50.0, 60.0])),
        float(rng.uniform(0, 10)),
        jump,
        0.005 if style < 0.35 else 0.05 if style < 0.75 else 0.5,
        float(rng.choice([150.0, 100.0, 40.0], p=[0.78, 0.12, 0.10])),
        bool(rng.random() < 0.8),
        bool(rng.random() < 0.008 * min(scale, 1)),
        int(rng.integers(3, 9)) if rng.random() < settings.faulty else -1,
        int(rng.integers(2**62)),
    )


def electrode_noise(drawn: list[Artefacts], samples: int, device: torch.device) -> Tensor:
    """Return (b, 9, samples) mV: wander, muscle and sensor noise shaped in frequency, mains, and jumps that decay."""
    hz = torch.fft.rfftfreq(samples, 1 / FS)
    shapes = torch.stack(
        [
            1 / (1 + (hz / 0.28) ** 2) * (hz > 0.02),
            torch.sigmoid((hz - 18) / 5) * torch.sigmoid((130 - hz) / 18),
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
