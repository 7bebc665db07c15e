"""Which share of a list a process scores: named by the user, or by torchrun or a batch array around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ecgkt.errors import InvalidValue

_TORCHRUN = "torchrun"


@dataclass(frozen=True)
class Shard:
    """The `index`-th share, from 0 on, of `count`; `said_by` is who said so."""

    index: int = 0
    count: int = 1
    said_by: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise InvalidValue(
                "a shard from 1 to the number of shards",
                f"{self.index + 1} of {self.count}" + (f" ({self.said_by})" if self.said_by else ""),
                "give --shard, such as 3/8",
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that a person names: "3/8" is the third of eight."""
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
        if found is None:
            raise InvalidValue("a shard such as 3/8, the third of eight", repr(text), "give both numbers")
        return cls(int(found[1]) - 1, int(found[2]), "--shard")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Shard:
        """Return the shard of a process that torchrun or a SLURM array has started, or of both, the whole otherwise.

        torchrun counts its processes in RANK and WORLD_SIZE; a SLURM array, whose tasks follow each other without a
        gap, in SLURM_ARRAY_TASK_ID, _MIN and _COUNT.
        """
        index, count, said_by = 0, 1, []
        if (task := _number(environment, "SLURM_ARRAY_TASK_ID")) is not None:
            tasks = _number(environment, "SLURM_ARRAY_TASK_COUNT")
            if tasks is None:
                raise InvalidValue(
                    "SLURM_ARRAY_TASK_COUNT beside SLURM_ARRAY_TASK_ID", "none", "give --shard, such as 3/8"
                )
            index, count = task - (_number(environment, "SLURM_ARRAY_TASK_MIN") or 0), tasks
            said_by.append("SLURM array")
        rank, world = _number(environment, "RANK"), _number(environment, "WORLD_SIZE")
        if rank is not None and world is not None and world > 1:
            index, count = index * world + rank, count * world
            said_by.append(_TORCHRUN)
        return cls(index, count, " and ".join(said_by))

    @property
    def is_of_torchrun(self) -> bool:
        """Whether torchrun has started this process beside others on this machine."""
        return _TORCHRUN in self.said_by

    def takes(self, place: int) -> bool:
        """Whether the part at a place, from 0 on, is this shard's."""
        return place % self.count == self.index

    def __str__(self) -> str:
        told = f"shard {self.index + 1} of {self.count}"
        return f"{told} ({self.said_by})" if self.said_by else told


def _number(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name, "")
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidValue(f"a whole number in {name}", repr(text), "give --shard, such as 3/8")
    return int(text)
