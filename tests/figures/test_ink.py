import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgkt.figures.ink import thin


def furthest(x, y, kept):
    """Return how far the furthest point of a line lies from what is left of it, by brute force over all pieces."""
    points = np.stack([x, y], axis=1)
    starts, ends = points[kept][:-1], points[kept][1:]
    along = ends - starts
    share = ((points[:, None] - starts) * along).sum(axis=2) / (along**2).sum(axis=1)
    nearest = starts + np.clip(share, 0, 1)[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1).max()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 3.0, 30.0]), st.sampled_from([1.0, 80.0]))
def test_no_point_lies_further_than_the_tolerance_from_what_is_left(count, seed, tolerance, roughness):
    x = 5.0 * np.arange(count)
    y = np.cumsum(np.random.default_rng(seed).normal(0, roughness, count))
    kept = thin(x, y, tolerance)
    assert kept[0] == 0 and kept[-1] == count - 1
    if count > 1:
        assert furthest(x, y, kept) <= tolerance * 1.0001


def test_a_narrow_peak_keeps_its_height_and_a_flat_line_loses_its_points():
    x, y = 5.0 * np.arange(1000), np.zeros(1000)
    y[500:503] = (40, 1500, 20)
    kept = thin(x, y, 3.0)
    assert y[kept].max() == 1500
    assert len(kept) < 80


def test_a_steep_line_that_turns_back_keeps_its_turn():
    y = np.array([0.0, 900.0, 1000.0, 1040.0, 1000.0])
    assert y[thin(5.0 * np.arange(5), y, 3.0)].max() == pytest.approx(1040)
