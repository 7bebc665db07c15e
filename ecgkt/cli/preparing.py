"""`check` and `prepare`: from downloads, or a simulated cohort, to a prepared cohort."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ecgkt.catalogue import RECIPES
from ecgkt.cli.progress import say, steps
from ecgkt.data.joins.engine import MEMORY
from ecgkt.data.layout import Prepared
from ecgkt.parallel import usual_workers


def fill_check(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `check`."""
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="MIMIC-IV-ECG, MIMIC-IV, MIMIC-IV-ED or simulated",
    )
    parser.add_argument("--recipe", default=RECIPES[0], choices=RECIPES, help="how ECGs are joined (default: ours)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the prepared cohort is to go")
    parser.add_argument("--thorough", action="store_true", help="read every table to its end: takes minutes")
    parser.set_defaults(run=run_check)


def run_check(arguments: argparse.Namespace) -> int:
    """Tell all that was found: facts on standard output, problems on the error stream; 1 where there is a problem."""
    from ecgkt.data.check import check_sources

    found = check_sources(arguments.folders, recipe=arguments.recipe, out=arguments.out, thorough=arguments.thorough)
    for heading, sentences in (
        ("Found", found.facts),
        ("Will be lacking", found.lacking),
        ("Not looked at", found.unchecked),
    ):
        if sentences:
            sys.stdout.write(f"{heading}:\n" + "".join(f"  {sentence}\n" for sentence in sentences))
    sys.stdout.flush()
    for error in found.problems:
        sys.stderr.write(f"{error}\n")
    count = len(found.problems)
    end = "No problem found." if found.good else f"{count} problem{'s' if count > 1 else ''} found."
    sys.stderr.write(f"{end}\n")
    return 0 if found.good else 1


def fill_prepare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `prepare`."""
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="downloads, or a simulated cohort")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the prepared cohort goes")
    parser.add_argument("--recipe", choices=RECIPES, default="ours", help="how ECGs and tables are joined")
    parser.add_argument("--split-seed", type=int, default=0, metavar="S", help="of the split by patient")
    parser.add_argument("--workers", type=int, metavar="N", help="processes and threads (default: one per core)")
    parser.add_argument(
        "--memory", default=MEMORY, metavar="SIZE", help=f"most memory for the joins (default: {MEMORY})"
    )
    parser.set_defaults(run=run_prepare)


def run_prepare(arguments: argparse.Namespace) -> int:
    """Prepare a cohort; a run that was stopped goes on where it was."""
    from ecgkt.data.prepare import prepare

    prepared = prepare(
        arguments.folders,
        arguments.out,
        arguments.recipe,
        split_seed=arguments.split_seed,
        workers=arguments.workers or usual_workers(),
        memory=arguments.memory,
        progress=steps(),
    )
    _tell(prepared)
    return 0


def _tell(prepared: Prepared) -> None:
    told = json.loads(prepared.manifest.read_text(encoding="utf-8"))
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in told["excluded"].items()) or "none"
    ecgs = "SIMULATED ECGs" if told["simulated"] else "ECGs"
    say(f"{told['kept']:,} of {told['listed']:,} {ecgs} of {told['subjects']:,} patients kept. Left out: {left_out}.")
    for finding in told["audit"]:
        if finding["count"] and not finding["what"].startswith("label "):
            say(f"{finding['what'].capitalize()}: {finding['count']:,} of {finding['of']:,} ({finding['do']}).")
    say(f"Everything else is in {prepared.manifest}.")
