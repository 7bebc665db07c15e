"""A folder scored in parts: resumed where it broke off, shared by processes and machines, one table in the end.

A part is a fixed run of records of the list, whoever scores it, so that the table is the same whatever the number of
shards and workers. It is written whole or not at all; what has its part file is never scored again. The folder of
parts is claimed for one list, one checkpoint and one version, and goes once the table stands.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from ecgkt import __version__, checkpoints
from ecgkt.data.waveforms.shards import full_disk_told
from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.inference import BATCH, Predictor
from ecgkt.parallel import in_shards
from ecgkt.worklist import table
from ecgkt.worklist.lines import score_all
from ecgkt.worklist.shards import Shard
from ecgkt.worklist.sources import Listed, WorkFolder, read_listed_record

PART = 2 * BATCH
RUN, _CLAIM = "run", "claim.json"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Progressed:
    """Where a run stands: parts in all and parts `missing`; `counts` of the table, None until it is written."""

    parts: int
    missing: int
    counts: Mapping[str, Mapping[str, int]] | None


@dataclass(frozen=True, eq=False)
class FolderRun:
    """The scoring of the records of `folder` with the checkpoint in `model` into the table `out`."""

    folder: WorkFolder
    model: Path
    out: Path

    def __post_init__(self) -> None:
        table.check_out(self.out)

    @property
    def parts(self) -> Path:
        """The folder of what is done so far, beside the table."""
        return self.out.with_name(f"{self.out.name}.parts")

    def score(self, shard: Shard, workers: int = 1, progress: Progress | None = None) -> Progressed:
        """Score what is missing of a shard, and write the table where no part is missing any more.

        Where the table of this very run stands already nothing is done. Raises InvalidValue where another table
        stands there, where an unfinished run had other records, another checkpoint or another version, and where this
        shard is being scored by another process on this machine.
        """
        card = checkpoints.read_card(self.model)
        recipe = self._recipe()
        if (done := self._finished(recipe)) is not None:
            return done
        with full_disk_told(self.out.parent):
            _claim(self.parts, recipe)
            with _alone(self.parts, shard):
                every = self._every_part()
                own = [place for place in range(len(every)) if shard.takes(place)]
                todo = [place for place in own if not every[place].is_file()]
                done_records = sum(map(self._size, own)) - sum(map(self._size, todo))
                total = sum(map(self._size, own))
                if progress is not None:
                    progress(done_records, total)
                work = [(every[place], self.model, card.id, *self._records(place)) for place in todo]
                for position, _ in in_shards(_score_part, work, workers):
                    done_records += self._size(todo[position])
                    if progress is not None:
                        progress(done_records, total)
        return self.merge()

    def merge(self) -> Progressed:
        """Write the table where every part is there, and say how many are missing otherwise."""
        recipe = self._recipe()
        if (done := self._finished(recipe)) is not None:
            return done
        every = self._every_part()
        missing = sum(not part.is_file() for part in every)
        if missing:  # or another shard has put them together meanwhile
            return self._finished(recipe) or Progressed(len(every), missing, None)
        told = {**table.header(checkpoints.read_card(self.model)), RUN: _digest(recipe)}
        try:
            with full_disk_told(self.out.parent):
                counted = table.put_together(every, self.out, told, self.parts)
        except FileNotFoundError:  # another shard was as quick, and has put it together and tidied up
            if (done := self._finished(recipe)) is not None:
                return done
            raise
        shutil.rmtree(self.parts, ignore_errors=True)
        return Progressed(len(every), 0, counted)

    def _recipe(self) -> dict[str, object]:
        card = (self.model / checkpoints.CARD).read_bytes()
        return {
            "list": self.folder.fingerprint,
            "records": len(self.folder.listed),
            "card": hashlib.sha256(card).hexdigest(),
            "version": __version__,
            "part": PART,
            "batch": BATCH,
        }

    def _finished(self, recipe: Mapping[str, object]) -> Progressed | None:
        """Return how a run ended whose table stands, None where none does."""
        if not self.out.exists():
            return None
        told = table.read_header(self.out)
        if told is None or told.get(RUN) != _digest(recipe):
            raise InvalidValue(
                f"no file at {self.out.name}, or the table of this very folder and checkpoint",
                "another one",
                "choose another --out, or move that file away",
            )
        shutil.rmtree(self.parts, ignore_errors=True)
        counted = {what: told[what] for what in ("outcomes", "domains", "kinds")}
        plain = {what: json.loads(one) if isinstance(one, str) else one for what, one in counted.items()}
        return Progressed(len(self._every_part()), 0, plain)

    def _every_part(self) -> list[Path]:
        return [self.parts / f"{first:09d}.parquet" for first in range(0, len(self.folder.listed), PART)]

    def _size(self, place: int) -> int:
        return min(PART, len(self.folder.listed) - place * PART)

    def _records(self, place: int) -> tuple[Path, bool, Sequence[Listed]]:
        some = self.folder.listed[place * PART : (place + 1) * PART]
        return self.folder.folder, self.folder.is_mimic, some


def _score_part(
    part: Path, model: Path, checkpoint: str, folder: Path, is_mimic: bool, listed: Sequence[Listed]
) -> None:
    """Score some records of a folder on one thread, and write them as one part."""
    predictor = _opened(model, checkpoint)
    wanted = [(one.id, partial(read_listed_record, folder, is_mimic, one)) for one in listed]
    with _one_thread():
        lines = list(score_all(predictor, wanted))
    content = table.to_parquet(table.tabulate(lines, predictor.card.labels.names))
    unfinished = part.with_name(f"{uuid4().hex}.unfinished")
    with unfinished.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(part)


@lru_cache(maxsize=1)
def _opened(model: Path, checkpoint: str) -> Predictor:
    """Return the checkpoint of a process, read once; raise where it is no longer the one that the run began with."""
    predictor = Predictor.open(model)
    if predictor.card.id != checkpoint:
        raise InvalidCheckpoint(
            f"checkpoint {checkpoint} all along", f"{predictor.card.id} in its place", "give the command again"
        )
    return predictor


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: the figures are then the same to the last digit, however many processes there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _claim(parts: Path, recipe: Mapping[str, object]) -> None:
    """Make the folder of parts this run's; of several shards that begin at once, the first one claims it for all."""
    parts.mkdir(parents=True, exist_ok=True)
    draft = parts / f"{uuid4().hex}.claim"
    draft.write_text(json.dumps(recipe), encoding="utf-8")
    try:
        os.link(draft, parts / _CLAIM)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    found: dict[str, Any] = json.loads((parts / _CLAIM).read_text(encoding="utf-8"))
    if found == recipe:
        return
    changed = [_SAID[key] for key in recipe if found.get(key) != recipe[key]]
    raise InvalidValue(
        f"the same run as the unfinished one in {parts.name}",
        f"other {' and '.join(dict.fromkeys(changed))}",
        "give that command again, delete that folder to begin anew, or choose another --out",
    )


_SAID = {
    "list": "records",
    "records": "records",
    "card": "model",
    "version": "version of ecgkt",
    "part": "version of ecgkt",
    "batch": "version of ecgkt",
}


@contextmanager
def _alone(parts: Path, shard: Shard) -> Iterator[None]:
    """Keep a second process of this machine off a shard; the lock goes with the process, however it ends."""
    lock = FileLock(parts / f"{shard.index}-of-{shard.count}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InvalidValue(
            "a shard that nobody else is scoring", f"another process at {shard}", "wait for it, or stop it"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _digest(recipe: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
