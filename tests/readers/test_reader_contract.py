"""What holds for every format in the registry, and for the door in front of them."""

from __future__ import annotations

import io
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.io import savemat

from benchmarks.written_files.edf import EdfFile
from benchmarks.written_files.scp import ScpFile
from benchmarks.written_files.vendors import aecg_xml, csv_text, muse_xml, sierra_xml, waves
from ecgkt.domain import LEADS
from ecgkt.readers import read_upload
from ecgkt.readers.contract import HEAD_BYTES
from ecgkt.readers.formats import READERS

IDENTIFIERS = ("Doe", "Jane", "19700102", "1970", "A1234567", "Main Street", "23/07/2180", "10000032", "08:44")


@pytest.fixture(params=[reader.name for reader in READERS])
def sample(request, wfdb_files, dicom_bytes):
    """The name of a format, and one record of it as files with the main file first."""
    made = {
        "WFDB": wfdb_files,
        "DICOM": lambda: {"image": dicom_bytes()},
        "MATLAB (CPSC 2018, CODE-15)": matlab_files,
        "GE MUSE XML": lambda: {"x": muse_xml(waves())},
        "HL7 aECG": lambda: {"x": aecg_xml(waves())},
        "Philips Sierra XML": lambda: {"x": sierra_xml(waves())},
        "CSV": lambda: {"x": csv_text(waves()).encode()},
    }
    walks = np.cumsum(np.random.default_rng(0).integers(-5, 6, (12, 500)), axis=1)
    rows = dict(zip(LEADS, walks, strict=True))
    made |= {"SCP-ECG": lambda: {"x.scp": ScpFile(rows).content()}, "EDF": lambda: {"x.edf": EdfFile(rows).content()}}
    return request.param, made[request.param]()


def matlab_files() -> dict[str, bytes]:
    """One recording as CPSC 2018 stores it."""
    target = io.BytesIO()
    data = np.random.default_rng(0).normal(0, 0.3, (12, 5000))
    savemat(target, {"ECG": {"sex": "Female", "age": 52.0, "data": data}}, do_compression=True)
    return {"A0001.mat": target.getvalue()}


def test_each_format_recognises_its_own_head_and_no_other(sample):
    name, files = sample
    head = next(iter(files.values()))[:HEAD_BYTES]
    assert [reader.name for reader in READERS if reader.recognises(head)] == [name]


def test_no_format_takes_arbitrary_bytes_for_its_own():
    generator = np.random.default_rng(0)
    heads = [
        b"",
        b"\0" * HEAD_BYTES,
        b"<?xml version='1.0'?>",
        b"%PDF-1.7",
        *(generator.bytes(n) for n in range(1, 400)),
    ]
    assert not [head for head in heads for reader in READERS if reader.recognises(head)]


def test_a_main_file_cut_short_is_refused(sample, refusal):
    _, (main, *rest) = sample[0], list(sample[1].items())
    refusal(lambda: read_upload([(main[0], main[1][: len(main[1]) // 2]), *rest]))


def test_reading_twice_gives_the_same_record(sample):
    first, second = (read_upload(list(sample[1].items())) for _ in range(2))
    np.testing.assert_array_equal(first.signal, second.signal)


def test_importing_the_readers_loads_no_heavy_library():
    heavy = ("wfdb", "pydicom", "pandas", "requests", "torch", "scipy", "defusedxml")
    rooms = "ecgkt.readers, ecgkt.readers.physionet, ecgkt.readers.mimic_folder"
    code = f"import sys, {rooms}; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def _everything_kept(record) -> str:
    return " ".join(
        map(str, (record.source, record.domain, record.age, record.sex, record.notes, record.fs, record.device))
    )


def test_no_identifier_in_a_wfdb_record_survives(wfdb_files):
    comments = [
        "Patient: Doe^Jane",
        "born 1970-01-02",
        "<subject_id>: 10000032",
        "Age: 50",
        "MRN A1234567",
        "Main Street",
    ]
    files = wfdb_files(comments=comments, signal_name="Doe_Jane_1970.dat")
    record = read_upload([("Doe_Jane_1970.hea", files["rec.hea"]), ("Doe_Jane_1970.dat", files["rec.dat"])])
    kept = _everything_kept(record)
    assert record.age == 50 and not [word for word in IDENTIFIERS if word in kept]


def _plant(dataset) -> None:
    """Put a name, a date or a number into every element that can hold one, at every depth."""
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Doe^Jane", "A1234567", "19700102"
    dataset.PatientAddress, dataset.InstitutionName, dataset.StudyDate = "Main Street", "Doe Hospital", "20200102"
    dataset.add_new((0x0011, 0x0010), "LO", "Doe private")
    dataset.add_new((0x0011, 0x1001), "LO", "Doe^Jane")
    for group in dataset.WaveformSequence:
        group.MultiplexGroupLabel = "Doe Jane"
        for channel in group.ChannelDefinitionSequence:
            channel.ChannelLabel = "Jane Doe"
            channel.ChannelSourceSequence[0].CodeMeaning = "Doe Jane"


def test_no_identifier_in_a_dicom_record_survives(dicom_bytes):
    record = read_upload([("Doe_Jane.dcm", dicom_bytes(edit=_plant))])
    kept = _everything_kept(record)
    assert record.age == 50 and not [word for word in IDENTIFIERS if word in kept]


def test_no_identifier_enters_a_refusal_or_a_warning(dicom_bytes, wfdb_files, recwarn, caplog):
    def spoil(dataset):
        _plant(dataset)
        del dataset.WaveformSequence[1].SamplingFrequency

    bad_dates = dicom_bytes(edit=_plant).replace(b"19700102", b"Doe,Jane").replace(b"20200102", b"A1234567")
    assert read_upload([("x", bad_dates)]).age is None
    wfdb = wfdb_files(signal_name="/Doe/Jane.dat", comments=["Doe 10000032"], leads=("Doe",) * 12)
    said = []
    for files in ([("Doe.dcm", dicom_bytes(edit=spoil))], list(wfdb.items()), [("Doe Jane 1970.txt", b"Doe Jane")]):
        try:
            read_upload(files)
        except Exception as error:
            said.append(f"{error} {error.__cause__}")
    everything = " ".join([*said, caplog.text, *(str(warning.message) for warning in recwarn)])
    assert len(said) == 3 and not [word for word in IDENTIFIERS if word in everything]


@pytest.mark.parametrize("filler", [b" ", b"I ", b"_", b"(", b"-", b"0.", b"<", b"<!--", b"# ", b"9 9 ", b"[(["])
def test_no_long_line_keeps_the_formats_busy(filler):
    run = (filler * HEAD_BYTES)[:3900]
    for head in (run, b"x" + run + b"x", b"I," + run + b"x\nI", b"# " + run + b"x = 1", b"I\n" + run + b"I"):
        begin = time.process_time()
        for reader in READERS:
            reader.recognises(head)
        assert time.process_time() - begin < 0.5
