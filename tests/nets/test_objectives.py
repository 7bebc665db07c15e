from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from ecgkt.errors import InvalidValue
from ecgkt.nets.objectives import OBJECTIVES, InfoNce, Objective, SigReg, Vicreg, objective, vicreg_terms

SYMMETRIC = ("vicreg", "infonce", "sigreg")
every_objective = pytest.mark.parametrize("name", sorted(OBJECTIVES))


@pytest.fixture
def views() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(48, 6, generator=generator)
    return a, 0.6 * a + 0.8 * torch.randn(48, 6, generator=generator)


def built(name: str) -> Objective:
    return objective(name).eval()


@every_objective
def test_the_loss_is_a_finite_scalar_with_a_gradient_and_the_other_terms_have_none(name, views):
    a, b = (view.clone().requires_grad_() for view in views)
    terms = built(name)(a, b)
    assert len(terms) > 1
    for term in terms.values():
        assert term.shape == ()
        assert torch.isfinite(term)
    assert not any(term.requires_grad for key, term in terms.items() if key != "loss")
    terms["loss"].backward()
    for view in (a, b):
        assert view.grad is not None
        assert torch.isfinite(view.grad).all()
        assert (view.grad != 0).any()


@every_objective
def test_the_gradient_is_that_of_finite_differences(name):
    generator = torch.Generator().manual_seed(5)
    a, b = (torch.randn(5, 3, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    measure = built(name)
    assert torch.autograd.gradcheck(lambda x, y: measure(x, y)["loss"], (a, b))


@pytest.mark.parametrize("name", SYMMETRIC)
def test_it_does_not_matter_which_view_comes_first(name, views):
    a, b = views
    measure = built(name)
    torch.testing.assert_close(measure(a, b)["loss"], measure(b, a)["loss"])


@every_objective
def test_the_order_of_the_rows_does_not_matter(name, views):
    a, b = views
    order = torch.randperm(len(a), generator=torch.Generator().manual_seed(1))
    measure = built(name)
    torch.testing.assert_close(measure(a, b)["loss"], measure(a[order], b[order])["loss"])


@every_objective
def test_which_row_belongs_to_which_does_matter(name, views):
    a, b = views
    measure = built(name)
    assert measure(a, b)["loss"] < measure(a, b.roll(1, dims=0))["loss"]


@every_objective
def test_the_loss_falls_when_the_views_agree(name, views):
    a, b = views
    measure = built(name)
    assert measure(a, a)["loss"] < measure(a, b)["loss"]


@every_objective
def test_an_embedding_collapsed_to_a_point_costs_more_than_one_that_is_spread(name, views):
    a, _ = views
    point = torch.ones_like(a)
    measure = built(name)
    assert measure(point, point)["loss"] > measure(a, a)["loss"]
    assert torch.isfinite(measure(torch.zeros_like(a), torch.zeros_like(a))["loss"])


@every_objective
def test_gradient_descent_draws_two_views_together_and_keeps_them_apart_from_the_others(name, views):
    a, b = (view.clone().requires_grad_() for view in views)
    measure = objective(name)
    optimiser = torch.optim.Adam([a, b, *measure.parameters()], lr=0.02)
    first = measure(a, b)["loss"].item()
    for _ in range(150):
        optimiser.zero_grad()
        loss = measure(a, b)["loss"]
        loss.backward()
        optimiser.step()
    assert loss.item() < first
    gap = torch.cdist(torch.nn.functional.normalize(a, dim=1), torch.nn.functional.normalize(b, dim=1))
    assert gap.diagonal().mean() < 0.6 * gap.mean()
    assert a.std(dim=0).min() > 0.3


@every_objective
@pytest.mark.parametrize(("a", "b"), [((4, 3), (4, 2)), ((4, 3), (5, 3)), ((1, 3), (1, 3)), ((4,), (4,))])
def test_views_of_other_shapes_or_of_one_row_are_refused(name, a, b):
    with pytest.raises(InvalidValue, match="two views"):
        built(name)(torch.zeros(a), torch.zeros(b))


@every_objective
def test_half_precision_views_are_compared_in_single_precision(name, views):
    a, b = (view.to(torch.bfloat16) for view in views)
    measure = built(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = measure(a, b)["loss"]
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, measure(a.float(), b.float())["loss"])


def test_vicreg_by_hand_on_two_rows():
    a = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    b = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    terms = Vicreg(2, 3, 5)(a, b)
    assert terms["invariance"].item() == pytest.approx(0.5)
    # a: deviations sqrt(2), 0 -> hinge (0 + 1 - sqrt(1e-4)) / 2; b: both sqrt(2) -> 0
    assert terms["variance"].item() == pytest.approx((1 - 0.01) / 4)
    # b: covariance of its two dimensions is 2 over n - 1 = 1 rows; off-diagonal squares 4 + 4, over d = 2
    assert terms["covariance"].item() == pytest.approx(4.0)
    assert terms["loss"].item() == pytest.approx(2 * 0.5 + 3 * 0.99 / 4 + 5 * 4)


@pytest.mark.parametrize("n", [2, 3, 17, 64])
def test_vicreg_divides_the_covariance_by_the_rows_at_hand_less_one(n):
    generator = np.random.default_rng(n)
    a, b = generator.normal(size=(2, n, 4))
    wanted = 0.0
    for view in (a, b):
        covariance = np.cov(view, rowvar=False, ddof=1)
        wanted += (covariance**2).sum() / 4 - (np.diag(covariance) ** 2).sum() / 4
    found = vicreg_terms(torch.from_numpy(a), torch.from_numpy(b)).covariance
    assert found.item() == pytest.approx(wanted, rel=1e-12)


def test_infonce_by_hand_on_two_rows():
    a = torch.tensor([[2.0, 0.0], [0.0, 0.5]])
    b = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    # cosines: [[1, 0.6], [0, 0.8]]; at temperature 0.5 the logits are twice those
    rows = -math.log(math.exp(2) / (math.exp(2) + math.exp(1.2))) - math.log(math.exp(1.6) / (1 + math.exp(1.6)))
    columns = -math.log(math.exp(2) / (math.exp(2) + 1)) - math.log(math.exp(1.6) / (math.exp(1.2) + math.exp(1.6)))
    terms = InfoNce(temperature=0.5)(a, b)
    assert terms["loss"].item() == pytest.approx((rows / 2 + columns / 2) / 2, rel=1e-6)
    assert terms["found"].item() == 1
    assert terms["temperature"].item() == pytest.approx(0.5)


def test_infonce_is_the_cross_entropy_written_out_row_by_row(views):
    a, b = (view.double().numpy() for view in views)
    cosine = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T / 0.1
    wanted = 0.0
    for logits in (cosine, cosine.T):
        for row in range(len(logits)):
            wanted -= np.log(np.exp(logits[row, row]) / np.exp(logits[row]).sum()) / (2 * len(logits))
    assert InfoNce()(*views)["loss"].item() == pytest.approx(wanted, rel=1e-5)


def test_the_temperature_is_learnt_and_never_falls_below_a_hundredth():
    angles = torch.linspace(0, 2 * math.pi, 33)[:-1]
    a = torch.stack([angles.cos(), angles.sin()], dim=1)
    measure = InfoNce()
    optimiser = torch.optim.Adam(measure.parameters(), lr=0.1)

    def temperatures(b: torch.Tensor, steps: int) -> list[float]:
        seen = []
        for _ in range(steps):
            optimiser.zero_grad()
            terms = measure(a, b)
            terms["loss"].backward()
            optimiser.step()
            seen.append(terms["temperature"].item())
        return seen

    agreeing = temperatures(a, 60)
    assert agreeing[0] == pytest.approx(0.1)
    assert agreeing[-1] == pytest.approx(0.01, rel=1e-4)
    assert min(agreeing) > 0.01 - 1e-6
    assert temperatures(a.roll(1, dims=0), 60)[-1] > 0.02


def test_the_epps_pulley_statistic_of_two_points_is_that_of_the_integral():
    a = torch.tensor([[0.7], [-1.9]], dtype=torch.float64)

    def away(t: float) -> float:
        phi = (np.exp(0.7j * t) + np.exp(-1.9j * t)) / 2
        return abs(phi - np.exp(-t * t / 2)) ** 2 * np.exp(-t * t / 2)

    wanted = 2 * quad(away, -5, 5)[0]
    terms = SigReg(knots=2001, directions=3)(a, a)
    assert terms["statistic"].item() == pytest.approx(wanted, rel=1e-5)
    coarse = SigReg(directions=3)(a, a)
    assert coarse["statistic"].item() == pytest.approx(wanted, rel=1e-2)
    assert terms["loss"].item() == pytest.approx(0.05 * wanted, rel=1e-5)


def test_sigreg_tells_a_normal_cloud_from_a_wide_and_from_a_flat_one():
    cloud = torch.randn(2000, 8, generator=torch.Generator().manual_seed(2))
    flat = cloud.clone()
    flat[:, 4:] = 0
    normal, wide, thin = (SigReg()(z, z)["statistic"].item() for z in (cloud, 2 * cloud, flat))
    assert normal < 2
    assert wide > 20 * normal
    assert thin > 20 * normal


def test_sigreg_draws_new_directions_in_training_and_the_same_ones_again_from_its_state(views):
    measure = SigReg(directions=4)
    first, second = (measure(*views)["statistic"].item() for _ in range(2))
    assert first != second
    state = measure.state_dict()
    third = measure(*views)["statistic"].item()
    again = SigReg(directions=4)
    again.load_state_dict({**state, "steps": torch.tensor(2)})
    assert again(*views)["statistic"].item() == third


def test_an_objective_is_built_by_name_and_a_wrong_name_or_setting_is_one_sentence():
    assert objective("vicreg", {"covariance": 2.0}).weights.covariance == 2.0
    with pytest.raises(InvalidValue, match="vicreg, infonce, sigreg"):
        objective("vicregg")
    with pytest.raises(InvalidValue, match="settings of infonce"):
        objective("infonce", {"covariance": 1.0})
    with pytest.raises(InvalidValue, match="temperature"):
        objective("infonce", {"temperature": 0.0})
