from __future__ import annotations

import numpy as np
import pytest

from ecgkt.catalogue import all_labels
from ecgkt.domain import Domain, Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import basis, codes_told, detail, natural_frequency, ordinal, score_rows

LABELS = all_labels()


def predictions(domain: Domain, reference: bool = True) -> Predictions:
    values = np.linspace(0.001, 0.99, len(LABELS))[None]
    ranks = {"ranks": values, "reference": "a set (3 real ECGs)"} if reference else {}
    return Predictions(LABELS, values, "abc", domain, Domain.SIMULATED, **ranks)


@pytest.mark.parametrize(
    ("probability", "told"),
    [
        (0.0002, "under 1 in 1,000"),
        (0.005, "1 in 200"),
        (0.032, "1 in 30"),
        (0.2, "1 in 5"),
        (0.34, "1 in 3"),
        (0.71, "7 in 10"),
        (0.97, "97 in 100"),
        (0.999, "over 99 in 100"),
    ],
)
def test_a_probability_is_told_as_people_count(probability, told):
    assert natural_frequency(probability) == told


def test_ordinals():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 93, 100)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "93rd", "100th"]
    )


def test_where_calibrated_there_are_frequencies_and_elsewhere_ranks():
    for kind in Kind:
        assert all(" in " in row.figure for row in score_rows(predictions(Domain.SIMULATED), kind))
        for domain in (Domain.REAL, Domain.UNKNOWN):
            for row in score_rows(predictions(domain), kind):
                assert row.figure.endswith("of 100")
                assert "uncalibrated here" in row.sentence
    assert "uncalibrated here" in basis(predictions(Domain.REAL))


def test_without_a_reference_set_an_uncalibrated_score_is_not_shown():
    rows = score_rows(predictions(Domain.REAL, reference=False), Kind.TRACING)
    assert {(row.figure, row.share) for row in rows} == {("—", None)}


def test_no_wording_overstates():
    said = " ".join(row.sentence for kind in Kind for row in score_rows(predictions(Domain.SIMULATED), kind))
    for word in ("confident", "confidence", "detect", "%"):
        assert word not in said


def test_families_are_kept_apart_the_highest_first_and_the_default_panel_before_other_labs():
    rows = score_rows(predictions(Domain.SIMULATED), Kind.TRACING)
    assert {row.kind for row in rows} == {Kind.TRACING}
    assert [row.share for row in rows] == sorted((row.share for row in rows), reverse=True)
    labs = score_rows(predictions(Domain.SIMULATED), Kind.LAB, first_labs=["potassium"])
    assert {row.name for row in labs[:2]} == {"potassium_low", "potassium_high"}


def test_an_abstaining_model_has_no_rows():
    silent = Predictions(
        LABELS, np.full((1, len(LABELS)), np.nan), "abc", Domain.REAL, Domain.SIMULATED, abstained=("flat",)
    )
    assert score_rows(silent, Kind.TRACING) == ()


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (("E875",), "E87.5"),
        (("D50", "D51", "D52", "D53", "D55", "D56"), "D50-D53, D55, D56"),
        (("I50", "I110", "I130", "I132"), "I50, I11.0, I13.0, I13.2"),
        (("A40", "A41", "R652"), "A40, A41, R65.2"),
        (("D99", "E00", "E01"), "D99, E00, E01"),
    ],
)
def test_three_codes_in_a_row_are_told_as_a_range(codes, told):
    assert codes_told(codes) == told


def test_no_target_is_told_with_a_unit_of_one_and_counts_are_printed_as_a_laboratory_prints_them():
    said = {label.name: detail(label) for label in LABELS.of_kind(Kind.LAB)}
    assert said["inr_high"] == "> 1.5"
    assert "(1)" not in said["ph_low"]
    assert "K/uL" not in " ".join(said.values())
    assert "10³/µL" in said["platelets_low"]
