"""Write the typical beat that an ECG can be compared with: the median of simulated patients' normal beats.

python -m benchmarks.typical_beat [--count 200] [--seed 2026]
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS
from ecgkt.explain.baselines import TYPICAL_BEAT
from ecgkt.signals.delineation import delineate
from ecgkt.signals.median_beats import median_beats
from ecgkt.simulation.arrays import simulate_arrays
from ecgkt.simulation.settings import SimulationSettings

BLOCK, STEP_MS = 250, 10
FROM_MS, TO_MS, FADE_MS = -300, 600, 60
RATES = (60.0, 90.0)


def main() -> None:
    """Simulate, keep what has sinus rhythm and nothing else on its ECG, and write the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    beats: list[NDArray[np.float64]] = []
    first = 0
    while len(beats) < arguments.count:
        beats += normal_beats(arguments.seed, first)
        first += BLOCK
    time = np.arange(FROM_MS, TO_MS + STEP_MS, STEP_MS)
    typical = np.median(beats[: arguments.count], axis=0) * faded(time)
    head = (
        f"# SIMULATED: the median beat of {arguments.count} simulated patients with sinus rhythm and nothing else on "
        f"their ECG, in mV, 0 ms at QRS onset. Written by python -m benchmarks.typical_beat --count {arguments.count} "
        f"--seed {arguments.seed}\n"
    )
    rows = [",".join(["ms", *LEADS])]
    rows += [
        ",".join([f"{at}", *(f"{value:.4f}" for value in column)]) for at, column in zip(time, typical.T, strict=True)
    ]
    TYPICAL_BEAT.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{TYPICAL_BEAT.name}: {typical.shape[1]} times, from {first} simulated patients")


def normal_beats(seed: int, first: int) -> list[NDArray[np.float64]]:
    """Return the median beats (12, times) of the normal ones among the next patients, each at every 10 ms."""
    settings = SimulationSettings(artefacts=0.0, faulty=0.0)
    plain = simulate_arrays(BLOCK, seed, settings, first=first, signals=False)
    found = []
    for row, reading in enumerate(plain.readings):
        present = {name for name, value in reading.labels.items() if value == 1}
        if present != {"sinus_rhythm"} or not RATES[0] <= plain.plans[row].tracing.rate <= RATES[1]:
            continue
        signal = simulate_arrays(1, seed, settings, first=first + row).signals[0]
        beat = median_beats(signal, 500.0, delineate(signal, 500.0))
        if beat is not None and np.isfinite(beat.signal).all():
            at = np.arange(FROM_MS, TO_MS + STEP_MS, STEP_MS)
            found.append(np.stack([np.interp(at, beat.time_ms, lead) for lead in beat.signal]))
    return found


def faded(time: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return weights that bring the beat to zero at both ends."""
    edge = np.minimum(time - FROM_MS, TO_MS - time) / FADE_MS
    return np.clip(edge, 0.0, 1.0)


if __name__ == "__main__":
    main()
