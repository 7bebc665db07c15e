"""Progress bars on the error stream, so that output can be piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from tqdm import tqdm


def bar(title: str) -> Callable[[Iterable[int]], Iterable[int]]:
    """Return a wrapper that shows the progress of an iterable of known length; nothing where no one watches."""

    def wrap(steps: Iterable[int]) -> Iterable[int]:
        watched: Iterable[int] = tqdm(steps, desc=title, file=sys.stderr, disable=None, leave=False)
        return watched

    return wrap


def counter(title: str) -> Callable[[int, int], None]:
    """Return a function that shows how many of how many are done."""
    shown = tqdm(desc=title, file=sys.stderr, disable=None, leave=False)

    def count(done: int, total: int) -> None:
        shown.total = total
        shown.update(done - shown.n)

    return count


def steps() -> Callable[[str, int, int], None]:
    """Return a function that shows how many of how many are done, a bar for each step that names itself."""
    shown: dict[str, Callable[[int, int], None]] = {}

    def count(step: str, done: int, total: int) -> None:
        shown.setdefault(step, counter(step))(done, total)

    return count


def say(text: str) -> None:
    """Write one line for the person at the shell."""
    sys.stderr.write(f"{text}\n")
