"""Shards and tasks over processes: each worker computes on one thread, so that they do not crowd each other out."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, as_completed, wait
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
    pool = ProcessPoolExecutor(min(workers, len(shards)), multiprocessing.get_context("spawn"), _begin_worker)
    try:
        places = {pool.submit(function, *shard): position for position, shard in enumerate(shards)}
        for done in as_completed(places):
            yield places[done], done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def as_ready(
    function: Callable[..., Result],
    tasks: Mapping[str, tuple[Any, ...]],
    after: Mapping[str, Sequence[str]],
    workers: int = 1,
) -> Iterator[tuple[str, Result]]:
    """Yield (name, result) of `function` on each task's arguments, each begun once those it comes `after` are done.

    Tasks are begun in their order where several are ready. As `in_shards` with several workers and at an error. A
    task that waits for itself in a circle, or for one that is not there, is a ValueError.
    """
    waiting = {name: set(after.get(name, ())) for name in tasks}
    if workers < 2:
        while waiting:
            name = _next(waiting)
            yield name, function(*tasks[name])
            _done(waiting, name)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker)
    running: dict[Future[Result], str] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers and any(not before for before in waiting.values()):
                name = _next(waiting)
                waiting.pop(name)
                running[pool.submit(function, *tasks[name])] = name
            if not running:
                _next(waiting)
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for done in finished:
                name = running.pop(done)
                yield name, done.result()
                _done(waiting, name)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: Mapping[str, set[str]]) -> str:
    """Return the first task that waits for nothing."""
    ready = [name for name, before in waiting.items() if not before]
    if not ready:
        raise ValueError(f"tasks that can begin wanted; {', '.join(waiting)} wait for each other or for none there")
    return ready[0]


def _done(waiting: dict[str, set[str]], name: str) -> None:
    waiting.pop(name, None)
    for before in waiting.values():
        before.discard(name)


def _begin_worker() -> None:
    _compute_on_one_thread()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    """End this process once the one that started it is gone, even killed; else it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _compute_on_one_thread() -> None:
    """Bind a new process to one thread: what it imports from now on by its environment, torch also where it is in."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
