from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import wfdb
from scipy.io import savemat

from ecgkt import NOTICE, readers
from ecgkt.cli import main


@pytest.fixture(autouse=True)
def models(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGKT_MODELS", str(untrained))


@pytest.fixture
def simulated(cohort: Path) -> Path:
    return readers.find_records(cohort)[0]


def test_a_report_and_all_other_files_are_written_in_one_go(simulated, tmp_path, capsys):
    files = {name: tmp_path / f"out.{name}" for name in ("pdf", "svg", "csv", "json", "wfdb", "map-csv", "samples-csv")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert main(["report", str(simulated), "--target", "long_qt", "--layout", "6x2", *words]) == 0
    assert NOTICE in capsys.readouterr().err
    document = pypdfium2.PdfDocument(files["pdf"])
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert "12-lead ECG" in text
    assert "6x2" in text
    assert json.loads(files["json"].read_text())["explanation"]["target"] == "long_qt"
    for path in files.values():
        assert path.stat().st_size > 1000
        if path.suffix not in (".pdf", ".wfdb"):
            assert NOTICE in path.read_text()
            assert str(simulated.stem) not in path.read_text()


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """24.5 s of noise as CPSC 2018 stores it."""
    signal = np.random.default_rng(0).normal(0, 0.3, (12, 12250))
    savemat(tmp_path / "long.mat", {"ECG": {"sex": "Male", "age": 60, "data": signal}})
    return tmp_path / "long.mat"


def test_of_a_long_recording_each_command_says_which_ten_seconds_it_read(long, tmp_path, capsys):
    files = {name: tmp_path / f"out.{name}" for name in ("pdf", "svg", "csv", "wfdb")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert main(["report", str(long), *words]) == 0
    which = "100 Hz, 0 to 10 s of 24.5 s, high-pass"
    said = capsys.readouterr().err
    assert f"The model saw {which}" in said
    assert "--wfdb holds the whole recording" in said
    document = pypdfium2.PdfDocument(files["pdf"])
    text = " ".join(document[0].get_textpage().get_text_bounded().split())
    document.close()
    assert which in text
    assert which in files["csv"].read_text()
    assert which in files["svg"].read_text()
    with zipfile.ZipFile(files["wfdb"]) as archive:
        archive.extractall(tmp_path)
    assert wfdb.rdheader(str(tmp_path / "ecg")).sig_len == 12250
    png = tmp_path / "map.png"
    assert main(["explain", str(long), "--target", "long_qt", "--method", "gradients", "--png", str(png)]) == 0
    assert f"The model saw {which}" in capsys.readouterr().err
    assert png.stat().st_size > 1000
    assert main(["predict", str(long)]) == 0
    assert "scored in 3 windows of 10 s over 24.5 s, by their median" in capsys.readouterr().out


def test_with_chest_leads_missing_the_report_tells_why_there_is_no_score_and_no_map_is_drawn(tmp_path, capsys):
    signal = np.random.default_rng(0).normal(0, 0.3, (12, 5000))
    signal[6:] = np.nan
    savemat(tmp_path / "limbs.mat", {"ECG": {"sex": "Male", "age": 60, "data": signal}})
    told = "leads V1-V6 are missing"
    out = tmp_path / "out.pdf"
    assert main(["report", str(tmp_path / "limbs.mat"), "--target", "long_qt", "--pdf", str(out)]) == 0
    said = capsys.readouterr().err
    assert "The model abstains." in said
    assert told in said
    document = pypdfium2.PdfDocument(out)
    pages = [" ".join(one.get_textpage().get_text_bounded().split()) for one in document]
    document.close()
    assert len(pages) == 1
    assert told in pages[0]
    png = tmp_path / "map.png"
    assert main(["explain", str(tmp_path / "limbs.mat"), "--target", "long_qt", "--png", str(png)]) == 1
    assert told in capsys.readouterr().err
    assert not png.exists()


def test_a_report_without_a_file_to_write_or_a_target_it_has_is_refused(simulated, tmp_path, capsys):
    assert main(["report", str(simulated)]) == 1
    assert "Wanted a file to write" in capsys.readouterr().err
    assert main(["report", str(simulated), "--map-csv", str(tmp_path / "x.csv")]) == 1
    assert "--target" in capsys.readouterr().err
    assert main(["report", str(simulated), "--pdf", str(tmp_path / "x.pdf"), "--target", "nothing"]) == 1
    assert "got 'nothing'" in capsys.readouterr().err
    assert not list(tmp_path.glob("x.*"))
