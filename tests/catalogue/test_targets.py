"""The shipped targets: complete, ordered, readable, and true to the vocabularies they name."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest

from ecgkt.catalogue import all_labels, lab, lab_labels, lab_panel, tracing_labels, tracing_relations, visit_labels
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.errors import UnknownName

GROUPS = ("rhythm", "conduction", "ST-T and infarction", "QT", "chambers and voltage", "axis")
VOCABULARIES = {"scp", "ptbxl_axis", "snomed", "ludb", "ludb_axis", "code15", "cpsc", "machine"}


def test_all_labels_are_tracing_then_visit_then_lab() -> None:
    assert [label.kind for label in all_labels()] == [Kind.TRACING] * 29 + [Kind.VISIT] * 21 + [Kind.LAB] * 39
    assert all_labels().names == tracing_labels().names + visit_labels().names + lab_labels().names


def test_the_order_of_the_targets_has_not_changed_silently() -> None:
    assert all_labels().fingerprint == "48db076da5fc"


def test_labels_survive_their_own_json() -> None:
    assert LabelSet.from_json(all_labels().to_json()) == all_labels()


def test_every_label_has_a_title_a_group_a_one_sentence_rule_and_a_source() -> None:
    for label in all_labels():
        assert (label.title[0].isupper() or label.title.startswith("pH")) and "_" not in label.title, label.name
        assert label.group and label.source, label.name
        assert label.rule.endswith(".") and ".\n" not in label.rule, label.name


def test_no_two_labels_of_a_kind_share_a_title() -> None:
    assert max(Counter((label.kind, label.title) for label in all_labels()).values()) == 1


def test_tracing_labels_stand_in_the_order_of_the_screen() -> None:
    seen = list(dict.fromkeys(label.group for label in tracing_labels()))
    assert seen == list(GROUPS)


def test_tracing_labels_name_only_known_vocabularies() -> None:
    for label in tracing_labels():
        assert {key.removesuffix("_unclear") for key in label.codes} <= VOCABULARIES, label.name


def test_no_code_is_both_clear_and_unclear_for_a_label() -> None:
    for label in tracing_labels():
        for vocabulary in VOCABULARIES:
            clear = set(label.codes.get(vocabulary, ()))
            assert not clear & set(label.codes.get(f"{vocabulary}_unclear", ())), label.name


def test_a_clear_code_belongs_to_one_label_save_where_a_phrase_says_two_things() -> None:
    for vocabulary in VOCABULARIES:
        counts = Counter(code for label in tracing_labels() for code in label.codes.get(vocabulary, ()))
        assert {code for code, n in counts.items() if n > 1} <= {"Irregular sinus rhythm"}


def test_relations_name_tracing_labels() -> None:
    relations = tracing_relations()
    for table in (relations.implies, relations.excludes):
        for name, others in table.items():
            tracing_labels().positions((name, *others))
    assert relations.absence_unknown == {"sinus_rhythm"}


def test_visit_labels_that_a_lab_defines_name_analytes_of_the_panel() -> None:
    defined = {label.name: label.codes["lab"] for label in visit_labels() if "lab" in label.codes}
    assert defined["e87_hyperkalaemia"] == ("potassium",)
    for analytes in defined.values():
        assert all(lab(analyte).name == analyte for analyte in analytes)


def test_a_lab_label_has_a_threshold_only_where_a_cutoff_replaces_the_printed_range() -> None:
    thresholds = {label.name: label.threshold for label in lab_labels() if label.threshold is not None}
    assert thresholds == {"glucose_low": 70.0, "glucose_high": 180.0, "haemoglobin_low": 10.0, "inr_high": 1.5}
    for name in thresholds:
        assert "printed" not in lab_labels()[name].rule


def test_a_lab_label_speaks_its_analytes_unit() -> None:
    for label in lab_labels():
        assert label.unit == lab(str(label.lab)).unit
        assert label.direction in lab(str(label.lab)).directions


def test_an_unknown_analyte_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="potassium"):
        lab("kalium")


def test_icd_prefixes_match_codes_of_the_real_dictionary_and_of_no_other_label(real_data: Path) -> None:
    with gzip.open(real_data / "mimic-iv-demo-2.2/hosp/d_icd_diagnoses.csv.gz", "rt", encoding="utf-8") as lines:
        known = [row["icd_code"].strip() for row in csv.DictReader(lines) if row["icd_version"] == "10"]
    owners: Counter[str] = Counter()
    for label in visit_labels():
        prefixes = label.codes["icd10"]
        matched = {code for code in known if code.startswith(prefixes)}
        for prefix in prefixes:
            assert any(code.startswith(prefix) for code in matched), f"{label.name}: {prefix}"
        owners.update(matched)
    assert all(code.startswith(("I110", "I130", "I132")) for code, n in owners.items() if n > 1)


def test_scp_codes_are_statements_of_ptbxl(real_data: Path) -> None:
    with (real_data / "ptb-xl/scp_statements.csv").open(encoding="utf-8") as lines:
        statements = {row[0] for row in csv.reader(lines)}
    for label in tracing_labels():
        assert {*label.codes.get("scp", ()), *label.codes.get("scp_unclear", ())} <= statements, label.name


def test_code15_columns_are_those_of_the_collection(real_data: Path) -> None:
    with (real_data / "code15/labels.csv").open(encoding="utf-8") as lines:
        columns = set(next(csv.reader(lines)))
    used = {code for label in tracing_labels() for code in label.codes.get("code15", ())}
    assert used == {"1dAVb", "RBBB", "LBBB", "SB", "ST", "AF"} and used <= columns


def test_every_analyte_has_a_label() -> None:
    assert {label.lab for label in lab_labels()} == {analyte.name for analyte in lab_panel()}
