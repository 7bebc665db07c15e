"""The Cohort page through real Streamlit: the bundled cohort, a prepared folder, and neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE
from ecgkt.catalogue import all_labels
from ecgkt.dashboard import cohort, cohort_sections
from ecgkt.domain.features import Window
from ecgkt.domain.labels import Kind
from ecgkt.reports.summary import read_summary, summarise
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("untrained_app")


def open_page(section: str = "Who") -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "cohort.py"), default_timeout=60)
    page.session_state[cohort.SECTION] = section
    page.run()
    assert not page.exception
    return page


@pytest.mark.parametrize("section", tuple(cohort.SECTIONS))
def test_every_section_opens_and_says_whose_patients_they_are(section):
    told = text_of(open_page(section))
    assert "SIMULATED patients" in told and NOTICE in told
    assert "the bundled summary of the released run" in told
    assert told.count("<th scope=") > 10


def test_the_flow_is_told_in_words_and_offered_as_a_file():
    page = open_page()
    summary = read_summary(cohort.BUNDLED)
    told = text_of(page)
    assert f"Listed: {summary.listed:,} ECGs" in told
    for reason, count in summary.excluded.items():
        assert f"{reason} {count:,}" in told
    assert "Flow as SVG" in [button.proto.label for button in page.get("download_button")]


def test_a_prepared_folder_is_counted_in_place_of_the_bundled_one(prepared, monkeypatch):
    monkeypatch.setenv("ECGKT_COHORT", str(prepared))
    told = text_of(open_page())
    summary = summarise(prepared)
    assert summary.fingerprint in told and f"{summary.kept:,} ECGs of {summary.subjects:,} patients" in told
    assert "the prepared folder that the app was opened with" in told


def test_a_folder_that_holds_no_cohort_gets_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("ECGKT_COHORT", str(tmp_path))
    (error,) = open_page().error
    assert error.value.startswith("Wanted a prepared cohort")


def test_without_any_cohort_the_page_says_how_to_show_one(monkeypatch, tmp_path):
    monkeypatch.setattr(cohort, "BUNDLED", tmp_path / "none.json")
    assert "--cohort PREPARED" in text_of(open_page())


def test_the_chart_of_prevalence_has_each_target_of_a_family_and_each_part():
    summary = read_summary(cohort.BUNDLED)
    for kind in Kind:
        chart = cohort_sections.prevalence_chart(summary, kind)
        assert set(chart.rows) == {label.title for label in all_labels().of_kind(kind)}
        assert [series.name for series in chart.series] == ["Training", "Tuning", "Held out"]
        assert "SIMULATED" in chart.mark
    known, positive = summary.labels["sinus_rhythm"]["train"]
    chart = cohort_sections.prevalence_chart(summary, Kind.TRACING)
    place = chart.rows.index(all_labels()["sinus_rhythm"].title)
    train = dict(zip(chart.series[0].y, chart.series[0].x, strict=True))
    assert train[place] == pytest.approx(100 * positive / known)


def test_the_chart_of_measurements_tells_what_share_has_a_value():
    summary = read_summary(cohort.BUNDLED)
    chart = cohort_sections.measured_chart(summary)
    place = chart.rows.index("Potassium")
    named = {series.name: dict(zip(series.y, series.x, strict=True))[place] for series in chart.series}
    assert named["Target"] == pytest.approx(100 * summary.values["target"]["potassium"] / summary.kept)
    assert named["Reveal"] > named["Target"]


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(-1440, 0, "resulted"), "24 h before to the time of the ECG"),
        (Window(-90, 90, "drawn"), "90 min before to 90 min after the ECG"),
        (Window(-43200, 43200, "drawn"), "30 days before to 30 days after the ECG"),
        (Window(0, 120, "drawn", "ed_arrival"), "the time of to 120 min after the arrival"),
    ],
)
def test_windows_are_told_in_the_units_that_people_use(window, words):
    assert cohort_sections.window_words(window) == words
