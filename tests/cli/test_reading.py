from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from ecgkt import NOTICE, readers
from ecgkt.catalogue import all_labels
from ecgkt.cli import COMMANDS, main


@pytest.fixture(autouse=True)
def models(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGKT_MODELS", str(untrained))


@pytest.fixture
def simulated(cohort: Path) -> Path:
    return readers.find_records(cohort)[0]


@pytest.fixture
def unmarked(simulated: Path, tmp_path: Path) -> Path:
    """The same recording without the mark that calls it simulated."""
    text = simulated.read_text().replace("# simulated", "# note")
    (tmp_path / simulated.name).write_text(text)
    (tmp_path / simulated.with_suffix(".dat").name).write_bytes(simulated.with_suffix(".dat").read_bytes())
    return tmp_path / simulated.name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"python -m ecgkt {command}" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(capsys):
    assert main(["predikt"]) == 2
    assert "predikt" in capsys.readouterr().err


def test_a_simulated_ecg_gets_probabilities_as_json(simulated, capsys):
    assert main(["predict", str(simulated), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (record,) = document["records"]
    assert document["notice"] == NOTICE
    assert "SIMULATED" in document["statement"]
    assert (record["domain"], record["calibrated"]) == ("simulated", True)
    assert list(record["probabilities"]) == list(all_labels().names)
    assert "ranks" not in record


def test_an_ecg_of_unknown_origin_gets_ranks_and_no_probability(unmarked, capsys):
    assert main(["predict", str(unmarked), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)["records"]
    assert (record["domain"], record["calibrated"], record["note"]) == ("unknown", False, "uncalibrated here")
    assert record["reference"] == "a set (3 real ECGs)"
    assert "probabilities" not in record
    main(["predict", str(unmarked)])
    assert "uncalibrated here (unknown ECG); rank among a set (3 real ECGs)" in capsys.readouterr().out


def test_a_table_has_a_line_per_label_and_the_notice_on_each(unmarked, capsys):
    assert main(["predict", str(unmarked), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["label"] for row in rows] == list(all_labels().names)
    assert {row["notice"] for row in rows} == {NOTICE}
    assert all(0 <= float(row["rank"]) <= 1 and row["probability"] == "" for row in rows)


def test_a_folder_is_scored_whole_and_a_bad_file_stops_nothing(simulated, unmarked, tmp_path, capsys):
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"no ECG at all")
    assert main(["predict", str(unmarked.parent), str(bad), str(simulated), "--json"]) == 1
    records = json.loads(capsys.readouterr().out)["records"]
    assert [("error" in record) for record in records] == [False, True, False]
    assert records[1]["error"].startswith("Wanted an ECG")


def test_an_unreadable_lead_makes_the_model_abstain_in_the_shell_too(unmarked, capsys):
    signal = bytearray(unmarked.with_suffix(".dat").read_bytes())
    for sample in range(5000):
        signal[24 * sample + 12 : 24 * sample + 14] = b"\0\0"
    unmarked.with_suffix(".dat").write_bytes(bytes(signal))
    for form in ((), ("--json",), ("--csv",)):
        assert main(["predict", str(unmarked), *form]) == 0
        out = capsys.readouterr().out
        assert "lead V1 is flat" in out
        assert "Traceback" not in out


def test_an_empty_folder_is_told(tmp_path, capsys):
    assert main(["predict", str(tmp_path)]) == 1
    assert "Wanted at least one ECG" in capsys.readouterr().err


def test_a_map_is_drawn_with_its_residual_and_the_notice(unmarked, tmp_path, capsys):
    out = tmp_path / "map.png"
    assert main(["explain", str(unmarked), "--target", "atrial_fibrillation", "--png", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    told = capsys.readouterr().err
    assert "completeness residual" in told
    assert NOTICE in told


def test_a_map_that_cannot_be_written_is_told_in_one_line(unmarked, tmp_path, capsys):
    out = tmp_path / "nowhere" / "map.png"
    assert main(["explain", str(unmarked), "--target", "atrial_fibrillation", "--png", str(out)]) == 1
    assert "No such file or directory: check the path" in capsys.readouterr().err


def test_an_unknown_target_is_answered_with_the_targets(unmarked, tmp_path, capsys):
    assert main(["explain", str(unmarked), "--target", "hiccups", "--png", str(tmp_path / "x.png")]) == 1
    assert "atrial_fibrillation" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_a_folder_without_models_is_told(tmp_path, unmarked, capsys):
    assert main(["predict", str(unmarked), "--models", str(tmp_path / "none")]) == 1
    assert "a folder of checkpoints" in capsys.readouterr().err
    assert main(["open", "--models", str(tmp_path / "none")]) == 1
