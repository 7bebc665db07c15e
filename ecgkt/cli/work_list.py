"""`predict DIR --out TABLE`: a folder scored into one table, resumed where it broke off, shared by many processes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from ecgkt import NOTICE, checkpoints
from ecgkt.cli.progress import counter, say
from ecgkt.errors import InvalidValue
from ecgkt.parallel import usual_workers
from ecgkt.worklist.folder_run import FolderRun, Progressed
from ecgkt.worklist.shards import Shard
from ecgkt.worklist.sources import WorkFolder


def score_into_table(arguments: argparse.Namespace) -> int:
    """Score a folder into --out; a shard alone writes its parts, and the last one the table."""
    if len(arguments.files) != 1 or not arguments.files[0].is_dir():
        raise InvalidValue("one folder with --out", "files, or several", "name the folder that holds the records")
    if arguments.json or arguments.csv:
        raise InvalidValue("--out, whose ending says the form", "--json or --csv beside it", "leave that out")
    named = arguments.shard
    shard = Shard.parse(named) if named is not None else Shard.from_environment(os.environ)
    folder = WorkFolder.open(arguments.files[0])
    if arguments.hide_names:
        folder = folder.without_names()
    model = checkpoints.choose_checkpoint(arguments.models, arguments.model)
    run = FolderRun(folder, model, arguments.out.absolute())
    if arguments.merge:
        return _tell(run, run.merge())
    if shard.count > 1:
        say(f"{str(shard).capitalize()}, {len(folder.listed):,} records in all.")
    return _tell(run, run.score(shard, _workers(arguments.workers, shard), counter("predict")))


def _workers(named: int | None, shard: Shard) -> int:
    """Return how many processes to use: as named, else one per core, one where torchrun has started several."""
    if named is not None and named < 1:
        raise InvalidValue("one worker or more", f"--workers {named}", "leave it out for one per core")
    return named or (1 if shard.is_of_torchrun else usual_workers())


def _tell(run: FolderRun, found: Progressed) -> int:
    card = checkpoints.read_card(run.model)
    if found.counts is None:
        say(f"{found.missing} of {found.parts} parts are missing in {run.parts.name}: the last shard writes the table.")
        return 0
    say(f"{run.out.name}: {_counted(found.counts['outcomes'])}; origin: {_counted(found.counts['domains']) or 'none'}.")
    say(f"{NOTICE}. {card.statement} Checkpoint {card.id}.")
    return 0


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items(), key=lambda one: -one[1]))
