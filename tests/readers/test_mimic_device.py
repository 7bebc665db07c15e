"""What the recording machine stated, line by line from machine_measurements.csv."""

from __future__ import annotations

import pytest

from ecgkt.readers.mimic_device import read_device_report

HEADER = (
    "subject_id,study_id,cart_id,ecg_time,report_0,report_1,bandwidth,filtering,"
    "rr_interval,p_onset,p_end,qrs_onset,qrs_end,t_end,p_axis,qrs_axis,t_axis\n"
)
TIME = "2180-07-23 08:44:00"


def row(study, numbers, filters="0.005-150 Hz,60 Hz notch"):
    return f'7,{study},9,{TIME},"Sinus rhythm, normal",,{filters},{numbers}\n'


@pytest.fixture
def folder(tmp_path):
    lines = (
        row(11, "800,40,140,200,290,580,60,-30,200"),
        row(12, "600,29999,29999,200,330,29999,29999,271,45", "0.05-100 Hz,<not specified>"),
        row(13, "0,210,220,200,190,500,,x,-180", ",<not specified>"),
    )
    (tmp_path / "machine_measurements.csv").write_text(HEADER + "".join(lines))
    return tmp_path


def test_intervals_axes_and_filters_are_those_of_the_study(folder):
    report = read_device_report(folder, 11)
    assert report.values == {
        "heart_rate": 75, "pr": 160, "qrs": 90, "qt": 380, "p_axis": 60, "qrs_axis": -30, "t_axis": -160,
    }  # fmt: skip
    assert report.filters == "0.005-150 Hz, 60 Hz notch"


def test_what_is_missing_or_impossible_is_left_out(folder):
    without_p = read_device_report(folder, 12)
    assert without_p.values == {"heart_rate": 100, "qrs": 130, "t_axis": 45}
    assert without_p.filters == "0.05-100 Hz"
    nothing = read_device_report(folder, 13)
    assert nothing.values == {"qt": 300, "t_axis": -180}
    assert nothing.filters is None


def test_a_study_or_a_table_that_is_not_there_has_no_report(folder, tmp_path_factory):
    assert read_device_report(folder, 7) is None, "a subject is no study"
    assert read_device_report(folder, 9) is None, "a cart is no study"
    assert read_device_report(tmp_path_factory.mktemp("empty"), 11) is None


def test_a_simulated_cohort_states_what_its_machine_measured(cohort):
    from ecgkt.readers.mimic_folder import MimicFolder

    studies = MimicFolder.open(cohort).studies(limit=40)
    reports = [read_device_report(cohort, study.study_id) for study in studies]
    assert all(report is not None and report.filters for report in reports)
    assert all(40 <= report.values["qrs"] <= 250 for report in reports if report is not None)
