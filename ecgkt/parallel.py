"""Shards over processes: each worker computes on one thread, so that they do not crowd each other out."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

Result = TypeVar("Result")
_MOST = 8
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def usual_workers() -> int:
    """Return how many processes to use here: one per core that this process may use, eight at most."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST)


def in_shards(
    function: Callable[..., Result], shards: Sequence[tuple[Any, ...]], workers: int = 1
) -> Iterator[tuple[int, Result]]:
    """Yield (position, result) of `function` on each shard's arguments as they are done; in order with one worker.

    With several workers, `function` and the arguments must be picklable. An error or an interruption ends the rest;
    shards that a worker has begun are finished first.
    """
    if workers < 2 or len(shards) < 2:
        for position, shard in enumerate(shards):
            yield position, function(*shard)
        return
    pool = ProcessPoolExecutor(min(workers, len(shards)), multiprocessing.get_context("spawn"), _compute_on_one_thread)
    try:
        places = {pool.submit(function, *shard): position for position, shard in enumerate(shards)}
        for done in as_completed(places):
            yield places[done], done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _compute_on_one_thread() -> None:
    """Bind a new process to one thread: what it imports from now on by its environment, torch also where it is in."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
