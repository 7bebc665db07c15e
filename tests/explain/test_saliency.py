from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt.domain import Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.methods import explain
from ecgkt.inference import Predictor

TARGET = "atrial_fibrillation"


@pytest.fixture
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture
def noise() -> Record:
    return Record(np.random.default_rng(3).normal(0, 0.3, (12, 5000)), 500, "test")


def test_a_map_has_the_inputs_shape_and_a_small_residual(predictor, noise):
    explanation = explain(predictor, noise, TARGET)
    assert explanation.attribution.shape == (12, 1000)
    assert explanation.fs == 100
    assert explanation.checkpoint_id == predictor.card.id
    assert abs(explanation.residual) < 0.05 * max(1, abs(explanation.score - explanation.baseline_score))


def test_the_residual_is_what_the_sum_misses(predictor, noise):
    explanation = explain(predictor, noise, TARGET, steps=5)
    missed = explanation.attribution.astype(float).sum() - (explanation.score - explanation.baseline_score)
    assert explanation.residual == pytest.approx(missed, abs=1e-4)


def test_more_steps_leave_less_unexplained(predictor, noise):
    few, many = (abs(explain(predictor, noise, TARGET, steps=steps).residual) for steps in (3, 100))
    assert many < few


def test_even_steps_are_captums_own(predictor, noise):
    from captum.attr import IntegratedGradients

    found = explain(predictor, noise, TARGET, steps=9)
    signal = torch.from_numpy(predictor.card.preprocessing.apply(noise))[None]
    column = predictor.card.labels.index(TARGET)
    expected = IntegratedGradients(lambda x: predictor.network(x)[:, column]).attribute(signal, n_steps=9)
    np.testing.assert_allclose(found.attribution, expected[0].detach().numpy(), atol=1e-6)


def test_the_path_is_cut_finer_only_where_a_piece_of_it_misses_much(predictor, noise):
    rows = []
    real, labels = predictor.network, len(predictor.card.labels)

    def counted(network):
        def passed(x):
            if x.requires_grad:
                rows.append(len(x))
            return network(x)

        return passed

    predictor.network = counted(real)
    explain(predictor, noise, TARGET)
    assert sum(rows) == 16
    whole = float(np.square(predictor.card.preprocessing.apply(noise)).mean())
    rows.clear()
    predictor.network = counted(
        lambda x: torch.tanh(300 * (x.square().mean((1, 2)) / whole - 0.3))[:, None].expand(-1, labels)
    )
    steep = explain(predictor, noise, TARGET)
    assert 16 < sum(rows) < 100
    rough = explain(predictor, noise, TARGET, steps=50)
    assert steep.relative_residual < 0.1 < rough.relative_residual


def test_the_maps_of_few_pieces_are_those_of_many_steps(predictor, noise):
    few, many = (explain(predictor, noise, TARGET, steps=steps).attribution.ravel() for steps in (None, 500))
    assert few @ many / np.linalg.norm(few) / np.linalg.norm(many) > 0.99


def test_on_a_linear_model_the_map_is_weight_times_input(predictor, noise):
    weights = torch.randn(12 * 1000, generator=torch.Generator().manual_seed(0)) / 100
    labels = len(predictor.card.labels)
    predictor.network = lambda x: (x.flatten(1) @ weights)[:, None].expand(-1, labels)
    signal = predictor.card.preprocessing.apply(noise)
    explanation = explain(predictor, noise, TARGET)
    np.testing.assert_allclose(explanation.attribution, weights.reshape(12, 1000).numpy() * signal, atol=1e-5)


def test_the_network_is_left_as_it_was_found(predictor, noise):
    before = {name: tensor.clone() for name, tensor in predictor.network.state_dict().items()}
    explain(predictor, noise, TARGET)
    assert not predictor.network.training
    for name, tensor in predictor.network.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert all(parameter.grad is None for parameter in predictor.network.parameters())


def test_two_readers_at_once_see_what_each_would_see_alone(predictor, noise):
    other = Record(noise.signal[:, ::-1], 500, "test")
    alone = [explain(predictor, record, TARGET).attribution for record in (noise, other)]
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(explain, predictor, record, TARGET) for record in (noise, other) * 2]
        together = [job.result().attribution for job in jobs]
    for row, attribution in enumerate(together):
        np.testing.assert_allclose(attribution, alone[row % 2], atol=1e-6)


def test_what_cannot_be_read_or_named_is_not_explained(predictor, noise):
    with pytest.raises(UnknownName):
        explain(predictor, noise, "hiccups")
    with pytest.raises(InvalidValue, match="at least 5 s"):
        explain(predictor, noise.first_seconds(2), TARGET)
