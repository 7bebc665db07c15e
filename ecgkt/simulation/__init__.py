"""The simulated cohort: physiology -> tables and waveforms in MIMIC's layout. No patient; reviewed by no clinician."""

from ecgkt.simulation.arrays import SimulatedArrays, simulate_arrays
from ecgkt.simulation.cohort import simulate_cohort
from ecgkt.simulation.samples import write_samples
from ecgkt.simulation.settings import SimulationSettings

__all__ = ["SimulatedArrays", "SimulationSettings", "simulate_arrays", "simulate_cohort", "write_samples"]
