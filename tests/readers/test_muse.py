"""GE MUSE XML: what is read is what was written, and what cannot be trusted is refused in a sentence."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from benchmarks.written_files.vendors import muse_xml, waves
from ecgkt.domain import LEADS
from ecgkt.readers import read_upload

FS = "<SampleBase>{}</SampleBase><SampleExponent>{}</SampleExponent>"


def read(content: bytes):
    return read_upload([("x", content)])


def test_eight_stored_leads_become_twelve_in_millivolts():
    signal = waves()
    record = read(muse_xml(signal))
    np.testing.assert_allclose(record.signal, signal, atol=2e-6)
    assert record.fs == 500 and record.source == "GE MUSE XML"
    assert record.notes == ("III, aVR, aVL, aVF derived from I and II",)


def test_twelve_stored_leads_are_taken_as_they_are_in_any_order():
    signal = waves()
    record = read(muse_xml(signal, leads=LEADS[::-1], step="2.5"))
    np.testing.assert_allclose(record.signal, signal, atol=1.3e-3)
    assert record.notes == ()


@pytest.mark.parametrize(
    ("fs", "hertz"), [(FS.format(240, 0), 240), (FS.format(25, 1), 250), ("<SampleBase>1000</SampleBase>", 1000)]
)
def test_the_rate_is_base_times_ten_to_the_exponent(fs, hertz):
    assert read(muse_xml(waves(), fs=fs)).fs == hertz


@pytest.mark.parametrize(
    ("step", "unit", "per_millivolt"), [("0.005", "MILLIVOLTS", 1), ("5", "uV", 1000), ("5,0", "MICROVOLTS", 1000)]
)
def test_the_scale_is_that_of_the_stated_unit(step, unit, per_millivolt):
    signal = waves()
    record = read(muse_xml(signal, step=step, unit=unit, units_per_millivolt=per_millivolt))
    np.testing.assert_allclose(record.signal, signal, atol=2e-6)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252", "us-ascii"])
def test_other_encodings_are_read(encoding):
    assert read(muse_xml(waves(), encoding=encoding)).fs == 500


def test_the_machines_own_values_are_kept_before_any_edit():
    record = read(muse_xml(waves()))
    assert record.device is not None
    assert record.device.values == {
        "heart_rate": 72, "pr": 160, "qrs": 92, "qt": 400, "qtc": 438, "p_axis": 50, "qrs_axis": -60,
    }  # fmt: skip
    assert record.device.statements == ("Normal sinus rhythm", "Normal ECG") and not record.device.partial
    assert record.filters == "0.05-150 Hz, notch 50 Hz"
    assert (record.age, record.sex) == (54, "female")


def diagnosis(*statements: tuple[str, str]) -> str:
    told = "".join(
        f"<DiagnosisStatement>{flags}<StmtText>{text}</StmtText></DiagnosisStatement>" for flags, text in statements
    )
    return f"<OriginalDiagnosis>{told}</OriginalDiagnosis>"


END, USER = "<StmtFlag>ENDSLINE</StmtFlag>", "<StmtFlag>USERINSERT</StmtFlag>"


def test_statements_are_joined_to_lines_and_end_before_a_comparison():
    told = diagnosis(
        ("", "Left axis"), (END, "deviation"), (END + USER, "Normal ECG by eye"), (END, "When compared with ECG of"),
        (END, "12-JAN-1970,"), (END, "Premature beats are no longer present"),
    )  # fmt: skip
    assert read(muse_xml(waves(), diagnosis=told)).device.statements == ("Left axis deviation",)


def test_a_diagnosis_that_somebody_may_have_written_is_no_statement_of_the_machine():
    content = muse_xml(waves()).replace(b"OriginalDiagnosis", b"FurtherDiagnosis")
    assert read(content).device.statements == ()
    unconfirmed = content.replace(b"CONFIRMED", b"UNCONFIRMED")
    assert read(unconfirmed).device.statements == (), "somebody has read it over"
    nobody = unconfirmed.replace(b"OverreaderLastName", b"TechLastName").replace(b" of Jane Doe", b"")
    assert read(nobody).device.statements == ("Normal ECG",)


def test_a_lead_that_was_off_and_a_checksum_that_does_not_fit_are_told():
    content = muse_xml(waves())
    off = content.replace(
        b"<LeadID>V2</LeadID><LeadSampleSize>2</LeadSampleSize>\n<LeadOff>FALSE", b"<LeadID>V2</LeadID>\n<LeadOff>TRUE"
    )
    assert "the file says that the electrode was off in V2" in read(off).notes
    payload = base64.encodebytes(np.zeros(3000, "<i2").tobytes())
    place = content.rindex(b"<WaveFormData>") + len(b"<WaveFormData>")
    damaged = content[:place] + payload + content[content.rindex(b"</WaveFormData>") :]
    assert "the checksum does not fit in V6" in read(damaged).notes


def changed(old: str, new: str) -> bytes:
    content = muse_xml(waves())
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


LAST = "<WaveFormData>"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (muse_xml(waves(), kind="Median"), "with a rhythm waveform"),
        (muse_xml(waves(), fs=""), "SampleBase above 0"),
        (muse_xml(waves(), fs=FS.format(-500, 0)), "SampleBase above 0"),
        (muse_xml(waves(), fs=FS.format(5, 12)), "SampleBase above 0"),
        (muse_xml(waves(), fs=FS.format(5, 8)), "between 50 and 20,000 Hz"),
        (muse_xml(waves(), unit=""), "a unit for every lead"),
        (muse_xml(waves(), unit="FURLONGS"), "V, mV or uV"),
        (changed("<LeadID>", "<LeadID>X"), "12 standard leads"),
        (changed("<LeadID>V6", "<LeadID>V5"), "V5 twice"),
        (changed("<LeadAmplitudeUnitsPerBit>5<", "<LeadAmplitudeUnitsPerBit>NaN<"), "LeadAmplitudeUnitsPerBit"),
        (changed("<LeadAmplitudeUnitsPerBit>5<", "<LeadAmplitudeUnitsPerBit>-5<"), "LeadAmplitudeUnitsPerBit"),
        (changed("Total>3000<", "Total>1000000000<"), "at most 20,000,000 samples"),
        (changed("Total>3000<", "Total>-3000<"), "at least one sample"),
        (changed("Total>3000<", "Total>3001<"), "3,001 samples"),
        (changed("<LeadByteCountTotal>6000<", "<LeadByteCountTotal>99<"), "3,000 samples"),
        (changed("<LeadSampleSize>2<", "<LeadSampleSize>3<"), "1, 2 or 4 bytes"),
        (changed("<LeadTimeOffset>0<", "<LeadTimeOffset>2500<"), "start together"),
        (changed("</WaveFormData>", "A</WaveFormData>"), "whole base64"),
        (changed("</WaveFormData>", "&lt;</WaveFormData>"), "whole base64"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_is_refused(content, told, refusal):
    assert told in refusal(lambda: read(content))
