"""`bundle`: what of a finished run travels with the app, its predictions made small and its cohort in counts."""

from __future__ import annotations

import argparse
from pathlib import Path

from ecgkt.cli.progress import say
from ecgkt.errors import InvalidValue

PREDICTIONS, COHORT = "predictions", "cohort.json"


def fill_bundle(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bundle`."""
    parser.add_argument("--results", type=Path, metavar="DIR", help="stored predictions of SIMULATED patients")
    parser.add_argument("--cohort", type=Path, metavar="DIR", help="the prepared cohort, to be told in counts")
    parser.add_argument("--out", type=Path, default=Path("assets"), metavar="DIR")
    parser.add_argument("--budgets", type=float, nargs="+", default=[1.0], metavar="SHARE", help="of the arms kept")
    parser.add_argument("--patients", type=int, metavar="N", help="keep N held-out patients (default: all)")
    parser.set_defaults(run=run_bundle)


def run_bundle(arguments: argparse.Namespace) -> int:
    """Write OUT/predictions and OUT/cohort.json from what is named."""
    from ecgkt.reports.bundle import write_bundle
    from ecgkt.reports.summary import summarise, write_summary

    if arguments.results is None and arguments.cohort is None:
        raise InvalidValue("--results, --cohort or both", "neither", "name what a run left")
    if arguments.results is not None:
        folder = arguments.out / PREDICTIONS
        bundle = write_bundle(arguments.results, folder, budgets=arguments.budgets, patients=arguments.patients)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        say(f"{bundle}. {bundle.patients:,} SIMULATED patients, {size:.1f} MB in {folder}.")
    if arguments.cohort is not None:
        path = arguments.out / COHORT
        write_summary(summarise(arguments.cohort), path)
        say(f"The cohort in counts is in {path}.")
    return 0
