from __future__ import annotations

import numpy as np
import pytest

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.bootstrap import ScoreTable, bootstrap
from ecgkt.evaluation.comparison import macro
from ecgkt.evaluation.subgroups import subgroups

RNG = np.random.default_rng(8)
LABELS = (RNG.random((900, 3)) < (0.1, 0.3, 0.5)).astype(float)
TABLE = ScoreTable(LABELS, LABELS + RNG.normal(size=LABELS.shape), np.arange(900) // 2, ("a", "b", "c"))
GROUP = np.repeat(["young", "old", ""], [500, 380, 20])


def test_a_group_is_judged_on_its_rows_alone():
    found = subgroups(TABLE, GROUP, resamples=50)
    assert (found.names, list(found.groups)) == (("a", "b", "c"), ["old", "young"])
    assert found.groups["young"] == macro(bootstrap(TABLE.rows(GROUP == "young"), resamples=50))


def test_all_groups_are_judged_on_the_labels_that_all_have():
    labels = LABELS.copy()
    labels[500:880, 0] = 0
    table = ScoreTable(labels, TABLE.scores, TABLE.subjects, TABLE.names)
    found = subgroups(table, GROUP, resamples=50)
    assert found.names == ("b", "c")
    assert found.groups["young"] == macro(bootstrap(table.rows(GROUP == "young"), resamples=50), ["b", "c"])


def test_a_group_with_too_few_says_so_and_does_not_narrow_the_others():
    tiny = np.where(np.arange(900) < 12, "tiny", "rest")
    found = subgroups(TABLE, tiny, resamples=50)
    assert found.groups["tiny"].reason == "0 of 3 labels have enough positives"
    assert found.groups["tiny"].n == 12
    assert found.names == ("a", "b", "c")


def test_groups_that_do_not_align_are_refused():
    with pytest.raises(InvalidValue, match="align"):
        subgroups(TABLE, GROUP[:10])
