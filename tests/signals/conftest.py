"""Synthetic twelve-lead ECGs whose waves begin and end at known times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

FRONTAL = {0: 0.0, 1: 60.0, 2: 120.0, 3: -150.0, 4: -30.0, 5: 90.0}
CHEST = (-0.6, -0.9, -0.4, 0.5, 0.9, 0.8)


@dataclass(frozen=True)
class Heart:
    """Times in ms from QRS onset, sizes in mV, the QRS axis in degrees; a wave of size 0 is not there."""

    pr: float = 160.0
    p: float = 100.0
    qrs: float = 90.0
    qt: float = 400.0
    t: float = 180.0
    p_mv: float = 0.15
    r_mv: float = 1.2
    t_mv: float = 0.35
    st_mv: float = 0.0
    spike_mv: float = 0.0
    axis: float = 50.0
    onsets: Sequence[float] = field(default_factory=lambda: [0.5 + 0.9 * k for k in range(11)])

    def record(self, fs: float = 500.0, seconds: float = 10.0, noise: float = 0.004) -> NDArray[np.float64]:
        """Return (12, n) in mV."""
        time = np.arange(round(fs * seconds)) / fs
        ms = (time[None, :] - np.array(self.onsets)[:, None]) * 1000
        p = self.p_mv * hump(ms, -self.pr, -self.pr + self.p)
        qrs = self.r_mv * (hump(ms, 0.14 * self.qrs, 0.86 * self.qrs))
        qrs -= 0.18 * self.r_mv * (hump(ms, 0, 0.3 * self.qrs) + hump(ms, 0.7 * self.qrs, self.qrs))
        t = self.t_mv * hump(ms, self.qt - self.t, self.qt)
        flat = np.clip((ms - 0.9 * self.qrs) / (0.1 * self.qrs), 0, 1) * np.clip((self.qt - 120 - ms) / 60, 0, 1)
        out = np.zeros((12, len(time)))
        for lead in range(12):
            gains = [np.cos(np.radians(FRONTAL[lead] - axis)) for axis in (55, self.axis, 45)] if lead < 6 else []
            gain_p, gain_qrs, gain_t = gains or (0.5, CHEST[lead - 6], 0.8)
            out[lead] = (gain_p * p + gain_qrs * qrs + gain_t * t + self.st_mv * flat).sum(axis=0)
        if self.spike_mv:
            for onset in self.onsets:
                at = round((onset - 0.006) * fs)
                if 0 <= at < len(time):
                    out[:, at] += self.spike_mv * np.linspace(0.5, 1.0, 12)
        return out + np.random.default_rng(3).normal(0, noise, out.shape)


def hump(ms: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Return a raised cosine between two times."""
    share = np.clip((ms - start) / (end - start), 0, 1)
    return 0.5 - 0.5 * np.cos(2 * np.pi * share)


@pytest.fixture
def heart() -> Callable[..., Heart]:
    """Return a maker of hearts: `heart(pr=200)`, or `heart(every=0.5)` for beats each half second."""

    def make(every: float | None = None, **changes: object) -> Heart:
        if every is not None:
            changes["onsets"] = [0.4 + every * k for k in range(int(9.6 / every) + 1)]
        return replace(Heart(), **changes)

    return make


@pytest.fixture(scope="session")
def simulated() -> Callable[..., NDArray[np.float64]]:
    """Return a maker of simulated recordings of a rhythm: (12, 5000) at 500 Hz, without faulty electrodes."""
    from ecgkt.simulation import SimulationSettings
    from ecgkt.simulation.patients import draw_patient
    from ecgkt.simulation.plans import plan_tracing
    from ecgkt.simulation.tracing import Tracing
    from ecgkt.simulation.waveforms import synthesise

    settings = SimulationSettings(artefacts=0.0, faulty=0.0)

    def make(patient: int = 1, **changes: object) -> NDArray[np.float64]:
        tracing = replace(Tracing(), **changes)
        plan = plan_tracing(3, draw_patient(3, patient, settings), 0, tracing, settings)
        return synthesise([plan])[0].numpy().astype(float)

    return make
