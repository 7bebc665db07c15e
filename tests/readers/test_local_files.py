"""Records on the disk: found by content, each once, and never through a link that leads out."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.readers import find_records, local_files, read_record


def test_every_record_beneath_a_folder_is_found_once_by_its_content(wfdb_files, dicom_bytes, save):
    files = wfdb_files()
    folder = save(
        {
            **files,
            "deeper/still/rec.hea": files["rec.hea"],
            "deeper/still/rec.dat": files["rec.dat"],
            "an image without extension": dicom_bytes(),
            "notes.txt": b"Version 2 of the notes\n",
            "empty.hea": b"",
        }
    )
    found = [str(path.relative_to(folder.resolve())) for path in find_records(folder)]
    assert found == ["an image without extension", "deeper/still/rec.hea", "rec.hea"]
    for path in find_records(folder):
        assert read_record(path).signal.shape == (12, 1000)


def test_links_that_lead_out_of_the_folder_or_in_circles_are_not_followed(wfdb_files, save, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.hea").write_bytes(wfdb_files()["rec.hea"])
    folder = save(wfdb_files())
    (folder / "way-out").symlink_to(outside)
    (folder / "secret.hea").symlink_to(outside / "secret.hea")
    (folder / "circle").symlink_to(folder / "circle")
    assert [path.name for path in find_records(folder)] == ["rec.hea"]


def test_the_extension_says_nothing(wfdb_files, dicom_bytes, save, millivolts):
    files = wfdb_files()
    folder = save({"header.txt": files["rec.hea"], "rec.dat": files["rec.dat"], "image.dat": dicom_bytes()})
    np.testing.assert_allclose(read_record(folder / "header.txt").signal, millivolts, atol=1e-6)
    assert read_record(folder / "image.dat").source == "DICOM"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.hea", b"", "an empty file"),
        ("text.dat", b"just a text\n", "no such format"),
        ("random.dat", bytes(range(255, 0, -1)) * 9, "no such format"),
        ("folder/x", b"1", "a folder"),
    ],
)
def test_a_file_that_is_no_record_is_refused(save, refusal, name, content, said):
    folder = save({name: content})
    assert said in refusal(lambda: read_record(folder / name.split("/")[0]))


def test_a_path_that_is_not_there_is_refused(tmp_path, refusal):
    assert "none at that path" in refusal(lambda: read_record(tmp_path / "Jane.hea"))
    assert "none at that path" in refusal(lambda: find_records(tmp_path / "Jane"))


def test_a_file_beyond_the_limit_is_refused_unread(save, refusal, monkeypatch):
    monkeypatch.setattr(local_files, "MAX_FILE_BYTES", 100)
    folder = save({"large.dat": b"\0" * 101})
    assert "a larger one" in refusal(lambda: read_record(folder / "large.dat"))


def test_a_signal_file_beyond_the_limit_is_refused_unread(wfdb_files, save, refusal, monkeypatch):
    monkeypatch.setattr(local_files, "MAX_FILE_BYTES", 2_000)
    folder = save(wfdb_files())
    assert "a larger one" in refusal(lambda: read_record(folder / "rec.hea"))
