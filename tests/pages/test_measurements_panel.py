"""The panel of measurements: each number with its source, or the reason why there is none."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.written_files.vendors import csv_text
from ecgkt.dashboard import measured, paper, samples, state
from ecgkt.domain import Record
from ecgkt.readers.mimic_device import read_device_report
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.signals.measurements import measure


def panel(page) -> str:
    (table,) = (part.proto.body for part in page.get("html") if part.proto.body.startswith("<table"))
    return table


def case_of(signal: np.ndarray, fs: float = 500) -> state.Case:
    return state.Case("Test", Record(signal.astype(np.float32), fs, "test"))


def opened(page, case: state.Case):
    page.session_state[state.CASE] = case
    page.run()
    assert not page.exception
    return page


def test_each_number_is_that_of_the_measurements_with_its_unit_and_formula(case_page):
    told = panel(case_page())
    record = samples.load(samples.titles()[0]).record
    values = measure(record.signal, record.fs).values
    for title, name in (("PR", "pr"), ("QRS", "qrs"), ("QT", "qt")):
        assert f'<th scope="row">{title}</th><td><b>{values[name].value:.0f} ms</b>' in told
    assert f"QTc <small>Fridericia</small></th><td><b>{values['qtc_fridericia'].value:.0f} ms</b>" in told
    assert f"Rate</th><td><b>{values['heart_rate'].value:.0f}/min</b>" in told
    assert "device" not in told


def test_a_narrow_screen_has_the_first_measurements_in_one_line_above_the_ecg(case_page):
    page = case_page()
    (line,) = (part.proto.body for part in page.main.get("html") if "ecgkt-line" in part.proto.body)
    record = samples.load(samples.titles()[0]).record
    values = measure(record.signal, record.fs).values
    told = [f"Rate {values['heart_rate'].value:.0f}/min", f"PR {values['pr'].value:.0f} ms"]
    told += [f"QRS {values['qrs'].value:.0f} ms", f"QT {values['qt'].value:.0f} ms"]
    assert " · ".join([*told, f"QTc {values['qtc_fridericia'].value:.0f} ms Fridericia"]) in line


def test_a_filter_for_the_eye_leaves_the_measurements_as_they_are(case_page):
    page = case_page()
    before = panel(page)
    page.selectbox(paper.FILTER).set_value("0.5-40 Hz").run()
    assert panel(page) == before


def test_no_pr_is_said_in_atrial_fibrillation_and_the_reason_stands_below(case_page):
    title = next(title for title in samples.titles() if title.startswith("Atrial fibrillation"))
    page = case_page()
    page.selectbox(state.SAMPLE).set_value(title).run()
    told = panel(page)
    assert '<th scope="row">PR</th><td>refused</td></tr><tr class="why">' in told
    assert "in which PR has no meaning" in told


@pytest.mark.parametrize("seconds", [1, 10])
def test_a_flat_or_short_recording_has_its_reason_once_and_no_number(case_page, seconds):
    page = opened(case_page(), case_of(np.zeros((12, 500 * seconds))))
    told = " ".join(part.proto.body for part in page.get("html"))
    assert "<caption>Measurements" not in told
    reason = "at least 2 s are needed" if seconds == 1 else "No lead can be measured"
    assert told.count("<b>No measurements.</b>") == told.count(reason) == 1


def test_a_rate_that_cannot_be_measured_is_one_sentence(case_page):
    page = opened(case_page(), case_of(np.random.default_rng(0).normal(0, 0.2, (12, 1000)), fs=100))
    said = " ".join(part.proto.body for part in page.get("html"))
    assert "No measurements." in said
    assert "a sampling rate from 200 to 2,000 Hz" in said
    assert not page.error
    page.segmented_control(paper.TOOL).set_value(paper.BEATS).run()
    assert page.info[0].value.startswith("No median beat.")


def test_a_qtc_of_half_a_second_is_marked():
    record = samples.load(samples.titles()[0]).record
    found = measure(record.signal, record.fs)
    value = found.values["qtc_fridericia"]
    for qtc, marked in ((499.4, False), (500.0, True)):
        values = {**found.values, "qtc_fridericia": type(value)(qtc, "ms")}
        lines = measured.lines(type(found)(values, {}, found.rhythm, (), None, None), {})
        assert [line.marked for line in lines if line.formula == "Fridericia" and line.title == "QTc"] == [marked]


def test_what_the_machine_stated_stands_beside_what_is_computed(case_page, cohort, monkeypatch):
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    page = case_page()
    study = next(
        study.study_id
        for study in MimicFolder.open(cohort).studies()
        if "pr" in read_device_report(cohort, study.study_id).values
    )
    page.selectbox(state.STUDY).set_value(study).run()
    report = read_device_report(cohort, study)
    told = panel(page)
    assert '<th scope="col">device</th><th scope="col">computed</th>' in told
    assert f'<th scope="row">PR</th><td>{report.values["pr"]:.0f} ms</td>' in told
    assert "QTc <small>Fridericia</small></th><td>not stated</td>" in told
    assert page.session_state[state.CASE].record.filters == report.filters


def test_the_median_beats_are_one_choice_away(case_page):
    page = case_page()
    page.segmented_control(paper.TOOL).set_value(paper.BEATS).run()
    assert not page.exception
    assert any('class="ecgkt-beats"' in part.proto.body for part in page.get("html"))


def test_a_rate_at_which_nothing_is_measured_leaves_scores_and_says_that_rules_cannot_speak(case_page):
    signal = samples.load(samples.titles()[0]).record.signal[:, ::5]
    page = case_page()
    content = csv_text(signal, above="# fs = 100 Hz\n# unit = mV\n# age = 60\n").encode()
    page.file_uploader[0].set_value([("x.csv", content, "text/csv")]).run()
    assert not page.exception
    told = " ".join(part.proto.body for part in page.get("html"))
    assert "from 200 to 2,000 Hz, got 100" in told
    assert "rules cannot say anything without measurements" in told
    rows = [button.label for button in page.button if str(button.key).startswith("row-")]
    assert any("rules cannot say" in label for label in rows)
    assert not [label for label in rows if "no rule" in label]
