"""Shards over processes: every one once, one thread each, an error ends the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecgkt.errors import InvalidValue
from ecgkt.parallel import in_shards


def double(number: int) -> tuple[int, int]:
    return 2 * number, os.getpid()


def threads() -> int:
    import torch

    return torch.get_num_threads()


def refuse(number: int) -> int:
    raise InvalidValue("an even number", f"{number}", "double it")


def test_every_shard_is_done_once_by_other_processes():
    done = dict(in_shards(double, [(number,) for number in range(6)], workers=2))
    assert {place: twice for place, (twice, _) in done.items()} == {number: 2 * number for number in range(6)}
    assert os.getpid() not in {process for _, process in done.values()}


def test_one_worker_is_this_process_and_keeps_the_order():
    assert list(in_shards(double, [(3,), (1,)])) == [(0, (6, os.getpid())), (1, (2, os.getpid()))]


def test_a_workers_error_arrives_as_it_was_raised():
    with pytest.raises(InvalidValue, match="Wanted an even number, got 1: double it"):
        list(in_shards(refuse, [(1,), (1,)], workers=2))


@pytest.mark.slow
def test_each_worker_computes_on_one_thread():
    assert [count for _, count in in_shards(threads, [(), ()], workers=2)] == [1, 1]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_no_worker_outlives_a_process_that_was_killed():
    code = "import time; from ecgkt.parallel import in_shards; list(in_shards(time.sleep, [(99,), (99,)], workers=2))"
    running = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    until = time.monotonic() + 60
    while len(begun := children.read_text().split()) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert len(begun) == 3  # two workers, and multiprocessing's own tracker of resources
    while any(map(is_alive, begun)) and time.monotonic() < until + 30:
        time.sleep(0.05)
    assert not [process for process in begun if is_alive(process)]


def is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
