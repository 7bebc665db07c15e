"""What a download holds is told at once: planted faults, a simulated cohort, and the real demo."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from ecgkt import __version__
from ecgkt.catalogue.cohort_recipes import Take, cohort_recipe
from ecgkt.data.check import Findings, check_sources, needed, room, tables, waveforms
from ecgkt.domain.features import Role, Window
from ecgkt.errors import InvalidCohort
from ecgkt.mimic import find_sources, table


@pytest.fixture
def copied(cohort: Path, tmp_path: Path) -> Path:
    """The simulated cohort, to be damaged."""
    return Path(shutil.copytree(cohort, tmp_path / "copied"))


def said(found: Findings) -> str:
    return "\n".join(str(error) for error in found.problems)


def lines_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def rewrite(path: Path, lines: list[str]) -> None:
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))


def test_a_simulated_cohort_has_no_problem_and_is_called_simulated(cohort, tmp_path):
    found = check_sources([cohort], out=tmp_path / "prepared")
    assert found.problems == () and found.unchecked == ()
    told = "\n".join(found.facts)
    ecgs = len((cohort / "record_list.csv").read_text().splitlines()) - 1
    assert "SIMULATED cohort (patients 40, seed 11)" in told
    assert f"{ecgs:,} ECGs of 40 patients" in told
    assert not (tmp_path / "prepared").exists()


def test_several_faults_are_told_together(copied, tmp_path):
    labs = copied / "hosp" / "labevents.csv.gz"
    labs.write_bytes(labs.read_bytes()[: labs.stat().st_size // 2])
    admissions = copied / "hosp" / "admissions.csv.gz"
    rewrite(admissions, [line.replace("dischtime", "left", 1) for line in lines_of(admissions)])
    (copied / "hosp" / "diagnoses_icd.csv.gz").unlink()
    (copied / "hosp" / "omr.csv.gz").write_text("<!DOCTYPE html><title>Sign in</title>")
    (copied / "ed" / "triage.csv.gz").write_bytes(b"")
    (copied / "ed" / "vitalsign.csv").write_bytes(b"")
    shutil.rmtree(copied / "files")
    (tmp_path / "file").write_text("")
    found = check_sources([copied], out=tmp_path / "file")
    for part in (
        "labevents.csv.gz, got a gzip file that ends early",
        "admissions.csv.gz, got none called dischtime",
        "hosp/diagnoses_icd.csv[.gz], which the recipe ours needs",
        "omr.csv.gz, got a web page",
        "triage.csv.gz, got a file of zero bytes",
        "one file of the table ed/vitalsign.csv, got 2",
        "the waveforms that record_list.csv lists",
        "a folder at",
    ):
        assert part in said(found), part
    assert len(found.problems) == 9, said(found)


@pytest.mark.parametrize(
    ("name", "column", "cell", "wanted"),
    [
        ("labevents", "charttime", "yesterday", "a time"),
        ("labevents", "itemid", "5.0971e4", "a whole number"),
        ("labevents", "valuenum", "<0.01", "a number"),
        ("labevents", "subject_id", "", "a whole number"),
        ("patients", "anchor_age", "NA", "a whole number"),
    ],
)
def test_a_cell_of_another_type_is_named_by_row_and_column(copied, name, column, cell, wanted):
    path = copied / f"{table(name).path}.gz"
    lines = lines_of(path)
    row = lines[5].split(",")
    row[lines[0].split(",").index(column)] = cell
    rewrite(path, [*lines[:5], ",".join(row), *lines[6:]])
    found = check_sources([copied])
    assert len(found.problems) == 1
    assert f"{wanted}" in said(found) and f"in column {column} of {path}" in said(found) and "in row 5" in said(found)


def test_columns_in_another_order_and_further_ones_are_fine(copied):
    path = copied / "hosp" / "diagnoses_icd.csv.gz"
    turned = [",".join([*reversed(line.split(",")), "more"]) for line in lines_of(path)]
    rewrite(path, turned)
    assert check_sources([copied]).good


def test_a_missing_optional_table_says_what_will_be_lacking(copied):
    for name in ("edstays", "triage", "vitalsign", "diagnosis"):
        (copied / "ed" / f"{name}.csv.gz").unlink()
    (copied / "machine_measurements.csv").unlink()
    (copied / "hosp" / "omr.csv.gz").unlink()
    found = check_sources([copied])
    assert found.good
    told = "\n".join(found.lacking)
    for part in (
        "no targets on the tracing",
        "no emergency stays",
        "no codes for visits",
        "no body-mass index, weight or height",
    ):
        assert part in told


def test_a_table_without_rows_is_a_problem_only_where_it_is_needed(copied):
    for name in ("omr", "labevents"):
        path = copied / "hosp" / f"{name}.csv.gz"
        rewrite(path, lines_of(path)[:1])
    found = check_sources([copied])
    assert len(found.problems) == 1 and "labevents.csv.gz, got a header alone" in said(found)
    assert any("omr.csv.gz is a header alone" in sentence for sentence in found.lacking)


def test_recipes_of_the_emergency_department_need_its_stays():
    ours = cohort_recipe("ours")
    assert "edstays" not in needed.required(ours)
    assert "edstays" in needed.required(dataclasses.replace(ours, setting="ed"))
    folds = needed.check_files(find_sources([]), dataclasses.replace(ours, split="strat_fold"))
    assert any("the split will be by hash" in sentence for sentence in folds.lacking)
    late = {(Role.INPUT, "lab"): Take(Window(0, 90, "drawn", "ed_arrival"), "nearest")}
    assert "edstays" in needed.required(dataclasses.replace(ours, takes=late, as_published=True))


def test_a_record_that_is_absent_short_or_of_eleven_leads_is_found(copied):
    headers = sorted((copied / "files").rglob("*.hea"))
    headers[0].unlink()
    data = headers[1].with_suffix(".dat")
    data.write_bytes(data.read_bytes()[:-2])
    lines = headers[2].read_text().splitlines()
    signals = [line for line in lines[1:] if not line.startswith("#")]
    first = lines[0].replace(" 12 ", " 11 ", 1)
    headers[2].write_text("\n".join([first, *signals[:-1]]) + "\n")
    headers[3].with_suffix(".dat").unlink()
    found = check_sources([copied])
    assert f"1 of {len(headers)} records looked at are absent" in "\n".join(found.lacking)
    told = said(found)
    assert "a .dat that is too short in 1 of" in told
    assert "11 leads in 1 of" in told
    assert "a .dat that is too long" in told, "eleven leads need fewer bytes"
    assert "no .dat in 1 of" in told


def test_the_sample_is_spread_over_the_list_and_the_same_each_time():
    rows = waveforms.spread(800_035, 200)
    assert rows == waveforms.spread(800_035, 200)
    assert len(set(rows)) == 200 and rows[0] == 0 and rows[-1] > 790_000
    assert waveforms.spread(3, 200) == [0, 1, 2]


def test_lists_with_studies_twice_paths_outside_or_broken_rows_are_refused(copied, monkeypatch):
    path = copied / "record_list.csv"
    lines = path.read_text().splitlines()
    away = lines[2].rsplit(",", 1)[0] + ",../../secret"
    path.write_text("\n".join([*lines[:2], away, *lines[3:], lines[1]]) + "\n")
    told = said(check_sources([copied]))
    assert "got 1 more rows than studies" in told and "'../../secret'" in told
    path.write_text("\n".join(lines) + "\n" + lines[1][:20])
    assert f"5 columns in every row of {path}, got 3 in row {len(lines)}" in said(check_sources([copied]))
    monkeypatch.setattr(tables, "ROWS", 3)
    assert "a last row that breaks off" in said(check_sources([copied]))


def test_tables_of_other_patients_are_no_cohort(copied):
    path = copied / "hosp" / "patients.csv.gz"
    rewrite(path, [lines_of(path)[0], "99999999,F,50,2150,2008 - 2010,"])
    assert "none of 40 with an ECG among 1" in said(check_sources([copied]))


def test_files_that_are_not_what_their_names_say_are_told(copied):
    labs = copied / "hosp" / "labevents.csv.gz"
    labs.write_bytes(gzip.decompress(labs.read_bytes()))
    patients = copied / "hosp" / "patients.csv.gz"
    patients.rename(patients.with_suffix(""))
    told = said(check_sources([copied]))
    assert "a gzip file at" in told and "plain text at" in told and "rename it to patients.csv.gz" in told


def test_checksums_beside_the_files_are_held_against_them(copied):
    path = copied / "hosp" / "omr.csv.gz"
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    (copied / "SHA256SUMS.txt").write_text(f"{right} hosp/omr.csv.gz\n")
    assert check_sources([copied]).good
    (copied / "SHA256SUMS.txt").write_text(f"{'0' * 64} hosp/omr.csv.gz\n")
    assert "another SHA-256" in said(check_sources([copied]))


def test_a_large_file_is_read_to_its_end_only_when_asked(copied, monkeypatch):
    labs = copied / "hosp" / "labevents.csv.gz"
    whole = labs.read_bytes()
    labs.write_bytes(whole[:-9])
    monkeypatch.setattr(tables, "SMALL", 10)
    monkeypatch.setattr(tables, "ROWS", 3)
    quick = check_sources([copied])
    assert quick.good and any("labevents.csv.gz" in sentence for sentence in quick.unchecked)
    assert "labevents.csv.gz, got a gzip file that ends early" in said(check_sources([copied], thorough=True))
    labs.write_bytes(whole[:-4000] + bytes(4000))
    assert "labevents.csv.gz, got a gzip file that ends early" in said(check_sources([copied]))


def test_a_full_disk_is_told_before_anything_is_written(cohort, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    found = check_sources([cohort], out=tmp_path / "prepared")
    assert "got 1.0 MB: free some" in said(found)


def test_the_room_needed_counts_bytes_per_ecg(cohort, tmp_path):
    assert room.WAVEFORM_BYTES == 120_000 and room.SIGNAL_BYTES == 48_000
    told = room.check_room(800_035, None).facts[0]
    assert "waveforms.i16 96.0 GB" in told and "38.4 GB of preprocessed signals" in told


def test_a_folder_that_holds_another_cohort_is_not_written_into(cohort, tmp_path):
    assert "a source folder" in said(check_sources([cohort], out=cohort))
    out = tmp_path / "prepared"
    out.mkdir()
    inputs = {name: room._sign(files[0]) for name, files in find_sources([cohort]).found.items() if files}
    key = {"version": __version__, "recipe": "ours", "inputs": inputs}
    (out / "manifest.json").write_text(json.dumps({"prepared": True, "key": key}))
    same = check_sources([cohort], out=out)
    assert same.good and any("holds this cohort already" in sentence for sentence in same.facts)
    (out / "manifest.json").write_text(json.dumps({"key": {**key, "recipe": "theirs"}}))
    assert "another recipe" in said(check_sources([cohort], out=out))
    inputs["labevents"]["bytes"] += 1
    (out / "manifest.json").write_text(json.dumps({"key": key}))
    assert "another inputs" in said(check_sources([cohort], out=out))


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(InvalidCohort, match="no folder at"):
        check_sources([tmp_path / "nowhere"])


def test_the_real_demo_is_known_and_told_to_lack_its_ecgs(real_data):
    found = check_sources([real_data / "mimic-iv-demo-2.2", real_data / "mimic-iv-ed-demo-2.2"])
    assert len(found.problems) == 1 and "the table record_list.csv[.gz]" in said(found)
    told = "\n".join(found.facts)
    assert "MIMIC-IV: version 2.2 by the folder's name; the open demo by its README; open by its licence" in told
    assert "MIMIC-IV-ED: version 2.2 by the folder's name" in told
    assert any("ed/diagnosis.csv" in sentence for sentence in found.lacking)
    assert any("machine_measurements.csv" in sentence for sentence in found.lacking)


def test_real_ecgs_of_demo_patients_are_known_among_its_tables(real_data, tmp_path):
    """A list made of the real measurements' own numbers, beside the real tables; no waveform is there."""
    rows = (real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv").read_text().splitlines()[1:]
    cells = [row.split(",") for row in rows]
    listed = [f"{c[0]},{c[1]},{c[1]},{c[3]},files/p{c[0][:4]}/p{c[0]}/s{c[1]}/{c[1]}" for c in cells]
    header = ",".join(table("record_list").header)
    (tmp_path / "record_list.csv").write_text("\n".join([header, *listed]) + "\n")
    found = check_sources([tmp_path, real_data / "mimic-iv-demo-2.2", real_data / "mimic-iv-ed-demo-2.2"])
    told = "\n".join(found.facts)
    assert "659 ECGs of 92 patients are listed" in told
    assert "92 of them, with 659 ECGs, are among the 100 patients" in told
    assert len(found.problems) == 1 and "none of 200 looked at" in said(found)
