"""How alike two maps are, on maps whose answer is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import Explanation
from ecgkt.errors import InvalidValue
from ecgkt.explain.agreement import STRONGEST, agreement


def made(attribution: np.ndarray, target: str = "long_qt", fs: float = 100.0) -> Explanation:
    return Explanation(attribution.astype(np.float32), fs, "occlusion", target, "zero signal", 1.0, 0.0, None, "c" * 12)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(12, 1000))


def test_a_map_agrees_with_itself_at_any_strength():
    one = agreement(made(noise(0)), made(7 * noise(0)))
    assert one.cosine == pytest.approx(1) and one.shared == 1


def test_a_map_turned_round_has_the_same_places_and_the_opposite_signs():
    one = agreement(made(noise(0)), made(-noise(0)))
    assert one.cosine == pytest.approx(-1) and one.shared == 1


def test_unrelated_maps_share_what_chance_gives():
    found = [agreement(made(noise(2 * seed)), made(noise(2 * seed + 1))) for seed in range(20)]
    assert abs(np.mean([one.cosine for one in found])) < 0.02
    assert np.mean([one.shared for one in found]) == pytest.approx(STRONGEST, abs=0.01)


def test_what_lies_within_50_ms_is_the_same_place():
    a, b, far = np.zeros((3, 12, 1000))
    a[3, 500] = b[3, 502] = far[3, 600] = 1.0
    assert agreement(made(a), made(b)).cosine > 0.3
    assert agreement(made(a), made(far)).cosine == 0


def test_an_empty_map_agrees_with_nothing():
    one = agreement(made(np.zeros((12, 1000))), made(noise(0)))
    assert one.cosine is None and one.shared is None


@pytest.mark.parametrize(
    "other", [made(noise(1), target="st_elevation"), made(noise(1), fs=250.0), made(noise(1)[:, :900])]
)
def test_maps_of_other_targets_or_inputs_have_no_common_measure(other):
    with pytest.raises(InvalidValue, match="two maps of one"):
        agreement(made(noise(0)), other)
