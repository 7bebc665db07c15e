"""`simulate` and `samples`: cohorts and cases made up, and called so."""

from __future__ import annotations

import argparse
from pathlib import Path

from ecgkt.cli.progress import counter, say


def fill_simulate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `simulate`."""
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--patients", type=int, metavar="N", help="simulate a cohort of N patients")
    whom.add_argument(
        "--measurements",
        type=Path,
        metavar="FILE",
        help="simulate waveforms for the studies of a machine_measurements.csv, with its intervals and axes",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")
    shared = "what ECG and blood share beyond the labels, 0 to 1"
    parser.add_argument("--shared-strength", type=float, default=1.0, metavar="R", help=shared)
    parser.add_argument("--enrichment", type=float, default=3.0, metavar="F", help="odds of rare conditions, times F")
    parser.set_defaults(run=run_simulate)


def fill_samples(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `samples`."""
    parser.add_argument("--out", type=Path, default=Path("assets/samples"), metavar="DIR")
    parser.set_defaults(run=run_samples)


def run_simulate(arguments: argparse.Namespace) -> int:
    """Write a simulated cohort; a run that was stopped goes on where it was."""
    from ecgkt.parallel import usual_workers
    from ecgkt.simulation import SimulationSettings, simulate_cohort, simulate_measured

    workers, progress = arguments.workers or usual_workers(), counter("simulate")
    if arguments.measurements is not None:
        simulate_measured(arguments.measurements, arguments.out, arguments.seed, progress=progress, workers=workers)
        say(f"SIMULATED waveforms for the studies of {arguments.measurements} in {arguments.out}.")
        return 0
    settings = SimulationSettings(enrichment=arguments.enrichment, shared_strength=arguments.shared_strength)
    simulate_cohort(arguments.out, arguments.patients, arguments.seed, settings, progress=progress, workers=workers)
    say(f"{arguments.patients} SIMULATED patients in {arguments.out}.")
    return 0


def run_samples(arguments: argparse.Namespace) -> int:
    """Write the bundled simulated samples anew."""
    from ecgkt.simulation import write_samples

    write_samples(arguments.out)
    say(f"SIMULATED samples in {arguments.out}.")
    return 0
