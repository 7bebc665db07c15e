"""The shares that the lab bridge's page states, on changes whose answer is known beforehand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.lab_bridge import BEHIND, mean_estimate, others, pooled, wins
from ecgkt.catalogue import all_labels
from ecgkt.domain.labels import Kind
from ecgkt.explain.erasure import Erasers

LABS = tuple(label.name for label in all_labels() if label.kind is Kind.LAB)
CODE = list(BEHIND).index("e83_hypocalcaemia")


def made(own: float, other: float, noise: float) -> SimpleNamespace:
    """Five held-out ECGs on which the true lab of each code moves its score by `own`, all others by `other`."""
    erasers = Erasers(LABS, np.zeros(2, np.float32), *(np.zeros((len(LABS), 2), np.float32) for _ in range(2)))
    changes = np.full((5, len(LABS), len(BEHIND)), other)
    for code, behind in enumerate(BEHIND.values()):
        changes[:, LABS.index(behind.lab), code] = own
    seen = SimpleNamespace(subjects=np.arange(5), held_out=np.ones(5, bool))
    return SimpleNamespace(
        bridge=SimpleNamespace(labs=erasers), changes=changes, noise=np.full((5, 3, len(BEHIND)), noise), seen=seen
    )


def test_every_true_lab_is_in_the_catalogue_and_is_no_other_lab_of_its_own_code():
    for name, behind in BEHIND.items():
        assert name in all_labels().names and behind.lab in LABS
    rest = {LABS[place] for place in others(made(1, 0, 0).bridge, BEHIND["e83_hypocalcaemia"])}
    assert not any(name.startswith("calcium") for name in rest) and "potassium_low" in rest


@pytest.mark.parametrize(
    ("own", "other", "noise", "wanted"),
    [(-2.0, 1.0, 1.5, (1, 1, 1)), (0.5, -1.0, 0.1, (0, 0, 1)), (1, 0, 1, (1, 1, 0))],
)
def test_a_lab_wins_by_size_whatever_its_sign(own, other, noise, wanted):
    found = wins(made(own, other, noise), CODE, np.ones(5, bool))
    np.testing.assert_array_equal(found, np.tile(wanted, (5, 1)))


def test_the_pooled_share_weighs_each_code_the_same():
    one = made(2.0, 1.0, 0.0)
    one.changes[:, :, 1] *= -1
    one.changes[:, LABS.index("potassium_low"), 1] = 0.1
    mask = np.ones((20, len(BEHIND)), bool)
    mask[10:, 0] = False
    for part in ("changes", "noise"):
        setattr(one, part, np.repeat(getattr(one, part), 4, axis=0))
    one.seen = SimpleNamespace(subjects=np.arange(20), held_out=np.ones(20, bool))
    drawn = pooled(one, [0, 1], mask)
    assert drawn.shape == (1001, 3)
    np.testing.assert_allclose(drawn[0], [0.5, 0.5, 1.0])


def test_a_share_that_all_agree_on_still_has_an_interval():
    found = mean_estimate(np.ones(16), np.arange(16))
    assert found.high == 1 and 0.75 < found.low < 0.85
    assert not mean_estimate(np.ones(5), np.arange(5)).defined
