"""The simulated cohort: physiology -> tables and waveforms in MIMIC's own layout. No patient; reviewed by no clinician."""

from ecgkt.simulation.arrays import SimulatedArrays, simulate_arrays
from ecgkt.simulation.cohort import simulate_cohort
from ecgkt.simulation.settings import SimulationSettings

