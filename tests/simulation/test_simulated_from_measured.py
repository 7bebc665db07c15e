from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import measured_records
from ecgkt import readers
from ecgkt.cli import main
from ecgkt.domain import Domain
from ecgkt.errors import InvalidCohort
from ecgkt.mimic import table
from ecgkt.mimic.tables import REPORTS
from ecgkt.signals.measurements import measure
from ecgkt.simulation import simulate_measured
from ecgkt.simulation.measured import read_rows
from ecgkt.simulation.measured_intervals import intervals_of, rhythm_of

COLUMNS = [name for name in table("machine_measurements").header if name not in REPORTS]
HEAD = {"cart_id": "6000001", "ecg_time": "2150-02-03 04:05:06", "bandwidth": "0.05-100 Hz", "filtering": "60 Hz notch"}
PLAIN = dict(
    zip(COLUMNS[-9:], ("800", "40", "150", "200", "296", "590", "60", "20", "50"), strict=True),
    subject_id="10000001",
    study_id="40000001",
)
NO_P = {"p_onset": "29999", "p_end": "29999", "p_axis": "29999"}


def rows_of(*changes):
    rows = [{**HEAD, **PLAIN, "study_id": str(40_000_001 + place)} | change for place, change in enumerate(changes)]
    return [{name: row[name] for name in COLUMNS} for row in rows]


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Four invented studies: sinus, a left axis with negative T, no P wave, nothing measured."""
    folder = tmp_path_factory.mktemp("measured")
    empty = dict.fromkeys(COLUMNS[-9:], "29999") | {"rr_interval": "0"}
    left = {"rr_interval": "1000", "qrs_axis": "-70", "t_axis": "-150", "p_onset": "20", "p_end": "120"}
    source = write(folder / "source.csv", rows_of({}, left, NO_P, empty))
    simulate_measured(source, folder / "out", 3)
    return folder


def test_a_made_up_study_is_measured_as_it_was_asked_for(made):
    rows = read_rows(made / "source.csv")
    frame = measured_records.errors(made / "out", rows)
    for name, limit in {"rr": 20, "p": 20, "pr": 12, "qrs": 10, "qt": 20, "qrs_axis": 12, "t_axis": 15}.items():
        assert (measured_records.absolute_errors(frame, name) <= limit).all(), frame.filter(like=name)
    assert frame["measured_qrs_axis"].dropna().tolist() == [20, -70, 20]


def test_the_folder_says_that_its_waveforms_are_simulated(made):
    manifest = json.loads((made / "out" / "manifest.json").read_text())
    assert manifest["simulated"] is True
    assert "no waveform of these patients exists here" in manifest["statement"]
    assert manifest["rhythms"] == {"sinus": 3, "atrial_fibrillation": 1}
    assert manifest["not_measured"]["rr"] == 1
    for path in readers.find_records(made / "out"):
        assert "# simulated: ecgkt" in path.read_text()
        assert readers.read_record(path).domain is Domain.SIMULATED


def test_the_measurements_are_copied_through_as_printed_with_empty_reports(made):
    source = pd.read_csv(made / "source.csv", dtype=str)
    copied = pd.read_csv(made / "out" / "machine_measurements.csv", dtype=str, keep_default_na=False)
    assert tuple(copied.columns) == table("machine_measurements").header
    pd.testing.assert_frame_equal(copied[COLUMNS], source[COLUMNS])
    assert (copied[list(REPORTS)] == "").all(axis=None)
    listing = pd.read_csv(made / "out" / "record_list.csv")
    assert tuple(listing.columns) == table("record_list").header
    assert all((made / "out" / f"{path}.dat").stat().st_size == 120_000 for path in listing["path"])


def test_no_p_wave_is_simulated_where_none_was_measured(made):
    record = readers.read_record(made / "out" / "files/p1000/p10000001/s40000003/40000003.hea")
    found = measure(record.signal, record.fs)
    assert found.rhythm.kind.value == "atrial fibrillation"
    assert found.values["pr"].value is None


def test_a_stopped_run_goes_on_and_ends_the_same_whatever_the_processes(made, tmp_path, monkeypatch):
    from ecgkt.simulation import measured

    monkeypatch.setattr(measured, "_SHARD", 2)

    def stop(done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_measured(made / "source.csv", tmp_path / "out", 3, progress=stop)
    assert len(readers.find_records(tmp_path / "out")) == 2
    simulate_measured(made / "source.csv", tmp_path / "out", 3, workers=2)
    files = sorted(path.relative_to(made / "out") for path in (made / "out").rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    for path in files:
        assert (made / "out" / path).read_bytes() == (tmp_path / "out" / path).read_bytes(), path


def test_a_folder_of_another_seed_or_source_is_refused(made, tmp_path):
    with pytest.raises(InvalidCohort, match="seed 4"):
        simulate_measured(made / "source.csv", made / "out", 4)
    other = write(tmp_path / "source.csv", rows_of(NO_P))
    with pytest.raises(InvalidCohort, match="source"):
        simulate_measured(other, made / "out", 3)


@pytest.mark.parametrize(
    ("change", "rhythm"),
    [
        ({}, "sinus"),
        ({"p_end": "29999"}, "sinus"),
        (NO_P, "atrial_fibrillation"),
        (NO_P | {"rr_interval": "1600"}, "junctional"),
        (NO_P | {"rr_interval": "350"}, "supraventricular_tachycardia"),
        (NO_P | {"qrs_end": "350", "qrs_axis": "-60"}, "paced"),
        (NO_P | {"report_0": "Atrial fibrillation", "rr_interval": "1600"}, "atrial_fibrillation"),
        (NO_P | {"report_0": "Ventricular-paced rhythm"}, "paced"),
        (dict.fromkeys(COLUMNS[-9:], "29999"), "sinus"),
    ],
)
def test_the_rhythm_follows_its_rule(change, rhythm):
    assert rhythm_of(intervals_of({**HEAD, **PLAIN, **change})) == rhythm


def test_impossible_numbers_are_not_measured():
    study = intervals_of({**HEAD, **PLAIN, "t_end": "2950", "qrs_axis": "540", "t_axis": "250", "rr_interval": "0"})
    assert study.values == {"p": 110, "pr": 160, "qrs": 96, "p_axis": 60, "t_axis": -110}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rows: [{k: v for k, v in row.items() if k != "qrs_end"} for row in rows], "no qrs_end"),
        (lambda rows: [*rows, rows[0]], "40000001 twice"),
        (lambda rows: [rows[0] | {"ecg_time": "yesterday"}], "line 2"),
        (lambda rows: [rows[0] | {"study_id": "7"}], "line 2"),
        (lambda rows: [rows[0] | {"qrs_end": "wide"}], "line 2"),
    ],
)
def test_a_table_that_is_no_such_table_is_refused_in_a_sentence(tmp_path, spoil, said):
    path = write(tmp_path / "source.csv", spoil(rows_of({})))
    with pytest.raises(InvalidCohort, match=said):
        read_rows(path)


def test_the_command_wants_patients_or_measurements(made, tmp_path, capsys):
    words = ["simulate", "--measurements", str(made / "source.csv"), "--out", str(tmp_path / "o"), "--workers", "1"]
    assert main(words) == 0
    assert "SIMULATED waveforms" in capsys.readouterr().err
    for words in ([], ["--patients", "3", "--measurements", "x.csv"]):
        assert main(["simulate", *words, "--out", str(tmp_path / "p")]) == 2


@pytest.mark.slow
def test_real_studies_are_simulated_with_their_own_intervals_and_axes(real_data, tmp_path):
    rows = read_rows(real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv")[::6]
    source = write(tmp_path / "source.csv", rows)
    simulate_measured(source, tmp_path / "out")
    frame = measured_records.errors(tmp_path / "out", rows)
    limits = {"rr": 5, "p": 8, "pr": 8, "qrs": 5, "qt": 10, "p_axis": 8, "qrs_axis": 5, "t_axis": 8}
    for name, limit in limits.items():
        every = measured_records.absolute_errors(frame, name)
        assert every.median() <= limit, name
        assert len(every) >= 0.85 * np.isfinite(frame[f"measured_{name}"]).sum(), name
