"""Changes between two ECGs: of an ECG with itself none, of one that was made slower or higher just that."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.catalogue import repeatability
from ecgkt.dashboard import samples
from ecgkt.domain import LEADS
from ecgkt.signals.changes import COMPARED, Change, changes
from ecgkt.signals.measurements import measure

LIMITS = repeatability().limits


@pytest.fixture(scope="module")
def sinus() -> tuple[np.ndarray, float]:
    record = samples.load(samples.titles()[0]).record
    return record.signal.astype(float), record.fs


def by_name(found: tuple[Change, ...]) -> dict[str, Change]:
    return {one.name + one.lead: one for one in found}


def test_an_ecg_has_not_changed_against_itself(sinus):
    found = changes(measure(*sinus), measure(*sinus), LIMITS)
    assert [one.name for one in found] == [*COMPARED, "st", "st", "st"]
    assert {one.difference for one in found} == {0.0}
    assert not any(one.beyond_limit for one in found)


def test_the_same_samples_played_slower_have_longer_intervals_and_a_lower_rate(sinus):
    signal, fs = sinus
    before, after = measure(signal, fs), measure(signal, fs / 1.25)
    found = by_name(changes(before, after, LIMITS))
    for name in ("qrs", "qt"):
        assert found[name].difference == pytest.approx(0.25 * before.values[name].value, abs=8)
        assert found[name].beyond_limit
    assert found["heart_rate"].difference == pytest.approx(-0.2 * before.values["heart_rate"].value, rel=0.02)


def test_a_raised_st_segment_comes_first_with_its_lead_and_height(sinus):
    signal, fs = sinus
    before = measure(signal, fs)
    raised = signal.copy()
    for beat in before.delineation.beats:
        raised[LEADS.index("V3"), round(beat + 0.04 * fs) : round(beat + 0.25 * fs)] += 0.2
    found = [one for one in changes(before, measure(raised, fs), LIMITS) if one.name == "st"]
    assert found[0].lead == "V3"
    assert found[0].difference == pytest.approx(0.2, abs=0.05)
    assert found[0].beyond_limit
    assert not found[1].beyond_limit


def test_an_axis_turns_the_shorter_way():
    assert Change("qrs_axis", "deg", 170, -170).difference == pytest.approx(20)
    assert Change("qrs_axis", "deg", -170, 170).difference == pytest.approx(-20)
    assert Change("qrs_axis", "deg", 10, -80).difference == pytest.approx(-90)


def test_what_was_refused_has_no_change_and_no_unknown_limit_is_passed():
    assert Change("pr", "ms", None, 160, 20).difference is None
    assert not Change("pr", "ms", None, 160, 20).beyond_limit
    assert not Change("pr", "ms", 100, 200).beyond_limit


def test_the_limits_are_of_real_records_and_complete():
    known = repeatability()
    assert known.records >= 200
    assert set(known.limits) == {*COMPARED, "st"}
    assert all(limit > 0 for limit in known.limits.values())
