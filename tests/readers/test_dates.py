"""The time between two recordings, from their own files; nothing else of the dates comes out."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import datetime, timedelta

import numpy as np
import pytest

from benchmarks.written_files.edf import EdfFile
from benchmarks.written_files.scp import ScpFile
from benchmarks.written_files.vendors import aecg_xml, muse_xml, sierra_xml, waves
from ecgkt.readers.dates import recorded_at


def time_between(earlier: list[tuple[str, bytes]], later: list[tuple[str, bytes]]) -> timedelta | None:
    times = recorded_at(earlier), recorded_at(later)
    return None if None in times else times[1] - times[0]


def wfdb(line: str, *more: str) -> list[tuple[str, bytes]]:
    text = "\n".join([line, "a.dat 16 1000/mV 16 0 0 0 0 I", *more]) + "\n"
    return [("a.dat", b"\x00\x01" * 12), ("a.hea", text.encode())]


def dicom(**elements: str) -> list[tuple[str, bytes]]:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    dataset = Dataset()
    for name, value in elements.items():
        setattr(dataset, name, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return [("x.dcm", out.getvalue())]


DATED = wfdb("a 12 500 5000 10:43:00 20/10/2121")


def test_two_wfdb_headers_give_their_difference_with_its_sign():
    later = wfdb("b 12 500 5000 11:13:30.250 22/10/2121", "# a comment")
    assert time_between(DATED, later) == timedelta(days=2, minutes=30, seconds=30)
    assert time_between(later, DATED) == -timedelta(days=2, minutes=30, seconds=30)


@pytest.mark.parametrize(
    "other",
    [
        wfdb("a 12 500 5000"),
        wfdb("a 12 500 5000 10:43:00"),
        wfdb("a 12 500 5000 10:43:00 31/02/2121"),
        [("noise.bin", b"\x00\xff" * 50)],
        [("a.zip", b"PK\x03\x04broken")],
        [],
    ],
)
def test_a_file_without_a_whole_date_gives_none(other):
    assert time_between(DATED, other) is None
    assert time_between(other, DATED) is None


def test_a_zip_is_dated_by_the_record_in_it():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in wfdb("a 12 500 5000 10:43:00 21/10/2121"):
            archive.writestr(name, content)
    assert time_between(DATED, [("a.zip", memory.getvalue())]) == timedelta(days=1)


def test_a_dicom_file_is_dated_by_its_acquisition_else_by_its_study():
    acquired = dicom(AcquisitionDateTime="21211021104300.000000", StudyDate="21300101", StudyTime="000000")
    studied = dicom(StudyDate="21211020", StudyTime="104300")
    assert time_between(DATED, acquired) == timedelta(days=1)
    assert time_between(DATED, studied) == timedelta(0)
    assert time_between(DATED, dicom(StudyDate="21211020")) is None


def test_scp_and_edf_files_say_when_they_were_recorded():
    rows = {"II": np.arange(500)}
    times = {25: struct.pack("<HBB", 2180, 7, 23), 26: bytes([8, 44, 5])}
    assert recorded_at([("x", ScpFile(rows, tags=times).content())]) == datetime(2180, 7, 23, 8, 44, 5)
    assert recorded_at([("x", ScpFile(rows, tags={25: times[25]}).content())]) is None
    assert recorded_at([("x", EdfFile(rows).content())]) == datetime(2002, 3, 2, 8, 44)
    old = EdfFile(rows, fields={"date": "31.12.85"}, recording="X")
    assert recorded_at([("x", old.content())]) == datetime(1985, 12, 31, 8, 44)
    assert recorded_at([("x", EdfFile(rows, fields={"date": "31.13.85"}, recording="X").content())]) is None


MUSE_DATE = b"<AcquisitionDate>03-04-2024</AcquisitionDate>"


@pytest.mark.parametrize(
    "content",
    [
        muse_xml(waves(10)).replace(MUSE_DATE, MUSE_DATE + b"<AcquisitionTime>10:15:00</AcquisitionTime>"),
        aecg_xml(waves(10)),
        sierra_xml(waves(10)),
        sierra_xml(waves(10), encoding="utf-8"),
    ],
)
def test_vendors_xml_says_when_it_was_recorded(content):
    earlier = wfdb("a 12 500 5000 10:14:00 03/03/2024")
    assert time_between(earlier, [("x.xml", content)]) == timedelta(days=1, minutes=1)


@pytest.mark.parametrize("content", [muse_xml(waves(10)), sierra_xml(waves(10))[:900], b"<AnnotatedECG/>"])
def test_xml_without_a_date_and_a_time_has_none(content):
    assert recorded_at([("x.xml", content)]) is None
