"""Which share a process scores."""

from __future__ import annotations

import pytest

from ecgkt.errors import InvalidValue
from ecgkt.worklist.shards import Shard


def test_a_person_counts_from_one():
    assert (Shard.parse("3/8").index, Shard.parse("3/8").count) == (2, 8)
    for wrong in ("0/8", "9/8", "3", "3/8/1", "-1/8", "a/b", "３/8"):
        with pytest.raises(InvalidValue, match="3/8"):
            Shard.parse(wrong)


def test_alone_a_process_scores_everything():
    shard = Shard.from_environment({"RANK": "0", "WORLD_SIZE": "1"})
    assert all(shard.takes(place) for place in range(9))


def test_torchrun_and_a_batch_array_share_the_parts_without_gap_or_overlap():
    array = {"SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1"}
    shards = [
        Shard.from_environment({**array, "SLURM_ARRAY_TASK_ID": str(task), "RANK": str(rank), "WORLD_SIZE": "2"})
        for task in (1, 2, 3)
        for rank in (0, 1)
    ]
    assert [(shard.index, shard.count) for shard in shards] == [(place, 6) for place in range(6)]
    assert all(sum(shard.takes(place) for shard in shards) == 1 for place in range(20))
    assert str(shards[5]) == "shard 6 of 6 (SLURM array and torchrun)"


def test_an_array_with_gaps_is_refused():
    with pytest.raises(InvalidValue, match="give --shard"):
        Shard.from_environment({"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "3"})
    with pytest.raises(InvalidValue, match="a whole number in RANK"):
        Shard.from_environment({"RANK": "first", "WORLD_SIZE": "2"})
