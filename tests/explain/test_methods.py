"""One contract over every attribution method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgkt.domain import Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.methods import DEFAULT, METHODS, attribute, explain
from ecgkt.explain.saliency import integrated_gradients
from ecgkt.inference import Predictor

TARGET, OTHER = "atrial_fibrillation", "long_qt"


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def noise() -> Record:
    return Record(np.random.default_rng(3).normal(0, 0.3, (12, 5000)), 500, "test")


@pytest.mark.parametrize("method", METHODS)
def test_a_map_lies_on_the_models_input(method, predictor, noise):
    found = explain(predictor, noise, TARGET, method=method)
    assert found.attribution.shape == (12, 1000) and found.fs == 100
    assert np.abs(found.attribution).max() > 0
    assert (found.residual is not None) == METHODS[method].complete
    assert found.method == method and found.checkpoint_id == predictor.card.id


@pytest.mark.parametrize("method", METHODS)
def test_the_map_of_a_difference_is_the_difference_of_maps(method, predictor, noise):
    both, one, other = (
        explain(predictor, noise, target, method=method, minus=minus)
        for target, minus in ((TARGET, OTHER), (TARGET, None), (OTHER, None))
    )
    assert both.minus == OTHER
    assert both.score == pytest.approx(one.score - other.score, abs=1e-5)
    scale = np.abs(one.attribution).max()
    np.testing.assert_allclose(both.attribution, one.attribution - other.attribution, atol=1e-4 * scale)


def test_the_default_is_integrated_gradients_as_before(predictor, noise):
    before = integrated_gradients(predictor, noise, TARGET)
    now = explain(predictor, noise, TARGET)
    assert before.method == DEFAULT
    np.testing.assert_array_equal(now.attribution, before.attribution)
    assert (now.score, now.baseline, now.residual) == (before.score, before.baseline, before.residual)


def test_what_is_no_method_baseline_or_target_is_named(predictor, noise):
    with pytest.raises(UnknownName, match="integrated gradients"):
        explain(predictor, noise, TARGET, method="tea leaves")
    with pytest.raises(UnknownName, match="zero signal"):
        explain(predictor, noise, TARGET, baseline="white noise")
    with pytest.raises(UnknownName):
        explain(predictor, noise, TARGET, minus="hiccups")
    with pytest.raises(InvalidValue, match="another target"):
        explain(predictor, noise, TARGET, minus=TARGET)


def test_any_function_of_a_signal_can_be_attributed(predictor, noise):
    signal = predictor.card.preprocessing.apply(noise)
    found = attribute(lambda x: 3 * x[:, 4].sum(-1), signal, 100)
    np.testing.assert_allclose(found[4], 3 * signal[4], atol=1e-5)
    assert not np.delete(found, 4, axis=0).any()
