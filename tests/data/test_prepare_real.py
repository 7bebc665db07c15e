"""The whole way on the real demo: its 659 ECG times with waveforms simulated from their own measurements."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ecgkt.cli import main
from ecgkt.data.layout import Prepared
from ecgkt.data.studies import read_study
from ecgkt.domain import Domain
from ecgkt.domain.features import Role
from ecgkt.signals.preprocessing import Preprocessing


@pytest.mark.slow
def test_the_real_demo_is_checked_prepared_and_read_and_its_waveforms_are_called_simulated(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv"
    folders = [str(tmp_path / "ecg"), *(str(real_data / f"mimic-iv-{name}-2.2") for name in ("demo", "ed-demo"))]
    assert main(["simulate", "--measurements", str(measured), "--out", folders[0]]) == 0
    assert main(["check", *folders]) == 0
    assert "659 ECGs of 92 patients are listed" in capsys.readouterr().out
    assert main(["prepare", *folders, "--out", str(tmp_path / "p")]) == 0
    assert "658 of 659 SIMULATED ECGs of 92 patients kept. Left out: 1 under 18 years." in capsys.readouterr().err
    told = json.loads((tmp_path / "p" / "manifest.json").read_text())
    assert told["simulated"] is True
    assert "SIMULATED" in told["statement"]
    assert (told["listed"], told["kept"], told["excluded"]) == (659, 658, {"under 18 years": 1})
    assert told["joins"]["in an ED stay"] == 136
    assert told["joins"]["in an admission"] == 469
    assert told["rows"]["potassium"] == {"haemolysed": 63, "no number": 3, "used": 3211}
    assert told["rows"]["troponin_t"] == {"used": 278, "censored": 145}
    assert told["values"]["target"]["potassium"] == 248
    inputs = pd.read_parquet(Prepared(tmp_path / "p").values(Role.INPUT))
    assert (inputs["resulted_minutes"] <= 0).all()
    study = read_study(tmp_path / "p", Preprocessing())
    assert study.cohort.domain is Domain.SIMULATED
    assert study.signals.shape == (658, 12, 1000)
