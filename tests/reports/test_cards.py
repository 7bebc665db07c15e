from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt import checkpoints, readers, reports
from ecgkt.data.collections import open_collection
from ecgkt.domain import Estimate
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.evaluation.calibration import expected_calibration_error
from ecgkt.evaluation.discrimination import auroc
from ecgkt.inference import Predictor


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


def test_files_that_cannot_be_read_or_judged_are_left_out(predictor, cohort, tmp_path):
    bad = tmp_path / "bad.hea"
    bad.write_text("nonsense")
    paths = [*readers.find_records(cohort)[3:6], bad]
    logits, kept = reports.score_files(predictor, paths)
    assert kept.tolist() == [0, 1, 2]
    one = predictor.logits([predictor.card.preprocessing.apply(readers.read_record(paths[1]))])
    np.testing.assert_allclose(logits[1], one[0], atol=1e-5)
    with pytest.raises(InvalidCohort, match="none of 1"):
        reports.score_files(predictor, [bad])


def test_a_reference_set_keeps_quantiles_and_no_records(predictor, cohort):
    paths = readers.find_records(cohort)[:20]
    reference = reports.reference_of(predictor, paths, "a set", "made up")
    logits, kept = reports.score_files(predictor, paths)
    assert reference.records == len(kept)
    quantiles = np.array(reference.quantiles)
    assert quantiles.shape == (len(predictor.card.labels), reports.QUANTILES)
    np.testing.assert_allclose(quantiles[:, 0], logits.min(axis=0), atol=1e-4)
    np.testing.assert_allclose(quantiles[:, -1], logits.max(axis=0), atol=1e-4)
    np.testing.assert_allclose(quantiles[:, 25], np.median(logits, axis=0), atol=1e-4)


def test_a_study_is_judged_on_its_held_out_rows_alone(predictor, study):
    estimates = reports.evaluate_study(predictor, study)
    rows = study.rows("held_out")
    logits = predictor.logits([study.signals[row] for row in rows])
    for column, name in enumerate(study.labels.labels.names):
        estimate = estimates[name]
        known = ~np.isnan(study.labels.values[rows, column])
        assert estimate.n == known.sum()
        if estimate.defined:
            expected = auroc(study.labels.values[rows[known], column], logits[known, column])
            assert estimate.value == pytest.approx(expected)


def test_a_collection_is_judged_on_tracing_labels_with_its_own_positives(predictor, real_data):
    collection = open_collection(real_data / "ludb")
    estimates = reports.evaluate_collection(predictor, collection)
    assert set(estimates) == set(collection.labels.labels.names)
    hypertrophy = estimates["left_ventricular_hypertrophy"]
    assert hypertrophy.positives == np.nansum(collection.labels.column("left_ventricular_hypertrophy"))
    assert estimates["pre_excitation"].reason is not None


def test_calibration_is_measured_where_it_is_claimed(predictor, study):
    errors = reports.calibration_errors(predictor, study)
    rows = study.rows("held_out")
    logits = predictor.logits([study.signals[row] for row in rows])
    names = study.labels.labels.of_kind(Kind.TRACING).names
    gaps = []
    for name in names:
        column = study.labels.labels.index(name)
        truth = study.labels.values[rows, column]
        if 0 < np.nansum(truth) < (~np.isnan(truth)).sum():
            p = 1 / (1 + np.exp(-(1.5 * logits[:, column] - 0.5)))
            gaps.append(expected_calibration_error(truth, p))
    assert errors[Kind.TRACING] == pytest.approx(np.mean(gaps))


def test_a_macro_average_is_over_what_is_defined():
    estimates = {
        "a": Estimate(0.8, 0.7, 0.9, 100, 20),
        "b": Estimate(0.6, 0.5, 0.7, 100, 20),
        "c": Estimate.undefined("fewer than 10 positives", 100, 3),
    }
    assert reports.macro(estimates, ["a", "b", "c", "d"]) == pytest.approx(0.7)
    assert np.isnan(reports.macro(estimates, ["c"]))


def test_a_checkpoint_that_reads_what_had_resulted_is_judged_with_the_cohorts_folder(
    predictor, study, prepared, tmp_path
):
    names = [spec.name for spec in study.partners.specs]
    architecture = {**predictor.card.architecture, "tables": {"features": names, "role": "input"}}
    card = replace(predictor.card, name="multimodal", arm="multimodal", architecture=architecture)
    checkpoints.save(tmp_path / "multimodal", card, checkpoints.build_network(card).state_dict())
    reading = Predictor.open(tmp_path / "multimodal")
    estimates = reports.evaluate_study(reading, study, cohort=prepared)
    assert all(estimates[name].n for name in ("sinus_rhythm", "i10_hypertension"))
    assert reports.calibration_errors(reading, study, cohort=prepared)
    with pytest.raises(InvalidValue, match="folder for tables of the role input"):
        reports.evaluate_study(reading, study)
