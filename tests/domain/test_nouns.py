from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import (
    Cohort,
    Domain,
    Estimate,
    Explanation,
    FeatureSpec,
    FeatureTable,
    Label,
    LabelSet,
    LabelTable,
    Predictions,
    Split,
)
from ecgkt.domain.features import Role, Window
from ecgkt.domain.labels import Kind
from ecgkt.errors import EcgktError, InvalidValue, UnknownName

LABELS = LabelSet(
    (
        Label("lbbb", "LBBB", Kind.TRACING, "conduction", "QRS >= 120 ms", "Surawicz 2009", {"scp": ("CLBBB",)}),
        Label("i48", "AF", Kind.VISIT, "circulation", "I48", "ICD-10", {"icd10": ("I48",)}),
        Label("k_high", "Potassium high", Kind.LAB, "salts", "> 5.1", "row", lab="k", direction="high", unit="mEq/L"),
    )
)
DRAWN = Window(-90, 90, "drawn")


def test_an_error_says_what_was_wanted_what_came_and_what_to_do_in_one_sentence():
    assert str(EcgktError("a\n unit", "none.", "name it")) == "Wanted a unit, got none: name it."


def test_a_label_set_survives_json_with_its_fingerprint():
    again = LabelSet.from_json(LABELS.to_json())
    assert again == LABELS
    assert again.fingerprint == LABELS.fingerprint


def test_another_order_of_labels_has_another_fingerprint():
    assert LabelSet(LABELS.labels[::-1]).fingerprint != LABELS.fingerprint


def test_a_label_stands_once():
    with pytest.raises(InvalidValue, match="lbbb twice"):
        LabelSet((LABELS.labels[0], LABELS.labels[0]))


def test_an_unknown_label_is_answered_with_the_names_that_exist():
    with pytest.raises(UnknownName, match="lbbb, i48, k_high"):
        LABELS.index("rbbb")


@pytest.mark.parametrize(
    "wrong", [{"kind": Kind.LAB}, {"kind": Kind.VISIT}, {"name": "Left BBB"}, {"name": ""}, {"kind": "guess"}]
)
def test_an_incomplete_label_cannot_exist(wrong):
    given = {"name": "x", "title": "X", "kind": Kind.TRACING, "group": "g", "rule": "r", "source": "s"}
    with pytest.raises(ValueError):
        Label(**{**given, **wrong})


def test_a_label_is_one_zero_or_no_information():
    table = LabelTable(LABELS, np.array([[1, 0, np.nan]]))
    assert np.isnan(table.column("k_high")[0])
    with pytest.raises(InvalidValue, match="1, 0 or NaN"):
        LabelTable(LABELS, np.array([[0.5, 0, 1]]))
    with pytest.raises(InvalidValue, match="one column per label"):
        LabelTable(LABELS, np.zeros((2, 2)))


def test_families_of_labels_are_kept_apart_in_order():
    table = LabelTable(LABELS, np.array([[1, 0, np.nan], [0, 1, 1]]))
    assert table.of_kind(Kind.VISIT, Kind.LAB).labels.names == ("i48", "k_high")
    np.testing.assert_array_equal(table.of_kind(Kind.VISIT).values, [[0], [1]])


def test_an_input_must_have_resulted_by_the_prediction_time():
    with pytest.raises(InvalidValue, match="resulted by the prediction time"):
        FeatureSpec("k", "K", "lab", "mEq/L", Role.INPUT, DRAWN, (1, 12))
    FeatureSpec("k", "K", "lab", "mEq/L", Role.INPUT, Window(-600, 0, "resulted"), (1, 12))


def test_an_implausible_value_becomes_missing_and_is_counted():
    spec = FeatureSpec("k", "K", "lab", "mEq/L", Role.TARGET, DRAWN, (1, 12))
    table = FeatureTable((spec,), np.array([[4.0], [56.0], [np.nan], [np.inf]]))
    np.testing.assert_array_equal(np.isnan(table.values[:, 0]), [False, True, True, True])
    assert table.rejected == {"k": 2}


def test_exclusions_add_up():
    ids = np.array([1, 2])
    Cohort(ids, ids, Domain.SIMULATED, listed=3, excluded={"flat": 1})
    with pytest.raises(InvalidValue, match="add up"):
        Cohort(ids, ids, Domain.SIMULATED, listed=3)
    with pytest.raises(InvalidValue, match="each record once"):
        Cohort(np.array([1, 1]), ids, Domain.SIMULATED, listed=2)


def test_no_subject_is_in_two_parts():
    with pytest.raises(InvalidValue, match="1 subjects both in train and held_out"):
        Split(frozenset({1, 2}), frozenset({3}), frozenset({2}))


def test_a_subjects_part_does_not_depend_on_the_others():
    many, few = Split.by_hash(range(1000), seed=3), Split.by_hash(range(10), seed=3)
    for part in ("train", "tuning", "held_out"):
        assert getattr(few, part) == getattr(many, part) & set(range(10))
    assert 200 < len(many.held_out) < 300
    assert 110 < len(many.tuning) < 190


def test_all_records_of_a_subject_fall_into_its_part():
    split = Split(frozenset({1}), frozenset({2}), frozenset({3}))
    np.testing.assert_array_equal(split.rows("tuning", np.array([2, 1, 2, 3])), [0, 2])
    with pytest.raises(InvalidValue, match="1 unknown subjects"):
        split.rows("train", np.array([9]))


def test_an_estimate_without_figures_has_a_reason():
    assert str(Estimate.undefined("fewer than 10 positives", 50, 2)) == "undefined (fewer than 10 positives)"
    with pytest.raises(InvalidValue):
        Estimate(0.9, 0.8, 0.85, 50, 20)
    with pytest.raises(InvalidValue):
        Estimate(0.9, None, None, 50, 20)


def predictions(**changes):
    given = {
        "labels": LABELS,
        "probabilities": np.array([[0.2, 0.9, 0.5]]),
        "checkpoint_id": "abc",
        "domain": Domain.SIMULATED,
        "calibrated_in": Domain.SIMULATED,
    }
    return Predictions(**{**given, **changes})


def test_logits_are_never_taken_for_probabilities():
    with pytest.raises(InvalidValue, match=r"\[0, 1\]"):
        predictions(probabilities=np.array([[-2.0, 0.1, 0.3]]))


def test_probabilities_are_told_only_where_calibration_was_measured():
    assert predictions().to_json()["probabilities"]["i48"] == 0.9
    for elsewhere in (Domain.REAL, Domain.UNKNOWN):
        told = predictions(domain=elsewhere, ranks=np.array([[0.1, 0.7, 0.2]]), reference="a set").to_json()
        assert told["ranks"]["i48"] == 0.7
        assert told["note"] == "uncalibrated here"
        assert "probabilities" not in told


def test_an_abstaining_model_gives_its_reason_and_no_score():
    silent = predictions(probabilities=np.full((1, 3), np.nan), abstained=("lead V3 is flat",))
    assert silent.to_json() == {
        "checkpoint": "abc",
        "domain": "simulated",
        "calibrated": True,
        "abstained": "lead V3 is flat",
    }
    with pytest.raises(InvalidValue, match="abstains"):
        predictions(abstained=("lead V3 is flat",))


def test_a_map_of_a_complete_method_carries_its_residual():
    given = {"fs": 100.0, "method": "integrated gradients", "target": "lbbb", "baseline": "zero signal"}
    scores = {"score": 2.0, "baseline_score": 0.0, "checkpoint_id": "abc"}
    with pytest.raises(InvalidValue, match="residual"):
        Explanation(np.zeros((12, 10)), residual=None, **given, **scores)
    explanation = Explanation(np.ones((12, 10)), residual=0.1, **given, **scores)
    assert explanation.relative_residual == pytest.approx(0.05)
    np.testing.assert_allclose(explanation.lead_shares(), 1 / 12)
    with pytest.raises(InvalidValue, match="whole input"):
        Explanation(np.zeros((10, 12)), residual=0.0, **given, **scores)
