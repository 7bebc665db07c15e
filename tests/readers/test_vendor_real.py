"""Real files of vendors against independent readers and against what the machine itself measured in them."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.domain.records import STORED_LEADS
from ecgkt.readers import find_records, read_record
from ecgkt.signals.measurements import measure

FOLDERS = ("ge-muse", "hl7-aecg", "philips-sierra")


def files_of(real_data, folder):
    found = sorted((real_data / "vendor" / folder).rglob("*.xml"))
    assert found
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_leads_rate_scale_and_signal_are_those_of_an_independent_reader(folder, real_data):
    parsing = pytest.importorskip("ecgdatakit.parsing")
    for path in files_of(real_data, folder):
        record, reference = read_record(path), parsing.FileParser().parse(path)
        assert len(reference.leads) in (8, 12)
        for lead in reference.leads:
            millivolts = np.asarray(lead.samples) * {"uV": 1e-3, "mV": 1.0}[lead.units]
            ours = record.lead(lead.label)
            np.testing.assert_allclose(ours, millivolts[: len(ours)], atol=2e-6)
            assert set(millivolts[len(ours) :]) <= {0.0, 1.0}, "what is cut off is the calibration pulse"
            assert record.fs == lead.sampling_rate


def test_sierra_files_agree_with_sierraecg(real_data):
    sierraecg = pytest.importorskip("sierraecg")
    for path in files_of(real_data, "philips-sierra"):
        record, reference = read_record(path), sierraecg.read_file(str(path))
        assert [lead.label for lead in reference.leads] == list(LEADS)
        for lead in reference.leads:
            np.testing.assert_allclose(record.lead(lead.label), lead.samples[:5300] * 0.005, atol=2e-6)
            assert set(lead.samples[5300:]) == {0, 200}, "what is cut off is the calibration pulse"
        assert record.notes == ("the calibration pulse at the end (0.4 s) is cut off",)


def test_muse_files_agree_with_their_own_numbers_read_by_hand(real_data):
    for path in files_of(real_data, "ge-muse"):
        rhythm = ElementTree.parse(path).getroot().findall("Waveform")[1]
        assert rhythm.findtext("WaveformType") == "Rhythm"
        record = read_record(path)
        for lead in rhythm.findall("LeadData"):
            assert lead.findtext("LeadAmplitudeUnits") == "MICROVOLTS"
            steps = np.frombuffer(base64.b64decode(lead.findtext("WaveFormData") or ""), "<i2")
            millivolts = steps * float(lead.findtext("LeadAmplitudeUnitsPerBit") or 0) / 1000
            np.testing.assert_allclose(record.lead(lead.findtext("LeadID") or ""), millivolts, atol=2e-6)
        assert len(rhythm.findall("LeadData")) == len(STORED_LEADS) and record.fs == 500 and record.seconds == 10


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_limb_leads_obey_einthoven_and_goldberger(folder, real_data):
    for path in files_of(real_data, folder):
        i, ii, iii, avr, avl, avf = read_record(path).signal[:6]
        for found, expected in ((iii, ii - i), (avr, -(i + ii) / 2), (avl, i - ii / 2), (avf, ii - i / 2)):
            np.testing.assert_allclose(found, expected, atol=0.0101)


@pytest.mark.parametrize("folder", FOLDERS)
def test_our_measurements_are_near_those_that_the_device_printed(folder, real_data):
    """A wrong rate, scale or order of leads would show here: 5 /min, 20 ms, 15 degrees."""
    near = {"heart_rate": 5, "pr": 20, "qrs": 20, "qt": 20, "qrs_axis": 15}
    for path in files_of(real_data, folder):
        record = read_record(path)
        found = measure(record.signal, record.fs).values
        assert record.device is not None and len(record.device.values.keys() & near.keys()) >= 4
        for name, within in near.items():
            stated, ours = record.device.values.get(name), found[name].value
            if stated is not None:
                assert ours is not None and abs(ours - stated) <= within, (path.name, name)


def test_the_scale_is_that_of_the_amplitudes_which_the_cart_printed(real_data):
    """Philips prints each lead's R and S in microvolts: ours are near them if the resolution is in microvolts."""
    space = "{http://www3.medical.philips.com}"
    for path in files_of(real_data, "philips-sierra"):
        record, root = read_record(path), ElementTree.fromstring(path.read_bytes())
        found = measure(record.signal, record.fs).leads["r"]
        stated = {
            lead.get("leadname", ""): float(lead.findtext(f"{space}ramp") or 0) / 1000
            for lead in root.iter(f"{space}leadmeasurement")
        }
        ratios = [found[name].value / volts for name, volts in stated.items() if volts > 0.3 and found[name].value]
        assert len(ratios) >= 4 and 0.8 < np.median(ratios) < 1.2


def test_statements_of_the_programme_are_kept_and_the_confirming_physician_is_not(real_data):
    first, second = files_of(real_data, "philips-sierra")
    assert read_record(first).device.statements[-1] == "ABNORMAL ECG"
    assert read_record(second).device.statements == ("SINUS BRADYCARDIA",)
    aecg = read_record(files_of(real_data, "hl7-aecg")[0])
    assert aecg.device.statements == ("Sinus Rhythm",) and aecg.device.partial
    assert (aecg.age, aecg.sex, aecg.filters) == (46, "male", "low-pass 150 Hz, notch 60 Hz")


def test_the_real_csv_states_neither_rate_nor_unit_and_is_refused_until_it_does(real_data, refusal, tmp_path):
    path = real_data / "vendor" / "csv" / "00009_hr.csv"
    assert "the sampling rate and the unit in the CSV, got neither" in refusal(lambda: read_record(path))
    told = tmp_path / "told.csv"
    told.write_bytes(b"# fs = 500 Hz\n# unit = mV\n" + path.read_bytes())
    record = read_record(told)
    np.testing.assert_allclose(record.signal, np.loadtxt(path, delimiter=",", skiprows=1).T, rtol=1e-6)
    assert record.fs == 500 and record.seconds == 10


def test_every_vendor_file_is_found_in_its_folder(real_data):
    found = {path.parent.name for path in find_records(real_data / "vendor")}
    assert found >= {"ge-muse", "hl7-aecg", "1_04", "csv", "dicom"}
