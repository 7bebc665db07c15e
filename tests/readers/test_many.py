"""Many files dropped at once become records; nothing is passed over in silence, and nothing is put together wrongly."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from ecgkt.errors import EcgktError, UnsafeFile
from ecgkt.readers import many, read_upload
from ecgkt.readers.many import find_in_files


def renamed(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    """The same record under another name."""
    return {
        f"{name}.hea": files["rec.hea"].replace(b"rec", name.encode()),
        f"{name}.dat": files["rec.dat"],
    }


def zipped(files: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return memory.getvalue()


def outcome(found) -> str:
    try:
        return found.read().source
    except EcgktError as error:
        return str(error)


def test_pairs_in_any_order_and_zips_of_many_become_one_record_each(wfdb_files):
    files = wfdb_files()
    loose = renamed(files, "b") | renamed(files, "a")
    inside = {f"x/{name}": content for name, content in (renamed(files, "a") | renamed(files, "c")).items()}
    found = find_in_files([*sorted(loose.items(), reverse=True), ("more.zip", zipped(inside))])
    assert [one.name for one in found] == ["a.hea", "b.hea", "more.zip/x/a.hea", "more.zip/x/c.hea"]
    alone = read_upload(list(files.items()))
    for one in found:
        np.testing.assert_array_equal(one.read().signal, alone.signal)


def test_what_is_no_ecg_has_a_line_with_the_reason_and_what_the_system_leaves_has_none(wfdb_files):
    files = renamed(wfdb_files(), "a")
    odd = {"orphan.dat": b"\1\2", "empty.hea": b"", "notes.txt": b"x", ".DS_Store": b"x", "sub/Thumbs.db": b"x"}
    found = find_in_files([*files.items(), *odd.items(), ("bad.zip", b"PK\x03\x04 broken")])
    assert [one.name for one in found] == ["a.hea", "bad.zip", "empty.hea", "notes.txt", "orphan.dat"]
    said = {one.name: outcome(one) for one in found}
    assert said["a.hea"] == "WFDB"
    assert "a whole zip archive" in said["bad.zip"]
    assert "an empty file" in said["empty.hea"]
    assert "no such format" in said["orphan.dat"]


def test_a_header_without_its_signals_is_refused_and_the_others_go_on(wfdb_files):
    files = renamed(wfdb_files(), "a") | {"b.hea": renamed(wfdb_files(), "b")["b.hea"]}
    said = {one.name: outcome(one) for one in find_in_files(list(files.items()))}
    assert said["a.hea"] == "WFDB"
    assert said["b.hea"].startswith("Wanted ")


def test_two_signal_files_of_one_name_are_never_put_to_the_wrong_header(wfdb_files):
    files = wfdb_files()
    other = bytes(reversed(files["rec.dat"]))
    found = find_in_files([*files.items(), ("rec.dat", other)])
    assert all("two different files of one name" in outcome(one) for one in found)
    again = find_in_files([*files.items(), *files.items()])
    assert [outcome(one) for one in again] == ["WFDB"]


def test_too_many_records_and_too_many_bytes_are_refused(wfdb_files, monkeypatch):
    monkeypatch.setattr(many, "MAX_RECORDS", 3)
    with pytest.raises(UnsafeFile, match="at most 3 records"):
        find_in_files([(f"{number}.txt", b"x") for number in range(4)])
    monkeypatch.setattr(many, "MAX_BYTES", 10)
    with pytest.raises(UnsafeFile, match="MB in one list"):
        find_in_files([("a.zip", zipped({"a": b"x" * 6, "b": b"x" * 6}))])
