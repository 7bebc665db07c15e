"""WFDB files that must not be read: each is one sentence, and nothing beyond the record's folder is touched."""

from __future__ import annotations

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgkt.domain import LEADS, Record
from ecgkt.errors import EcgktError, UnsafeFile
from ecgkt.readers import read_record, read_upload
from ecgkt.readers.wfdb_header import Header, looks_like_header, parse_header


def upload(files):
    return read_upload(list(files.items()))


@pytest.mark.parametrize(
    ("record_line", "said"),
    [
        ("rec 12", "sampling rate"),
        ("rec 12 0 1000", "sampling rate"),
        ("rec 12 -500 1000", "sampling rate"),
        ("rec 12 1e999 1000", "sampling rate"),
        ("rec 12 ... 1000", "sampling rate"),
        ("rec 12 500", "number of samples"),
        ("rec 12 500 -1000", "at least one sample"),
        ("rec 12 500 0", "at least one sample"),
        ("rec 12 500 900000000", "at most 20,000,000 samples"),
        ("rec -12 500 1000", "1 to 64 channels"),
        ("rec 0 500 1000", "1 to 64 channels"),
        ("rec 999999 500 1000", "1 to 64 channels"),
        ("rec 11 500 1000", "one line per channel"),
        ("rec/3 12 500 1000", "one segment"),
        ("rec 12 30 1000", "sampling rate between 50"),
    ],
)
def test_a_record_line_with_gaps_or_wild_numbers_is_refused(wfdb_files, refusal, record_line, said):
    assert said in refusal(lambda: upload(wfdb_files(record_line=record_line)))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\secret.dat", "..", ".", "~/x.dat", "a/b.dat",
                                  "http://example.org/x.dat", "s3://bucket/x.dat", "x\\y.dat"])  # fmt: skip
def test_a_header_that_names_a_file_elsewhere_is_refused(wfdb_files, save, refusal, monkeypatch, name):
    monkeypatch.setattr(wfdb, "rdrecord", lambda *_: pytest.fail("wfdb was asked to open it"))
    files = wfdb_files(signal_name=name)
    assert "names a file elsewhere" in refusal(lambda: upload(files))
    folder = save(files)
    assert "names a file elsewhere" in refusal(lambda: read_record(folder / "rec.hea"))


def test_a_link_that_leads_out_of_the_folder_is_refused(wfdb_files, save, refusal, tmp_path):
    files = wfdb_files()
    outside = tmp_path / "outside.dat"
    outside.write_bytes(files["rec.dat"])
    folder = save({"rec.hea": files["rec.hea"]})
    (folder / "rec.dat").symlink_to(outside)
    assert "link that leads elsewhere" in refusal(lambda: read_record(folder / "rec.hea"))


def test_a_loop_of_links_is_a_missing_signal_file(wfdb_files, save, refusal):
    folder = save({"rec.hea": wfdb_files()["rec.hea"]})
    (folder / "rec.dat").symlink_to(folder / "rec.dat")
    assert "signal file" in refusal(lambda: read_record(folder / "rec.hea"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("/mV", "/mmHg", "leads in V, mV or uV"),
        (" 1000(0)/mV", "\nrec.dat 16", "one line per channel"),
        (" 1000(0)/mV", " 0(0)/mV", "a gain above 0"),
        (" 1000(0)/mV", " -200(0)/mV", "a gain above 0"),
        (" 1000(0)/mV", " 1e999(0)/mV", "a gain above 0"),
        (" 16 1000", " 516 1000", "signal format"),
        (" 16 1000", " 17 1000", "signal format"),
        (" 16 1000", " -16 1000", "signal format"),
        (" 16 1000", " 16x4 1000", "channels of one rate"),
        (" 16 1000", " 16:5 1000", "channels of one rate"),
        (" 16 1000", " 16+999999999 1000", "a signal file of"),
        ("rec.dat 16", "rec.dat", "signal format"),
    ],
)
def test_a_signal_line_that_leaves_something_to_guess_is_refused(wfdb_files, refusal, old, new, said):
    files = wfdb_files()
    files["rec.hea"] = files["rec.hea"].replace(old.encode(), new.encode())
    assert said in refusal(lambda: upload(files))


def test_a_signal_line_that_ends_before_its_gain_is_refused(wfdb_files, refusal):
    lines = ["rec 12 500 1000", *["rec.dat 16"] * 12]
    assert "a gain above 0" in refusal(lambda: upload({**wfdb_files(), "rec.hea": "\n".join(lines).encode()}))


def test_one_file_in_two_formats_is_refused(wfdb_files, refusal):
    files = wfdb_files()
    files["rec.hea"] = files["rec.hea"].replace(b" 16 1000", b" 32 1000", 1)
    assert "one format per signal file" in refusal(lambda: upload(files))


def test_a_lead_that_stands_twice_is_refused(wfdb_files, refusal):
    assert "V1 twice" in refusal(lambda: upload(wfdb_files(leads=(*LEADS, "V1"))))


def test_no_standard_lead_at_all_is_refused(wfdb_files, refusal):
    assert "12 standard leads" in refusal(lambda: upload(wfdb_files(leads=("EEG", "Resp"))))


def test_leads_without_names_are_refused(wfdb_files, refusal):
    files = wfdb_files()
    lines = files["rec.hea"].decode().splitlines()
    files["rec.hea"] = "\n".join(lines[:1] + [line.rsplit(" ", 1)[0] for line in lines[1:]]).encode()
    assert "12 standard leads" in refusal(lambda: upload(files))


def test_a_header_alone_is_refused(wfdb_files, save, refusal):
    header = {"rec.hea": wfdb_files()["rec.hea"]}
    assert ".hea and .dat" in refusal(lambda: upload(header))
    folder = save(header)
    assert ".hea and .dat" in refusal(lambda: read_record(folder / "rec.hea"))


def test_a_signal_file_alone_is_refused(wfdb_files, save, refusal):
    signal = {"rec.dat": wfdb_files()["rec.dat"]}
    assert "needs its header" in refusal(lambda: upload(signal))
    folder = save(signal)
    assert "needs its header" in refusal(lambda: read_record(folder / "rec.dat"))


def test_a_truncated_signal_file_is_refused(wfdb_files, refusal):
    files = wfdb_files()
    files["rec.dat"] = files["rec.dat"][:-1]
    assert "24,000 bytes, as its header says, got 23,999" in refusal(lambda: upload(files))


def test_a_signal_file_beside_the_header_of_another_is_refused(wfdb_files, save, refusal):
    folder = save(wfdb_files(signal_name="other.dat"))
    assert "needs its header" in refusal(lambda: read_record(folder / "rec.dat"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_header_with_anything_changed_is_a_record_or_one_sentence(wfdb_files, data):
    files = wfdb_files(signal=np.zeros((12, 20)))
    header = bytearray(files["rec.hea"])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(header) - 1))
        header[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    try:
        record = upload({**files, "rec.hea": bytes(header)})
    except EcgktError:
        return
    assert isinstance(record, Record)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="rec12 /.5-~:\\+()xmV#\n\t", max_size=120))
def test_a_parsed_header_never_points_outside_its_folder(text):
    try:
        header = parse_header(text.encode())
    except EcgktError:
        return
    assert isinstance(header, Header)
    assert not any(set("/\\:") & set(name) or name in (".", "..") for name in header.files)


@pytest.mark.parametrize(
    "head", [b"", b"\n\n", b"# only a comment\n", b"Chapter 1 of a book", b"a,b,c\n1,2,3\n", b"\x00\x01 12 500"]
)
def test_other_texts_are_not_taken_for_headers(head):
    assert not looks_like_header(head)


def test_an_unsafe_header_is_its_own_kind_of_error(wfdb_files):
    with pytest.raises(UnsafeFile):
        upload(wfdb_files(signal_name="/etc/passwd"))
