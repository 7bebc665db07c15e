"""Uploads: bytes and names from a browser; nothing outlives the call."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgkt.readers import read_upload, uploads


def test_the_order_and_the_folders_of_uploaded_names_do_not_matter(wfdb_files, millivolts):
    files = wfdb_files()
    record = read_upload([("C:\\fakepath\\rec.dat", files["rec.dat"]), ("some/folder/rec.hea", files["rec.hea"])])
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)


def test_an_annotation_file_beside_the_record_is_ignored(wfdb_files, millivolts):
    record = read_upload([*wfdb_files().items(), ("rec.atr", b"\x01\x02\x03")])
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)


def for_the_library(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same record in format 32, which is left to the wfdb library."""
    signal = np.frombuffer(files["rec.dat"], "<i2").astype("<i4").tobytes()
    return {"rec.hea": files["rec.hea"].replace(b".dat 16 ", b".dat 32 "), "rec.dat": signal}


def test_the_usual_format_needs_no_file_on_the_disk(wfdb_files, monkeypatch):
    files = wfdb_files()
    by_library = read_upload(list(for_the_library(files).items()))
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **_: pytest.fail("a folder was made"))
    assert (read_upload(list(files.items())).signal == by_library.signal).all()


def test_wfdb_works_in_a_folder_that_only_its_owner_may_enter(wfdb_files, monkeypatch):
    seen = []
    honest = wfdb.rdrecord

    def watched(path, **settings):
        folder = Path(path).parent
        seen.append((stat.S_IMODE(folder.stat().st_mode), sorted(file.name for file in folder.iterdir())))
        return honest(path, **settings)

    monkeypatch.setattr(wfdb, "rdrecord", watched)
    files = for_the_library(wfdb_files(signal_name="Jane_Doe.dat", comments=["Patient: Jane Doe"]))
    read_upload([("Jane Doe.hea", files["rec.hea"]), ("Jane_Doe.dat", files["rec.dat"])])
    assert seen == [(0o700, ["record.hea", "signal0.dat"])]


def test_nothing_is_left_behind_where_the_library_fails(wfdb_files, monkeypatch):
    def fail(path, **settings):
        raise RuntimeError("broken")

    monkeypatch.setattr(wfdb, "rdrecord", fail)
    with pytest.raises(RuntimeError):
        read_upload(list(for_the_library(wfdb_files()).items()))
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no file"),
        ([("ecg.dat", b"")], "an empty file"),
        ([("ecg.dat", b"this is only a text\n")], "no such format"),
        ([("ecg.dcm", bytes(range(256)) * 40)], "no such format"),
        ([("ecg.hea", b"<xml/>")], "an XML file of another kind"),
        ([("ecg.dcm", b"%PDF-1.4\n%\xe2\xe3")], "got a PDF"),
        ([("ecg.xml", b"\x89PNG\r\n\x1a\n\0\0")], "got a picture"),
        ([("ecg.mat", b"\x89HDF\r\n\x1a\n\0\0")], "got an HDF5 file"),
        ([("a/rec.hea", b"1"), ("b/rec.hea", b"2")], "two files of one name"),
        ([("a.zip", b"PK\x03\x04"), ("rec.hea", b"2")], "a zip archive alone"),
    ],
)
def test_an_upload_that_is_no_record_is_refused(refusal, files, said):
    assert said in refusal(lambda: read_upload(files))


def test_an_upload_beyond_the_limit_is_refused(monkeypatch, wfdb_files, refusal):
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1_000)
    assert "larger upload" in refusal(lambda: read_upload(list(wfdb_files().items())))


def test_two_headers_in_one_upload_are_refused(wfdb_files, refusal):
    header = wfdb_files()["rec.hea"]
    assert "exactly one record" in refusal(lambda: read_upload([("a.hea", header), ("b.hea", header)]))


def test_random_bytes_are_refused(refusal):
    generator = np.random.default_rng(0)
    for size in (1, 10, 1_000, 100_000):
        assert "no such format" in refusal(lambda size=size: read_upload([("x.dat", generator.bytes(size))]))
