"""`mean-maps`: what two arms look at for each target, over a cohort's held-out patients."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ecgkt import checkpoints, reports
from ecgkt.catalogue import all_labels
from ecgkt.checkpoints import models_folder
from ecgkt.cli.progress import counter, say
from ecgkt.domain import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.reports.tables import Table, to_markdown

if TYPE_CHECKING:
    from ecgkt.explain.cohort_maps import CohortMaps

MEAN_MAPS = "mean_maps.npz"


def fill_mean_maps(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `mean-maps`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--cohort", type=Path, metavar="PREPARED", help="what `prepare` wrote")
    what.add_argument("--read", action="store_true", help="only print what the file OUT says")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of checkpoints (default: the bundled)")
    parser.add_argument("--arms", nargs=2, default=["transferred", "baseline"], metavar="NAME", help="two checkpoints")
    parser.add_argument("--targets", nargs="+", metavar="NAME", help="only these labels (default: all)")
    parser.add_argument("--patients", type=int, default=25, metavar="N", help="at most N patients per target")
    parser.add_argument("--steps", type=int, metavar="N", help="even steps of each path (default: as its sum needs)")
    parser.add_argument("--out", type=Path, default=Path("assets") / MEAN_MAPS, metavar="FILE")
    parser.set_defaults(run=run_mean_maps)


def run_mean_maps(arguments: argparse.Namespace) -> int:
    """Write the mean maps; a run that was stopped goes on where it was."""
    from ecgkt.data.studies import read_study
    from ecgkt.data.waveforms.stored import StoredWaveforms
    from ecgkt.explain.cohort_maps import read_maps, write_maps
    from ecgkt.explain.mapping import Mapper, forget, map_cohort
    from ecgkt.inference import Predictor

    if arguments.read:
        sys.stdout.write(to_markdown(shares_table(read_maps(arguments.out))))
        return 0
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
        f"--patients {arguments.patients}{f' --steps {arguments.steps}' if arguments.steps else ''}"
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


def shares_table(maps: CohortMaps) -> Table:
    """Return by target the wave on which the arms' shares of the map differ most, the largest difference first.

    A question mark stands behind a difference whose interval holds zero.
    """
    found: list[tuple[float, tuple[str | int, ...]]] = []
    for one in maps.targets.values():
        differences = one.regions["difference"]
        name = max(differences, key=lambda wave: abs(differences[wave].value or 0.0))
        arms = [_percent(one.regions[arm][name]) for arm in maps.arms]
        of_all, apart = f"{one.chance[name]:.0%}", _points(differences[name])
        row: tuple[str | int, ...] = (all_labels()[one.target].title, one.patients, name, of_all, *arms, apart)
        found.append((abs(differences[name].value or 0.0), row))
    rows = tuple(row for _, row in sorted(found, key=lambda one: -one[0]))
    columns = ("target", "patients", "wave", "of the signal", *maps.arms, "difference, points")
    title = "The wave on which the arms' shares of the map differ most"
    return Table("mean-maps", title, columns, rows, maps.domain, (f"Taken: {maps.rule}.", f"`{maps.command}`"))


def _percent(figure: Estimate) -> str:
    return f"{figure.value:.0%} ({100 * (figure.low or 0):.0f} to {100 * (figure.high or 0):.0f})"


def _points(figure: Estimate) -> str:
    low, high = 100 * (figure.low or 0), 100 * (figure.high or 0)
    told = f"{100 * (figure.value or 0):+.1f} ({low:+.1f} to {high:+.1f})"
    return told if low > 0 or high < 0 else f"{told} ?"
