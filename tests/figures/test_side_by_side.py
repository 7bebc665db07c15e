"""Several checkpoints on one ECG: differences where figures share a scale, and a reason where they do not."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from ecgkt.catalogue import all_labels
from ecgkt.domain import Domain, Predictions
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.figures.side_by_side import compared_rows, difference_words, not_comparable, table_html

NAMES = ("atrial_fibrillation", "sinus_rhythm", "long_qt")


def given(
    *shares: float,
    domain: Domain = Domain.SIMULATED,
    reference: str | None = None,
    names: tuple[str, ...] = NAMES,
    abstained: str | None = None,
) -> Predictions:
    """Predictions of one record whose probabilities, or ranks where there is a reference set, are `shares`."""
    labels = LabelSet(tuple(all_labels()[name] for name in names))
    nothing = float("nan")
    row = [list(shares)] if abstained is None else [[nothing] * len(names)]
    ranks = row if reference else None
    return Predictions(labels, row, "c" * 12, domain, Domain.SIMULATED, ranks, reference, (abstained,))


def test_rows_are_sorted_by_the_size_of_the_difference_and_carry_its_sign():
    rows = compared_rows([given(0.5, 0.1, 0.3), given(0.4, 0.6, 0.28)], Kind.TRACING)
    assert [row.name for row in rows] == ["sinus_rhythm", "atrial_fibrillation", "long_qt"]
    assert [row.difference for row in rows] == pytest.approx([-0.5, 0.1, 0.02])
    assert [row.told for row in rows] == ["−50", "+10", "+2.0"]
    assert rows[0].figures == ("1 in 10", "6 in 10")


def test_ranks_are_compared_within_one_reference_set_only():
    real = {"domain": Domain.REAL}
    first = given(0.9, 0.1, 0.3, reference="a set", **real)
    assert not_comparable(first, given(0.5, 0.1, 0.3, reference="a set", **real)) is None
    rows = compared_rows([first, given(0.5, 0.1, 0.3, reference="a set", **real)], Kind.TRACING)
    assert (rows[0].figures, rows[0].told) == (("90th of 100", "50th of 100"), "+40")
    other = given(0.5, 0.1, 0.3, reference="another set", **real)
    assert "different reference sets" in (not_comparable(first, other) or "")
    assert all(row.difference is None for row in compared_rows([first, other], Kind.TRACING))
    assert "no reference set" in (not_comparable(first, given(0.5, 0.1, 0.3, **real)) or "")


def test_a_calibrated_and_an_uncalibrated_model_have_no_difference():
    ours = given(0.9, 0.1, 0.3)
    labels = ours.labels
    theirs = Predictions(labels, ours.probabilities, "d" * 12, Domain.SIMULATED, Domain.REAL, [[0.1] * 3], "a set")
    assert "one model is calibrated" in (not_comparable(ours, theirs) or "")
    rows = compared_rows([ours, theirs], Kind.TRACING)
    assert {row.told for row in rows} == {"–"}
    assert rows[0].name == "atrial_fibrillation"  # without differences the highest comes first


def test_a_target_that_one_model_does_not_give_stands_last_with_a_dash():
    fewer = given(0.2, names=("long_qt",))
    rows = compared_rows([given(0.5, 0.1, 0.3), fewer], Kind.TRACING)
    assert rows[0].name == "long_qt"
    assert {row.figures[1] for row in rows[1:]} == {"–"}


def test_a_model_that_abstains_leaves_the_others_figures():
    silent = given(abstained="A flat lead.")
    rows = compared_rows([given(0.5, 0.1, 0.3), silent], Kind.TRACING)
    assert len(rows) == 3
    assert {row.told for row in rows} == {"–"}
    assert "abstains" in (not_comparable(given(0.5, 0.1, 0.3), silent) or "")


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (0.123, "+12"),
        (-0.123, "−12"),
        (0.004, "+0.4"),
        (0.0004, "under 0.1"),
        (0.0, "0"),
        (None, "–"),
        (-0.0996, "−10"),
    ],
)
def test_differences_are_told_in_hundredths_with_their_sign(difference, told):
    assert difference_words(difference) == told


def test_the_table_has_headers_for_readers_that_hear_it_and_its_longest_bar_is_the_largest_difference():
    rows = compared_rows([given(0.5, 0.1, 0.3), given(0.4, 0.6, 0.28)], Kind.TRACING)
    table = ET.fromstring(table_html(rows, "On this tracing", ["A & B", "C"], "in 100 such ECGs", first=2))
    assert table.findtext("caption") == "On this tracing"
    assert [cell.text for cell in table.iter("th") if cell.get("scope") == "col"] == [
        "Target",
        "A & B",
        "C",
        "Difference in 100 such ECGs",
    ]
    lines = table.findall("tbody/tr")
    assert len(lines) == 2
    bars = [line.findall("td")[-1].get("style") or "" for line in lines]
    first, second = (float(re.search(r"\) (\d+)%", bar)[1]) for bar in bars)
    assert 85 < first < 97, "the longest bar does not touch the figure before it"
    assert second / first == pytest.approx(0.2, abs=0.01)
