"""Recordings made bad on purpose, and things that are no ECG at all: what a model must not give scores to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS, Record
from ecgkt.signals.conditioning import bridged
from ecgkt.signals.electrodes import ELECTRODES, leads_between, potentials, swapped

Signal = NDArray[np.float64]
Spoil = Callable[[Signal, float, np.random.Generator], Signal]


def spoilt(record: Record, how: str, rng: np.random.Generator) -> Record:
    """Return a record spoilt in one of the ways of `SPOILS`; gaps are bridged first, the domain stays as it was."""
    stretch = RATES.get(how)
    if stretch is not None:
        return replace(record, fs=record.fs * stretch)
    signal = SPOILS[how](bridged(record.signal.astype(np.float64)), record.fs, rng)
    return replace(record, signal=signal.astype(np.float32))


def _white(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    noise: Signal = rng.normal(0, 1, signal.shape) * signal.std(axis=1, keepdims=True)
    return noise


def _pink(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    """1 / f noise with a rhythm at 10 Hz, as an EEG has, of the ECG's size."""
    hz = np.fft.rfftfreq(signal.shape[1], 1 / fs)
    shape = 1 / np.maximum(hz, 0.5) ** 0.75 + 0.6 * np.exp(-0.5 * ((hz - 10) / 1.2) ** 2)
    noise = np.fft.irfft(np.fft.rfft(rng.normal(0, 1, signal.shape), axis=1) * shape, n=signal.shape[1], axis=1)
    scaled: Signal = noise / noise.std(axis=1, keepdims=True) * signal.std(axis=1, keepdims=True)
    return scaled


def _mains(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    time = np.arange(signal.shape[1]) / fs
    phase = rng.uniform(0, 2 * np.pi, (len(signal), 1))
    return rng.uniform(0.2, 1.0, (len(signal), 1)) * np.sin(2 * np.pi * 50 * time + phase) + rng.normal(
        0, 0.01, signal.shape
    )


def _squares(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    time = np.arange(signal.shape[1]) / fs
    wave = np.where((time * rng.uniform(0.8, 2.0)) % 1 < 0.5, 0.5, -0.5)
    return wave * rng.uniform(0.5, 1.5, (len(signal), 1)) + rng.normal(0, 0.01, signal.shape)


def _baseline(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    time = np.arange(signal.shape[1]) / fs
    drift = 0.1 * np.sin(2 * np.pi * 0.25 * time + rng.uniform(0, 6, (len(signal), 1)))
    return drift + rng.normal(0, 0.015, signal.shape)


def _one_lead(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    return np.repeat(signal[LEADS.index("II")][None], len(signal), axis=0)


def _shuffled(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    order = rng.permutation(len(signal))
    return signal[np.roll(order, 1) if (order == np.arange(len(signal))).all() else order]


def _muscle(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    return leads_between(potentials(signal) + rng.normal(0, 0.5, (len(ELECTRODES), signal.shape[1])))


def _wander(signal: Signal, fs: float, rng: np.random.Generator) -> Signal:
    steps = np.cumsum(rng.normal(0, 1, (len(ELECTRODES), signal.shape[1])), axis=1)
    return leads_between(potentials(signal) + 3 * steps / np.abs(steps).max(axis=1, keepdims=True))


def _swap(one: str, other: str) -> Spoil:
    return lambda signal, fs, rng: swapped(signal, one, other)


RATES = {"rate declared double": 2.0, "rate declared half": 0.5}
"""50 mm/s taken for 25, and the other way round."""

SPOILS: Mapping[str, Spoil] = {
    "white noise": _white,
    "noise like an EEG": _pink,
    "mains only": _mains,
    "square waves": _squares,
    "baseline only": _baseline,
    "lead II in all leads": _one_lead,
    "leads shuffled": _shuffled,
    "gain x 10": lambda signal, fs, rng: 10 * signal,
    "gain / 10": lambda signal, fs, rng: signal / 10,
    "noise of 0.5 mV added": _muscle,
    "wander of 3 mV added": _wander,
    "upside down": lambda signal, fs, rng: -signal,
    "backwards": lambda signal, fs, rng: signal[:, ::-1],
    "chest leads V6 to V1": lambda signal, fs, rng: signal[[0, 1, 2, 3, 4, 5, 11, 10, 9, 8, 7, 6]],
    "arms reversed": _swap("RA", "LA"),
    "right arm and leg reversed": _swap("RA", "LL"),
    "V1 and V2 reversed": _swap("V1", "V2"),
}

WAYS = (*SPOILS, *RATES)
NO_ECG = ("white noise", "noise like an EEG", "mains only", "square waves", "baseline only")
"""Those of them in which nothing of the heart is left."""
