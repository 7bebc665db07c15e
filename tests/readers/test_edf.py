"""EDF, EDF+ and BDF: the leads by their labels, in mV, with pauses as gaps; nothing of the patient but age and sex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.written_files.edf import EdfFile
from ecgkt.domain import LEADS
from ecgkt.readers import read_upload


def steps(count: int = 1500, names: tuple[str, ...] = LEADS) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {name: generator.integers(-20000, 20000, count) for name in names}


def read(file: EdfFile):
    return read_upload([("x", file.content())])


def test_leads_come_in_mv_whatever_their_label_and_order():
    labels = ("ECG V1", "EKG I", "II", "ECG_III", "aVR", "ECG AVL", "lead avf", "V6", "ECGV5", "ECG-V4", "v3", "ECG V2")
    values = steps(names=labels)
    record = read(EdfFile(values))
    by_lead = {"I": "EKG I", "V1": "ECG V1", "aVL": "ECG AVL", "V5": "ECGV5", "V4": "ECG-V4", "III": "ECG_III"}
    for lead, label in by_lead.items():
        np.testing.assert_allclose(record.lead(lead), values[label] / 10_000, atol=1e-5)
    assert (record.fs, record.source, record.notes, record.seconds) == (500.0, "EDF", (), 3.0)


@pytest.mark.parametrize("unit", ["uV", "mV", "V", "nV"])
def test_the_unit_and_the_range_make_the_scale(unit):
    values = steps()
    per_mv = {"uV": 1e3, "mV": 1, "V": 1e-3, "nV": 1e6}[unit]
    record = read(EdfFile(values, unit=unit, physical=(-1, 5), digital=(-20480, 20479)))
    expected = ((values["V4"] + 20480) / 40959 * 6 - 1) / per_mv
    np.testing.assert_allclose(record.lead("V4"), expected, rtol=1e-4, atol=1e-5 / per_mv)


def test_pyedflib_finds_the_same(tmp_path: Path):
    import pyedflib

    path = tmp_path / "x.edf"
    writer = pyedflib.EdfWriter(str(path), 13, file_type=pyedflib.FILETYPE_EDFPLUS)
    time = np.arange(5000) / 500
    labels = [f"ECG {lead}" for lead in LEADS]
    signals = [np.sin(2 * np.pi * time * (1 + number / 7)) * (0.2 + number / 10) for number in range(12)]
    for number, label in enumerate([*labels, "Resp"]):
        unit = "mV" if number < 12 else "a.u."
        told = {"label": label, "dimension": unit, "sample_frequency": 500 if number < 12 else 25}
        told |= {"physical_min": -5, "physical_max": 5, "digital_min": -32768, "digital_max": 32767}
        writer.setSignalHeader(number, told | {"transducer": "", "prefilter": "HP:0.05Hz LP:150Hz N:50Hz"})
    writer.setPatientName("Jane_Doe")
    writer.setSex(0)
    writer.writeSamples([*signals, np.zeros(250)])
    writer.close()
    record = read_upload([("x.edf", path.read_bytes())])
    with pyedflib.EdfReader(str(path)) as reader:
        for number, lead in enumerate(LEADS):
            np.testing.assert_allclose(record.lead(lead), reader.readSignal(number), atol=1e-6)
            assert record.fs == reader.getSampleFrequency(number)
    assert (record.filters, record.sex) == ("0.05-150 Hz, notch 50 Hz", "female")
    assert record.notes == ("1 channels that are not one of the 12 leads were left out",)


@pytest.mark.parametrize("form", ["{}-REF", "ECG {}-Ref", "{} ECG", "EKG{}"])
def test_labels_may_name_the_reference(form):
    values = steps(names=tuple(map(form.format, LEADS)))
    record = read(EdfFile(values))
    for lead in LEADS:
        np.testing.assert_allclose(record.lead(lead), values[form.format(lead)] / 10_000, atol=1e-5)


def test_a_range_with_a_decimal_comma_is_read():
    content = EdfFile(steps()).content()
    comma = content.replace(b"-3276.8 ", b"-3276,8 ").replace(b"3276.7  ", b"3276,7  ")
    assert comma != content
    np.testing.assert_array_equal(read_upload([("x", comma)]).signal, read_upload([("x", content)]).signal)


def test_24_bits_are_read_with_their_sign():
    values = {name: row * 300 for name, row in steps().items()}
    file = EdfFile(values, bits=24, reserved="24BIT", physical=(-8388.608, 8388.607), digital=(-8388608, 8388607))
    record = read(file)
    assert record.source == "BDF"
    np.testing.assert_allclose(record.signal[6], values["V1"] / 1e6, atol=1e-5)


def test_pauses_are_gaps_as_long_as_they_were():
    values = steps(1000)
    record = read(EdfFile(values, reserved="EDF+D", onsets=[3, 5.5]))
    assert record.signal.shape == (12, 1750)
    np.testing.assert_allclose(record.signal[0, :500], values["I"][:500] / 10_000, atol=1e-5)
    np.testing.assert_allclose(record.signal[0, 1250:], values["I"][500:] / 10_000, atol=1e-5)
    assert np.isnan(record.signal[:, 500:1250]).all()


def test_age_and_sex_are_those_of_edf_plus():
    record = read(EdfFile(steps()))
    assert (record.age, record.sex) == (50.0, "female")
    plain = read(EdfFile(steps(), reserved=""))
    assert (plain.age, plain.sex) == (None, None)
    unknown = read(EdfFile(steps(), patient="X X X X", recording="Startdate X X X X"))
    assert (unknown.age, unknown.sex) == (None, None)


def test_no_identifier_in_an_edf_file_survives():
    record = read(EdfFile(steps(), prefilter="Doe HP:0.5Hz Jane"))
    kept = repr([value for name, value in vars(record).items() if name != "signal"])
    assert not [
        word for word in ("Doe", "Jane", "0234567", "1951", "2002", "fainted", "Sony", "EMG561") if word in kept
    ]
    assert record.filters == "high-pass 0.5 Hz"


REFUSED = {
    "one lead": (EdfFile(steps(names=("EEG Fp1", "ECG1"))), "named as ECG leads"),
    "no unit": (EdfFile(steps(), unit=""), "unit"),
    "degrees": (EdfFile(steps(), unit="degC"), "V, mV or uV"),
    "two rates": (EdfFile({**steps(), "V6": np.arange(750)}, per_record={"V6": 250}), "one sampling rate"),
    "a lead twice": (EdfFile({**steps(), "ECG I": steps()["I"]}), "I twice"),
    "an empty range": (EdfFile(steps(), digital=(5, 5)), "range"),
    "no physical range": (EdfFile(steps(), physical=(1, 1)), "range"),
    "records of no length": (EdfFile(steps(), fields={"seconds": "0"}), "length"),
    "more records than there are": (EdfFile(steps(), fields={"records": "99999999"}), "99,999,999 data records"),
    "a negative number": (EdfFile(steps(), fields={"records": "-5"}), "data record"),
    "a number that is none": (EdfFile(steps(), fields={"records": "many"}), "number of records"),
    "infinitely many": (EdfFile(steps(), fields={"records": "1e400"}), "number of records"),
    "records that overlap": (EdfFile(steps(1000), reserved="EDF+D", onsets=[0, 0.5]), "overlap"),
    "a pause of years": (EdfFile(steps(1000), reserved="EDF+D", onsets=[0, 9e8]), "samples in all"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_rightly_is_refused(name, refusal):
    file, told = REFUSED[name]
    assert told in refusal(lambda: read(file))


def test_a_recording_in_progress_has_as_many_records_as_are_there():
    assert read(EdfFile(steps(), fields={"records": "-1"})).seconds == 3.0
