"""Mean maps over a cohort: who is taken, what a mean is, intervals against theory, and the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt import checkpoints
from ecgkt.cli import main
from ecgkt.domain import LEADS, Split
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.explain.cohort_maps import read_maps, shares_of_patients, told_apart, write_maps
from ecgkt.explain.mapping import Mapper, integrate, map_cohort
from ecgkt.explain.regions import REGIONS
from ecgkt.inference import Predictor

TARGET = "sinus_rhythm"


@pytest.fixture(scope="module")
def mapper(untrained: Path, prepared: Path, study) -> Mapper:
    """Twice the same untrained network over the simulated cohort, all of it held out, three patients a target."""
    from ecgkt.data.waveforms.stored import StoredWaveforms

    stored = StoredWaveforms.open(prepared)
    slots = stored.rows_of(study.cohort.record_ids)
    everyone = frozenset(study.cohort.subject_ids.tolist())
    held_out = replace(study, split=Split(frozenset(), frozenset(), everyone))
    one = Predictor.open(untrained / "transferred")
    arms = {"transferred": one, "baseline": one}
    return Mapper(held_out, lambda row: stored.record(int(slots[row])), arms, most=3, steps=4, fewest=2)


def test_each_patient_with_the_target_stands_once_the_highest_scores_first(mapper):
    rows = mapper.candidates(TARGET)
    study = mapper.study
    column = study.labels.labels.index(TARGET)
    positive = np.flatnonzero(study.labels.values[:, column] == 1)
    assert set(study.cohort.subject_ids[rows]) == set(study.cohort.subject_ids[positive])
    assert len(set(study.cohort.subject_ids[rows])) == len(rows)
    logits = mapper.arms["transferred"].logits(list(study.signals))[:, column]
    assert (np.diff(logits[rows]) <= 0).all()
    best = {subject: logits[positive][study.cohort.subject_ids[positive] == subject].max()
            for subject in study.cohort.subject_ids[rows]}  # fmt: skip
    np.testing.assert_allclose(logits[rows], list(best.values()))


def test_two_arms_of_one_network_do_not_differ_anywhere(mapper):
    found = mapper.map_target(TARGET)
    assert found.patients == 3
    assert not found.clear.any()
    np.testing.assert_array_equal(found.maps[0], found.maps[1])
    assert all(one.value == one.low == one.high == 0 for one in found.regions["difference"].values())
    for shares in (found.regions["transferred"], found.leads["baseline"]):
        assert sum(one.value for one in shares.values()) == pytest.approx(1.0)
    assert sum(found.chance.values()) == pytest.approx(1.0)
    assert set(found.regions["baseline"]) == set(REGIONS)
    assert set(found.leads["baseline"]) == set(LEADS)


def test_the_integral_is_the_one_that_explains_a_single_ecg(mapper):
    from ecgkt.explain.methods import explain

    row = int(mapper.candidates(TARGET)[0])
    record, predictor = mapper.read(row), mapper.arms["transferred"]
    alone = explain(predictor, record, TARGET, steps=4)
    together, missed = integrate(predictor, predictor.look(record).signal[None], TARGET, 4)
    np.testing.assert_allclose(together[0], alone.attribution, atol=1e-5)
    assert missed[0] == pytest.approx(alone.relative_residual, abs=1e-3)


def test_a_target_with_too_few_patients_is_left_out_with_its_reason(mapper, tmp_path):
    fewest = mapper.fewest
    mapper.fewest = 500
    try:
        made = map_cohort(mapper, tmp_path / "run", [TARGET], "a command")
    finally:
        mapper.fewest = fewest
    assert not made.targets
    assert "at least 500 are needed" in made.omitted[TARGET]


def test_a_broken_run_goes_on_and_the_file_holds_what_was_made(mapper, tmp_path, monkeypatch):
    made = map_cohort(mapper, tmp_path / "run", [TARGET], "a command")
    monkeypatch.setattr(Mapper, "map_target", lambda *_: pytest.fail("it was made already"))
    again = map_cohort(mapper, tmp_path / "run", [TARGET], "a command")
    write_maps(again, tmp_path / "maps.npz")
    read = read_maps(tmp_path / "maps.npz")
    assert read.domain == "simulated"
    assert (read.arms, read.command, read.cohort) == (made.arms, "a command", mapper.study.cohort.fingerprint)
    one, other = read.targets[TARGET], made.targets[TARGET]
    np.testing.assert_allclose(one.maps, other.maps, atol=2e-3)
    np.testing.assert_allclose(one.beat, other.beat, atol=2e-3)
    assert one.regions == other.regions and one.signed == other.signed and one.residuals == other.residuals


def test_a_run_of_other_settings_is_not_continued(mapper, tmp_path):
    (tmp_path / "settings.json").write_text('{"arms": {}}')
    with pytest.raises(InvalidCohort, match="maps of the same run"):
        map_cohort(mapper, tmp_path, [TARGET], "a command")


def test_one_arm_alone_is_refused(mapper):
    with pytest.raises(InvalidValue, match="two arms"):
        replace(mapper, arms={"baseline": mapper.arms["baseline"]})


def test_a_damaged_file_is_told_in_one_sentence(tmp_path):
    for content in (b"", b"PK\x03\x04 broken", b"words"):
        (tmp_path / "maps.npz").write_bytes(content)
        with pytest.raises(InvalidCohort, match="write them again"):
            read_maps(tmp_path / "maps.npz")


def test_intervals_are_those_of_theory_and_the_difference_is_paired():
    generator = np.random.default_rng(0)
    common = generator.normal(0.3, 0.1, (200, 1))
    one, other = common + 0.02, common + generator.normal(0, 0.001, (200, 1))
    found = shares_of_patients({"a": one, "b": other}, ["T wave"], 4000)
    error = one.std(ddof=1) / np.sqrt(200)
    told = found["a"]["T wave"]
    assert told.value == pytest.approx(one.mean())
    assert (told.high - told.low) / 2 == pytest.approx(1.96 * error, rel=0.06)
    assert found["difference"]["T wave"].low > 0.0195
    assert found["difference"]["T wave"].high < 0.0205


def test_what_differs_in_every_patient_is_told_apart_and_noise_is_not():
    generator = np.random.default_rng(1)
    differences = generator.normal(0, 1, (25, 12, 100))
    assert told_apart(differences, 100.0).mean() < 0.01
    differences[:, 3, 40:50] += 3.0
    clear = told_apart(differences, 100.0)
    assert clear[3, 41:49].all()
    assert clear.mean() < 0.02


def test_the_command_refuses_a_model_that_is_not_there(untrained, prepared, tmp_path, capsys):
    out = tmp_path / "maps.npz"
    words = ["mean-maps", "--cohort", str(prepared), "--models", str(untrained), "--out", str(out)]
    assert main(words) == 1
    assert "no baseline" in capsys.readouterr().err
    assert not out.exists()


BUNDLED = Path(__file__).resolve().parents[2] / "assets" / "mean_maps.npz"


def test_the_bundled_maps_are_those_of_the_bundled_models_and_cohort(capsys):
    import json

    maps = read_maps(BUNDLED)
    cards = {name: checkpoints.read_card(BUNDLED.parents[1] / "models" / name) for name in maps.arms}
    assert maps.arms == {name: card.id for name, card in cards.items()}
    assert maps.domain == "simulated"
    assert maps.cohort == json.loads((BUNDLED.parent / "cohort.json").read_text())["fingerprint"]
    assert {*maps.targets, *maps.omitted} == set(cards["transferred"].labels.names)
    assert all(one.patients >= 8 for one in maps.targets.values())
    assert main(["mean-maps", "--read", "--out", str(BUNDLED)]) == 0
    told = capsys.readouterr().out
    assert "SIMULATED" in told and told.count("\n| ") >= len(maps.targets)
