"""Counted frequencies come from stored predictions into a card, and stay there."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from ecgkt import checkpoints, reports
from ecgkt.cli import main
from ecgkt.domain import Domain
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor
from ecgkt.reports.stored import store_logits


@pytest.fixture
def folder(untrained, tmp_path):
    shutil.copytree(untrained / "transferred", tmp_path / "models" / "transferred")
    return tmp_path / "models"


@pytest.fixture
def results(stored_results, folder, tmp_path):
    """The stored predictions of one arm under the id of the untrained checkpoint."""
    copy = tmp_path / "results" / "predictions"
    shutil.copytree(stored_results / "predictions", copy)
    (path,) = copy.glob("transferred-*.parquet")
    one = reports.read_predictions(path)
    identity = checkpoints.read_card(folder / "transferred").id
    path.unlink()
    store_logits(replace(one, origin=replace(one.origin, checkpoint=identity)), copy)
    return tmp_path / "results"


def test_the_command_counts_into_the_card_and_leaves_id_and_weights(folder, results):
    before = checkpoints.read_card(folder / "transferred")
    assert main(["frequencies", "--predictions", str(results), "--models", str(folder)]) == 0
    after = checkpoints.load(folder / "transferred").card
    assert (after.id, after.weights_sha256) == (before.id, before.weights_sha256)
    assert after.calibration.observed_in == "simulated, held out"
    assert after.commands["observed frequencies, simulated, held out"].startswith("python -m ecgkt frequencies")
    truth = reports.read_truth(results / "predictions" / "truth.parquet")
    for name, counts in after.calibration.observed.items():
        assert sum(counts.n) == len(truth.record_ids)
        assert sum(counts.positives) == truth.labels.column(name).sum()
    assert "counted on simulated, held out" in (folder / "transferred" / "README.md").read_text()


def test_predictions_carry_the_counts_where_calibrated_alone(folder, results, sine_record):
    main(["frequencies", "--predictions", str(results), "--models", str(folder)])
    predictor = Predictor.open(folder / "transferred")
    name = next(iter(predictor.card.calibration.observed))
    simulated = predictor.predict([replace(sine_record, domain=Domain.SIMULATED)])
    found = simulated.frequency(name)
    assert found is not None and found.low <= found.value <= found.high
    assert predictor.predict([replace(sine_record, domain=Domain.REAL)]).frequency(name) is None


def test_a_checkpoint_without_stored_predictions_is_left_as_it_is(folder, stored_results, capsys):
    assert main(["frequencies", "--predictions", str(stored_results), "--models", str(folder)]) == 0
    assert "no stored predictions" in "".join(capsys.readouterr())
    assert not checkpoints.read_card(folder / "transferred").calibration.observed


def test_a_card_of_before_loads_and_shows_no_interval(folder):
    path = folder / "transferred" / "card.json"
    plain = json.loads(path.read_text())
    for name in ("observed", "observed_in"):
        del plain["calibration"][name]
    path.write_text(json.dumps(plain))
    assert checkpoints.read_card(folder / "transferred").calibration.observed == {}


def test_counts_of_another_domain_are_refused(folder, results):
    main(["frequencies", "--predictions", str(results), "--models", str(folder)])
    calibration = checkpoints.read_card(folder / "transferred").calibration
    with pytest.raises(InvalidValue, match="simulated"):
        replace(calibration, observed_in="real, a hospital")


def test_a_study_is_counted_as_its_stored_predictions_are(folder, study):
    predictor = Predictor.open(folder / "transferred")
    counted = reports.count_study(predictor, study)
    rows = study.rows("held_out")
    for name, counts in counted.items():
        truth = study.labels.values[rows, study.labels.labels.index(name)]
        assert sum(counts.n) == (~np.isnan(truth)).sum()


def test_several_collections_are_judged_together(folder, real_data):
    from ecgkt.data.collections import open_collection

    predictor = Predictor.open(folder / "transferred")
    parts = [open_collection(real_data / name) for name in ("code15", "cinc2021")]
    together = reports.evaluate_collections(predictor, parts)
    alone = [reports.evaluate_collection(predictor, one) for one in parts]
    for name, found in together.items():
        assert found.n == sum(one[name].n for one in alone)
        assert found.positives == sum(one[name].positives for one in alone)
