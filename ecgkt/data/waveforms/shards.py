"""Large files made shard by shard: several processes write into one file, and a broken run goes on where it was.

Every row has its place in the file from the start, so that shards are written in any order and the file is the same
whatever the number of processes. A shard is done once its part file stands beside the large file; the part file is
put there in one step, after the rows have reached the disk. Rows are written and not mapped: a full disk is an error
under a write, and the death of the process under a mapped page.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ecgkt.errors import DiskFull, InvalidCohort
from ecgkt.parallel import in_shards

SHARD = 256
Progress = Callable[[int, int], None]
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLAIM = "claim.json"


def claim(parts: Path, recipe: Mapping[str, object], *, anew: bool = False) -> None:
    """Make the folder of part files this recipe's; `anew` drops what lies there, and so does an unreadable claim.

    Raises InvalidCohort where it was begun for another recipe.
    """
    found = None if anew else _read_claim(parts)
    if found == _stated(recipe):
        return
    if found is not None:
        raise InvalidCohort(
            "the same records as when this folder was begun",
            f"an unfinished run for others in {parts}",
            "give that list again or choose another folder",
        )
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    write_whole(parts / _CLAIM, json.dumps(_stated(recipe)).encode())


def is_claimed(parts: Path, recipe: Mapping[str, object]) -> bool:
    """Tell whether an unfinished run of this recipe lies there."""
    return _read_claim(parts) == _stated(recipe)


def _stated(recipe: Mapping[str, object]) -> dict[str, object]:
    """Return a recipe with how many rows a part file stands for."""
    return {**recipe, "shard": SHARD}


def _read_claim(parts: Path) -> object:
    try:
        return json.loads((parts / _CLAIM).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def finish(
    parts: Path,
    total: int,
    work: Callable[..., None],
    arguments: Callable[[int, int], tuple[Any, ...]],
    workers: int,
    progress: Progress | None,
) -> list[Path]:
    """Do the shards of `total` rows that are not done yet and return all part files in order.

    `work(part, *arguments(first, last))` writes rows `first` up to `last` and then the part file by `write_whole`; it
    and its arguments must be picklable. `progress` is called with rows done and rows in all.
    """
    spans = [(first, min(first + SHARD, total)) for first in range(0, total, SHARD)]
    every = [parts / f"{first:09d}" for first, _ in spans]
    left = [(part, span) for part, span in zip(every, spans, strict=True) if not part.is_file()]
    done = total - sum(last - first for _, (first, last) in left)
    if progress is not None:
        progress(done, total)
    for position, _ in in_shards(work, [(part, *arguments(*span)) for part, span in left], workers):
        first, last = left[position][1]
        done += last - first
        if progress is not None:
            progress(done, total)
    return every


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is either there as a whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    with unfinished.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)


@contextmanager
def rows_of(path: Path) -> Iterator[BinaryIO]:
    """Open an existing file to write rows at their places; they are on the disk once this ends without an error."""
    with path.open("r+b", buffering=0) as stream:
        yield stream
        os.fsync(stream.fileno())


def write_at(stream: BinaryIO, place: int, content: memoryview) -> None:
    """Write all of `content` at a place; a disk that fills half-way raises OSError."""
    stream.seek(place)
    left = content.cast("B")
    while left:
        left = left[stream.write(left) :]


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Turn the operating system's word for no room (disk, quota or largest file) into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"room to write in {folder}",
            f"none ({os.strerror(error.errno)})",
            "make room and give the same command again: what was made is kept and it goes on from there",
        ) from error
