"""Two hundred broken copies per format: each is read or refused in a sentence, within 5 s and a bounded memory."""

from __future__ import annotations

from collections import Counter

import pytest

from ecgkt.readers.contract import HEAD_BYTES
from ecgkt.readers.formats import READERS, recognise
from tests.readers.mutations import mutated, survives
from tests.readers.vendor_files import (
    aecg_annotations,
    aecg_interpretation,
    aecg_measured,
    aecg_xml,
    csv_text,
    muse_xml,
    sierra_xml,
    waves,
)  # fmt: skip

SIGNAL = waves(1000)
TOLD = aecg_annotations(aecg_measured("MDC_ECG_TIME_PD_QT", 400, "ms"), aecg_interpretation("Sinus rhythm"))
FILES = {
    "GE MUSE XML": muse_xml(SIGNAL),
    "HL7 aECG": aecg_xml(SIGNAL, annotations=TOLD),
    "Philips Sierra XML": sierra_xml(SIGNAL, encoding="utf-8"),
    "CSV": csv_text(SIGNAL).encode(),
}
COUNT = 200


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_broken_copies_are_read_or_refused(name):
    reader = next(reader for reader in READERS if reader.name == name)
    ends: Counter[str] = Counter()
    for broken in mutated(FILES[name], COUNT):
        recognise(broken[:HEAD_BYTES])
        ends[survives(lambda content: reader.read(content, lambda _: None), broken)] += 1
    assert ends.total() == COUNT and len(ends) > 5, "the damage reaches many places"
    assert ends["read"] < COUNT


def test_the_damage_is_the_same_on_every_run():
    content = FILES["CSV"]
    assert list(mutated(content, 20)) == list(mutated(content, 20))
    assert list(mutated(content, 20)) != list(mutated(content, 20, seed=1))
    assert all(broken != content for broken in mutated(content, 20))
