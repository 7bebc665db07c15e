"""One contract over every attribution method."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecgkt import checkpoints, readers
from ecgkt.domain import Explanation, Record
from ecgkt.domain.explanations import NO_BASELINE
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.baselines import BASELINES, ZERO
from ecgkt.explain.logits import Logit
from ecgkt.explain.methods import DEFAULT, METHODS, attribute, explain
from ecgkt.inference import Predictor

ROOT = Path(__file__).resolve().parents[2]
TARGET, OTHER = "atrial_fibrillation", "long_qt"
every_method = pytest.mark.parametrize("method", METHODS)
with_baseline = pytest.mark.parametrize("method", [name for name, one in METHODS.items() if one.takes_baseline])


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def samples() -> Sequence[Record]:
    return [readers.read_record(path) for path in readers.find_records(ROOT / "assets" / "samples" / "files")]


@pytest.fixture(scope="module")
def ecg(samples) -> Record:
    return samples[0]


def hooks(network: nn.Module) -> int:
    return sum(
        len(one._forward_hooks) + len(one._forward_pre_hooks) + len(one._backward_hooks) for one in network.modules()
    )


@every_method
def test_a_map_lies_on_the_models_input(method, predictor, ecg):
    found = explain(predictor, ecg, TARGET, method=method)
    assert found.attribution.shape == (12, 1000) and found.fs == 100
    assert np.abs(found.attribution).max() > 0
    assert (found.residual is not None) == METHODS[method].complete
    assert found.method == method and found.checkpoint_id == predictor.card.id
    assert (found.difference is None) == (found.baseline == NO_BASELINE)


@every_method
def test_the_map_of_a_difference_is_the_difference_of_maps(method, predictor, ecg):
    both, one, other = (
        explain(predictor, ecg, target, method=method, minus=minus)
        for target, minus in ((TARGET, OTHER), (TARGET, None), (OTHER, None))
    )
    assert both.minus == OTHER
    assert both.score == pytest.approx(one.score - other.score, abs=1e-5)
    scale = np.abs(one.attribution).max()
    np.testing.assert_allclose(both.attribution, one.attribution - other.attribution, atol=1e-3 * scale)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("method", [name for name, one in METHODS.items() if one.complete])
def test_a_method_that_promises_it_sums_to_the_score_difference(method, baseline, predictor, ecg):
    found = explain(predictor, ecg, TARGET, method=method, baseline=baseline)
    assert found.baseline == baseline and abs(found.difference) > 1e-3
    missed = found.attribution.astype(float).sum() - (found.score - found.baseline_score)
    assert found.residual == pytest.approx(missed, abs=1e-6)
    most = {"DeepLIFT": 1e-4, "integrated gradients": 0.03, "gradient SHAP": 0.25}[method]
    assert abs(missed) < most * max(abs(found.difference), 0.02)


@with_baseline
def test_an_ecg_that_is_its_own_baseline_has_an_empty_map(method, predictor, ecg):
    signal = predictor.card.preprocessing.apply(ecg)
    logit = Logit.of(predictor, TARGET)
    found = attribute(logit, signal, 100, signal, method)
    assert np.abs(found).max() < (1e-2 if METHODS[method].draws else 1e-9)


@every_method
def test_the_network_is_left_in_its_mode_unhooked_and_without_gradients(method, predictor, ecg):
    signal = predictor.card.preprocessing.apply(ecg)
    network = copy.deepcopy(predictor.network).train().requires_grad_(True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    logit = Logit(network, predictor.card.labels.index(TARGET))
    found = attribute(logit, signal, 100, method=method)
    assert network.training and hooks(network) == 0
    assert all(one.grad is None and one.requires_grad for one in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    np.testing.assert_allclose(found, explain(predictor, ecg, TARGET, method=method).attribution, atol=2e-5)


class Broken(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("broken on purpose")


@every_method
def test_the_network_is_left_as_it_was_even_after_an_exception(method, predictor, ecg):
    signal = predictor.card.preprocessing.apply(ecg)
    network = copy.deepcopy(predictor.network).train()
    network.heads[next(iter(network.heads))] = Broken()
    with pytest.raises(RuntimeError, match="on purpose"):
        attribute(Logit(network, 0), signal, 100, method=method)
    assert network.training and hooks(network) == 0
    assert all(one.grad is None for one in network.parameters())
    assert not any(hasattr(one, "input") or hasattr(one, "output") for one in network.modules())


@every_method
def test_one_seed_gives_one_map_and_leaves_the_global_generators_alone(method, predictor, ecg):
    torch.manual_seed(5)
    np.random.seed(5)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    one, again, other = (explain(predictor, ecg, TARGET, method=method, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.attribution, again.attribution)
    assert np.array_equal(one.attribution, other.attribution) != METHODS[method].draws
    assert one.seed == (1 if METHODS[method].draws else None)
    assert torch.equal(torch.get_rng_state(), states[0]) and np.array_equal(np.random.get_state()[1], states[1])


@every_method
def test_two_readers_at_once_see_what_each_would_see_alone(method, predictor, samples):
    asked = [(record, target) for record in samples[:2] for target in (TARGET, OTHER)]
    alone = [explain(predictor, record, target, method=method).attribution for record, target in asked]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(explain, predictor, record, target, method=method) for record, target in asked * 2]
        together = [job.result().attribution for job in jobs]
    for row, attribution in enumerate(together):
        np.testing.assert_allclose(attribution, alone[row % len(alone)], atol=1e-6)
    assert hooks(predictor.network) == 0 and not predictor.network.training


@every_method
def test_a_shorter_recording_has_a_shorter_map(method, predictor, ecg):
    assert explain(predictor, ecg.first_seconds(7.5), TARGET, method=method).attribution.shape == (12, 750)


@pytest.mark.parametrize("value", [0.0, 0.7])
@every_method
def test_a_flat_input_has_a_finite_map_or_is_refused_in_words(method, value, predictor):
    flat = np.full((12, 1000), value, dtype=np.float32)
    logit = Logit.of(predictor, TARGET)
    if method == "occlusion by wave":
        with pytest.raises(InvalidValue, match="waves are found"):
            attribute(logit, flat, 100, method=method)
    else:
        assert np.isfinite(attribute(logit, flat, 100, method=method)).all()


def test_only_integrated_gradients_take_steps(predictor, ecg):
    assert explain(predictor, ecg, TARGET, steps=7).method == DEFAULT == next(iter(METHODS))
    with pytest.raises(InvalidValue, match="steps for integrated gradients"):
        explain(predictor, ecg, TARGET, method="DeepLIFT", steps=7)


def test_what_is_no_method_baseline_or_target_is_named(predictor, ecg):
    with pytest.raises(UnknownName, match="integrated gradients"):
        explain(predictor, ecg, TARGET, method="tea leaves")
    with pytest.raises(UnknownName, match="zero signal"):
        explain(predictor, ecg, TARGET, baseline="white noise")
    with pytest.raises(UnknownName):
        explain(predictor, ecg, TARGET, minus="hiccups")
    with pytest.raises(InvalidValue, match="another target"):
        explain(predictor, ecg, TARGET, minus=TARGET)
    with pytest.raises(InvalidValue, match="at least 5 s"):
        explain(predictor, ecg.first_seconds(2), TARGET)
    with pytest.raises(InvalidValue, match="tables"):
        explain(predictor, ecg, TARGET, tables=np.zeros(3, dtype=np.float32))
    with pytest.raises(InvalidValue, match="residual block"):
        explain(predictor, ecg, TARGET, method="Grad-CAM", layer=9)


def test_any_function_of_a_signal_can_be_attributed_unless_the_method_looks_inside(predictor, ecg):
    signal = predictor.card.preprocessing.apply(ecg)
    found = attribute(lambda x: 3 * x[:, 4].sum(-1), signal, 100)
    np.testing.assert_allclose(found[4], 3 * signal[4], atol=1e-5)
    assert not np.delete(found, 4, axis=0).any()
    for method in ("DeepLIFT", "Grad-CAM"):
        with pytest.raises(InvalidValue, match="an ECG network"):
            attribute(lambda x: x.sum((1, 2)), signal, 100, method=method)


def test_what_is_not_the_models_input_is_not_explained(predictor):
    signal = np.zeros((12, 1000), dtype=np.float32)
    logit = Logit.of(predictor, TARGET)
    gap = signal.copy()
    gap[3, 10] = np.nan
    for wrong, baseline in ((signal.T, None), (gap, None), (signal, signal[:, :900])):
        with pytest.raises(InvalidValue):
            attribute(logit, wrong, 100, baseline)


@every_method
def test_the_difference_of_two_models_is_the_difference_of_their_maps(method, predictor, ecg):
    other = copy.copy(predictor)
    other.network = copy.deepcopy(predictor.network)
    with torch.no_grad():
        for head in other.network.heads.values():
            head.weight.mul_(0.5)
    one, two = (explain(model, ecg, TARGET, method=method) for model in (predictor, other))
    found = one.less(two)
    np.testing.assert_allclose(found.attribution, one.attribution - two.attribution, atol=1e-6)
    assert found.score == pytest.approx(one.score - two.score)
    assert found.checkpoint_id == f"{predictor.card.id} minus {predictor.card.id}"
    if found.residual is not None:
        assert found.residual == pytest.approx(one.residual - two.residual)


def test_maps_of_two_questions_have_no_difference(predictor, ecg):
    one = explain(predictor, ecg, TARGET, method="gradients")
    for other in (explain(predictor, ecg, OTHER, method="gradients"), explain(predictor, ecg, TARGET)):
        with pytest.raises(InvalidValue, match="one question"):
            one.less(other)


def bundled() -> dict[str, Path]:
    found = dict(checkpoints.list_checkpoints(ROOT / "models"))
    return found | {f"checks/{path.name}": path for path in sorted((ROOT / "models" / "checks").iterdir())}


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled())
def test_every_bundled_checkpoint_can_be_explained_by_every_method(name, ecg):
    predictor = Predictor.open(bundled()[name])
    tables = np.full(len(predictor.card.table_names), np.nan, dtype=np.float32) if predictor.needs_tables else None
    target = predictor.card.labels.names[0]
    for method in METHODS:
        for baseline in BASELINES if METHODS[method].takes_baseline else (ZERO,):
            found = explain(predictor, ecg, target, method=method, baseline=baseline, tables=tables)
            assert isinstance(found, Explanation) and np.abs(found.attribution).max() > 0
            if method == "DeepLIFT":
                assert abs(found.residual) < 1e-3
    if predictor.needs_tables:
        with pytest.raises(InvalidValue, match="values of clinical tables"):
            explain(predictor, ecg, target)
