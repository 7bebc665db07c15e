"""Files made to hurt: each is read or refused in a sentence, soon, and nothing beyond memory is touched."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.fuzz_readers import look
from benchmarks.hostile import WRITTEN, watched
from benchmarks.mutations import mutated
from benchmarks.written_files.plain import wfdb_content
from benchmarks.written_files.vendors import csv_text, muse_xml, waves
from ecgkt.domain import Record
from ecgkt.errors import EcgktError
from ecgkt.readers import private_folder, read_upload

ROOT = Path(__file__).resolve().parents[2]
FILES = 200
FILLERS = (
    " ", "\t", "_", "(", "[ ", "<", "#", "%", "9", "9.", "1e", "a ", "I ", "mV ", "v ", "-", ",", ";", '"', "\r", "\n",
    "<!--", "<? ", "<!DOCTYPE a [", "&a;", "/", ":", "= ", "I (", "\u00b5", "\u0130", "aVR_",
)  # fmt: skip
SECONDS = 3.0


@pytest.fixture(scope="module", autouse=True)
def _libraries_are_loaded() -> None:
    for write in WRITTEN.values():
        read_upload(write()[0])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two hundred spoilt files of each format, read by the command that reads ten thousand."""
    path = tmp_path_factory.mktemp("spoilt") / "log.jsonl"
    command = ["-m", "benchmarks.fuzz_readers", "--per-format", str(FILES), "--batch", "50", "--log", str(path)]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=False, capture_output=True)
    return [json.loads(line) for line in path.read_text().splitlines()]


def ends(files: list[tuple[str, bytes]]) -> str:
    """Read an upload within the time and return "read" or the sentence."""
    told, fault = look(files, closely=False)
    seconds, _, end = told.partition(" ")
    assert fault == "" and float(seconds) < SECONDS
    return end


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_two_hundred_spoilt_files_are_read_or_refused_and_reach_nowhere(name: str, log: list[dict[str, Any]]) -> None:
    batches = [line for line in log if line["format"] == name]
    assert [fault for line in batches for fault in line["faults"]] == []
    assert sum(line["files"] for line in batches) == FILES
    assert 0 < sum(line["read"] for line in batches) < FILES
    said = {sentence for line in batches for sentence in line["refusals"]}
    assert len(said) >= (2 if name == "zip" else 3), "the damage reaches many places; a zip's checksums find most"


def test_the_damage_is_the_same_on_every_run() -> None:
    content = WRITTEN["CSV"]()[0][0][1]
    assert list(mutated(content, 20)) == list(mutated(content, 20))
    assert list(mutated(content, 20)) != list(mutated(content, 20, seed=1))
    assert all(broken != content for broken in mutated(content, 20))


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("length", [4_000, 200_000])
def test_a_text_of_one_sign_is_refused_soon(filler: str, length: int) -> None:
    text = filler * (length // len(filler))
    for whole in (text, f"{text}I,II,III", f"rec 12 {text}", f"I,II,III{text}", f"# {text}\nI,II,V1\n1,2,3\n"):
        assert ends([("x", whole.encode())]) != "read"


@pytest.mark.parametrize("filler", FILLERS)
def test_a_good_file_with_a_long_field_is_read_or_refused_soon(filler: str) -> None:
    text = (filler * (20_000 // len(filler))).encode()
    plain = text.replace(b"<", b"&lt;").replace(b"&a;", b"a")
    muse = muse_xml(waves(600), encoding="utf-8")
    for tag in (b"StmtText", b"PatientAge", b"SampleBase", b"WaveformType", b"AcquisitionDate", b"LeadID"):
        begin, end = muse.index(b"<" + tag + b">") + len(tag) + 2, muse.index(b"</" + tag + b">")
        ends([("x", muse[:begin] + plain + muse[end:])])
    table = csv_text(waves(600)).encode()
    ends([("x", b"# fs" + text + b"\n" + table)])
    ends([("x", table.replace(b"V1", b"V1" + text, 1))])
    record = wfdb_content(waves(600), comments=["age: 5" + filler * 5000, filler * 5000 + "sex: F"])
    ends(list(record.items()))
    ends([("rec.hea", record["rec.hea"].replace(b" 500 ", b" 500" + text + b" ", 1)), ("rec.dat", record["rec.dat"])])


@pytest.mark.parametrize("voltage", ["1e30", "-1e300", "2000000"])
def test_a_voltage_that_no_heart_has_is_no_ecg(voltage: str) -> None:
    table = csv_text(waves(600)).encode().splitlines(keepends=True)
    cells = table[-1].split(b",")
    broken = b"".join(table[:-1]) + b",".join([*cells[:-1], voltage.encode()]) + b"\n"
    assert ends([("x", broken)]) != "read"
    with pytest.raises(EcgktError, match="samples of over 1,000,000 mV"):
        Record.from_leads({"I": np.array([0.0, 2e6]), "II": np.zeros(2)}, 500, "x")


def test_the_watch_sees_what_reaches_out(tmp_path: Path) -> None:
    import socket

    with watched() as seen:
        (tmp_path / "written").write_text("x")
        Path("/etc/hostname").read_bytes()
        socket.socket().close()
        subprocess.run([sys.executable, "-V"], capture_output=True, check=True)
    told = " ".join(seen)
    for part in ("a file was written", "a file was read", "socket.", "subprocess.Popen"):
        assert part in told


def test_a_bomb_in_a_zip_takes_no_more_than_its_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("rec.dat", "w", force_zip64=True) as one,
    ):
        for _ in range(260):
            one.write(bytes(1_000_000))
    assert "at most 200 MB when unpacked" in ends([("x", bomb.read_bytes())])


class TestThePrivateFolder:
    def test_is_its_owners_alone_and_gone_afterwards(self) -> None:
        with pytest.raises(ZeroDivisionError), private_folder.private_folder() as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            (folder / "signal").write_bytes(b"x")
            raise ZeroDivisionError
        assert not folder.exists()

    def test_of_a_killed_process_goes_at_the_next_start_and_a_living_ones_stays(
        self, nothing_left_behind: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        left = nothing_left_behind / f"{private_folder.PREFIX}left"
        left.mkdir(mode=0o700)
        (left / "signal0.dat").write_bytes(b"samples")
        elsewhere = nothing_left_behind / "elsewhere"
        elsewhere.mkdir()
        (nothing_left_behind / f"{private_folder.PREFIX}link").symlink_to(elsewhere)
        assert private_folder.sweep() == 0 and left.exists()
        later = time.time() + private_folder.STALE_SECONDS + 5
        monkeypatch.setattr(private_folder.time, "time", lambda: later)
        assert private_folder.sweep() == 1
        assert not left.exists() and elsewhere.exists()
        (nothing_left_behind / f"{private_folder.PREFIX}link").unlink()
        elsewhere.rmdir()
