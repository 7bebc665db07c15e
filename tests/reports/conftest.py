"""A cohort made by construction: which arm is better on which label, and by how much, is known beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from ecgkt.catalogue import all_labels
from ecgkt.domain import Domain
from ecgkt.domain.labels import LabelTable
from ecgkt.reports.judged import CohortFacts, Rows
from ecgkt.reports.stored import Origin, Stored, Truth

FACTS = CohortFacts("c" * 12, "m" * 12, "hash 0", all_labels().fingerprint, Domain.SIMULATED)
SUBJECTS, PER_SUBJECT = 400, 2


@pytest.fixture(scope="module")
def facts() -> CohortFacts:
    return FACTS


@pytest.fixture(scope="module")
def rows() -> Rows:
    """800 rows of 400 subjects, the first quarter of them for tuning."""
    n = SUBJECTS * PER_SUBJECT
    generator = np.random.default_rng(5)
    subject = np.repeat(np.arange(SUBJECTS) + 10_000_000, PER_SUBJECT)
    part = np.where(subject < 10_000_000 + SUBJECTS // 4, "tuning", "held_out")
    return Rows(
        np.arange(n, dtype=np.int64) + 40_000_000,
        subject.astype(np.int64),
        part,
        generator.integers(18, 90, n).astype(np.float32),
        generator.choice([0.0, 1.0, np.nan], n, p=[0.45, 0.45, 0.1]).astype(np.float32),
        generator.choice(["emergency", "hospital"], n),
    )


@pytest.fixture(scope="module")
def truth(rows: Rows) -> Truth:
    """Every label present in 3 of 10 rows at random, and unknown in 1 of 10; pre-excitation never present."""
    generator = np.random.default_rng(6)
    values = (generator.random((len(rows), len(all_labels()))) < 0.3).astype(np.float32)
    values[generator.random(values.shape) < 0.1] = np.nan
    values[:, all_labels().index("pre_excitation")] = 0
    return Truth(FACTS, rows.record_ids, LabelTable(all_labels(), values))


Made = Callable[..., Stored]


@pytest.fixture(scope="module")
def made(rows: Rows, truth: Truth) -> Made:
    """Make an arm's stored predictions whose scores are shifted upwards by `strength` where a label is present."""

    def make(
        arm: str,
        strength: float,
        *,
        seed: int = 0,
        budget: float = 1.0,
        name: str | None = None,
        without: tuple[str, ...] = (),
        but: Mapping[str, float] | None = None,
    ) -> Stored:
        names = tuple(label.name for label in all_labels() if str(label.kind) not in without)
        columns = all_labels().positions(names)
        shift = np.array([(but or {}).get(one, strength) for one in names])
        noise = np.random.default_rng([seed, 8]).normal(size=(len(rows), len(names)))
        logits = (np.nan_to_num(truth.labels.values[:, columns]) * shift + noise).astype(np.float32)
        ones, zeros = (1.0,) * len(names), (0.0,) * len(names)
        key = hashlib.sha256(repr((arm, strength, seed, budget, name, but)).encode()).hexdigest()[:12]
        origin = Origin(key, name or arm, arm, arm, "l", FACTS, ones, zeros, Domain.SIMULATED, seed, budget)
        return Stored(origin, rows, names, logits)

    return make
