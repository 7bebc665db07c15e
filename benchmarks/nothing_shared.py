"""What tables and ECG share beyond conditions and demographics, at each shared strength.

python -m benchmarks.nothing_shared [--patients 2000] [--seed 5]

Each patient's table values are correlated with the ECG of the record, and with that of a stranger: another heart drawn
for the same conditions, age, sex and body-mass index. What both correlations have in common comes from those; their
difference is what tables and ECG share beyond. At strength 0 it must be chance.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from ecgkt.parallel import in_shards, usual_workers
from ecgkt.simulation import SimulationSettings
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.items import places
from ecgkt.simulation.patients import draw_patient
from ecgkt.simulation.tracing import FIBRILLATION, PACED, SINUS, Tracing
from ecgkt.simulation.visits import Visit, draw_visit

SHARD = 100
STRANGER = 1_000_003
ECG_SIDE: Mapping[str, str] = {
    "rate": "ventricular rate",
    "sinus": "sinus rhythm",
    "fibrillation": "atrial fibrillation",
    "paced": "paced",
    **{name: name for name in ("pr_ms", "qrs_ms", "qtc_ms", "axis_turn", "voltage", "left_mass", "left_atrium")},
    **{name: name for name in ("t_gain", "t_peaking", "u_mv", "st_length_ms", "injury_mv", "ischaemia_mv")},
    "premature_ventricular": "premature beats",
    "breathing_rate": "breathing seen in the ECG",
}


def ecg_side(t: Tracing) -> list[float]:
    """Return the quantities of a tracing by `ECG_SIDE`."""
    known = {"rate": t.rate / t.ventricular_divisor}
    known.update({"sinus": t.rhythm == SINUS, "fibrillation": t.rhythm == FIBRILLATION, "paced": t.rhythm == PACED})
    return [float(known.get(name, getattr(t, name, 0.0))) for name in ECG_SIDE]


def stranger(seed: int, number: int, settings: SimulationSettings) -> Tracing:
    """Return a tracing of somebody else with this patient's conditions, age, sex and body-mass index."""
    patient = draw_patient(seed, number, settings)
    other = draw_patient(seed + STRANGER, number, replace(settings, shared_strength=0.0))
    twin = replace(patient, ecg_latents=other.ecg_latents, ecg_wander=other.ecg_wander, sensitivity=other.sensitivity)
    return draw_tracing(seed + STRANGER, twin, 0, settings)


def shard(
    first: int, count: int, seed: int, strength: float
) -> list[tuple[dict[str, float], list[float], list[float]]]:
    """Return (table values, the ECG's quantities, the stranger's) of some patients."""
    settings = SimulationSettings(shared_strength=strength)
    found = []
    for number in range(first, first + count):
        patient = draw_patient(seed, number, settings)
        tracing = draw_tracing(seed, patient, 0, settings)
        visit = draw_visit(seed, patient, tracing, settings)
        values = {name: value for name, value in visit.measured().items() if name not in ("age", "sex_male", "bmi")}
        values.update({f"{name} of the whole stay": value for name, value in _over_stay(visit).items()})
        values["rows of the stay"] = float((visit.results.stay == 0).sum())
        values["hours of the stay"] = visit.history.present.end - visit.history.present.begin
        values["codes"] = float(len(visit.present_codes))
        found.append((values, ecg_side(tracing), ecg_side(stranger(seed, number, settings))))
    return found


def _over_stay(visit: Visit) -> dict[str, float]:
    """Return the mean potassium, calcium, haemoglobin and lactate over all draws of the stay."""
    results = visit.results
    means = {}
    for name in ("potassium", "calcium_total", "haemoglobin", "lactate"):
        rows = (results.stay == 0) & (results.item == places()[name]) & ~np.isnan(results.number)
        if rows.any():
            means[name] = float(results.number[rows].mean())
    return means


@dataclass(frozen=True)
class Left:
    """What one table value and one quantity of the ECG share: `own` and `strange` correlations over `n` patients."""

    table: str
    ecg: str
    own: float
    strange: float
    n: int

    @property
    def z(self) -> float:
        """The difference in standard errors, taking both correlations as independent."""
        return (self.own - self.strange) * np.sqrt(self.n / 2)


def left_over(patients: int, seed: int, strength: float, workers: int = 1, least: int = 100) -> list[Left]:
    """Return every pair with at least `least` patients, the strongest difference first."""
    shards = [(first, min(SHARD, patients - first), seed, strength) for first in range(0, patients, SHARD)]
    parts = dict(in_shards(shard, shards, workers))
    rows = [row for place in sorted(parts) for row in parts[place]]
    names = sorted({name for values, _, _ in rows for name in values})
    own, strange = (np.array([row[side] for row in rows]) for side in (1, 2))
    found = []
    for name in names:
        known = np.array([name in values for values, _, _ in rows])
        values = np.array([values[name] for values, _, _ in rows if name in values])
        if len(values) < least or np.ptp(values) == 0:
            continue
        for column, quantity in enumerate(ECG_SIDE):
            pair = own[known, column], strange[known, column]
            if min(np.ptp(pair[0]), np.ptp(pair[1])) > 0:
                here, among_strangers = (_rank_correlation(values, side) for side in pair)
                found.append(Left(name, quantity, here, among_strangers, len(values)))
    return sorted(found, key=lambda one: -abs(one.z))


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def report(strength: float, found: list[Left]) -> Iterator[str]:
    """Yield Markdown rows: the strongest differences, and how many pass what chance gives among so many pairs."""
    limit = norm.isf(0.025 / len(found))
    beyond = sum(abs(one.z) > limit for one in found)
    yield (
        f"| {strength:g} | {len(found)} | {np.std([one.z for one in found]):.2f} | {beyond} | "
        + "; ".join(
            f"{one.table} with {ECG_SIDE[one.ecg]}: {one.own:+.2f} against {one.strange:+.2f}" for one in found[:4]
        )
        + " |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    print("| strength | pairs | spread of z | pairs beyond chance | the strongest: own ECG against a stranger's |")
    print("|---:|---:|---:|---:|---|")
    for strength in (0.0, 0.5, 1.0):
        found = left_over(arguments.patients, arguments.seed, strength, usual_workers())
        print(*report(strength, found), sep="\n")


if __name__ == "__main__":
    main()
