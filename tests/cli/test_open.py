from __future__ import annotations

import socket
import tomllib
import urllib.request
from urllib.parse import urlparse

import pytest

from benchmarks.serving import serve
from ecgkt.cli import main
from ecgkt.cli.app import ROOT


@pytest.mark.slow
def test_the_server_listens_on_this_computer_and_ends_with_its_command(tmp_path):
    with serve(tmp_path) as address:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=20) as answer:
            assert answer.status == 200
        port = urlparse(address).port
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
    log = (tmp_path / "log.txt").read_text()
    assert "127.0.0.1" in log or "localhost" in log
    assert "External URL" not in log
    assert "Traceback" not in log


def test_nothing_of_streamlits_own_stands_before_the_ecg():
    options = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert options["logger"]["hideWelcomeMessage"] is True
    assert options["browser"]["gatherUsageStats"] is False
    assert options["client"]["toolbarMode"] == "minimal"


def test_a_folder_without_stored_predictions_is_refused_before_the_server_starts(tmp_path, capsys):
    assert main(["open", "--predictions", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("Wanted a folder of stored predictions")
