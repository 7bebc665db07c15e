"""Zip archives: one record inside is read from memory; anything that reaches out or swells is refused."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from ecgkt.errors import UnsafeFile
from ecgkt.readers import archives, read_record, read_upload


def pack(files, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def upload(content):
    return read_upload([("upload", content)])


def test_a_record_in_a_zip_is_the_same_record(wfdb_files, millivolts):
    files = wfdb_files()
    np.testing.assert_allclose(upload(pack(files)).signal, millivolts, atol=1e-6)
    nested = {f"study/records/{name}": content for name, content in files.items()}
    np.testing.assert_allclose(upload(pack({**nested, "study/README": b"text"})).signal, millivolts, atol=1e-6)


def test_a_dicom_in_a_zip_is_read_also_from_the_disk(dicom_bytes, save, millivolts):
    folder = save({"any.name": pack({"image": dicom_bytes()})})
    np.testing.assert_allclose(read_record(folder / "any.name").signal, millivolts, atol=1e-6)


def test_a_signal_file_in_another_folder_of_the_zip_does_not_count(wfdb_files, refusal):
    files = wfdb_files()
    content = pack({"a/rec.hea": files["rec.hea"], "b/rec.dat": files["rec.dat"]})
    assert "signal file" in refusal(lambda: upload(content))


def test_two_records_in_a_zip_are_refused(wfdb_files, dicom_bytes, refusal):
    content = pack({**wfdb_files(), "image": dicom_bytes()})
    assert "exactly one record, got 2" in refusal(lambda: upload(content))


@pytest.mark.parametrize("name", ["../rec.hea", "a/../../rec.hea", "/etc/rec.hea", "..\\rec.hea", "C:\\rec.hea"])
def test_a_member_that_leads_outside_is_refused(wfdb_files, refusal, name):
    content = pack({**wfdb_files(), name: b"x"})
    assert "leads outside" in refusal(lambda: upload(content))


def test_a_symbolic_link_in_a_zip_is_refused(wfdb_files, refusal):
    stream = io.BytesIO(pack(wfdb_files()))
    with zipfile.ZipFile(stream, "a") as archive:
        link = zipfile.ZipInfo("link.dat")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "symbolic link" in refusal(lambda: upload(stream.getvalue()))


def test_a_zip_that_swells_is_stopped_by_its_real_bytes(monkeypatch, refusal):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = bytearray(pack({"rec.dat": b"\0" * 3_000_000}))
    directory = bomb.index(b"PK\x01\x02")
    bomb[22:26] = bomb[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    refusal(lambda: upload(bytes(bomb)))
    with pytest.raises(UnsafeFile, match="at most 1 MB when unpacked"):
        upload(pack({"a": b"\0" * 600_000, "b": b"\0" * 600_000}))


def test_an_archive_in_an_archive_is_refused(wfdb_files, refusal):
    content = pack({"inner": pack(wfdb_files())})
    assert "inside an archive" in refusal(lambda: upload(content))


def test_too_many_members_are_refused(refusal):
    content = pack({f"{number}": b"" for number in range(65)})
    assert "at most 64 files" in refusal(lambda: upload(content))


def test_an_encrypted_zip_is_refused(wfdb_files, refusal):
    content = bytearray(pack(wfdb_files()))
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    assert "encrypted" in refusal(lambda: upload(bytes(content)))


def test_another_compression_method_is_refused(wfdb_files, refusal):
    content = pack(wfdb_files(), zipfile.ZIP_LZMA)
    assert "deflate" in refusal(lambda: upload(content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(refusal):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("rec.hea", "a")
        archive.writestr("rec.hea", "b")
    assert "each file once" in refusal(lambda: upload(stream.getvalue()))


def test_a_zip_cut_or_bent_anywhere_is_refused(wfdb_files, refusal):
    content = pack(wfdb_files())
    for end in range(4, len(content), len(content) // 40):
        assert "zip" in refusal(lambda end=end: upload(content[:end]))
    bent = bytearray(content)
    bent[len(content) // 2] ^= 0xFF
    assert "zip" in refusal(lambda: upload(bytes(bent)))


def test_an_empty_zip_is_refused(refusal):
    assert "no file" in refusal(lambda: upload(pack({})))
