"""Bad input, through the shell and through the page: one clear sentence, nothing lost, nothing left on the disk."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt.cli import main
from ecgkt.dashboard import state
from ecgkt.domain import LEADS

ROOT = Path(__file__).resolve().parents[1]
SENTENCE = re.compile(r"Wanted [^\n]+, got [^\n]+: [^\n]+\.")
Files = dict[str, bytes]


def record(
    leads: tuple[str, ...] = LEADS,
    seconds: float = 10,
    unit: str = "/mV",
    dat: str = "r.dat",
    spoil: Callable[[np.ndarray], None] = lambda signal: None,
) -> Files:
    """Return the header and the signal file of a recording, spoilt as asked."""
    samples = round(500 * seconds)
    signal = np.random.default_rng(0).normal(0, 60, (len(leads), samples)).astype("<i2")
    spoil(signal)
    lines = [f"r {len(leads)} 500 {samples}"]
    lines += [
        f"{dat} 16 200(0){unit} 16 0 {row[0]} {int(row.sum(dtype=int)) % 65536} 0 {lead}"
        for lead, row in zip(leads, signal, strict=True)
    ]
    return {"r.hea": ("\n".join(lines) + "\n").encode(), "r.dat": signal.T.tobytes()}


def zipped(files: Files) -> Files:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return {"r.zip": memory.getvalue()}


def without_signal(files: Files) -> Files:
    return {"r.hea": files["r.hea"]}


CASES: dict[str, tuple[Files, str]] = {
    "an empty file": ({"r.dat": b""}, "empty file"),
    "text named .dat": ({"r.dat": b"these are words"}, "no such format"),
    "a header without its signals": (without_signal(record()), "without it"),
    "a signal file without its header": ({"r.dat": record()["r.dat"]}, "needs its header"),
    "no standard lead": (record(leads=("EEG", "Resp")), "12 standard leads"),
    "one lead": (record(leads=("II",)), "leads I, III, aVR, aVL, aVF, V1-V6 are missing"),
    "limb leads alone": (record(leads=("I", "aVF")), "leads V1-V6 are missing"),
    "two seconds": (record(seconds=2), "at least 5 s"),
    "a lead of gaps": (record(spoil=lambda s: s.__setitem__(6, -32768)), "lead V1 is missing"),
    "a flat lead": (record(spoil=lambda s: s.__setitem__(6, 12)), "lead V1 is flat"),
    "no unit that is known": (record(unit="/furlong"), "unit"),
    "a file elsewhere": (record(dat="../../../../etc/passwd"), "elsewhere"),
    "an absolute path": (record(dat="/etc/passwd"), "elsewhere"),
    "a path out of the zip": (zipped({"../r.hea": b"x", **record()}), "leads outside"),
    "half a signal": ({**record(), "r.dat": record()["r.dat"][:5000]}, "signal file of 120,000 bytes"),
    "random bytes": ({"r.dcm": np.random.default_rng(1).bytes(4000)}, "no such format"),
}


@pytest.fixture(autouse=True)
def nothing_stays(untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watch the temporary folder, and the disk below the input: neither may have changed."""
    private = tmp_path / "temporary"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    monkeypatch.setenv("ECGKT_MODELS", str(untrained))
    yield
    assert list(private.iterdir()) == []


def main_file(files: Files, folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / next(iter(files))


@pytest.mark.parametrize("name", CASES)
def test_the_shell_says_one_sentence(name, tmp_path, capsys):
    files, told = CASES[name]
    folder = tmp_path / "input"
    folder.mkdir()
    main(["predict", str(main_file(files, folder))])
    out = capsys.readouterr()
    sentences = SENTENCE.findall(out.out)
    assert len(sentences) == 1
    assert told in sentences[0]
    assert "Traceback" not in out.out + out.err
    assert {path.name for path in folder.iterdir()} == set(files)


@pytest.mark.parametrize("name", CASES)
def test_the_page_says_one_sentence_and_keeps_the_open_case(name):
    files, told = CASES[name]
    page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60).run()
    page.file_uploader[0].set_value([(key, content, "application/octet-stream") for key, content in files.items()])
    page.run()
    assert not page.exception
    said = [element.value for element in (*page.error, *page.warning)]
    assert len(said) == 1
    assert SENTENCE.search(said[0])
    assert told in said[0]
    shown = page.session_state[state.CASE].title
    assert shown == ("Uploaded ECG" if said[0].startswith("The model abstains") else "Sinus rhythm (simulated)")


def test_the_recording_that_these_are_spoilt_from_is_good(tmp_path, capsys):
    assert main(["predict", str(main_file(record(), tmp_path))]) == 0
    assert not SENTENCE.search(capsys.readouterr().out)
