from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from ecgkt import NOTICE, checkpoints, readers
from ecgkt.catalogue import all_labels
from ecgkt.cli import COMMANDS, main
from ecgkt.dashboard import samples
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import score_rows
from ecgkt.inference import Predictor


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
    told = capsys.readouterr().out
    assert "Rank of the score among a set (3 real ECGs), where the 100th is the highest; uncalibrated here" in told
    assert "not shown to work on real ECGs" in told
    assert "Potassium" not in told


def test_the_shell_says_what_the_page_says(capsys):
    """Counted frequencies with their intervals, of the bundled model on a bundled sample."""
    sample = samples.FOLDER / samples.listed()["Atrial fibrillation (simulated)"]["path"]
    assert main(["predict", f"{sample}.hea", "--models", str(checkpoints.bundled_folder())]) == 0
    lines = capsys.readouterr().out.splitlines()
    predictor = Predictor.open(checkpoints.bundled_folder() / "transferred")
    made = predictor.predict([readers.read_record(f"{sample}.hea")])
    for kind in Kind:
        for row in score_rows(made, kind)[:5]:
            assert any(row.title in line and row.figure in line and row.interval in line for line in lines)
    assert not [line for line in lines[4:] if re.search(r"\b0\.\d", line)]


def test_the_json_of_a_calibrated_ecg_has_what_was_counted_beside_the_score(capsys):
    sample = samples.FOLDER / samples.listed()["Atrial fibrillation (simulated)"]["path"]
    assert main(["predict", f"{sample}.hea", "--models", str(checkpoints.bundled_folder()), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)["records"]
    counted = record["frequencies"]["atrial_fibrillation"]
    assert counted["value"] == pytest.approx(counted["positives"] / counted["n"], abs=1e-6)
    assert counted["low"] <= counted["value"] <= counted["high"]
    assert main(["predict", f"{sample}.hea", "--models", str(checkpoints.bundled_folder()), "--csv"]) == 0
    rows = {row["label"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert float(rows["atrial_fibrillation"]["frequency"]) == counted["value"]
    assert rows["atrial_fibrillation"]["shown_to_work_on_real_ecgs"] == "yes"
    assert rows["potassium_high"]["shown_to_work_on_real_ecgs"] == "no"


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


def test_a_file_that_is_called_as_a_formula_is_none_in_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["predict", "=1+1.hea", "a  b.hea", "--csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["file"] for row in rows] == ["'=1+1.hea", "a  b.hea"]


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


def test_explain_takes_a_method_a_baseline_and_a_difference(unmarked, tmp_path, capsys):
    out = tmp_path / "map.png"
    asked = ["explain", str(unmarked), "--target", "long_qt", "--minus", "st_elevation", "--png", str(out)]
    assert main([*asked, "--method", "DeepLIFT", "--baseline", "own smoothed signal"]) == 0
    said = capsys.readouterr()
    told = said.out + said.err
    assert "Long QT minus ST elevation: DeepLIFT, baseline own smoothed signal; completeness residual 0.0%" in told
    assert main([*asked, "--method", "gradients"]) == 0
    said = capsys.readouterr()
    assert "gradients, baseline none; checkpoint" in said.out + said.err
    assert main([*asked, "--method", "gradients", "--steps", "20"]) == 1
    assert main([*asked, "--method", "tea leaves"]) == 1


def test_an_unknown_target_is_answered_with_the_targets(unmarked, tmp_path, capsys):
    assert main(["explain", str(unmarked), "--target", "hiccups", "--png", str(tmp_path / "x.png")]) == 1
    assert "atrial_fibrillation" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_a_folder_without_models_is_told(tmp_path, unmarked, capsys):
    assert main(["predict", str(unmarked), "--models", str(tmp_path / "none")]) == 1
    assert "a folder of checkpoints" in capsys.readouterr().err
    assert main(["open", "--models", str(tmp_path / "none")]) == 1
