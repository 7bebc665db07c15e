"""How common each tracing label is in the simulated cohort, and what pulse and ECG share at strength 0.

python -m benchmarks.simulated_prevalence [--patients 2000]
"""

from __future__ import annotations

import argparse

import numpy as np

from ecgkt.domain.labels import Kind
from ecgkt.simulation import SimulationSettings, simulate_arrays

SEED = 1


def main() -> None:
    """Print the prevalences and the correlations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=2000)
    patients = parser.parse_args().patients
    labels = simulate_arrays(patients, SEED, signals=False).labels.of_kind(Kind.TRACING)
    print("| SIMULATED tracing label | % |\n|---|---|")
    for label, values in zip(labels.labels, labels.values.T, strict=True):
        print(f"| {label.title} | {100 * np.nanmean(values):.1f} |")
    twins = simulate_arrays(patients, SEED, SimulationSettings(shared_strength=0.0), signals=False)
    charted = twins.features.values[:, twins.features.names.index("heart_rate")]
    rate = np.array([reading.rate for reading in twins.readings])
    plain = np.array([not plan.patient.conditions for plan in twins.plans]) & ~np.isnan(charted)
    sinus = plain & np.array([reading.labels["sinus_rhythm"] == 1 for reading in twins.readings])
    for what, rows in (("without conditions", plain), ("of them in sinus rhythm", sinus)):
        r = np.corrcoef(charted[rows], rate[rows])[0, 1]
        print(f"\nstrength 0, charted and ECG rate, {rows.sum()} patients {what}: r = {r:.2f}")


if __name__ == "__main__":
    main()
