"""What a simulated cohort may be asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

import numpy as np

from ecgkt.errors import InvalidValue

FS = 500.0
SAMPLES = 5000
SECONDS = SAMPLES / FS


@dataclass(frozen=True)
class SimulationSettings:
    """Settings of a cohort; every figure is saved in its manifest.

    `enrichment` multiplies the odds of rare causes, rhythms and conduction disorders (1: as prevalent as in an
    emergency department). `shared_strength` is the correlation between the latent variables that the blood is
    made of and those that the ECG answers to: at 1 the ECG answers to the patient's own blood, at 0 to the blood
    of a twin with the same conditions, age, sex and body-mass index. The charted pulse follows the ECG's own rhythm
    with this chance, else that of a twin. `artefacts` scales every noise amplitude. `faulty` is the share of records
    with a flat or missing lead. `coding_noise` is the chance that a code is forgotten; false codes come at a tenth
    of it.
    """

    enrichment: float = 3.0
    shared_strength: float = 1.0
    artefacts: float = 1.0
    faulty: float = 0.01
    coding_noise: float = 0.15
    most_ecgs: int = 3

    def __post_init__(self) -> None:
        for name, low, high in (
            ("enrichment", 0.1, 20.0),
            ("shared_strength", 0.0, 1.0),
            ("artefacts", 0.0, 5.0),
            ("faulty", 0.0, 1.0),
            ("coding_noise", 0.0, 1.0),
            ("most_ecgs", 1, 5),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidValue(f"{name} from {low:g} to {high:g}", f"{value}", "change the setting")

    def to_json(self) -> dict[str, Any]:
        """Return plain data; `SimulationSettings(**data)` reads it back."""
        return asdict(self)


def generator(seed: int, stream: str, *ids: int) -> np.random.Generator:
    """Return the random numbers of one thing: they depend on seed, stream and ids alone, never on the batch."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, crc32(stream.encode()), *ids))))
