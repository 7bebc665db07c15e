from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt.domain import Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.saliency import integrated_gradients
from ecgkt.inference import Predictor

TARGET = "atrial_fibrillation"


@pytest.fixture
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture
def noise() -> Record:
    return Record(np.random.default_rng(3).normal(0, 0.3, (12, 5000)), 500, "test")


def test_a_map_has_the_inputs_shape_and_a_small_residual(predictor, noise):
    explanation = integrated_gradients(predictor, noise, TARGET)
    assert explanation.attribution.shape == (12, 1000)
    assert explanation.fs == 100
    assert explanation.checkpoint_id == predictor.card.id
    assert abs(explanation.residual) < 0.05 * max(1, abs(explanation.score - explanation.baseline_score))


def test_the_residual_is_what_the_sum_misses(predictor, noise):
    explanation = integrated_gradients(predictor, noise, TARGET, steps=5)
    missed = explanation.attribution.astype(float).sum() - (explanation.score - explanation.baseline_score)
    assert explanation.residual == pytest.approx(missed, abs=1e-4)


def test_more_steps_leave_less_unexplained(predictor, noise):
    few, many = (abs(integrated_gradients(predictor, noise, TARGET, steps).residual) for steps in (3, 100))
    assert many < few


def test_steps_are_added_only_where_few_leave_much_unexplained(predictor, noise, monkeypatch):
    from captum.attr import IntegratedGradients

    taken = []
    real = IntegratedGradients.attribute

    def counted(self, *inputs, n_steps, **rest):
        taken.append(n_steps)
        return real(self, *inputs, n_steps=n_steps, **rest)

    monkeypatch.setattr(IntegratedGradients, "attribute", counted)
    integrated_gradients(predictor, noise, TARGET)
    assert taken == [44, 6]
    labels = len(predictor.card.labels)
    whole = float(np.square(predictor.card.preprocessing.apply(noise)).mean())
    step = 0.3 * whole
    predictor.network = lambda x: torch.tanh(300 * (x.square().mean((1, 2)) - step) / whole)[:, None].expand(-1, labels)
    steep = integrated_gradients(predictor, noise, TARGET)
    assert taken == [*[44, 6] * 2, 90, 10, 180, 20]
    rough = integrated_gradients(predictor, noise, TARGET, steps=50)
    assert abs(steep.residual) < abs(rough.residual) > 0.1


def test_on_a_linear_model_the_map_is_weight_times_input(predictor, noise):
    weights = torch.randn(12 * 1000, generator=torch.Generator().manual_seed(0)) / 100
    labels = len(predictor.card.labels)
    predictor.network = lambda x: (x.flatten(1) @ weights)[:, None].expand(-1, labels)
    signal = predictor.card.preprocessing.apply(noise)
    explanation = integrated_gradients(predictor, noise, TARGET)
    np.testing.assert_allclose(explanation.attribution, weights.reshape(12, 1000).numpy() * signal, atol=1e-5)


def test_the_network_is_left_as_it_was_found(predictor, noise):
    before = {name: tensor.clone() for name, tensor in predictor.network.state_dict().items()}
    integrated_gradients(predictor, noise, TARGET)
    assert not predictor.network.training
    for name, tensor in predictor.network.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert all(parameter.grad is None for parameter in predictor.network.parameters())


def test_two_readers_at_once_see_what_each_would_see_alone(predictor, noise):
    other = Record(noise.signal[:, ::-1], 500, "test")
    alone = [integrated_gradients(predictor, record, TARGET).attribution for record in (noise, other)]
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(integrated_gradients, predictor, record, TARGET) for record in (noise, other) * 2]
        together = [job.result().attribution for job in jobs]
    for row, attribution in enumerate(together):
        np.testing.assert_allclose(attribution, alone[row % 2], atol=1e-6)


def test_what_cannot_be_read_or_named_is_not_explained(predictor, noise):
    with pytest.raises(UnknownName):
        integrated_gradients(predictor, noise, "hiccups")
    with pytest.raises(InvalidValue, match="at least 5 s"):
        integrated_gradients(predictor, noise.first_seconds(2), TARGET)
