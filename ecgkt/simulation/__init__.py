"""The simulated cohort: physiology -> tables and waveforms in MIMIC's layout. No patient; reviewed by no clinician."""

from ecgkt.simulation.arrays import SimulatedArrays, simulate_arrays
from ecgkt.simulation.cohort import simulate_cohort
from ecgkt.simulation.measured import simulate_measured
from ecgkt.simulation.samples import write_samples
from ecgkt.simulation.settings import SimulationSettings
from ecgkt.simulation.truth import Truth, WaveTimes, truth_of

__all__ = [
    "SimulatedArrays",
    "SimulationSettings",
    "Truth",
    "WaveTimes",
    "simulate_arrays",
    "simulate_cohort",
    "simulate_measured",
    "truth_of",
    "write_samples",
]
