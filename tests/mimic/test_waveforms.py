"""How MIMIC-IV-ECG stores a waveform."""

from __future__ import annotations

import pytest

from ecgkt.domain import LEADS as STANDARD_LEADS
from ecgkt.errors import InvalidValue
from ecgkt.mimic import FS_HZ, LEADS, SAMPLES, record_path


def test_leads_are_the_twelve_with_avf_before_avl() -> None:
    assert sorted(LEADS) == sorted(STANDARD_LEADS)
    assert LEADS.index("aVF") + 1 == LEADS.index("aVL")


def test_a_record_lasts_ten_seconds() -> None:
    assert SAMPLES / FS_HZ == 10


def test_the_path_of_a_published_record() -> None:
    assert record_path(10000032, 40689238) == "files/p1000/p10000032/s40689238/40689238"


@pytest.mark.parametrize(("subject", "study"), [(1, 40689238), (10000032, 1), (100000320, 40689238)])
def test_numbers_that_are_not_mimics_are_refused(subject: int, study: int) -> None:
    with pytest.raises(InvalidValue, match="eight digits"):
        record_path(subject, study)
