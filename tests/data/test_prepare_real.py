"""The whole way on the real demo: its 659 ECG times with waveforms simulated from their own measurements."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from ecgkt.catalogue import lab_panel
from ecgkt.cli import main
from ecgkt.data.layout import Prepared
from ecgkt.data.measured_labs import labs_near
from ecgkt.data.studies import read_study
from ecgkt.domain import Domain
from ecgkt.domain.features import Role
from ecgkt.signals.preprocessing import Preprocessing
from tests.data.nearest_labs import listed, nearest, read_rows, told

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Demo:
    """The folders of the real demo, its simulated waveforms first; where it is prepared, and what was said then."""

    sources: tuple[Path, Path, Path]
    prepared: Path
    said: str


@pytest.fixture(scope="module")
def demo(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder, said = tmp_path_factory.mktemp("demo"), io.StringIO()
    measured = real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv"
    sources = (folder / "ecg", real_data / "mimic-iv-demo-2.2", real_data / "mimic-iv-ed-demo-2.2")
    assert main(["simulate", "--measurements", str(measured), "--out", str(sources[0])]) == 0
    with redirect_stderr(said):
        assert main(["prepare", *map(str, sources), "--out", str(folder / "p")]) == 0
    return Demo(sources, folder / "p", said.getvalue())


def test_the_real_demo_is_checked(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *map(str, demo.sources)]) == 0
    assert "659 ECGs of 92 patients are listed" in capsys.readouterr().out


def test_the_real_demo_is_prepared_and_read_and_its_waveforms_are_called_simulated(demo: Demo) -> None:
    assert "658 of 659 SIMULATED ECGs of 92 patients kept. Left out: 1 under 18 years." in demo.said
    manifest = json.loads((demo.prepared / "manifest.json").read_text())
    assert manifest["simulated"] is True
    assert "SIMULATED" in manifest["statement"]
    assert (manifest["listed"], manifest["kept"], manifest["excluded"]) == (659, 658, {"under 18 years": 1})
    assert manifest["joins"]["in an ED stay"] == 136
    assert manifest["joins"]["in an admission"] == 469
    assert manifest["rows"]["potassium"] == {"haemolysed": 63, "no number": 3, "used": 3211}
    assert manifest["rows"]["troponin_t"] == {"used": 278, "censored": 145}
    assert manifest["values"]["target"]["potassium"] == 248
    inputs = pd.read_parquet(Prepared(demo.prepared).values(Role.INPUT))
    assert (inputs["resulted_minutes"] <= 0).all()
    study = read_study(demo.prepared, Preprocessing())
    assert study.cohort.domain is Domain.SIMULATED
    assert study.signals.shape == (658, 12, 1000)


def test_every_ecg_of_the_real_demo_has_the_values_that_the_csv_module_finds(demo: Demo) -> None:
    rows, unknown, bounds = read_rows(demo.sources[1] / "hosp"), 0, 0
    counts = dict.fromkeys((one.name for one in lab_panel()), 0)
    for study, subject, recorded in listed(demo.sources[0]):
        found = labs_near(demo.prepared, study, subject, recorded)
        if not found.looked_for:
            unknown += 1
            continue
        assert told(found) == nearest(rows[subject], recorded)
        bounds += sum(bool(one.bound) for one in found.values())
        counts = {name: counts[name] + (name in found) for name in counts}
    assert unknown == 1  # the patient under 18
    assert counts["potassium"] == 242 + 6
    assert bounds > 20
