"""Prepared signals beside the preprocessing of each record, and what a broken run leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ecgkt.data.waveforms import shards
from ecgkt.data.waveforms.model_inputs import model_inputs
from ecgkt.data.waveforms.store import store_waveforms
from ecgkt.data.waveforms.stored import StoredWaveforms
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.readers import read_record
from ecgkt.signals.preprocessing import Preprocessing

RUN = """
import os, sys
from pathlib import Path
from ecgkt.data.waveforms import shards
from ecgkt.data.waveforms.model_inputs import model_inputs
from ecgkt.signals.preprocessing import Preprocessing
shards.SHARD = 8
"""


@pytest.fixture
def headers(cohort: Path) -> list[Path]:
    return sorted(cohort.rglob("*.hea"))[:40]


@pytest.fixture
def folder(headers: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty stored waveforms of the simulated cohort, a listed one that is absent among them."""
    out = tmp_path / "prepared"
    out.mkdir()
    paths = [*headers[:3], tmp_path / "absent.hea", *headers[3:]]
    store_waveforms([(n, path) for n, path in enumerate(paths)], out)
    monkeypatch.setattr(shards, "SHARD", 8)
    return out


def test_training_sees_sample_by_sample_what_the_app_sees(folder, headers):
    stored = StoredWaveforms.open(folder)
    signals = model_inputs(folder, Preprocessing())
    assert signals.dtype == np.float32 and signals.shape == (len(stored.kept), 12, 1000)
    paths = [*headers[:3], None, *headers[3:]]
    for place, row in enumerate(stored.kept):
        np.testing.assert_array_equal(signals[place], Preprocessing().apply(read_record(paths[row])))


def test_rows_come_in_the_order_that_is_asked_for(folder):
    every = np.array(model_inputs(folder, Preprocessing()))
    rows = StoredWaveforms.open(folder).kept[[5, 0, 9, 20]]
    np.testing.assert_array_equal(model_inputs(folder, Preprocessing(), rows), every[[5, 0, 9, 20]])
    np.testing.assert_array_equal(model_inputs(folder, Preprocessing()), every)


def test_each_preprocessing_has_a_file_of_its_own(folder):
    shorter = Preprocessing(fs=250, seconds=6)
    assert model_inputs(folder, Preprocessing()).shape[2] == 1000
    assert model_inputs(folder, shorter).shape[2] == 1500
    names = {path.name for path in folder.glob("signals-*.npy")}
    assert names == {f"signals-{one.fingerprint}.npy" for one in (Preprocessing(), shorter)}


def test_what_is_there_is_mapped_and_neither_made_again_nor_writable(folder):
    first = model_inputs(folder, Preprocessing())
    again = model_inputs(folder, Preprocessing(), progress=lambda done, total: pytest.fail("made again"))
    assert isinstance(again, np.memmap)
    np.testing.assert_array_equal(again, first)
    with pytest.raises(ValueError, match="read-only"):
        again[0, 0, 0] = 1


def test_two_workers_make_the_same_file_as_one(folder):
    path = folder / f"signals-{Preprocessing().fingerprint}.npy"
    model_inputs(folder, Preprocessing())
    alone = path.read_bytes()
    path.unlink()
    model_inputs(folder, Preprocessing(), workers=2)
    assert path.read_bytes() == alone


def test_a_run_that_died_goes_on_where_it_was(folder):
    died = RUN + "model_inputs(Path(sys.argv[1]), Preprocessing(), progress=lambda done, _: done > 15 and os._exit(9))"
    done = subprocess.run([sys.executable, "-c", died, str(folder)], check=False)
    path = folder / f"signals-{Preprocessing().fingerprint}.npy"
    assert done.returncode == 9 and not path.exists()
    calls: list[int] = []
    signals = np.array(model_inputs(folder, Preprocessing(), progress=lambda done, total: calls.append(done)))
    assert calls[0] == 16
    path.unlink()
    np.testing.assert_array_equal(model_inputs(folder, Preprocessing()), signals)
    assert sorted(found.suffix for found in folder.glob("signals-*")) == [".json", ".npy"]


def test_a_full_disk_is_one_sentence_and_what_was_made_stays(folder):
    resource = pytest.importorskip("resource")
    limited = RUN + (
        "import resource\n"
        "from ecgkt.errors import DiskFull\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, {resource.RLIM_INFINITY}))\n"
        "try:\n    model_inputs(Path(sys.argv[1]), Preprocessing())\n"
        "except DiskFull as error:\n    sys.exit(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", limited, str(folder)], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("Wanted room to write in"), done.stderr
    calls: list[int] = []
    model_inputs(folder, Preprocessing(), progress=lambda done, total: calls.append(done))
    assert calls[0] == 16


def test_what_cannot_be_made_is_refused(folder, tmp_path):
    with pytest.raises(InvalidValue, match="row 3 among them"):
        model_inputs(folder, Preprocessing(), np.array([StoredWaveforms.open(folder).kept[0], 3]))
    with pytest.raises(InvalidValue, match="at most 10 s, got 12 s"):
        model_inputs(folder, Preprocessing(seconds=12))
    empty = tmp_path / "empty"
    empty.mkdir()
    store_waveforms([(1, tmp_path / "absent")], empty)
    with pytest.raises(InvalidCohort, match="none of 1 records"):
        model_inputs(empty, Preprocessing())
