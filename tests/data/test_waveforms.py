"""Stored waveforms beside wfdb's and the house's own reading; what is left out, and why; what a broken run leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgkt.data.waveforms import shards
from ecgkt.data.waveforms.store import store_waveforms
from ecgkt.data.waveforms.stored import StoredWaveforms
from ecgkt.domain import LEADS
from ecgkt.errors import DiskFull, InvalidCohort, InvalidValue
from ecgkt.readers import read_record
from ecgkt.signals.quality import assess

ROW = 120_000
RECORDS = """
import os, sys
from pathlib import Path
from ecgkt.data.waveforms import shards
from ecgkt.data.waveforms.store import store_waveforms
shards.SHARD = 8
cohort, out = map(Path, sys.argv[1:3])
records = [(int(path.stem), path.with_suffix("")) for path in sorted(cohort.rglob("*.hea"))]
"""

Write = Callable[..., Path]


def listed(cohort: Path) -> list[tuple[int, Path]]:
    return [(int(path.stem), path.with_suffix("")) for path in sorted(cohort.rglob("*.hea"))]


def by_wfdb(path: Path) -> np.ndarray:
    """Return (12, n) in mV, leads by name, as the wfdb library reads it."""
    record = wfdb.rdrecord(str(path))
    names = [name.lower() for name in record.sig_name]
    return record.p_signal.T[[names.index(lead.lower()) for lead in LEADS]]


def units(millivolts: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(millivolts), -32768, np.rint(np.nan_to_num(millivolts) * 200)).astype(np.int16)


@pytest.fixture(scope="module")
def stored(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> StoredWaveforms:
    """The simulated cohort, stored by this process alone."""
    out = tmp_path_factory.mktemp("stored")
    return store_waveforms(listed(cohort), out)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_simulated_cohort_is_stored_sample_by_sample_as_wfdb_reads_it(cohort, stored):
    assert len(stored.kept) > 30
    for row in stored.kept:
        path = listed(cohort)[row][1]
        np.testing.assert_array_equal(stored.samples[row], units(by_wfdb(path)))


def test_a_stored_signal_is_the_one_that_the_app_reads(cohort, stored):
    for row in stored.kept[:20]:
        read = read_record(listed(cohort)[row][1].with_suffix(".hea"))
        np.testing.assert_array_equal(stored.signal(row), read.signal)
        np.testing.assert_array_equal(stored.record(row).signal, read.signal)
        assert stored.record(row).fs == read.fs


def test_what_is_left_out_for_its_quality_is_what_the_app_refuses(cohort, stored):
    refusals = [assess(read_record(path.with_suffix(".hea"))).refusal for _, path in listed(cohort)]
    assert stored.index["detail"].tolist() == [refusal or "" for refusal in refusals]
    wanted = ["insufficient quality" if refusal else "" for refusal in refusals]
    assert stored.index["status"].tolist() == wanted
    assert stored.index["study_id"].tolist() == [study for study, _ in listed(cohort)]


def test_real_records_of_another_gain_are_rounded_to_the_stores_units(real_data, out):
    paths = sorted((real_data / "ptb-xl").rglob("*.hea"))[:50]
    stored = store_waveforms(list(enumerate(paths)), out)
    assert len(stored.kept) > 40
    for row in stored.kept:
        np.testing.assert_array_equal(stored.samples[row], units(by_wfdb(paths[row].with_suffix(""))))


def test_real_records_of_another_layout_go_through_the_readers(real_data, out):
    paths = [path for name in ("cinc2021", "ludb", "cpsc2018") for path in sorted((real_data / name).rglob("*.hea"))]
    stored = store_waveforms(list(enumerate(paths)), out)
    assert len(stored.kept) > 40
    for row in stored.kept:
        apart = stored.samples[row] - by_wfdb(paths[row].with_suffix(""))[:, :5000] * 200
        assert np.nanmax(np.abs(apart)) < 0.5001


@pytest.mark.parametrize("leads", [LEADS, (*LEADS[:4], "aVF", "aVL", *LEADS[6:]), LEADS[::-1]])
def test_leads_are_mapped_by_name_whatever_their_order(write: Write, digital, out, leads):
    assert np.array_equal(store_waveforms([(7, write(leads=leads))], out).samples[0], digital)


def test_gain_baseline_and_unit_are_honoured(write: Write, digital, out):
    stored = store_waveforms([(7, write(samples=digital * 2 + 100, scale="0.4(100)/uV"))], out)
    np.testing.assert_array_equal(stored.samples[0], digital)


def test_a_header_may_be_named_with_its_ending_or_without(write: Write, out):
    both = store_waveforms([(1, write("a.b")), (2, write("a.b").with_name("a.b.hea"))], out)
    np.testing.assert_array_equal(both.samples[0], both.samples[1])


def test_a_short_gap_is_kept_and_noted(write: Write, digital, out):
    digital[1, 100:150] = -32768
    stored = store_waveforms([(7, write(samples=digital))], out)
    line = stored.index.iloc[0]
    assert (line["status"], line["gaps"], line["flat"], line["infinite"]) == ("", "II", "", "")
    assert line["missing_share"] == pytest.approx(50 / 60_000)
    assert np.flatnonzero(np.isnan(stored.signal(0)[1])).tolist() == list(range(100, 150))
    np.testing.assert_array_equal(np.nan_to_num(stored.signal(0)[0]), (digital[0] / 200).astype(np.float32))


def spoilt(write: Write, digital: np.ndarray, how: str) -> Path:
    """Write a record with one fault."""
    if how == "flat":
        digital[8, 1000:] = 7
    elif how == "missing":
        digital[8] = -32768
    path = write(
        samples=digital[:, :4000] if how == "short" else digital,
        leads=[lead for lead in LEADS if how != "11 leads" or lead != "V3"],
        scale={"gain 0": "0(0)/mV", "infinite": "1e-310(0)/mV", "unit": "200/mmHg"}.get(how, "200(0)/mV"),
        fs=1000 if how == "1000 Hz" else 500,
        checksum_shift=3 if how == "checksum" else 0,
    )
    header, signal = path.with_suffix(".hea"), path.with_suffix(".dat")
    if how == "no header":
        header.unlink()
    elif how == "no signal file":
        signal.unlink()
    elif how == "cut off":
        signal.write_bytes(signal.read_bytes()[:-2])
    elif how == "no text":
        header.write_bytes(bytes(range(256)))
    elif how == "link":
        elsewhere = path.parent.parent / "elsewhere.dat"
        signal.rename(elsewhere)
        signal.symlink_to(elsewhere)
    elif how == "folder":
        signal.unlink()
        signal.mkdir()
    return path


@pytest.mark.parametrize(
    ("how", "status", "detail"),
    [
        ("no header", "waveform absent", "The header is not there."),
        ("no signal file", "waveform absent", "The header is there and its signal file is not."),
        ("cut off", "waveform unreadable", "a signal file of 120,000 bytes, as its header says, got 119,998"),
        ("checksum", "waveform unreadable", "are not those of the header's checksums."),
        ("no text", "waveform unreadable", "Wanted a WFDB header"),
        ("gain 0", "waveform unreadable", "a gain above 0 for every channel"),
        ("unit", "waveform unreadable", "leads in V, mV or uV"),
        ("link", "waveform unreadable", "a link that leads elsewhere"),
        ("folder", "waveform unreadable", "The signal file cannot be read"),
        ("11 leads", "not 12 leads", "The header names 11 of the 12 leads, not V3."),
        ("1000 Hz", "not 500 Hz", "The record has 1000 samples per second."),
        ("short", "shorter than 10 s", "The record lasts 8.0 s."),
        ("flat", "insufficient quality", "lead V3 is flat for 7.9 s"),
        ("missing", "insufficient quality", "lead V3 is missing"),
        ("infinite", "insufficient quality", "lead I"),
    ],
)
def test_a_planted_fault_leaves_its_record_out_with_a_reason(write: Write, digital, out, how, status, detail):
    good = write("good")
    stored = store_waveforms([(1, good), (2, spoilt(write, digital, how)), (3, good)], out)
    line = stored.index.iloc[1]
    assert (line["status"], line["row"], line["crc32"]) == (status, -1, 0)
    assert detail in line["detail"]
    assert line["flat"] == ("V3" if how == "flat" else "")
    assert line["infinite"] == (" ".join(LEADS) if how == "infinite" else "")
    assert np.isnan(line["missing_share"]) == (status != "insufficient quality")
    assert stored.kept.tolist() == [0, 2] and not stored.samples[1].any()
    with pytest.raises(InvalidValue, match=status):
        stored.signal(1)
    with pytest.raises(InvalidCohort, match="whose waveform is stored, got 1 other"):
        stored.rows_of([3, 2])
    assert stored.rows_of([3, 1]).tolist() == [2, 0]


def test_a_record_that_is_left_out_takes_no_room(write: Write, out):
    good = write()
    stored = store_waveforms([(n, good if n == 99 else good.with_name("absent")) for n in range(120)], out)
    found = (out / "waveforms.i16").stat()
    assert (len(stored), stored.kept.tolist(), found.st_size) == (120, [99], 120 * ROW)
    assert found.st_blocks * 512 < 3 * ROW


def test_two_workers_store_the_same_bytes_as_one(cohort, stored, out, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 8)
    calls: list[tuple[int, int]] = []
    store_waveforms(listed(cohort), out, 2, lambda done, total: calls.append((done, total)))
    np.testing.assert_array_equal(StoredWaveforms.open(out).samples, stored.samples)
    assert StoredWaveforms.open(out).index.equals(stored.index)
    assert sorted(path.name for path in out.iterdir()) == ["waveforms.i16", "waveforms.parquet"]
    assert calls[0] == (0, len(stored)) and calls[-1] == (len(stored), len(stored)) and calls == sorted(calls)
    alone = out.with_name("alone")
    alone.mkdir()
    store_waveforms(listed(cohort), alone)
    assert files(out) == files(alone)


def test_a_run_that_died_goes_on_where_it_was(cohort, stored, out, monkeypatch):
    died = RECORDS + "store_waveforms(records, out, 1, lambda done, total: os._exit(9) if done >= 16 else None)"
    done = subprocess.run([sys.executable, "-c", died, str(cohort), str(out)], check=False)
    assert done.returncode == 9 and not (out / "waveforms.parquet").exists()
    with pytest.raises(InvalidCohort, match="stored waveforms"):
        StoredWaveforms.open(out)
    with pytest.raises(InvalidCohort, match="an unfinished run for others"):
        store_waveforms(listed(cohort)[:-1], out)
    monkeypatch.setattr(shards, "SHARD", 8)
    calls: list[int] = []
    again = store_waveforms(listed(cohort), out, 1, lambda done, total: calls.append(done))
    assert calls[0] == 16
    np.testing.assert_array_equal(again.samples, stored.samples)
    assert again.index.equals(stored.index)
    again.verify()


def test_what_was_lost_of_a_broken_run_is_made_again(cohort, stored, out):
    died = RECORDS + "store_waveforms(records, out, 1, lambda done, total: os._exit(9) if done >= 16 else None)"
    subprocess.run([sys.executable, "-c", died, str(cohort), str(out)], check=False)
    (out / "waveforms.i16").unlink()
    store_waveforms(listed(cohort), out).verify()


def test_a_finished_store_is_opened_and_one_of_another_list_is_refused(write: Write, out):
    records = [(1, write("a")), (2, write("b"))]
    first = store_waveforms(records, out)
    again = store_waveforms(records, out, 1, lambda done, total: pytest.fail("read again"))
    assert again.index.equals(first.index)
    for other in (records[:1], records[::-1], [(1, write("c")), (2, write("b"))]):
        with pytest.raises(InvalidCohort, match="those of another list"):
            store_waveforms(other, out)


@pytest.mark.parametrize(("records", "told"), [([], "an empty list"), ([(1, "a"), (1, "b")], "one of them twice")])
def test_a_list_that_cannot_be_stored_is_refused(out, records, told):
    with pytest.raises(InvalidCohort, match=told):
        store_waveforms(records, out)


def test_a_changed_byte_is_found_and_its_row_named(write: Write, out):
    stored = store_waveforms([(n, write()) for n in range(5)], out)
    stored.verify()
    assert stored.index["crc32"][2] == zlib.crc32(stored.samples[2].tobytes())
    with (out / "waveforms.i16").open("r+b") as stream:
        stream.seek(3 * ROW + 777)
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte[0] ^ 1]))
    with pytest.raises(InvalidCohort, match="other bytes in row 3:"):
        StoredWaveforms.open(out).verify()


def test_a_file_that_was_cut_off_or_an_index_that_is_none_is_refused(write: Write, out):
    store_waveforms([(1, write()), (2, write())], out)
    os.truncate(out / "waveforms.i16", 2 * ROW - 2)
    with pytest.raises(InvalidCohort, match="got 239,998"):
        StoredWaveforms.open(out)
    (out / "waveforms.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidCohort, match=r"no readable waveforms\.parquet"):
        StoredWaveforms.open(out)


def test_stored_samples_cannot_be_changed(stored):
    with pytest.raises(ValueError, match="read-only"):
        stored.samples[0, 0, 0] = 1


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_full_disk_is_one_sentence_and_what_was_made_stays(cohort, stored, out, monkeypatch, workers):
    pytest.importorskip("resource")
    limited = RECORDS + (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({19 * ROW + 500}, resource.RLIM_INFINITY))\n"
        "try:\n"
        f"    store_waveforms(records, out, {workers})\n"
        "except Exception as error:\n"
        "    sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(cohort), str(out)], capture_output=True, text=True, check=False
    )
    assert done.stderr.startswith("DiskFull: Wanted room to write in") and done.stderr.count("\n") == 1, done.stderr
    assert "what was made is kept" in done.stderr
    monkeypatch.setattr(shards, "SHARD", 8)
    calls: list[int] = []
    again = store_waveforms(listed(cohort), out, workers, lambda done, total: calls.append(done))
    assert calls[0] == 16
    np.testing.assert_array_equal(again.samples, stored.samples)
    again.verify()


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 3 MB, where this process may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_loses_nothing(cohort, stored, small_disk, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 8)
    with pytest.raises(DiskFull, match="No space left on device"):
        store_waveforms(listed(cohort), small_disk)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    calls: list[int] = []
    again = store_waveforms(listed(cohort), small_disk, 1, lambda done, total: calls.append(done))
    assert calls[0] >= 16
    np.testing.assert_array_equal(again.samples, stored.samples)
    del again
