from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt import checkpoints
from ecgkt.domain import Domain, LabelSet
from ecgkt.domain.labels import Kind
from ecgkt.errors import EcgktError, InvalidCheckpoint, InvalidValue
from ecgkt.inference import Predictor
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.training import runs
from ecgkt.training.augmentation import augment, crop
from ecgkt.training.engine import fit
from ecgkt.training.labs import train_labs
from ecgkt.training.pretrain import effective_rank, pretrain
from ecgkt.training.settings import DiagnosesSettings, Fit, LabsSettings, PretrainSettings, Recipe

ROOT = Path(__file__).resolve().parents[2]
TINY = Recipe(
    name="tiny",
    patients=40,
    encoder={"width": 16, "channels": [8, 16], "strides": [2, 4]},
    pretrain=PretrainSettings(epochs=2, batch=16, projector=32, crop_seconds=5),
    labs=LabsSettings(epochs=1, batch=16, crop_seconds=5),
    diagnoses=DiagnosesSettings(epochs=1, batch=16, crop_seconds=5),
)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_parsed_and_builds_its_encoder(path):
    recipe = Recipe.from_toml(path)
    assert recipe.name == path.stem
    EcgEncoder(**recipe.encoder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("patients = 50\nepoch = 3", "epoch"),
        ("patients = 50\n[labs]\nlerning_rate = 1", "lerning_rate"),
        ("patients = 3", "at least 20 patients"),
        ("patients = 50\n[labs]\ncrop_seconds = 30", "crop_seconds up to"),
        ("patients = 50\n[pretrain]\nepochs = 0", "epochs >= 1"),
        ("patients = = 3", "TOML"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused_in_its_own_spelling(tmp_path, text, told):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(EcgktError, match=told):
        Recipe.from_toml(tmp_path / "recipe.toml")


@pytest.fixture(scope="module")
def stages(study, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    runs.run_pretrain(study, TINY, out / "align")
    runs.run_labs(study, TINY, out / "align", out / "labs")
    runs.run_diagnoses(study, TINY, out / "labs", out / "transferred")
    runs.run_diagnoses(study, TINY, None, out / "baseline")
    return out


def test_three_stages_leave_three_checkpoints_that_name_their_parents(stages):
    align, labs, last = (checkpoints.read_card(stages / name) for name in ("align", "labs", "transferred"))
    assert (align.stage, labs.stage, last.stage) == ("align", "labs", "diagnoses")
    assert labs.parents == {"align": align.id}
    assert last.parents == {"align": align.id, "labs": labs.id}
    assert checkpoints.read_card(stages / "baseline").parents == {}
    assert last.training_domain is Domain.SIMULATED
    assert "SIMULATED" in (stages / "transferred" / "README.md").read_text()
    assert (stages / "labs" / "log.csv").read_text().startswith("epoch,loss\n1,")


def test_both_arms_give_the_same_labels_in_one_forward_pass(stages, study):
    for arm in ("transferred", "baseline"):
        predictor = Predictor.open(stages / arm)
        assert predictor.card.labels == study.labels.labels
        logits = predictor.logits([study.signals[0], study.signals[1]])
        assert np.isfinite(logits).all()


def test_the_same_seed_gives_the_same_weights(stages, study, tmp_path):
    runs.run_diagnoses(study, TINY, stages / "labs", tmp_path / "again")
    one, two = (checkpoints.load(folder) for folder in (stages / "transferred", tmp_path / "again"))
    assert one.card.weights_sha256 == two.card.weights_sha256


def test_training_leaves_the_global_generators_alone(study):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train_labs(study, TINY, EcgEncoder(**TINY.encoder))
    torch.manual_seed(5)
    assert torch.rand(1) == expected


def test_a_parent_of_another_stage_preprocessing_or_catalogue_is_refused(stages, study, tmp_path):
    with pytest.raises(InvalidCheckpoint, match="stage align"):
        runs.run_labs(study, TINY, stages / "labs", tmp_path / "x")
    other = replace(study, preprocessing=Preprocessing(highpass_hz=0.3))
    with pytest.raises(InvalidCheckpoint, match="preprocessing"):
        runs.run_labs(other, TINY, stages / "align", tmp_path / "x")
    checkpoint = checkpoints.load(stages / "labs")
    reversed_labels = LabelSet(checkpoint.card.labels.labels[::-1])
    checkpoints.save(tmp_path / "reversed", replace(checkpoint.card, labels=reversed_labels), checkpoint.weights)
    with pytest.raises(InvalidCheckpoint, match="labels or order"):
        runs.run_diagnoses(study, TINY, tmp_path / "reversed", tmp_path / "x")


def test_stage_1_never_sees_a_diagnosis_or_a_held_out_patient(study):
    """Labels and the rows of other parts are poisoned; the weights stay the same to the bit."""
    first, _, _ = pretrain(study, TINY)
    signals, values = study.signals.copy(), study.partners.values.copy()
    for part in ("tuning", "held_out"):
        signals[study.rows(part)] = 99.0
        values[study.rows(part)] = np.nan
    labels = replace(study.labels, values=np.full_like(study.labels.values, np.nan))
    partners = replace(study.partners, values=values)
    second, _, _ = pretrain(replace(study, signals=signals, partners=partners, labels=labels), TINY)
    for one, two in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_the_labs_of_the_transferred_arm_are_learnt_and_kept_in_stage_3(stages, study):
    card = checkpoints.read_card(stages / "transferred")
    labs = checkpoints.load(stages / "labs").weights["heads.lab.weight"]
    kept = checkpoints.load(stages / "transferred").weights["heads.lab.weight"]
    assert kept.shape == labs.shape == (len(card.labels.of_kind(Kind.LAB)), 16)
    assert not torch.equal(kept, labs)


def test_a_loss_that_is_no_number_stops_before_the_weights_are_spoilt(study):
    layer = torch.nn.Linear(12, 1)
    with pytest.raises(InvalidValue, match="finite loss"):
        fit(
            layer,
            lambda batch: {"loss": layer(batch.signals.mean(-1)).sum() * torch.nan},
            study,
            study.rows("train"),
            Fit(epochs=1),
        )
    assert torch.isfinite(layer.weight).all()


def test_averaged_weights_lie_between_the_first_and_the_last(study):
    found = {}
    for averaging in (0.0, 0.9):
        layer = torch.nn.Linear(12, 1, bias=False)
        torch.nn.init.zeros_(layer.weight)
        settings = Fit(epochs=2, batch=4, learning_rate=0.02, averaging=averaging)
        fit(layer, lambda _, one=layer: {"loss": (one.weight - 1).square().sum()}, study, study.rows("train"), settings)
        found[averaging] = layer.weight.detach().mean()
    assert 0 < found[0.9] < found[0.0]


def test_augmentation_keeps_shape_polarity_and_a_beats_place():
    generator = torch.Generator().manual_seed(0)
    leads = torch.tensor([0.8, 1.2, 0.4, -1.0, 0.2, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    signals = torch.zeros(200, 12, 500)
    signals[:, :, 250] = leads
    changed = augment(signals, 100, generator)
    assert changed.shape == signals.shape
    tall = [0, 1, 6, 7, 8, 9, 10, 11]
    kept = changed[:, tall][changed[:, tall, 250] != 0]
    assert (kept.argmax(dim=-1) - 250).abs().float().quantile(0.95) <= 1
    assert (kept[:, 250] > 0.1).float().mean() > 0.99
    turned = changed[:, 3][changed[:, 3, 250] != 0]
    assert (turned[:, 250] < -0.1).float().mean() > 0.99


def test_augmented_limb_leads_still_obey_einthoven_where_none_is_lost():
    generator = torch.Generator().manual_seed(0)
    one, two = torch.randn(2, 100, 1, 300, generator=generator)
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    changed = augment(torch.cat([*limb, torch.randn(100, 6, 300, generator=generator)], dim=1), 100, generator)
    whole = changed[(changed[:, :6] != 0).all(dim=-1).all(dim=-1)]
    assert len(whole) > 50
    torch.testing.assert_close(whole[:, 2], whole[:, 1] - whole[:, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(whole[:, 3], -(whole[:, 0] + whole[:, 1]) / 2, atol=1e-5, rtol=0)


def test_a_crop_is_a_window_of_its_own_row():
    rows = torch.arange(3 * 12 * 100.0).reshape(3, 12, 100)
    cut = crop(rows, 40, torch.Generator().manual_seed(1))
    assert cut.shape == (3, 12, 40)
    for row, window in zip(rows, cut, strict=True):
        start = int((window[0, 0] - row[0, 0]).item())
        torch.testing.assert_close(window, row[:, start : start + 40])
    assert crop(rows, 100, torch.Generator()) is rows


def test_a_collapsed_embedding_has_an_effective_rank_of_one():
    generator = np.random.default_rng(0)
    assert effective_rank(generator.normal(size=(2000, 8))) == pytest.approx(8, rel=0.02)
    line = generator.normal(size=(2000, 1)) * np.ones(8)
    assert effective_rank(line) == pytest.approx(1, abs=0.01)


def test_what_can_be_negative_is_not_scaled_by_its_logarithm(cohort, tmp_path):
    """MDS-ED's table holds changes and slopes beside levels."""
    from ecgkt.data.prepare import prepare
    from ecgkt.data.studies import read_study

    study = read_study(prepare([cohort], tmp_path / "p", "mds_ed").folder, TINY.preprocessing)
    _, tables, history = pretrain(study, TINY)
    rows = study.rows("train")
    rows = rows[~np.isnan(study.partners.values[rows]).all(axis=1)]
    negative = (study.partners.values[rows] < 0).any(axis=0)
    labs = np.array([spec.kind == "lab" for spec in study.partners.specs])
    assert (labs & negative).any() and (labs & ~negative).any()
    np.testing.assert_array_equal(tables.logarithmic.numpy(), labs & ~negative)
    assert np.isfinite(history).all()
