"""WFDB records: what is read, and how each unit, format and spelling arrives in mV by lead name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgkt.domain import LEADS, Domain
from ecgkt.readers import read_record, read_upload
from ecgkt.readers.wfdb_format import UNIT_NOTE
from ecgkt.readers.wfdb_header import BYTES_PER_SAMPLE

MIMIC_LEADS = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")


def upload(files):
    return read_upload(list(files.items()))


def test_a_record_arrives_in_millivolts_by_lead_name(wfdb_files, millivolts):
    record = upload(wfdb_files())
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)
    assert (record.fs, record.source, record.domain, record.notes) == (500.0, "WFDB", Domain.UNKNOWN, ())


def test_the_lead_order_of_mimic_gives_the_same_record_as_the_clinical_order(wfdb_files):
    clinical, mimic = upload(wfdb_files()), upload(wfdb_files(leads=MIMIC_LEADS))
    np.testing.assert_array_equal(mimic.signal, clinical.signal)
    assert not np.array_equal(mimic.lead("aVF"), mimic.lead("aVL"))


@pytest.mark.parametrize(
    ("unit", "units_per_millivolt"),
    [("mV", 1), ("mv", 1), ("MV", 1), ("uV", 1000), ("UV", 1000), ("µV", 1000), ("μV", 1000), ("V", 0.001)],
)
def test_every_spelling_of_a_unit_gives_the_same_millivolts(wfdb_files, millivolts, unit, units_per_millivolt):
    files = wfdb_files(
        unit=f"/{unit}", units_per_millivolt=units_per_millivolt, steps_per_unit=1000 / units_per_millivolt
    )
    np.testing.assert_allclose(upload(files).signal, millivolts, atol=1e-6)


def test_a_gain_without_a_unit_is_in_millivolts_as_the_format_defines_and_that_is_said(wfdb_files, millivolts, save):
    files = wfdb_files(unit="")
    record = upload(files)
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)
    assert record.notes == (UNIT_NOTE,)
    assert set(wfdb.rdrecord(str(save(files) / "rec")).units) == {"mV"}


def test_a_header_in_the_manner_of_the_ptb_database_is_read(millivolts):
    limb = ("i", "ii", "iii", "avr", "avl", "avf", *(f"v{number}" for number in range(1, 7)))
    steps = np.rint(millivolts.T * 2000).astype("<i2")
    lines = [f"rec.dat 16 2000 16 0 {steps[0, place]} 0 0 {lead}" for place, lead in enumerate(limb)]
    lines += [f"rec.xyz 16 2000 16 0 0 0 0 {lead}" for lead in ("vx", "vy", "vz")]
    header = "\n".join(("rec 15 1000 1000", *lines, "# age: 81", "# sex: female", "# Diagnose:"))
    record = upload({"rec.hea": header.encode(), "rec.dat": steps.tobytes()})
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)
    assert (record.fs, record.age, record.sex) == (1000.0, 81.0, "female")


def test_a_micro_sign_in_latin_1_is_not_lost(wfdb_files, millivolts):
    files = wfdb_files(unit="/µV", units_per_millivolt=1000, steps_per_unit=1)
    files["rec.hea"] = files["rec.hea"].decode().encode("latin-1")
    np.testing.assert_allclose(upload(files).signal, millivolts, atol=1e-6)


def test_the_rate_is_the_files_own(wfdb_files):
    assert upload(wfdb_files(fs=1000)).fs == 1000.0
    assert upload(wfdb_files(fs="257.5/257.5(0)")).fs == 257.5


def encode(fmt: str, steps: np.ndarray) -> bytes:
    """Encode (samples, channels) as the format's specification says (WFDB signal(5))."""
    flat = steps.ravel()
    plain = {"16": "<i2", "32": "<i4", "61": ">i2"}
    if fmt in plain:
        return flat.astype(plain[fmt]).tobytes()
    if fmt == "8":
        return np.diff(steps, axis=0, prepend=steps[:1]).astype("i1").tobytes()
    if fmt == "24":
        return flat.astype("<i4").view("u1").reshape(-1, 4)[:, :3].tobytes()
    if fmt in ("80", "160"):
        return (flat + {"80": 128, "160": 32768}[fmt]).astype({"80": "u1", "160": "<u2"}[fmt]).tobytes()
    first, second = (flat & 0xFFF).reshape(-1, 2).T  # 212: two samples of 12 bits in three bytes
    return np.stack([first & 0xFF, (first >> 8) | ((second >> 8) << 4), second & 0xFF], axis=1).astype("u1").tobytes()


@pytest.mark.parametrize("fmt", sorted(BYTES_PER_SAMPLE))
def test_every_signal_format_is_read_as_its_specification_says(tmp_path, fmt):
    steps = np.round(100 * np.sin(np.arange(600)[:, None] / 40 + np.arange(12))).astype(int)
    lines = [f"r.dat {fmt} 100(3)/mV 0 0 {steps[0, k]} 0 0 {lead}" for k, lead in enumerate(LEADS)]
    (tmp_path / "r.hea").write_text("\n".join(["r 12 500 600", *lines]))
    (tmp_path / "r.dat").write_bytes(encode(fmt, steps))
    record = read_record(tmp_path / "r.hea")
    np.testing.assert_allclose(record.signal, (steps.T - 3) / 100, atol=1e-6)
    np.testing.assert_allclose(record.signal, wfdb.rdrecord(str(tmp_path / "r")).p_signal.T, atol=1e-6)


def test_without_a_baseline_the_step_of_zero_is_the_adc_zero(wfdb_files, millivolts):
    files = wfdb_files()
    files["rec.hea"] = files["rec.hea"].replace(b"1000(0)/mV 16 0 ", b"1000/mV 16 250 ")
    np.testing.assert_allclose(upload(files).signal, millivolts - 0.25, atol=1e-6)


def test_samples_behind_a_matlab_header_are_read(wfdb_files, millivolts):
    files = wfdb_files(signal_name="rec.mat")
    header = files["rec.hea"].replace(b" 16 1000", b" 16x1+24 1000")
    record = upload({"rec.hea": header, "rec.mat": b"\0" * 24 + files["rec.dat"]})
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)


def test_samples_marked_as_invalid_become_gaps(wfdb_files):
    files = wfdb_files()
    steps = np.frombuffer(files["rec.dat"], "<i2").reshape(-1, 12).copy()
    steps[10:20, 3] = -32768
    steps[:, 7] = -32768
    record = upload({**files, "rec.dat": steps.tobytes()})
    assert np.isnan(record.lead("aVR")[10:20]).all() and np.isfinite(record.lead("aVR")[20:]).all()
    assert np.isnan(record.lead("V2")).all() and np.isfinite(record.lead("V1")).all()


def test_a_flat_lead_is_read_as_it_is(wfdb_files, millivolts):
    millivolts[4] = 0.25
    assert (upload(wfdb_files(millivolts)).lead("aVL") == np.float32(0.25)).all()


def test_limb_leads_are_derived_where_only_eight_are_stored(wfdb_files, millivolts):
    record = upload(wfdb_files(leads=("I", "II", *LEADS[6:])))
    np.testing.assert_allclose(record.lead("III"), millivolts[1] - millivolts[0], atol=1e-6)
    assert "derived" in record.notes[0]


def test_a_signal_file_without_a_lead_is_not_asked_for(wfdb_files, millivolts):
    """The PTB collection holds its vector leads in a file of their own (.xyz)."""
    files = wfdb_files()
    more = "".join(f"rec.xyz 16 1000(0)/mV 16 0 0 0 0 {name}\n" for name in ("vx", "vy", "vz"))
    files["rec.hea"] = files["rec.hea"].replace(b"rec 12", b"rec 15") + more.encode()
    record = upload(files)
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)
    assert record.notes == ("3 channels that are not one of the 12 leads were left out",)


def test_a_channel_that_is_no_lead_is_left_out_whatever_its_unit(wfdb_files, millivolts):
    files = wfdb_files(leads=(*LEADS, "RESP"))
    last = files["rec.hea"].rstrip().rsplit(b"\n", 1)
    files["rec.hea"] = last[0] + b"\n" + last[1].replace(b"/mV", b"/NU") + b"\n"
    record = upload(files)
    np.testing.assert_allclose(record.signal[6:], millivolts[6:], atol=1e-6)
    assert record.notes == ("1 channels that are not one of the 12 leads were left out",)


@pytest.mark.parametrize(
    ("comments", "age", "sex"),
    [
        (["Age: 78", "Sex: Female"], 78.0, "female"),
        (["<age>: 51", "<sex>: F", "<diagnoses>:"], 51.0, "female"),
        (["<age>: 65 <sex>: M <diagnoses> none"], 65.0, "male"),
        (["age: 0", "sex: male"], 0.0, "male"),
        (["Age: NaN", "Sex: Unknown"], None, None),
        (["Age: -1", "Sex: NaN"], None, None),
        (["Age: 300"], None, None),
        (["Age: ", "Sex: "], None, None),
        (["Dosage: 12", "Marriage: F"], None, None),
        ([], None, None),
    ],
)
def test_age_and_sex_come_from_the_comments(wfdb_files, comments, age, sex):
    record = upload(wfdb_files(comments=comments))
    assert (record.age, record.sex) == (age, sex)


def test_a_simulated_record_says_so(wfdb_files):
    assert upload(wfdb_files(comments=["simulated: ecgkt 0.1.0"])).domain is Domain.SIMULATED
    assert upload(wfdb_files(comments=["not simulated: a patient"])).domain is Domain.UNKNOWN


def test_a_signal_file_of_another_record_is_noticed(wfdb_files, millivolts):
    other = wfdb_files(millivolts[::-1])
    record = upload({**wfdb_files(), "rec.dat": other["rec.dat"]})
    assert "checksums" in record.notes[0]


def test_a_signal_file_leads_to_the_header_that_names_it(wfdb_files, save, millivolts):
    folder: Path = save(wfdb_files())
    np.testing.assert_allclose(read_record(folder / "rec.dat").signal, millivolts, atol=1e-6)
