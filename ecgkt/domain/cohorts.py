"""Who is in a study, who was left out and why, and which subject belongs to which part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidValue

PARTS = ("train", "tuning", "held_out")


@dataclass(frozen=True, eq=False)
class Cohort:
    """Rows of a study: `record_ids` (n,), `subject_ids` (n,), and the count of rows left out by each reason."""

    record_ids: NDArray[np.int64]
    subject_ids: NDArray[np.int64]
    domain: Domain
    listed: int
    excluded: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.record_ids.shape != self.subject_ids.shape or self.record_ids.ndim != 1:
            raise InvalidValue(
                "record and subject ids of one shape (n,)",
                f"{self.record_ids.shape} and {self.subject_ids.shape}",
                "give one subject per record",
            )
        if len(np.unique(self.record_ids)) != len(self.record_ids):
            raise InvalidValue("each record once", "a record id twice", "drop the duplicate rows")
        if self.listed != len(self.record_ids) + sum(self.excluded.values()):
            raise InvalidValue(
                "exclusions that add up",
                f"{self.listed} listed, {len(self.record_ids)} kept, {dict(self.excluded)} left out",
                "count every row that was dropped",
            )

    def __len__(self) -> int:
        return len(self.record_ids)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits over record and subject ids in order."""
        digest = hashlib.sha256(np.ascontiguousarray(self.record_ids, dtype="<i8").tobytes())
        digest.update(np.ascontiguousarray(self.subject_ids, dtype="<i8").tobytes())
        return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Split:
    """Each subject in exactly one of train, tuning, held_out."""

    train: frozenset[int]
    tuning: frozenset[int]
    held_out: frozenset[int]

    def __post_init__(self) -> None:
        for part in PARTS:
            object.__setattr__(self, part, frozenset(int(subject) for subject in getattr(self, part)))
        for a, b in (("train", "tuning"), ("train", "held_out"), ("tuning", "held_out")):
            both = getattr(self, a) & getattr(self, b)
            if both:
                raise InvalidValue(
                    "each subject in one part", f"{len(both)} subjects both in {a} and {b}", "split by subject"
                )

    @classmethod
    def by_hash(cls, subject_ids: Iterable[int], seed: int = 0, tuning: float = 0.15, held_out: float = 0.25) -> Split:
        """Place each subject by a hash of seed and id, so that a subject's part never depends on the others."""
        if min(tuning, held_out) < 0 or tuning + held_out >= 1:
            raise InvalidValue("shares that leave some to train on", f"{tuning} + {held_out}", "lower one of them")
        parts: dict[str, set[int]] = {part: set() for part in PARTS}
        for subject in subject_ids:
            digest = hashlib.sha256(f"{seed}:{int(subject)}".encode()).digest()
            place = int.from_bytes(digest[:8], "big") / 2**64
            name = "held_out" if place < held_out else "tuning" if place < held_out + tuning else "train"
            parts[name].add(int(subject))
        return cls(**{name: frozenset(members) for name, members in parts.items()})

    def rows(self, part: str, subject_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the positions in `subject_ids` that belong to `part`; raise where a subject is in no part."""
        if part not in PARTS:
            raise InvalidValue(f"one of {', '.join(PARTS)}", repr(part), "choose one")
        unknown = {int(subject) for subject in subject_ids} - (self.train | self.tuning | self.held_out)
        if unknown:
            raise InvalidValue("subjects of this split", f"{len(unknown)} unknown subjects", "split this cohort anew")
        members = getattr(self, part)
        return np.array([row for row, subject in enumerate(subject_ids) if int(subject) in members], dtype=np.intp)
