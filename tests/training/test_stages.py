from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt import checkpoints
from ecgkt.domain import Domain, LabelSet
from ecgkt.domain.arms import arm
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.inference import Predictor
from ecgkt.nets.ecg import EcgEncoder
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.training import runs
from ecgkt.training.controls import budget_rows
from ecgkt.training.labs import train_labs
from ecgkt.training.pretrain import pretrain
from ecgkt.training.settings import DiagnosesSettings, LabsSettings, PretrainSettings, Recipe

TINY = Recipe(
    name="tiny",
    patients=40,
    encoder={"width": 16, "channels": [8, 16], "strides": [2, 4]},
    pretrain=PretrainSettings(epochs=2, batch=16, projector=32, crop_seconds=5),
    labs=LabsSettings(epochs=1, batch=16, crop_seconds=5),
    diagnoses=DiagnosesSettings(epochs=1, batch=16, crop_seconds=5),
)


def run_of(study, name: str = "transferred") -> runs.Run:
    return runs.Run(study, TINY, arm(name))


@pytest.fixture(scope="module")
def stages(study, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    runs.run_pretrain(run_of(study), out / "align")
    runs.run_labs(run_of(study), [out / "align"], out / "labs")
    runs.run_diagnoses(run_of(study), [out / "labs"], out / "transferred")
    runs.run_diagnoses(run_of(study, "baseline"), [], out / "baseline")
    runs.run_diagnoses(run_of(study, "multimodal"), [out / "align", out / "labs"], out / "multimodal")
    return out


def test_three_stages_leave_three_checkpoints_that_name_their_parents(stages):
    align, labs, last = (checkpoints.read_card(stages / name) for name in ("align", "labs", "transferred"))
    assert (align.stage, labs.stage, last.stage) == ("align", "labs", "diagnoses")
    assert labs.parents == {"align": align.id}
    assert last.parents == {"align": align.id, "labs": labs.id}
    assert checkpoints.read_card(stages / "multimodal").parents == last.parents
    assert checkpoints.read_card(stages / "baseline").parents == {}
    assert last.training_domain is Domain.SIMULATED
    assert "SIMULATED" in (stages / "transferred" / "README.md").read_text()


def test_a_finished_stage_leaves_its_log_and_manifest_and_no_state(stages):
    assert (stages / "labs" / "log.csv").read_text().startswith("epoch,loss,labs,values\n1,")
    assert "ECG effective_rank" in (stages / "align" / "log.csv").read_text().splitlines()[0]
    manifest = json.loads((stages / "align" / "run.json").read_text())
    assert manifest["settings"]["epochs"] == 2
    assert manifest["finished"]
    assert not list(stages.glob("*.run"))


def test_both_arms_give_the_same_labels_in_one_forward_pass(stages, study):
    for name in ("transferred", "baseline"):
        predictor = Predictor.open(stages / name)
        assert predictor.card.labels == study.labels.labels
        logits = predictor.logits([study.signals[0], study.signals[1]])
        assert np.isfinite(logits).all()


def test_the_multimodal_arm_reads_the_tables_and_is_refused_without_them(stages, study):
    predictor = Predictor.open(stages / "multimodal")
    assert predictor.card.table_names == study.partners.names
    assert Kind.LAB not in predictor.card.labels.kinds
    inputs = [study.signals[0], study.signals[1]]
    with pytest.raises(InvalidValue, match="needs the ECG alone"):
        predictor.logits(inputs)
    values = study.partners.values[:2]
    told = predictor.logits(inputs, values)
    assert np.isfinite(told).all()
    assert not np.allclose(told, predictor.logits(inputs, np.full_like(values, np.nan)))
    with pytest.raises(InvalidValue, match="leave the tables out"):
        Predictor.open(stages / "baseline").logits(inputs, values)


def test_the_same_seed_gives_the_same_weights(stages, study, tmp_path):
    runs.run_diagnoses(run_of(study), [stages / "labs"], tmp_path / "again")
    one, two = (checkpoints.load(folder) for folder in (stages / "transferred", tmp_path / "again"))
    assert one.card.weights_sha256 == two.card.weights_sha256


def test_training_leaves_the_global_generators_alone(study):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train_labs(study, TINY, EcgEncoder(**TINY.encoder))
    torch.manual_seed(5)
    assert torch.rand(1) == expected


def test_a_parent_of_another_stage_seed_preprocessing_or_catalogue_is_refused(stages, study, tmp_path):
    with pytest.raises(InvalidCheckpoint, match="stage align"):
        runs.run_labs(run_of(study), [stages / "labs"], tmp_path / "x")
    with pytest.raises(InvalidCheckpoint, match="stage align, labs"):
        runs.run_diagnoses(run_of(study, "multimodal"), [stages / "labs"], tmp_path / "x")
    with pytest.raises(InvalidCheckpoint, match="seed 3"):
        runs.run_labs(runs.Run(study, TINY.seeded(3), arm("transferred")), [stages / "align"], tmp_path / "x")
    other = replace(study, preprocessing=Preprocessing(highpass_hz=0.3))
    with pytest.raises(InvalidCheckpoint, match="preprocessing"):
        runs.run_labs(run_of(other), [stages / "align"], tmp_path / "x")
    checkpoint = checkpoints.load(stages / "labs")
    reversed_labels = LabelSet(checkpoint.card.labels.labels[::-1])
    checkpoints.save(tmp_path / "reversed", replace(checkpoint.card, labels=reversed_labels), checkpoint.weights)
    with pytest.raises(InvalidCheckpoint, match="labels or order"):
        runs.run_diagnoses(run_of(study), [tmp_path / "reversed"], tmp_path / "x")


def test_a_truncated_parent_is_refused(stages, study, tmp_path):
    shutil.copytree(stages / "labs", tmp_path / "labs")
    weights = tmp_path / "labs" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InvalidCheckpoint, match="truncated"):
        runs.run_diagnoses(run_of(study), [tmp_path / "labs"], tmp_path / "x")


def test_stage_1_never_sees_a_label_or_a_held_out_patient(study):
    """Labels and the rows of other parts are poisoned; the weights stay the same to the bit."""
    first = pretrain(study, TINY, arm("transferred")).encoder
    signals, values = study.signals.copy(), study.partners.values.copy()
    for part in ("tuning", "held_out"):
        signals[study.rows(part)] = 99.0
        values[study.rows(part)] = np.nan
    labels = replace(study.labels, values=np.full_like(study.labels.values, np.nan))
    partners = replace(study.partners, values=values)
    poisoned = replace(study, signals=signals, partners=partners, labels=labels)
    second = pretrain(poisoned, TINY, arm("transferred")).encoder
    for one, two in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_the_labs_of_the_transferred_arm_are_learnt_and_kept_in_stage_3(stages, study):
    card = checkpoints.read_card(stages / "transferred")
    labs = checkpoints.load(stages / "labs").weights["heads.lab.weight"]
    kept = checkpoints.load(stages / "transferred").weights["heads.lab.weight"]
    assert kept.shape == labs.shape == (len(card.labels.of_kind(Kind.LAB)), 16)
    assert not torch.equal(kept, labs)


def test_a_linear_probe_leaves_the_encoder_as_stage_2_left_it(stages, study, tmp_path):
    recipe = replace(TINY, diagnoses=replace(TINY.diagnoses, transfer="probe"))
    card = runs.run_diagnoses(runs.Run(study, recipe, arm("transferred")), [stages / "labs"], tmp_path / "probe")
    before, after = (checkpoints.load(folder).weights for folder in (stages / "labs", tmp_path / "probe"))
    shared = [name for name in before if name.startswith(("encoder.", "heads.lab"))]
    assert all(torch.equal(before[name], after[name]) for name in shared)
    assert "last_loss" not in card.training


def test_what_can_be_negative_is_not_scaled_by_its_logarithm(cohort, tmp_path):
    """MDS-ED's table holds changes and slopes beside levels."""
    from ecgkt.data.prepare import prepare
    from ecgkt.data.studies import read_study

    study = read_study(prepare([cohort], tmp_path / "p", "mds_ed").folder, TINY.preprocessing)
    aligned = pretrain(study, TINY, arm("transferred"))
    rows = study.rows("train")
    rows = rows[~np.isnan(study.partners.values[rows]).all(axis=1)]
    negative = (study.partners.values[rows] < 0).any(axis=0)
    labs = np.array([spec.kind == "lab" for spec in study.partners.specs])
    assert (labs & negative).any() and (labs & ~negative).any()
    np.testing.assert_array_equal(aligned.tables.logarithmic.numpy(), labs & ~negative)
    assert np.isfinite(aligned.history.losses).all()


def test_ecgs_outside_the_budget_take_part_for_their_labs_and_never_for_their_diagnoses(stages, study, tmp_path):
    """The diagnoses outside the budget are turned round; the weights stay the same to the bit."""
    recipe = replace(TINY, diagnoses=replace(TINY.diagnoses, unlabelled=True, epochs=1))
    within = budget_rows(study, 0.5)
    values = np.array(study.labels.values)
    columns = study.labels.labels.positions(study.labels.of_kind(Kind.TRACING, Kind.VISIT).labels.names)
    outside = np.setdiff1d(np.arange(len(values)), [*within, *budget_rows(study, 0.5, 0, "tuning")])
    values[np.ix_(outside, columns)] = 1 - values[np.ix_(outside, columns)]
    turned = replace(study, labels=replace(study.labels, values=values))
    found = []
    for number, shown in enumerate((study, turned)):
        run = runs.Run(shown, recipe, arm("transferred"))
        card = runs.run_diagnoses(run, [stages / "labs"], tmp_path / f"{number}", budget=0.5)
        found.append(checkpoints.load(tmp_path / f"{number}").card.weights_sha256)
        assert card.training["settings"]["epochs"] == 1
    assert found[0] == found[1]
    plain = replace(TINY, diagnoses=replace(TINY.diagnoses, epochs=1, stretch=0.0))
    runs.run_diagnoses(runs.Run(study, plain, arm("transferred")), [stages / "labs"], tmp_path / "plain", budget=0.5)
    assert checkpoints.load(tmp_path / "plain").card.weights_sha256 != found[0]


def test_beside_what_stage_2_has_learnt_which_is_kept_a_second_encoder_learns(stages, study, tmp_path):
    recipe = replace(TINY, diagnoses=replace(TINY.diagnoses, transfer="beside"))
    before = {stage: checkpoints.load(stages / stage).weights for stage in ("align", "labs")}
    side = tmp_path / "baseline"
    runs.run_diagnoses(runs.Run(study, recipe, arm("baseline")), [], side)
    runs.run_diagnoses(runs.Run(study, recipe, arm("baseline_pair")), [], tmp_path / "baseline_pair")
    for name, parents in (("transferred", ["labs"]), ("multimodal", ["align", "labs"])):
        before_it = [*(stages / one for one in parents), side]
        runs.run_diagnoses(runs.Run(study, recipe, arm(name)), before_it, tmp_path / name)
    found = {name: checkpoints.load(tmp_path / name) for name in ("transferred", "multimodal", "baseline_pair")}
    baseline = checkpoints.load(side)
    assert found["transferred"].card.parents["diagnoses"] == baseline.card.id
    for name, own, stage in (
        ("transferred", "encoder", "labs"),
        ("multimodal", "encoder", "labs"),
        ("multimodal", "tables", "align"),
    ):
        weights = found[name].weights
        learnt = {key: w for key, w in before[stage].items() if key.startswith(f"{own}.")}
        assert learnt
        for key, weight in learnt.items():
            assert torch.equal(weights[key.replace(f"{own}.", f"{own}.kept.", 1)], weight)
        for key, weight in baseline.weights.items():
            if key.startswith("encoder."):
                assert torch.equal(weights[key.replace("encoder.", "encoder.side.")], weight)
    sizes = {name: sum(w.numel() for w in one.weights.values()) for name, one in found.items()}
    assert sizes["baseline_pair"] == sizes["transferred"]
    pair = found["baseline_pair"].weights
    fresh = checkpoints.build_network(found["baseline_pair"].card).state_dict()
    moved = [key for key in fresh if key.endswith("running_mean")]
    assert moved and all(not torch.equal(fresh[key], pair[key]) for key in moved)
    for name in ("transferred", "baseline_pair"):
        network = checkpoints.build_network(found[name].card)
        network.load_state_dict(dict(found[name].weights))
        assert network.eval()(torch.zeros(1, 12, 500)).isfinite().all()


def test_only_a_baseline_of_the_same_budget_stands_beside_an_encoder(stages, study, tmp_path):
    recipe = replace(TINY, diagnoses=replace(TINY.diagnoses, transfer="beside"))
    with pytest.raises(InvalidCheckpoint, match=r"baseline of budget 0\.5"):
        before = [stages / "labs", stages / "baseline"]
        runs.run_diagnoses(runs.Run(study, recipe, arm("transferred")), before, tmp_path / "x", budget=0.5)
    with pytest.raises(InvalidCheckpoint, match="to stand beside"):
        before = [stages / "labs", stages / "transferred"]
        runs.run_diagnoses(runs.Run(study, recipe, arm("transferred")), before, tmp_path / "x")
    with pytest.raises(InvalidCheckpoint, match="diagnoses, labs"):
        runs.run_diagnoses(runs.Run(study, recipe, arm("transferred")), [stages / "labs"], tmp_path / "x")


def test_the_diagnoses_of_tuning_patients_beyond_the_budget_choose_nothing(stages, study, tmp_path):
    values = np.array(study.labels.values)
    columns = study.labels.labels.positions(study.labels.of_kind(Kind.TRACING, Kind.VISIT).labels.names)
    beyond = np.setdiff1d(study.rows("tuning"), budget_rows(study, 0.3, 0, "tuning"))
    assert len(beyond)
    values[np.ix_(beyond, columns)] = 1 - values[np.ix_(beyond, columns)]
    turned = replace(study, labels=replace(study.labels, values=values))
    ids = []
    for number, shown in enumerate((study, turned)):
        out = tmp_path / f"{number}"
        ids.append(runs.run_diagnoses(runs.Run(shown, TINY, arm("transferred")), [stages / "labs"], out, budget=0.3))
    assert ids[0].weights_sha256 == ids[1].weights_sha256


def test_the_shortcuts_heads_are_not_fitted_anew_without_the_mark(study, tmp_path, monkeypatch):
    from ecgkt.training import diagnoses

    def zero(embedding, labels, judged=None):
        head = torch.nn.Linear(embedding.shape[1], labels.shape[1])
        torch.nn.init.zeros_(head.weight)
        return head

    monkeypatch.setattr(diagnoses, "fit_probe", zero)
    monkeypatch.setattr(diagnoses, "cross_entropy", lambda head, *judged: float(head.weight.any()))
    for name, kept in (("shortcut", True), ("baseline", False)):
        runs.run_diagnoses(run_of(study, name), [], tmp_path / name)
        weights = checkpoints.load(tmp_path / name).weights
        assert bool(weights["heads.tracing.weight"].any()) is kept
        assert not weights["heads.lab.weight"].any()
