from __future__ import annotations

from ecgkt.catalogue import all_labels, do_not_miss, not_covered


def test_each_condition_has_a_target_a_reason_and_a_source():
    conditions = do_not_miss()
    assert len({one.name for one in conditions}) == len(conditions) == 6
    for one in conditions:
        assert one.target in all_labels().names
        assert one.why.endswith(".")
        assert "doi 10." in one.source


def test_what_is_not_covered_is_in_no_target():
    titles = " ".join(label.title.lower() for label in all_labels())
    assert not_covered()
    for condition in not_covered():
        assert condition.lower() not in titles


def test_the_order_is_that_of_the_screen():
    assert [one.name for one in do_not_miss()][:2] == ["st_elevation_infarction", "complete_av_block"]
