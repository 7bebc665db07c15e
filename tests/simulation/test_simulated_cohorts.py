from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb

from ecgkt import readers
from ecgkt.domain import LEADS, Domain
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.mimic import TABLES
from ecgkt.simulation import SimulationSettings, simulate_arrays, simulate_cohort
from ecgkt.simulation.samples import WANTED

ROOT = Path(__file__).resolve().parents[2]
HEADER = """\
{study} 12 500 5000 \\d\\d:\\d\\d:\\d\\d \\d\\d/\\d\\d/\\d{{4}}
(?:{study}\\.dat 16 200\\.0\\(0\\)/mV 16 0 -?\\d+ -?\\d+ 0 (?:I|II|III|aVR|aVF|aVL|V[1-6])
){{12}}# <subject_id>: \\d{{8}}
# simulated: ecgkt [\\d.]+
"""


def test_every_file_is_as_mimic_publishes_it_and_says_that_it_is_simulated(cohort):
    for path in readers.find_records(cohort)[:10]:
        assert re.fullmatch(HEADER.format(study=path.stem), path.read_text())
        assert path.relative_to(cohort).match(f"files/p*/p*/s{path.stem}/{path.name}")
        assert wfdb.rdheader(str(path.with_suffix(""))).sig_name[4:6] == ["aVF", "aVL"]
        assert readers.read_record(path).domain is Domain.SIMULATED


def test_the_first_recordings_are_those_in_memory_to_quantisation(cohort):
    arrays = simulate_arrays(8, 11)
    listing = pd.read_csv(cohort / "record_list.csv").drop_duplicates("subject_id").sort_values("subject_id")
    stored = {}
    for path in listing["path"]:
        record = wfdb.rdrecord(str(cohort / path))
        stored[path] = np.stack([record.p_signal[:, record.sig_name.index(lead)] for lead in LEADS])
    matches = 0
    for signal in arrays.signals:
        distances = [np.nanmax(np.abs(signal - other)) for other in stored.values()]
        matches += min(distances) <= 0.0026
    assert matches == 8


def test_tables_have_mimics_own_columns(cohort):
    for name, table in TABLES.items():
        path = cohort / table.path
        path = path if path.is_file() else path.with_name(path.name + ".gz")
        assert tuple(pd.read_csv(path, nrows=1).columns) == tuple(table.header), name


def test_the_manifest_says_simulated_and_holds_seed_and_settings(cohort):
    manifest = json.loads((cohort / "manifest.json").read_text())
    assert manifest["simulated"] is True
    assert "SIMULATED" in manifest["statement"]
    assert (manifest["seed"], manifest["patients"]) == (11, 40)
    assert SimulationSettings(**manifest["settings"]) == SimulationSettings()


def test_a_broken_run_is_finished_and_equal_to_an_unbroken_one(tmp_path, monkeypatch):
    from ecgkt.simulation import cohort as module

    monkeypatch.setattr(module, "_SHARD", 5)

    def stop(done: int, total: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_cohort(tmp_path / "a", 15, 4, progress=stop)
    assert not (tmp_path / "a" / "manifest.json").exists()
    simulate_cohort(tmp_path / "a", 15, 4)
    simulate_cohort(tmp_path / "b", 15, 4)
    files = [sorted(p.relative_to(tmp_path / x) for p in (tmp_path / x).rglob("*") if p.is_file()) for x in "ab"]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.slow
def test_two_processes_write_the_files_that_one_writes(tmp_path, monkeypatch):
    from ecgkt.simulation import cohort as module

    monkeypatch.setattr(module, "_SHARD", 3)
    found = []
    for name, workers in (("one", 1), ("two", 2)):
        simulate_cohort(tmp_path / name, 9, 4, workers=workers)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        found.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert found[0] == found[1]
    assert len(found[0]) > 20


def test_a_folder_of_another_recipe_is_refused(cohort):
    with pytest.raises(InvalidCohort, match="seed"):
        simulate_cohort(cohort, 40, 12)


@pytest.mark.parametrize("wrong", [{"shared_strength": 2}, {"enrichment": 0}, {"most_ecgs": 9}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidValue):
        SimulationSettings(**wrong)


def test_faults_come_as_often_as_asked():
    whole = simulate_arrays(60, 5, SimulationSettings(faulty=0.0)).signals
    faulty = simulate_arrays(60, 5, SimulationSettings(faulty=1.0)).signals
    assert (np.ptp(whole, axis=2) > 0.01).all()
    assert (np.nan_to_num(np.ptp(faulty, axis=2)).min(axis=1) < 0.01).mean() > 0.9


def test_the_bundled_samples_are_simulated_light_and_as_wanted():
    folder = ROOT / "assets" / "samples"
    rows = tomllib.loads((folder / "samples.toml").read_text())["samples"]
    assert [row["title"] for row in rows] == [wanted.title for wanted in WANTED]
    for row in rows:
        assert "(simulated)" in row["title"]
        assert readers.read_record(folder / f"{row['path']}.hea").domain is Domain.SIMULATED
        assert row["labs"]["potassium"] > 1
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 2_000_000
    assert len(pd.read_csv(folder / "record_list.csv")) == len(rows)
