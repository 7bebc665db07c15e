from __future__ import annotations

import json
from pathlib import Path

import pypdfium2
import pytest

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


def test_a_report_without_a_file_to_write_or_a_target_it_has_is_refused(simulated, tmp_path, capsys):
    assert main(["report", str(simulated)]) == 1
    assert "Wanted a file to write" in capsys.readouterr().err
    assert main(["report", str(simulated), "--map-csv", str(tmp_path / "x.csv")]) == 1
    assert "--target" in capsys.readouterr().err
    assert main(["report", str(simulated), "--pdf", str(tmp_path / "x.pdf"), "--target", "nothing"]) == 1
    assert "got 'nothing'" in capsys.readouterr().err
    assert not list(tmp_path.glob("x.*"))
