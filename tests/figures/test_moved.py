from __future__ import annotations

import numpy as np
import pytest

from ecgkt.catalogue import all_labels
from ecgkt.domain import Domain, Predictions
from ecgkt.figures.moved import first_of, moved_rows, moved_table, signed


def told(domain: Domain = Domain.SIMULATED, **shares: float) -> Predictions:
    labels = all_labels()
    values = np.full((1, len(labels)), 0.2)
    for name, share in shares.items():
        values[0, labels.index(name)] = share
    return Predictions(labels, values, "abc", domain, Domain.SIMULATED, values, "a set (3 real ECGs)")


def test_the_largest_change_of_the_told_figure_comes_first():
    before, after = told(), told(potassium_high=0.9, sinus_rhythm=0.1)
    rows = moved_rows(before, after, {"potassium_high": 3.0})
    assert [row.name for row in rows[:2]] == ["potassium_high", "sinus_rhythm"]
    assert (rows[0].before, rows[0].after) == ("1 in 5", "9 in 10")
    assert rows[0].difference == pytest.approx(0.7)
    assert rows[0].logit == 3.0


def test_on_real_ecgs_ranks_move_and_no_frequency_is_told():
    rows = moved_rows(told(Domain.REAL), told(Domain.REAL, potassium_high=0.9), {})
    assert (rows[0].before, rows[0].after) == ("20th of 100", "90th of 100")


def test_targets_that_do_not_move_are_in_the_order_of_their_logits():
    rows = moved_rows(told(), told(), {"i26_pulmonary_embolism": -0.5, "st_elevation": 0.2})
    assert [row.name for row in rows[:2]] == ["i26_pulmonary_embolism", "st_elevation"]


def test_named_rows_lead_and_others_follow():
    rows = moved_rows(told(), told(potassium_high=0.9), {})
    assert [row.name for row in first_of(rows, ["st_elevation", "none"], 2)] == ["st_elevation", "potassium_high"]


def test_a_table_can_be_pressed_and_says_truth_and_logit_where_asked():
    rows = moved_rows(told(), told(potassium_high=0.9), {"potassium_high": -1.234}, {"potassium_high": "yes, 6.8"})
    table = moved_table(rows[:2], "<b>", ("before", "after"), "in 100", "potassium_high", truth=True, logit=True)
    assert '<tr class="chosen"><th scope="row"><button type="button" data-target="potassium_high"' in table
    assert "<td>yes, 6.8</td><td>−1.23</td>" in table
    assert "<caption>&lt;b&gt;; change in 100</caption>" in table
    assert "Logit" in table
    assert "Logit" not in moved_table(rows[:2], "", ("before", "after"), "in 100", "")


def test_a_change_that_rounds_to_nothing_has_no_sign():
    assert [signed(value) for value in (0.5, -0.5, -0.001)] == ["+0.50", "−0.50", "0.00"]
