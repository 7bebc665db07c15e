"""Whether a score was shown to work on real ECGs, by the card's own figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecgkt import checkpoints
from ecgkt.checkpoints import Reference, real_evidence, reference_share
from ecgkt.domain import Estimate

NAME = "atrial_fibrillation"


def card(untrained, reference: str = "PTB-XL 1-250", **sets: Estimate):
    found = checkpoints.read_card(untrained / "transferred")
    estimates = {where.replace("_", " "): {NAME: estimate} for where, estimate in sets.items()}
    estimates = {("real, " + where) if where != "simulated" else where: rows for where, rows in estimates.items()}
    made = Reference(reference, "made up", 3, ((-1.0, 0.0, 1.0),) * len(found.labels))
    return replace(found, estimates=estimates, reference=made)


def test_a_score_works_where_the_interval_on_one_real_set_begins_high(untrained):
    weak, strong = Estimate(0.8, 0.6, 0.9, 100, 12), Estimate(0.9, 0.7, 0.95, 200, 30)
    both = real_evidence(card(untrained, LUDB=weak, CPSC=strong), NAME)
    assert both.works and both.where == "CPSC" and both.estimate == strong
    only = real_evidence(card(untrained, LUDB=weak), NAME)
    assert not only.works
    assert "AUROC 0.80, interval from 0.60 to 0.90, LUDB" in only.reason


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        ({}, "not measured on real ECGs"),
        ({"simulated": Estimate(0.99, 0.98, 1.0, 900, 90)}, "not measured on real ECGs"),
        ({"LUDB": Estimate.undefined("few", 0, 0)}, "not measured on real ECGs"),
        ({"LUDB": Estimate.undefined("few", 233, 0)}, "too few to tell: none of 233 real ECGs"),
        (
            {"LUDB": Estimate.undefined("few", 100, 3), "CPSC": Estimate.undefined("few", 250, 7)},
            "too few to tell: 7 of 250 real ECGs",
        ),
    ],
)
def test_what_was_not_measured_says_why(untrained, sets, reason):
    found = real_evidence(card(untrained, **sets), NAME)
    assert (found.works, found.reason) == (False, reason)


def test_the_reference_sets_share_is_that_of_the_set_of_its_name(untrained):
    some = card(untrained, LUDB=Estimate.undefined("few", 100, 9), **{"PTB-XL": Estimate.undefined("few", 250, 2)})
    assert reference_share(some, NAME) == pytest.approx(0.008)
    assert reference_share(some, "long_qt") is None
    assert reference_share(card(untrained, "another", LUDB=Estimate.undefined("few", 100, 9)), NAME) is None
