from __future__ import annotations

import math

import pytest
import torch

from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.nets.objectives import vicreg_terms
from ecgkt.nets.tables import TableEncoder

NAN = float("nan")


def test_the_default_network_fits_a_laptop():
    network = EcgNetwork(EcgEncoder(), {"tracing": 29, "visit": 21, "lab": 39})
    assert 300_000 < sum(p.numel() for p in network.parameters()) < 1_000_000


@pytest.mark.parametrize("samples", [500, 700, 1000, 1234])
def test_any_length_is_read_and_logits_join_in_the_order_of_the_heads(samples):
    network = EcgNetwork(EcgEncoder(width=16, channels=(8, 8), strides=(2, 2)), {"b": 3, "a": 2}).eval()
    x = torch.randn(4, 12, samples)
    logits = network(x)
    assert logits.shape == (4, 5)
    hidden = network.encoder(x).relu()
    torch.testing.assert_close(logits[:, :3], network.heads["b"](hidden))


def test_a_collapsed_embedding_costs_variance():
    constant = torch.ones(8, 4)
    assert vicreg_terms(constant, constant).variance.item() == pytest.approx(0.99)


def test_an_unknown_label_carries_neither_loss_nor_gradient():
    logits = torch.tensor([[0.0, 3.0], [1.0, -2.0]], requires_grad=True)
    labels = torch.tensor([[1.0, NAN], [NAN, 0.0]])
    loss = masked_cross_entropy(logits, labels)
    assert loss.item() == pytest.approx((math.log(2) + math.log(1 + math.exp(-2))) / 2)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert logits.grad[1, 0] == 0


def test_a_batch_without_any_label_has_zero_loss_and_still_a_graph():
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.full((2, 2), NAN))
    loss.backward()
    assert loss.item() == 0


def test_tables_are_scaled_by_their_own_training_rows_and_missing_is_not_the_mean():
    torch.manual_seed(0)
    encoder = TableEncoder(2).eval()
    values = torch.tensor([[1.0, 10.0], [100.0, 20.0], [NAN, 30.0]])
    encoder.fit_scaling(values, torch.tensor([True, False]))
    assert encoder.mean.tolist() == pytest.approx([math.log(10), 20.0])
    assert encoder.deviation.tolist() == pytest.approx([math.log(10), math.sqrt(200 / 3)], rel=1e-5)
    mean, missing = encoder(torch.tensor([[10.0, 20.0], [NAN, 20.0]]))
    assert not torch.allclose(mean, missing)
    assert torch.isfinite(missing).all()
