"""Stored predictions: what is read is what was scored, of whom and by whom; what does not belong is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from ecgkt.catalogue import all_labels
from ecgkt.data.layout import Prepared
from ecgkt.domain import Domain
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCheckpoint, InvalidCohort
from ecgkt.inference import Predictor
from ecgkt.reports import comparators, scoring
from ecgkt.reports.judged import read_judged
from ecgkt.reports.stored import (
    TRUTH,
    Origin,
    read_predictions,
    read_truth,
    refuse_other_rows,
    store_logits,
    store_predictions,
    store_truth,
)


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def judged(prepared: Path):
    return read_judged(prepared)


@pytest.fixture(scope="module")
def path(predictor, study, judged, tmp_path_factory) -> Path:
    return store_predictions(predictor, study, judged, tmp_path_factory.mktemp("predictions"))


def test_what_is_read_is_what_the_checkpoint_says_of_each_record(path, predictor, study):
    stored = read_predictions(path)
    rows = np.sort(np.concatenate([study.rows("tuning"), study.rows("held_out")]))
    np.testing.assert_array_equal(stored.rows.record_ids, study.cohort.record_ids[rows])
    np.testing.assert_array_equal(stored.rows.subject_ids, study.cohort.subject_ids[rows])
    logits = predictor.logits([study.signals[row] for row in rows])
    assert stored.logits.dtype == np.float32
    np.testing.assert_allclose(stored.logits, logits, atol=1e-5)
    assert stored.rows.of("tuning").sum() == len(study.rows("tuning")) > 0
    probabilities = predictor.read_logits(logits, Domain.SIMULATED)
    name = "i50_heart_failure"
    column = probabilities.labels.index(name)
    np.testing.assert_allclose(stored.probability(name), probabilities.probabilities[:, column], atol=1e-6)
    assert not np.allclose(stored.probability(name, calibrated=False), stored.probability(name))


def test_a_file_says_who_made_it_and_of_which_cohort(path, predictor, judged, study):
    origin = read_predictions(path).origin
    card = predictor.card
    assert path.name == f"transferred-{card.id}.parquet"
    assert (origin.checkpoint, origin.arm, origin.seed, origin.budget) == (card.id, "transferred", 0, 1.0)
    assert origin.cohort == judged.facts
    assert origin.cohort.fingerprint == study.cohort.fingerprint
    assert (origin.cohort.split_rule, origin.cohort.domain) == ("hash 0", Domain.SIMULATED)
    assert b"Research demonstration" in pq.read_schema(path).metadata[b"ecgkt"]
    columns = pq.read_schema(path).names
    assert columns[:6] == ["record_id", "subject_id", "part", "age", "sex_male", "setting"]
    assert columns[6:] == [f"logit {name}" for name in all_labels().names]


def test_seed_and_budget_come_from_the_card(predictor, judged):
    class Run:
        card = replace(predictor.card, training={**predictor.card.training, "seed": 3, "budget": 0.1})

    origin = Origin.of(Run(), judged.facts)
    assert (origin.seed, origin.budget) == (3, 0.1)
    other = replace(predictor.card.labels.labels[0], name="something_else")
    Run.card = replace(predictor.card, labels=type(predictor.card.labels)((other, *predictor.card.labels.labels[1:])))
    with pytest.raises(InvalidCheckpoint, match="checkpoint of this version's labels"):
        Origin.of(Run(), judged.facts)


def test_the_truth_is_stored_once_with_what_is_unknown(judged, study, tmp_path):
    path = store_truth(judged, tmp_path)
    before = path.stat().st_mtime_ns
    assert store_truth(judged, tmp_path).stat().st_mtime_ns == before
    truth = read_truth(path)
    np.testing.assert_array_equal(truth.labels.values, study.labels.values[judged.places])
    assert np.isnan(truth.labels.values).any()
    assert str(pq.read_schema(path).field("i50_heart_failure").type) == "int8"
    other = replace(judged, facts=replace(judged.facts, manifest="another"))
    with pytest.raises(InvalidCohort, match="got one of another cohort: choose another folder"):
        store_truth(other, tmp_path)


def test_rows_hold_the_patients_age_sex_and_setting(judged, prepared):
    records = pd.read_parquet(Prepared(prepared).records).set_index("study_id").loc[judged.rows.record_ids]
    np.testing.assert_array_equal(judged.rows.ages, records["age"].astype(float))
    np.testing.assert_array_equal(judged.rows.sex_male, records["sex_male"].astype(float))
    assert judged.rows.settings.tolist() == records["setting"].tolist()
    assert set(judged.rows.parts) == {"tuning", "held_out"}


def test_a_checkpoint_that_reads_tables_is_given_those_of_its_rows_and_no_signals_are_loaded_whole(
    predictor, study, monkeypatch
):
    """A stand-in for the multimodal arm: its logits are the first value of each row's tables."""
    most = []

    class ReadsTables:
        card, table_role = predictor.card, Role.ALIGNMENT_PARTNER

        def logits(self, inputs, tables):
            most.append(len(inputs))
            return np.repeat(tables[:, :1], len(self.card.labels), axis=1)

    monkeypatch.setattr(scoring, "ROWS_AT_ONCE", 4)
    rows = study.rows("held_out")
    logits = scoring.study_logits(ReadsTables(), study, rows)
    np.testing.assert_array_equal(logits[:, 5], study.partners.values[rows, 0])
    assert max(most) == 4 and sum(most) == len(rows)


def test_a_study_of_another_cohort_or_split_is_refused(predictor, study, judged, tmp_path):
    with pytest.raises(InvalidCohort, match="a study of the judged cohort"):
        store_predictions(predictor, study, replace(judged, facts=replace(judged.facts, fingerprint="x")), tmp_path)
    with pytest.raises(InvalidCohort, match="split as the checkpoint's was"):
        store_predictions(predictor, replace(study, split_rule="hash 7"), judged, tmp_path)


@pytest.mark.parametrize("spoil", [b"", b"PAR1 nonsense", None])
def test_a_file_that_is_no_stored_prediction_is_one_sentence(path, tmp_path, spoil):
    bad = tmp_path / "bad.parquet"
    if spoil is None:
        pd.DataFrame({"record_id": [1]}).to_parquet(bad)
    else:
        bad.write_bytes(spoil)
    with pytest.raises(InvalidCohort, match=r"bad.parquet") as error:
        read_predictions(bad)
    assert "\n" not in str(error.value)
    with pytest.raises(InvalidCohort, match="Wanted the truth of a cohort, got none in transferred-"):
        read_truth(path)


def test_comparators_are_trees_fitted_on_the_training_rows_and_stored_like_any_model(judged, prepared, tmp_path):
    stored = comparators.fit_comparator("intervals", judged)
    again = read_predictions(store_logits(stored, tmp_path))
    np.testing.assert_array_equal(again.logits, stored.logits)
    refuse_other_rows(read_truth(store_truth(judged, tmp_path)), again)
    assert (again.origin.arm, again.origin.seed) == ("intervals", 0)
    assert again.origin.checkpoint == comparators.comparator_origin("intervals", judged).checkpoint
    folder = Prepared(prepared)
    records, labels = pd.read_parquet(folder.records), pd.read_parquet(folder.labels)
    table = pd.read_parquet(folder.measurements).drop(columns="row")
    table.insert(0, "age", records["age"])
    table.insert(1, "sex_male", records["sex_male"])
    name = "i10_hypertension"
    train = ((records["part"] == "train") & labels[name].notna()).to_numpy()
    trees = HistGradientBoostingClassifier(**comparators.TREES, early_stopping=False, random_state=0)
    trees.fit(table[train].to_numpy(np.float32), labels.loc[train, name].astype(float))
    expected = trees.decision_function(table.iloc[judged.places].to_numpy(np.float32))
    np.testing.assert_allclose(stored.scores([name])[:, 0], expected, atol=1e-5)
    assert read_judged(prepared, ("train",)).rows.of("train").all()
    rare = stored.scores(["complete_av_block"])[:, 0]
    assert len(set(rare.tolist())) == 1 and rare[0] < -1


def test_truth_has_its_own_file_name(judged, tmp_path):
    assert store_truth(judged, tmp_path).name == TRUTH
