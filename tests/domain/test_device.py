"""The machine's own report: nothing implausible and nothing of a person stays in it."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from ecgkt.domain import DeviceReport
from ecgkt.domain.device import axis_in_degrees, is_statement
from ecgkt.errors import InvalidValue

STATEMENTS = (
    "Sinus rhythm",
    "*** *** ***  ACUTE MI / STEMI  *** *** ***",
    "Sinusbradykardie mit 1:2 Block",
    "Nonspecific ST and T wave abnormality",
    "Left axis deviation, QRS axis -45",
    "Summary: Abnormal ECG",
    "Cannot rule out Anterior infarct , age undetermined",
    "Vorhofflimmern",
    "Otherwise normal ECG",
    "Unconfirmed ECG",
    "PR 212 ms, QRS 98 ms, QT 400 ms",
    "EKG normal",
)

OTHERS = (
    "",
    "Jane Doe",
    "Patricia Doe, Beatrice Norman",
    "Name: Doe, sinus rhythm",
    "Sinus rhythm, patient Doe",
    "Normal ECG, confirmed by Jane Doe",
    "Sinus rhythm 19700102",
    "Sinus rhythm since 12-JAN-2019",
    "When compared with ECG of 1/2/2019",
    "Normal ECG of 02.01.70",
    "Normal ECG at 08:44",
    "Abnormal ECG in 1970",
    "Normal ECG A1234567",
    "Referred by: Dr Doe, normal ECG",
    "Normal ECG, Dr Doe",
    "Doe^Jane normal ECG",
    "Sinus rhythm " + "and more " * 30,
    "Sinus\nrhythm",
)


@pytest.mark.parametrize("line", STATEMENTS)
def test_a_statement_on_the_ecg_is_kept(line):
    assert is_statement(line)


@pytest.mark.parametrize("line", OTHERS)
def test_what_may_name_a_person_a_place_or_a_day_is_no_statement(line):
    assert not is_statement(line)


def test_a_report_from_a_machine_leaves_out_what_a_report_may_not_hold():
    values = {"heart_rate": 72, "pr": None, "qrs": 0, "qt": 29999, "t_axis": float("nan"), "atrial_rate": 72}
    report = DeviceReport.from_machine(
        values, " 0.05-150 Hz,\n notch 60 Hz ", [*STATEMENTS, *OTHERS, "  Sinus \n rhythm "], identifying=()
    )
    assert report.values == {"heart_rate": 72.0}
    assert report.filters == "0.05-150 Hz, notch 60 Hz"
    assert report.statements == tuple(" ".join(line.split()) for line in STATEMENTS)


def test_words_that_name_the_patient_elsewhere_in_the_file_take_their_statement_with_them():
    lines = ["Sinus rhythm of Doe", "sinus rhythm, DOE", "Possible left atrial enlargement", "Sinus rhythm"]
    places = ["Doe^Jane", "River City Clinic for the Possible Left Atrial Heart"]
    assert DeviceReport.from_machine({}, None, lines, identifying=places).statements == (
        "Possible left atrial enlargement",
        "Sinus rhythm",
    )


@pytest.mark.parametrize(
    "wrong",
    [{"values": {"QRS": 90.0}}, {"values": {"qrs": -1.0}}, {"values": {"qt": float("nan")}}, {"statements": ("Doe",)}],
)
def test_a_report_that_was_not_cleaned_is_refused(wrong):
    with pytest.raises(InvalidValue):
        DeviceReport(**wrong)


def test_axes_are_within_half_a_turn():
    assert [axis_in_degrees(value) for value in (-180, 0, 180, 181, 270, 361, -181, None)] == [
        -180, 0, 180, -179, -90, None, None, None,
    ]  # fmt: skip


def test_a_report_travels_with_its_record_and_fills_in_the_filters(sine_record):
    report = DeviceReport({"qrs": 90.0}, "0.05-150 Hz", ("Sinus rhythm",))
    record = replace(sine_record, device=report)
    assert record.filters == "0.05-150 Hz" and replace(record, filters="none").filters == "none"
    assert record.first_seconds(2).device is report
    assert copy.deepcopy(report) == report and not DeviceReport()
