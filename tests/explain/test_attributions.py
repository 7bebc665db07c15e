"""Each method against an answer that is known: by hand, or by Captum's own way of computing it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt import readers
from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.explain import baselines
from ecgkt.explain.gradients import expected_gradients
from ecgkt.explain.layers import step_samples
from ecgkt.explain.logits import Logit
from ecgkt.explain.methods import attribute, explain
from ecgkt.explain.questions import find_waves
from ecgkt.explain.silence import levelled, wave_spans
from ecgkt.inference import Predictor
from ecgkt.nets.beside import Beside
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.signals.electrodes import ELECTRODES, leads_between, potentials, silenced

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def ecg():
    return readers.read_record(readers.find_records(ROOT / "assets" / "samples" / "files")[0])


@pytest.fixture(scope="module")
def signal(predictor, ecg):
    return predictor.card.preprocessing.apply(ecg)


def network(seed: int, *, beside: bool = False) -> EcgNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        one, other = (EcgEncoder(width=16, channels=(8, 12), strides=(2, 3)) for _ in range(2))
        return EcgNetwork(Beside(one, other) if beside else one, {"all": 3}).eval()


def test_gradient_shap_is_captums_with_the_same_draws(monkeypatch, signal):
    from captum.attr import GradientShap

    logit = Logit(network(0), 1)
    shares = np.linspace(0.05, 0.95, 8).astype(np.float32)
    mine = expected_gradients(logit, signal, np.zeros_like(signal), shares, np.zeros((8, 12, 1000), dtype=np.float32))
    monkeypatch.setattr(np.random, "uniform", lambda *_: shares)
    given = torch.from_numpy(signal)[None]
    theirs = GradientShap(logit).attribute(given, torch.zeros_like(given), n_samples=8, stdevs=0.0)
    np.testing.assert_allclose(mine, theirs[0].detach().numpy(), atol=1e-6)


def test_plain_gradients_are_weights_of_a_linear_score(signal):
    weights = torch.randn(12, 1000, generator=torch.Generator().manual_seed(0))
    found = attribute(lambda x: (x * weights).sum((1, 2)), signal, 100, method="gradients")
    np.testing.assert_allclose(found, weights.numpy(), atol=1e-6)


def test_all_electrodes_together_have_the_whole_of_a_linear_score(signal):
    weights = torch.randn(12, 1000, generator=torch.Generator().manual_seed(0))
    leads = leads_between(potentials(signal)).astype(np.float32)
    found = attribute(lambda x: (x * weights).sum((1, 2)), leads, 100, method="occlusion by electrode")
    assert found.sum() == pytest.approx(float((weights.numpy() * leads).sum()), rel=1e-4)


def test_an_electrode_is_answered_in_every_lead_that_hangs_on_it(signal):
    third, chest = LEADS.index("III"), LEADS.index("V3")
    found = attribute(lambda x: x[:, third].sum(-1), signal, 100, method="occlusion by electrode")
    loss = {name: float((signal - silenced(signal, [name]))[third].sum()) for name in ELECTRODES}
    assert {name for name, one in loss.items() if one} == {"LA", "LL"}
    assert found.sum() == pytest.approx(loss["LA"] + loss["LL"], abs=1e-3)
    assert found[chest].any()


def test_a_wave_has_captums_feature_ablation(predictor, ecg, signal):
    from captum.attr import FeatureAblation

    logit = Logit.of(predictor, "long_qt")
    beats = find_waves(ecg.signal, ecg.fs)
    found = attribute(logit, signal, 100, method="occlusion by wave", beats=beats)
    alone, taken = np.zeros(signal.shape, dtype=bool), 0.0
    for name in ("P", "QRS", "ST", "T"):
        for span in wave_spans(beats, name):
            straight = levelled(signal, 100, span[None])
            group = torch.zeros(1, 12, signal.shape[1], dtype=torch.long)
            group[0, :, round(span[0] * 100) : round(span[1] * 100) + 1] = 1
            given, line = (torch.from_numpy(one)[None] for one in (signal, straight))
            ablated = FeatureAblation(logit).attribute(given, line, feature_mask=group)[0]
            taken += float(ablated[0, group[0, 0].argmax()])
            alone |= signal != straight
    pr = np.stack([beats.p.last, beats.qrs.first], axis=1)[np.isfinite(beats.p.last)] / beats.fs
    with torch.inference_mode():
        for span in pr[pr[:, 1] > pr[:, 0]]:
            straight = levelled(signal, 100, span[None])
            scores = logit(torch.from_numpy(np.stack([signal, straight]))).numpy()
            taken += float(scores[0] - scores[1])
            alone |= signal != straight
    assert found.sum() == pytest.approx(taken, abs=1e-3)
    assert not found[~alone].any()


def test_grad_cam_is_the_mean_gradient_times_the_blocks_output(signal):
    net = network(1)
    net.requires_grad_(True)
    given = torch.from_numpy(signal)[None]
    features = net.encoder.blocks(net.encoder.stem(given.unsqueeze(2)))
    pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
    score = net.read(net.encoder.embed(pooled))[0, 2]
    (slope,) = torch.autograd.grad(score, features)
    course = (slope.mean(dim=(2, 3), keepdim=True) * features).sum(1).detach().numpy().ravel()
    step = step_samples(net.encoder)
    assert step == 2 * 2 * 3
    found = attribute(Logit(net, 2), signal, 100, method="Grad-CAM")
    assert (found == found[0]).all()
    np.testing.assert_allclose(12 * step * found[0, ::step], course[: len(found[0, ::step])], atol=1e-5)
    assert not np.allclose(attribute(Logit(net, 2), signal, 100, method="Grad-CAM", layer=0), found)


@pytest.mark.parametrize("method", ["DeepLIFT", "Grad-CAM"])
def test_two_encoders_side_by_side_have_the_sum_of_both_maps(method, signal):
    both = network(2, beside=True)
    width = both.encoder.kept.width
    maps = []
    for part in ("kept", "side"):
        alone = EcgNetwork(getattr(both.encoder, part), {"all": 3}).eval()
        columns = slice(0, width) if part == "kept" else slice(width, None)
        with torch.no_grad():
            alone.heads["all"].weight.copy_(both.heads["all"].weight[:, columns])
        maps.append(attribute(Logit(alone, 0), signal, 100, method=method))
    np.testing.assert_allclose(attribute(Logit(both, 0), signal, 100, method=method), sum(maps), atol=1e-5)


def test_deep_lift_gives_nothing_to_what_is_as_in_the_baseline(signal):
    reference = signal.copy()
    reference[:, 400:500] = 0
    found = attribute(Logit(network(3), 0), signal, 100, reference, "DeepLIFT")
    assert found[:, 400:500].any() and not found[:, :400].any() and not found[:, 500:].any()


def test_the_smoothed_baseline_has_no_qrs_and_the_typical_beat_has_one_per_beat(predictor, ecg, signal):
    preprocessing = predictor.card.preprocessing
    beats = find_waves(ecg.signal, ecg.fs)
    laid = {name: baselines.lay(name, ecg, preprocessing, signal, beats) for name in baselines.BASELINES}
    assert all(one.shape == signal.shape and one.dtype == np.float32 for one in laid.values())
    assert not laid[baselines.ZERO].any()
    steep = {name: np.abs(np.diff(one)).max() for name, one in laid.items()}
    assert steep[baselines.SMOOTHED] < 0.1 * np.abs(np.diff(signal)).max() < steep[baselines.TYPICAL]
    again = find_waves(laid[baselines.TYPICAL], 100)
    ours = beats.beats[1:-1] / beats.fs
    nearest = np.abs(again.beats[None] / again.fs - ours[:, None]).min(axis=1)
    assert nearest.max() < 0.05 and abs(len(again.beats) - len(beats.beats)) <= 1


def test_a_typical_beat_needs_beats_to_be_laid_at(predictor, ecg, signal):
    flat = find_waves(np.zeros((12, 5000)), 500)
    for beats in (None, flat):
        with pytest.raises(InvalidValue, match="beats are found"):
            baselines.lay(baselines.TYPICAL, ecg, predictor.card.preprocessing, signal, beats)


def test_a_recording_below_200_hz_has_its_waves_found_too(predictor, ecg, signal):
    fine, coarse = find_waves(ecg.signal, ecg.fs), find_waves(signal, 100)
    assert len(fine.beats) == len(coarse.beats)
    np.testing.assert_allclose(fine.beats / fine.fs, coarse.beats / coarse.fs, atol=0.03)
    assert explain(predictor, ecg, "long_qt", method="occlusion by wave").attribution.any()
