"""Planted identifiers: whatever a vendor's file says of a person, a place or a day, the record says nothing of it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.planted import broken, found_in, planted, walk
from benchmarks.written_files.vendors import IDENTIFIERS, aecg_xml, muse_xml, sierra_xml, waves
from ecgkt.readers import read_upload

PLANTED = "Jane Doe A1234567 1970-01-02 Main Street Elsewhere"
NEEDED = re.compile(
    r"Waveform(Type)?|Sample(Base|Exponent)|Lead.*|WaveFormData|parsedwaveforms|digits|documentversion|samplingrate|"
    r"resolution|signal.*|bitspersample|acquisitiontype|notchfiltered"
)
NEEDED_ATTRIBUTES = ("code", "value", "unit", "type", "source", "editedflag")


def everything_kept(record) -> str:
    return repr((record, record.notes, record.device, record.filters, record.source, record.age, record.sex))


@pytest.mark.parametrize("name", planted())
def test_no_identifier_of_a_written_file_survives_or_enters_its_refusal(name, refusal):
    record = read_upload(planted()[name])
    assert [word for text in [*walk(record), repr(record)] for word in found_in(text)] == []
    assert found_in(refusal(lambda: read_upload(broken(planted()[name])))) == []


@pytest.mark.parametrize("write", [muse_xml, aecg_xml, sierra_xml])
def test_no_identifier_among_the_samples_enters_a_refusal(write, refusal):
    content = write(waves()).decode("utf-16" if write is sierra_xml else "utf-8")
    for old, new in (("<WaveFormData>", "<WaveFormData>Jane Doe "), ("<digits>", "<digits>Jane Doe "), ("V6", "Doe")):
        content = content.replace(old, new)
    said = refusal(lambda: read_upload([("Jane_Doe_1970.xml", content.replace("utf-16", "utf-8").encode())]))
    assert not [word for word in IDENTIFIERS if word in said]


@pytest.mark.parametrize("folder", ["ge-muse", "hl7-aecg", "philips-sierra"])
def test_a_name_planted_into_every_field_of_a_real_file_is_found_nowhere(folder, real_data):
    files = sorted((real_data / "vendor" / folder).rglob("*.xml"))
    assert files
    for path in files:
        planted, count = plant(path)
        record, before = read_upload([("Jane.xml", planted)]), read_upload([("x", path.read_bytes())])
        np.testing.assert_array_equal(record.signal, before.signal)
        assert count > 40
        assert not [word for word in IDENTIFIERS if word.lower() in everything_kept(record).lower()]


def plant(path: Path) -> tuple[bytes, int]:
    """Return a file with the planted words in every text and attribute that its signal does not need."""
    root, count = ElementTree.fromstring(path.read_bytes()), 0
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if not NEEDED.fullmatch(tag):
            element.text, count = PLANTED, count + 1
            for name in element.attrib:
                if name.rpartition("}")[2] not in NEEDED_ATTRIBUTES:
                    element.set(name, PLANTED)
    return ElementTree.tostring(root, encoding="utf-8"), count
