"""`bridge`: how far each diagnosis' score goes with what a checkpoint knows of each lab, stored beside its weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from ecgkt import checkpoints
from ecgkt.cli.progress import bar, say
from ecgkt.errors import InvalidCohort


def fill_bridge(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bridge`."""
    parser.add_argument("--cohort", type=Path, required=True, metavar="PREPARED", help="a prepared cohort")
    parser.add_argument("--models", type=Path, nargs="+", default=[Path("models")], metavar="DIR")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what the checkpoints see here, for a next time")
    parser.set_defaults(run=run_bridge)


def run_bridge(arguments: argparse.Namespace) -> int:
    """Fit the lab bridge of each checkpoint of the cohort's split, check it on held-out rows and store it."""
    from ecgkt.data.studies import read_study
    from ecgkt.explain.fit_bridge import fit_bridge, see
    from ecgkt.explain.lab_bridge import save_bridge
    from ecgkt.inference import Predictor

    for root in arguments.models:
        for name, folder in checkpoints.list_checkpoints(root).items():
            predictor = Predictor.open(folder)
            study = read_study(arguments.cohort, predictor.card.preprocessing)
            split = predictor.card.training.get("split")
            if split != study.split_rule:
                raise InvalidCohort(
                    f"the split {split} on which {name} was trained", study.split_rule, "prepare the cohort with it"
                )
            seen = see(predictor, study, keep=arguments.keep, progress=bar(name))
            found = fit_bridge(predictor, study, seen, "python -m ecgkt bridge --cohort PREPARED --models DIR")
            save_bridge(folder, found)
            stood = [] if found.surrogates is None else sorted(found.surrogates.fidelity.tolist())
            told = f", surrogates stand for {stood[0]:.2f} to {stood[-1]:.2f} of the scores' variance" if stood else ""
            say(f"{name}: {len(found.labs.names)} labs, {len(found.names)} diagnoses{told}.")
    return 0
