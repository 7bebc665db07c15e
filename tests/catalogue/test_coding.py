"""What a source says becomes 1, 0 or NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecgkt.catalogue import (
    cinc2021_silent,
    statements_row,
    tracing_labels,
    tracing_relations,
    tracing_row,
    visit_labels,
    visit_row,
)
from ecgkt.errors import InvalidValue


def value(row: np.ndarray, name: str) -> float:
    labels = tracing_labels() if name in tracing_labels().names else visit_labels()
    return float(row[labels.index(name)])


def test_a_label_that_the_vocabulary_does_not_contain_is_unknown() -> None:
    row = tracing_row({"code15": {"AF"}})
    assert value(row, "atrial_fibrillation") == 1 and value(row, "left_bundle_branch_block") == 0
    assert math.isnan(value(row, "left_ventricular_hypertrophy"))


def test_sinus_bradycardia_is_sinus_rhythm_and_no_tachycardia() -> None:
    row = tracing_row({"scp": {"SBRAD"}})
    assert value(row, "sinus_rhythm") == 1 and value(row, "sinus_tachycardia") == 0


def test_atrial_fibrillation_is_not_sinus_rhythm() -> None:
    assert value(tracing_row({"snomed": {"164889003"}}), "sinus_rhythm") == 0


def test_a_tracing_without_a_rhythm_statement_leaves_sinus_rhythm_unknown() -> None:
    assert math.isnan(value(tracing_row({"snomed": {"111975006"}}), "sinus_rhythm"))


def test_a_coded_label_is_not_taken_back_by_one_that_excludes_it() -> None:
    row = tracing_row({"scp": {"AFLT", "AFIB"}})
    assert value(row, "atrial_fibrillation") == value(row, "atrial_flutter") == 1


def test_an_unclear_code_and_a_doubted_one_leave_the_label_unknown() -> None:
    assert math.isnan(value(tracing_row({"scp": {"ISCAL"}}), "t_wave_inversion"))
    assert math.isnan(value(tracing_row({"scp": set()}, {"scp": {"IMI"}}), "inferior_infarction"))
    assert value(tracing_row({"scp": {"ISCAL", "INVT"}}), "t_wave_inversion") == 1


def test_a_silent_label_is_unknown_whatever_was_coded() -> None:
    row = tracing_row({"snomed": {"164890007"}}, silent=["atrial_flutter", "atrial_fibrillation"])
    assert math.isnan(value(row, "atrial_flutter")) and math.isnan(value(row, "atrial_fibrillation"))
    assert value(row, "sinus_rhythm") == 0


def test_cinc_sources_are_told_apart_by_name() -> None:
    assert "atrial_fibrillation" in cinc2021_silent("JS20000")
    assert "atrial_fibrillation" not in cinc2021_silent("JS10646")
    assert cinc2021_silent("HR06000") == ("left_axis_deviation",)
    assert cinc2021_silent("00001_hr") == ()
    for record in ("A0001", "Q0001", "I0001", "S0001", "HR00001", "E00001", "JS00001", "JS10647"):
        tracing_labels().positions(cinc2021_silent(record))


@pytest.mark.parametrize("label", list(tracing_labels()), ids=lambda label: label.name)
def test_the_first_machine_phrase_of_a_label_says_that_label_and_what_it_implies(label) -> None:
    row = statements_row([label.codes["machine"][0]])
    implied = tracing_relations().implies.get(label.name, ())
    assert {name for name, one in zip(tracing_labels().names, row, strict=True) if one == 1} == {label.name, *implied}


def test_the_longest_phrase_wins() -> None:
    row = statements_row(["Sinus rhythm", "Incomplete RBBB"])
    assert value(row, "incomplete_right_bundle_branch_block") == 1 and value(row, "right_bundle_branch_block") == 0
    assert math.isnan(value(statements_row(["Incomplete left bundle branch block"]), "left_bundle_branch_block"))


def test_one_statement_can_say_two_things() -> None:
    row = statements_row(["RBBB with left anterior fascicular block"])
    assert value(row, "right_bundle_branch_block") == value(row, "left_anterior_fascicular_block") == 1


def test_a_phrase_is_matched_as_whole_words() -> None:
    assert value(statements_row(["Sinus rhythm", "Normal bladder"]), "left_axis_deviation") == 0
    assert value(statements_row(["Pacemaker rhythm"]), "atrial_ectopy") == 0


def test_a_hedge_before_a_phrase_leaves_it_unknown_and_behind_it_does_not() -> None:
    assert math.isnan(value(statements_row(["Possible left atrial abnormality"]), "left_atrial_enlargement"))
    assert value(statements_row(["ST elevation, consider acute infarct"]), "st_elevation") == 1


def test_an_unanalysed_tracing_says_only_what_it_says() -> None:
    row = statements_row(["Pacemaker rhythm - no further analysis", ""])
    assert value(row, "paced_rhythm") == 1
    assert np.isnan(np.delete(row, tracing_labels().index("paced_rhythm"))).all()


def test_a_tracing_without_statements_is_unknown() -> None:
    assert np.isnan(statements_row(["", " "])).all()


def test_a_code_counts_with_or_without_its_dot() -> None:
    for code in ("E875", "E87.5", " E875 "):
        assert value(visit_row([(code, 10)]), "e87_hyperkalaemia") == 1


def test_an_icd9_external_cause_is_no_hyperkalaemia() -> None:
    row = visit_row([("E8750", 9), ("2767", 9)])
    assert value(row, "e87_hyperkalaemia") == 1
    assert visit_row([("E8750", 9)]).sum() == 0


def test_hypertensive_heart_failure_is_both() -> None:
    row = visit_row([("I110", 10)])
    assert value(row, "i10_hypertension") == value(row, "i50_heart_failure") == 1


def test_type_1_diabetes_is_no_type_2() -> None:
    assert value(visit_row([("25001", 9), ("E109", 10)]), "e11_type_2_diabetes") == 0


def test_a_stay_without_codes_is_unknown() -> None:
    assert np.isnan(visit_row([])).all()
    assert np.isnan(visit_row([("", 9), (" ", 10)])).all()


def test_a_stay_coded_with_what_icd10_has_no_word_for_was_coded() -> None:
    assert (visit_row([("E9342", 9)]) == 0).all()


def test_the_two_versions_of_a_diagnosis_are_one_label() -> None:
    for older, newer in (("41071", "I214"), ("42731", "I4891"), ("5849", "N179"), ("2767", "E875"), ("V5861", "Z7901")):
        assert (visit_row([(older, 9)]) == visit_row([(newer, 10)])).all(), older


def test_an_unknown_icd_version_is_refused() -> None:
    with pytest.raises(InvalidValue, match="icd_version"):
        visit_row([("E875", 11)])
