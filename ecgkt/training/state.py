"""Where a run stands, on the disk: whole or not at all, read without unpickling, refused where it is another run's."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from ecgkt.data.waveforms.shards import full_disk_told, write_whole
from ecgkt.errors import InvalidCheckpoint, InvalidValue

STATE, LOG, MANIFEST, LOCK = "state.pt", "log.csv", "run.json", ".lock"


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; raise DiskFull where there is no room, and the one before remains."""
    try:
        with full_disk_told(path.parent):
            write_whole(path, content)
    except BaseException:
        path.with_name(path.name + ".tmp").unlink(missing_ok=True)
        raise


@contextmanager
def held(folder: Path | None) -> Iterator[None]:
    """Keep a run's folder from other runs while this one trains; raise InvalidValue where another holds it.

    The lock is the process's: it goes with it, however it ends.
    """
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InvalidValue(
            f"a folder that no other run writes to, for {folder.name}",
            "one in which a run goes on",
            "wait for it, or choose another --out",
        ) from error
    try:
        yield
    finally:
        lock.release()


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers and words as the run's state."""
    stream = io.BytesIO()
    torch.save(dict(state), stream)
    write_file(folder / STATE, stream.getvalue())


def read_state(folder: Path, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the state of the run that `key` describes, None where there is none.

    Raises InvalidCheckpoint where the file is damaged or another run's.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as whole:
            if whole.testzip() is not None:
                raise zipfile.BadZipFile
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = json.loads(state["key"])
    except (
        zipfile.BadZipFile,
        RuntimeError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        raise InvalidCheckpoint(
            f"a whole {STATE} in {folder}", "a truncated or damaged file", "delete it to begin this stage anew"
        ) from error
    other = [name for name, value in key.items() if found.get(name) != value]
    if other:
        raise InvalidCheckpoint(
            f"the state of this run in {folder}",
            f"one of a run with other {_listed(other, key, found)}",
            f"go on with those, or choose another folder, or delete {STATE}",
        )
    return dict(state)


def forget_state(folder: Path) -> None:
    """Delete the state of a stage whose checkpoint is written."""
    (folder / STATE).unlink(missing_ok=True)


def _listed(names: list[str], key: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return the names of what differs; of settings also which, and what they were."""
    told = []
    for name in names:
        now, then = key[name], found.get(name)
        if isinstance(now, Mapping) and isinstance(then, Mapping):
            changed = [entry for entry in {**then, **now} if then.get(entry) != now.get(entry)]
            told.append(f"{name} ({', '.join(f'{entry} {then.get(entry)}' for entry in changed)})")
        else:
            told.append(name.replace("_", " "))
    return ", ".join(told)
