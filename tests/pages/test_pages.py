"""Each page opens cold, opens with a record, and does its action: real Streamlit, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE, checkpoints, readers
from ecgkt.dashboard import samples, state
from ecgkt.domain import Domain, Record
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))


pytestmark = pytest.mark.usefixtures("untrained_app")


def open_page(name: str = "case.py") -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60).run()
    assert not page.exception
    return page


def rows(page: AppTest) -> list:
    return [button for button in page.button if str(button.key).startswith("row-")]


def upload(page: AppTest, *files: Path) -> AppTest:
    uploader = page.file_uploader[0]
    uploader.set_value([(file.name, file.read_bytes(), "application/octet-stream") for file in files])
    return page.run()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_cold_with_the_notice(name):
    page = open_page(name)
    assert NOTICE in text_of(page)
    assert "SIMULATED patients only" in text_of(page)


def test_the_app_opens_on_the_case_page():
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not page.exception
    assert page.selectbox(state.SAMPLE).label == "Sample"


def test_a_simulated_sample_is_called_simulated_and_told_in_frequencies():
    page = open_page()
    told = text_of(page)
    assert "SIMULATED, no patient" in told
    assert "(simulated)" in page.session_state[state.CASE].title
    assert "Frequencies among simulated ECGs" in told
    assert all(" of 100**" not in row.label for row in rows(page))
    for heading in ("On this tracing", "Coded at this visit (ICD-10)", "Laboratory abnormalities"):
        assert heading in told


@pytest.mark.parametrize("title", samples.titles())
def test_every_bundled_sample_opens(title):
    page = open_page()
    page.selectbox(state.SAMPLE).set_value(title).run()
    assert not page.exception
    assert not page.error
    case = page.session_state[state.CASE]
    assert case.title == title
    assert (case.record.domain is Domain.SIMULATED) == ("simulated" in title.lower())


def test_a_real_ecg_is_ranked_and_no_probability_is_said():
    page = open_page()
    page.selectbox(state.SAMPLE).set_value(samples.REAL).run()
    assert "uncalibrated here" in text_of(page)
    assert rows(page)
    assert all("of 100**" in row.label for row in rows(page))


def test_a_click_on_a_target_draws_its_map_and_a_second_click_removes_it():
    page = open_page()
    row = rows(page)[0]
    row.click().run()
    assert not page.exception
    assert "Integrated gradients of the raw score" in text_of(page)
    assert page.session_state[state.TARGET] == row.key.removeprefix("row-")
    next(button for button in rows(page) if button.key == row.key).click().run()
    assert "Integrated gradients" not in text_of(page)


def test_the_chosen_target_stays_in_sight_wherever_it_ranks():
    page = open_page()
    seen = {row.key for row in rows(page)}
    labels = checkpoints.read_card(checkpoints.choose_checkpoint()).labels
    hidden = next(name for name in labels.names if f"row-{name}" not in seen)
    page.session_state[state.TARGET] = hidden
    page.run()
    assert {row.key for row in rows(page)} == seen | {f"row-{hidden}"}


def test_all_scores_are_one_switch_away():
    page = open_page()
    few = len(rows(page))
    page.toggle(state.ALL_ROWS).set_value(True).run()
    card = checkpoints.read_card(checkpoints.choose_checkpoint())
    assert few < len(rows(page)) == len(card.labels)


def test_an_upload_is_opened_and_only_this_session_holds_it(cohort):
    header = readers.find_records(cohort)[3]
    page = upload(open_page(), header, header.with_suffix(".dat"))
    assert not page.exception
    assert page.session_state[state.CASE].title == "Uploaded ECG"
    assert page.session_state[state.SAMPLE] is None
    other = open_page()
    assert other.session_state[state.CASE].title != "Uploaded ECG"


def test_a_bad_upload_gets_one_sentence_and_the_open_case_stays(cohort, tmp_path):
    header = readers.find_records(cohort)[3]
    bad = tmp_path / "bad.dat"
    bad.write_text("no signal")
    page = upload(open_page(), header, header.with_suffix(".dat"))
    before = page.session_state[state.CASE].id
    page.file_uploader[0].set_value([(bad.name, bad.read_bytes(), "text/plain")])
    page.run()
    (error,) = page.error
    assert error.value.startswith("Wanted an ECG")
    assert page.session_state[state.CASE].id == before
    assert rows(page)


def test_a_recording_that_the_model_cannot_read_is_shown_with_the_reason(monkeypatch):
    import numpy as np

    signal = np.random.default_rng(0).normal(0, 0.2, (12, 5000)).astype(np.float32)
    signal[8] = 0
    flat = state.Case("Flat lead", Record(signal, 500, "test"))
    page = open_page()
    page.session_state[state.CASE] = flat
    page.run()
    assert "The model abstains. Wanted a signal on all 12 leads, got a recording in which lead V3 is flat" in text_of(
        page
    )
    assert not rows(page)


def test_a_study_of_a_local_mimic_folder_is_opened_by_its_number(cohort, monkeypatch):
    assert not any(box.key == state.STUDY for box in open_page().selectbox)
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    page = open_page()
    study = page.selectbox(state.STUDY).options[2]
    page.selectbox(state.STUDY).set_value(int(study)).run()
    assert not page.exception
    assert page.session_state[state.CASE].title == f"Study {study}"


def test_physionet_is_asked_only_on_a_press_and_a_failure_is_one_sentence(monkeypatch):
    from ecgkt.errors import FetchFailed
    from ecgkt.readers import physionet

    asked = []

    def refuse(database: str, record: str) -> Record:
        asked.append((database, record))
        raise FetchFailed("the record from PhysioNet", "no connection", "try again when online")

    monkeypatch.setattr(physionet, "fetch_record", refuse)
    page = open_page()
    assert not asked
    page.button(state.PHYSIONET).click().run()
    assert len(asked) == 1
    said = "Wanted the record from PhysioNet, got no connection: try again when online."
    assert page.error[0].value == f"{said} {state.STILL_OPEN}"


def test_a_folder_without_models_is_told_on_every_page(tmp_path, monkeypatch):
    monkeypatch.setenv("ECGKT_MODELS", str(tmp_path))
    for name in PAGES:
        page = open_page(name)
        assert page.error[0].value.startswith("Wanted a folder of checkpoints")


def test_the_card_is_told_with_its_intervals_and_commands():
    told = text_of(open_page("about.py"))
    card = checkpoints.read_card(checkpoints.choose_checkpoint())
    assert card.id in told
    assert card.preprocessing.fingerprint in told
