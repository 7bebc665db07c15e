"""HL7 annotated ECGs: the variants of vendors, the measurements of devices, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.written_files.vendors import aecg_annotations, aecg_interpretation, aecg_measured, aecg_xml, waves
from ecgkt.domain import LEADS
from ecgkt.domain.records import STORED_LEADS
from ecgkt.readers import read_upload

SECONDS = '<head value="0" unit="s"/><increment value="{}" unit="{}"/>'


def read(content: bytes):
    return read_upload([("x", content)])


def test_digits_become_millivolts_by_origin_and_scale():
    signal = waves()
    record = read(aecg_xml(signal))
    np.testing.assert_allclose(record.signal, signal, atol=3e-3)
    shifted = read(aecg_xml(signal, origin='<origin value="0.5" unit="mV"/>'))
    np.testing.assert_allclose(shifted.signal, record.signal + 0.5, atol=1e-6)
    assert (record.fs, record.source, record.age, record.sex) == (500, "HL7 aECG", 54, "female")


@pytest.mark.parametrize(
    ("unit", "value", "steps"), [("mV", 0.005, 200), ("nV", 5000, 200), ("V", 5e-6, 200), ("\u00b5V", 5, 200)]
)
def test_every_unit_of_voltage_is_converted(unit, value, steps):
    scale = f'<scale value="{value}" unit="{unit}"/>'
    record = read(aecg_xml(waves(), scale=scale, steps_per_millivolt=steps))
    np.testing.assert_allclose(record.signal, waves(), atol=3e-3)


@pytest.mark.parametrize(
    ("step", "unit", "fs"), [(1, "ms", 1000), (4, "ms", 250), (0.004, "s", 250), (2000, "us", 500)]
)
def test_relative_times_give_the_rate_by_their_unit(step, unit, fs):
    content = aecg_xml(waves(), code="TIME_RELATIVE", times=[SECONDS.format(step, unit)])
    assert read(content).fs == fs


def test_eight_leads_are_completed_and_said_so():
    record = read(aecg_xml(waves(), sets=[STORED_LEADS]))
    np.testing.assert_allclose(record.signal, waves(), atol=5e-3)
    assert record.notes == ("III, aVR, aVL, aVF derived from I and II",)


def test_leads_in_sequence_sets_of_their_own_are_put_together():
    record = read(aecg_xml(waves(), sets=[[lead] for lead in LEADS]))
    np.testing.assert_allclose(record.signal, waves(), atol=3e-3)


def test_sequences_that_stand_in_their_set_without_a_component_are_read():
    content = aecg_xml(waves()).replace(b"<component><sequence>", b"<sequence>")
    record = read(content.replace(b"</sequence></component>", b"</sequence>"))
    np.testing.assert_allclose(record.signal, waves(), atol=3e-3)


RELATIVE = [f'<head value="{start}" unit="s"/><increment value="2" unit="ms"/>' for start in (0, 6, 12, 18)]
ABSOLUTE = [f'<head value="202403041015{s:04.1f}"/><increment value="2" unit="ms"/>' for s in (0, 6, 12, 18)]
COLUMNS = [LEADS[first : first + 3] for first in range(0, 12, 3)]


@pytest.mark.parametrize(("times", "code"), [(RELATIVE, "TIME_RELATIVE"), (ABSOLUTE, "TIME_ABSOLUTE")])
def test_leads_that_were_recorded_one_after_the_other_stand_at_their_time_with_gaps(times, code):
    record = read(aecg_xml(waves(), sets=COLUMNS, times=times, code=code))
    assert record.seconds == 24 and "leads were recorded one after the other, with gaps between" in record.notes
    for column, leads in enumerate(COLUMNS):
        for lead in leads:
            there = slice(3000 * column, 3000 * (column + 1))
            np.testing.assert_allclose(record.lead(lead)[there], waves()[LEADS.index(lead)], atol=3e-3)
            assert np.isnan(np.delete(record.lead(lead), np.arange(3000) + 3000 * column)).all()


def test_of_a_lead_that_was_recorded_twice_the_longer_one_is_read():
    content = aecg_xml(waves(), sets=[*COLUMNS, ["II"]], times=[*RELATIVE, RELATIVE[0]], code="TIME_RELATIVE").decode()
    place = content.rindex("MDC_ECG_LEAD_II", 0, content.index("<derivation>"))
    doubled = content[:place] + content[place:].replace("<digits>", f"<digits>{'9 ' * 9000}", 1)
    record = read(doubled.encode())
    assert np.isfinite(record.lead("II")).all() and np.isnan(record.lead("I")).any()


@pytest.mark.parametrize(
    "times",
    [
        [*RELATIVE[:3], '<increment value="2" unit="ms"/>'],
        [*RELATIVE[:3], '<head value="18" unit="s"/><increment value="4" unit="ms"/>'],
        [*ABSOLUTE[:3], '<head value="20249904101500"/><increment value="2" unit="ms"/>'],
    ],
)
def test_leads_that_do_not_say_when_they_begin_or_differ_in_rate_are_refused(times, refusal):
    assert "say when they begin" in refusal(lambda: read(aecg_xml(waves(), sets=COLUMNS, times=times)))


def test_leads_that_lie_years_apart_are_refused(refusal):
    times = [*ABSOLUTE[:3], '<head value="19990304101500"/><increment value="2" unit="ms"/>']
    assert "at most 20,000,000 samples" in refusal(lambda: read(aecg_xml(waves(), sets=COLUMNS, times=times)))


def test_of_several_recordings_the_longest_complete_one_is_read_and_said_so():
    series = aecg_xml(waves(2000)).decode()
    one = series[series.index("<component><series>") : series.index("</series></component>") + 21]
    record = read(aecg_xml(waves(), further=one + one))
    assert record.seconds == 6
    assert record.notes == ("1 of 3 recordings in the file is read, the first of the longest and most complete ones",)


def test_a_representative_beat_alone_is_refused(refusal):
    content = aecg_xml(waves(), series_code="REPRESENTATIVE_BEAT")
    assert "rhythm series" in refusal(lambda: read(content))


def test_global_measurements_of_a_device_are_kept_and_those_of_a_lead_or_a_person_are_not():
    place = '<component><boundary><code code="MDC_ECG_LEAD_II"/></boundary></component>'
    lead = f"<support><supportingROI>{place}</supportingROI></support>"
    fridericia = aecg_measured("MDC_ECG_TIME_PD_QTcF", 420, "ms")
    device = aecg_annotations(
        aecg_measured("MDC_ECG_TIME_PD_RR", 800, "ms"),
        aecg_measured("MDC_ECG_TIME_PD_QT", 300, "ms", lead),
        aecg_measured("MDC_ECG_TIME_PD_PR_GL", 0.16, "s"),
        aecg_measured("MDC_ECG_TIME_PD_QTc", 430, "ms", f"<component>{fridericia}</component>"),
        aecg_measured("MDC_ECG_ANGLE_QRS_FRONT", 300, "deg"),
        aecg_measured("MINDRAY_ECG_T_AXIS", 0.5, "rad"),
        aecg_measured("MDC_ECG_TIME_PD_QRS", 90, "furlongs"),
    )
    person = aecg_annotations(aecg_measured("MDC_ECG_TIME_PD_QT", 500, "ms"), author="assignedPerson")
    record = read(aecg_xml(waves(), annotations=person + device))
    assert {name: round(value) for name, value in record.device.values.items()} == {
        "heart_rate": 75, "pr": 160, "qtc": 430, "qtc_fridericia": 420, "qrs_axis": -60, "t_axis": 29,
    }  # fmt: skip
    assert record.filters == "low-pass 40 Hz"


def test_statements_of_a_device_are_kept_and_comments_and_persons_are_not():
    device = aecg_annotations(aecg_interpretation("Sinus rhythm", "Normal ECG", "Normal ECG of Doe"))
    person = aecg_annotations(aecg_interpretation("Left axis deviation"), author="assignedPerson")
    nobody = aecg_annotations(aecg_interpretation("Right axis deviation"), author="unknown")
    record = read(aecg_xml(waves(), annotations=person + nobody + device))
    assert record.device.statements == ("Sinus rhythm", "Normal ECG")
    signed = aecg_annotations(aecg_interpretation("Sinus rhythm", "CONFIRMED REPORT"))
    assert read(aecg_xml(waves(), annotations=signed)).device.statements == ()


def test_a_rhythm_alone_is_a_partial_report():
    rhythm = '<annotation><code code="MDC_ECG_RHY"/><value code="X" displayName="Sinus Rhythm"/></annotation>'
    report = read(aecg_xml(waves(), annotations=aecg_annotations(rhythm))).device
    assert report.statements == ("Sinus Rhythm",) and report.partial


def changed(old: str, new: str) -> bytes:
    content = aecg_xml(waves())
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (aecg_xml(waves(), times=['<head value="0"/><increment value="0.002"/>']), "an increment above 0"),
        (aecg_xml(waves(), times=['<head value="0"/><increment value="0" unit="s"/>']), "an increment above 0"),
        (aecg_xml(waves(), times=['<head value="0"/><increment value="-2" unit="ms"/>']), "an increment above 0"),
        (aecg_xml(waves(), times=['<increment value="1" unit="fortnight"/>']), "an increment above 0"),
        (aecg_xml(waves(), times=['<increment value="1e-9" unit="s"/>']), "between 50 and 20,000 Hz"),
        (aecg_xml(waves(), scale='<scale value="5"/>'), "a unit for every lead"),
        (aecg_xml(waves(), scale='<scale value="5" unit="Pa"/>'), "V, mV or uV"),
        (aecg_xml(waves(), scale=""), "a scale for every lead"),
        (aecg_xml(waves(), scale='<scale value="inf" unit="uV"/>'), "a scale for every lead"),
        (aecg_xml(waves(), origin='<origin value="3"/>'), "a unit for every lead"),
        (changed("MDC_ECG_LEAD_", "MDC_ECG_LEAD_X"), "12 standard leads"),
        (aecg_xml(waves(), sets=[[*LEADS, "V1"]]), "V1 twice"),
        (aecg_xml(waves(), sets=[[*LEADS, *["X"] * 60]]), "at most 64 leads"),
        (aecg_xml(waves(), sets=[[]]), "leads in the HL7 aECG"),
        (aecg_xml(waves(10), sets=[["V1"]] * 201), "at most 200 sequence sets"),
        (changed("<digits>0 ", "<digits>NaN "), "all numbers"),
        (changed("<digits>0 ", "<digits>0 0 "), "12 leads of one length"),
        (aecg_xml(np.zeros((12, 0))), "at least one sample"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_is_refused(content, told, refusal):
    assert told in refusal(lambda: read(content))
