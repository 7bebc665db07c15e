"""Agreement with the libraries themselves on public records: signal, rate and units, lead by lead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import wfdb
from scipy.io import loadmat

from ecgkt.domain import LEADS
from ecgkt.readers import find_records, read_record, read_upload


def check_against_wfdb(header: Path) -> None:
    record, reference = read_record(header), wfdb.rdrecord(str(header.with_suffix("")))
    assert {unit.lower() for unit in reference.units} == {"mv"}
    names = [name.lower() for name in reference.sig_name]
    ordered = reference.p_signal.T[[names.index(lead.lower()) for lead in LEADS]]
    np.testing.assert_allclose(record.signal, ordered, rtol=1e-6, atol=1e-7)
    assert record.fs == reference.fs and record.notes == ()


def test_all_ptb_xl_records_agree_with_wfdb(real_data):
    headers = sorted((real_data / "ptb-xl").rglob("*.hea"))
    assert len(headers) >= 250
    for header in headers:
        check_against_wfdb(header)


def test_challenge_records_agree_with_wfdb_and_carry_age_and_sex(real_data):
    headers = sorted((real_data / "cinc2021").glob("*.hea"))
    assert len(headers) >= 25
    for header in headers:
        check_against_wfdb(header)
        comments = wfdb.rdheader(str(header.with_suffix(""))).comments
        stated = dict(comment.split(": ", 1) for comment in comments if ": " in comment)
        record = read_record(header)
        assert (record.age, record.sex) == (float(stated["Age"]), stated["Sex"].lower())


def test_ludb_records_agree_with_wfdb_and_carry_age_and_sex(real_data):
    headers = sorted((real_data / "ludb" / "data").glob("*.hea"))
    assert len(headers) >= 100
    for header in headers:
        check_against_wfdb(header)
        assert read_record(header).sex in ("female", "male")


def dicom_files(real_data: Path) -> list[Path]:
    from pydicom.data import get_testdata_file

    return [Path(str(get_testdata_file("waveform_ecg.dcm"))), real_data / "vendor" / "dicom" / "Example.dcm"]


def test_dicom_records_agree_with_pydicom(real_data):
    import pydicom
    from pydicom.waveforms import multiplex_array

    for path in dicom_files(real_data):
        record, dataset = read_record(path), pydicom.dcmread(path)
        group = dataset.WaveformSequence[0]
        channels = group.ChannelDefinitionSequence
        assert group.WaveformOriginality == "ORIGINAL"
        assert {channel.ChannelSensitivityUnitsSequence[0].CodeValue for channel in channels} == {"uV"}
        names = [channel.ChannelSourceSequence[0].CodeMeaning.split()[1] for channel in channels]
        microvolts = multiplex_array(dataset, 0, as_raw=False).T[[names.index(lead) for lead in LEADS]]
        np.testing.assert_allclose(record.signal * 1000, microvolts, rtol=1e-6, atol=1e-3)
        assert record.fs == float(group.SamplingFrequency)


def test_ages_in_real_dicom_files_are_read_or_follow_from_the_dates(real_data):
    records = [read_record(path) for path in dicom_files(real_data)]
    assert [(record.age, record.sex) for record in records] == [(42.0, "female"), (49.0, "male")]


def test_every_record_of_the_collections_is_found_once(real_data):
    headers = sorted(path.resolve() for path in real_data.rglob("*.hea"))
    found = find_records(real_data)
    assert [path for path in found if path.suffix == ".hea"] == headers
    others = [path for path in found if path.suffix != ".hea"]
    kinds = (".dcm", ".xml", ".csv", ".scp")
    vendor = [path for path in (real_data / "vendor").resolve().rglob("*") if path.suffix in kinds]
    assert {path.resolve() for path in others if path.suffix != ".mat"} >= set(vendor)
    assert {path.suffix for path in others} <= {".mat", ".dcm", ".xml", ".csv", ".scp", ".edf"}
    matlab = [path for path in others if path.suffix == ".mat"]
    assert {path.parent.name for path in matlab} == {"code15", "cpsc2018"}
    assert len(matlab) == 10


def test_matlab_records_hold_what_scipy_reads(real_data):
    files = [path for folder in ("code15", "cpsc2018") for path in sorted((real_data / folder).glob("*.mat"))]
    for path in files:
        found, record = loadmat(path), read_record(path)
        theirs, fs = (found["ECG"]["data"][0, 0], 500) if "ECG" in found else (found["feats"], 400)
        np.testing.assert_allclose(record.signal, theirs, atol=1e-6)
        assert record.fs == fs


def test_an_uploaded_record_is_the_one_on_the_disk(real_data):
    header = next(iter(sorted((real_data / "cinc2021").glob("HR*.hea"))))
    files = [(path.name, path.read_bytes()) for path in (header.with_suffix(".mat"), header)]
    np.testing.assert_array_equal(read_upload(files).signal, read_record(header).signal)
