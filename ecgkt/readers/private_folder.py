"""A temporary folder that its owner alone may enter, gone when it is left; what a killed process left goes later."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PREFIX = "ecgkt-private-"
STALE_SECONDS = 3600.0
"""A reading takes a fraction of a second: a folder this old belongs to a process that was killed."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a new folder under TMPDIR, of mode 0700, that is removed whatever happens."""
    _once()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as private:
        yield Path(private)


def sweep() -> int:
    """Remove stale private folders of this user and return how many there were; links are not followed."""
    removed = 0
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = place.lstat()
            own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
            if own and place.is_dir() and not place.is_symlink() and time.time() - found.st_mtime > STALE_SECONDS:
                shutil.rmtree(place)
                removed += 1
        except OSError:
            continue
    return removed


@cache
def _once() -> None:
    sweep()
