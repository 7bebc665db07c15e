"""`prepare`: from downloads, or a simulated cohort, to a prepared cohort."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ecgkt.catalogue import RECIPES
from ecgkt.cli.progress import say, steps
from ecgkt.data.engine import MEMORY
from ecgkt.data.layout import Prepared
from ecgkt.parallel import usual_workers


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
