"""Randomness that depends on named numbers alone, never on what ran before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int, devices: Sequence[torch.device] = ()) -> Iterator[None]:
    """Seed what has no generator of its own (initial weights, dropout), and leave the global state as it was."""
    with torch.random.fork_rng(devices=list(devices)):
        torch.manual_seed(seed)
        yield


def seed_of(*numbers: int) -> int:
    """Return one seed from several numbers (seed, epoch, step, process), unlike that of any others."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
