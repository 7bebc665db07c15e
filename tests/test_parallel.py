"""Shards over processes: every one once, one thread each, an error ends the rest."""

from __future__ import annotations

import os

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
