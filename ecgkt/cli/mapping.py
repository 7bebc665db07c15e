"""`mean-maps`: what two arms look at for each target, over a cohort's held-out patients."""

from __future__ import annotations

import argparse
from pathlib import Path

from ecgkt import checkpoints, reports
from ecgkt.checkpoints import models_folder
from ecgkt.cli.progress import counter, say
from ecgkt.errors import InvalidValue

MEAN_MAPS = "mean_maps.npz"


def fill_mean_maps(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `mean-maps`."""
    parser.add_argument("--cohort", type=Path, required=True, metavar="PREPARED", help="what `prepare` wrote")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of checkpoints (default: the bundled)")
    parser.add_argument("--arms", nargs=2, default=["transferred", "baseline"], metavar="NAME", help="two checkpoints")
    parser.add_argument("--targets", nargs="+", metavar="NAME", help="only these labels (default: all)")
    parser.add_argument("--patients", type=int, default=25, metavar="N", help="at most N patients per target")
    parser.add_argument("--steps", type=int, default=20, help="of the path integral")
    parser.add_argument("--out", type=Path, default=Path("assets") / MEAN_MAPS, metavar="FILE")
    parser.set_defaults(run=run_mean_maps)


def run_mean_maps(arguments: argparse.Namespace) -> int:
    """Write the mean maps; a run that was stopped goes on where it was."""
    from ecgkt.data.studies import read_study
    from ecgkt.data.waveforms.stored import StoredWaveforms
    from ecgkt.explain.cohort_maps import write_maps
    from ecgkt.explain.mapping import Mapper, forget, map_cohort
    from ecgkt.inference import Predictor

    folders = checkpoints.list_checkpoints(arguments.models or models_folder())
    absent = [name for name in arguments.arms if name not in folders]
    if absent:
        raise InvalidValue(f"checkpoints {', '.join(arguments.arms)}", f"no {', '.join(absent)}", "name two that exist")
    arms = {name: Predictor.open(folders[name]) for name in arguments.arms}
    first = next(iter(arms.values())).card
    study = read_study(arguments.cohort, first.preprocessing, progress=counter("read"))
    for predictor in arms.values():
        reports.refuse_other_split(predictor.card, study)
    stored = StoredWaveforms.open(arguments.cohort)
    slots = stored.rows_of(study.cohort.record_ids)
    mapper = Mapper(study, lambda row: stored.record(int(slots[row])), arms, arguments.patients, arguments.steps)
    command = (
        f"python -m ecgkt mean-maps --cohort PREPARED --arms {' '.join(arguments.arms)} "
        f"--patients {arguments.patients} --steps {arguments.steps}"
    )
    unfinished = arguments.out.with_suffix(".run")
    targets = arguments.targets or first.labels.names
    made = map_cohort(mapper, unfinished, targets, command, counter("targets"))
    write_maps(made, arguments.out)
    forget(unfinished)
    size = arguments.out.stat().st_size / 1e6
    say(f"{len(made.targets)} targets, {made.domain.upper()} patients, {size:.1f} MB in {arguments.out}.")
    for target, reason in made.omitted.items():
        say(f"{target} is left out: {reason}.")
    return 0
