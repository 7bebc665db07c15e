from __future__ import annotations

import pytest
import torch

from ecgkt.errors import InvalidValue
from ecgkt.nets.collapse import collapse, effective_rank


def cloud(n: int, d: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(4))


def test_a_round_cloud_is_healthy():
    found = collapse(cloud(4000, 16))
    assert found["deviation"] == pytest.approx(1, abs=0.01)
    assert found["effective_rank"] == pytest.approx(16, rel=0.01)
    assert found["dead"] == 0


def test_scale_does_not_matter():
    a, b = collapse(cloud(200, 8)), collapse(1e-4 * cloud(200, 8))
    assert a == pytest.approx(b)


def test_a_cloud_collapsed_to_a_point_is_seen_even_under_rounding():
    found = collapse(torch.full((500, 16), 0.1) + 1e-9 * cloud(500, 16))
    assert found["deviation"] < 1e-6
    assert found["effective_rank"] == pytest.approx(1)
    assert found["dead"] == 1


def test_rows_that_all_point_one_way_are_seen_although_they_differ_a_little():
    found = collapse(10 + 0.1 * cloud(2000, 16))
    assert found["deviation"] < 0.02
    assert found["effective_rank"] > 15


def test_an_embedding_in_three_of_sixteen_directions_is_seen_although_every_dimension_moves():
    turned = torch.linalg.qr(cloud(16, 16)).Q
    found = collapse(cloud(2000, 16)[:, :3] @ turned[:3])
    assert found["effective_rank"] == pytest.approx(3, rel=0.02)
    assert found["dead"] == 0
    assert found["deviation"] < 1


def test_dead_dimensions_are_counted():
    z = cloud(1000, 16)
    z[:, 4:8] = 0.3
    assert collapse(z)["dead"] == 0.25
    assert effective_rank(z) == pytest.approx(12, rel=0.02)


def test_the_effective_rank_by_hand_on_four_rows():
    z = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    # singular values 3 and 1, times sqrt(2): shares 3/4 and 1/4
    assert effective_rank(z) == pytest.approx((4 / 3) ** 0.75 * 4**0.25)


@pytest.mark.parametrize("z", [torch.zeros(1, 3), torch.zeros(3), torch.tensor([[0.0, 1.0], [float("nan"), 1.0]])])
def test_one_row_or_a_value_that_is_not_finite_is_refused(z):
    with pytest.raises(InvalidValue, match="finite embedding"):
        collapse(z)
