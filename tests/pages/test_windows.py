"""A long recording on the Case page: one window is shown and read, the reader turns to another, all are summed up."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb
from scipy.io import savemat
from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import samples, state
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.signals.quality import assess


def upload(page: AppTest, seconds: float, leads: slice = slice(12)) -> AppTest:
    """Upload noise of that length as CPSC 2018 stores it; leads beyond the slice have no sample."""
    signal = np.random.default_rng(0).normal(0, 0.3, (12, round(500 * seconds)))
    signal[leads.stop :] = np.nan
    target = io.BytesIO()
    savemat(target, {"ECG": {"sex": "Male", "age": 60, "data": signal}})
    page.file_uploader[0].set_value([("long.mat", target.getvalue(), "application/octet-stream")]).run()
    assert not page.exception and not page.error
    return page


def said(page: AppTest) -> str:
    return " ".join(element.value for element in (*page.get("html"), *page.caption, *page.warning))


def window_choice(page: AppTest):
    return next(one for one in page.get("button_group") if "Which part" in one.label)


def test_the_first_window_is_shown_and_another_on_a_click(case_page: Callable[[], AppTest]):
    page = upload(case_page(), 24)
    case = page.session_state[state.CASE]
    assert case.record.seconds == 10 and case.seconds == 24
    assert "the first 10 s of 24.0 s are used" in said(page)
    assert "The model saw 100 Hz, 0 to 10 s of 24.0 s" in said(page)
    choice = window_choice(page)
    assert choice.options == ["0 to 10 s", "10 to 20 s", "14 to 24 s"]
    choice.set_value("14 to 24 s").run()
    assert not page.exception
    turned = page.session_state[state.CASE]
    np.testing.assert_array_equal(turned.record.signal, turned.whole.signal[:, 7000:])
    assert "The model saw 100 Hz, 14 to 24 s of 24.0 s" in said(page)
    assert "Over all 3 windows" in said(page) and "median (lowest to highest)" in said(page)
    window_choice(page).set_value("0 to 10 s").run()
    assert page.session_state[state.CASE].id == case.id


def test_ten_seconds_have_no_choice_and_fewer_are_said(case_page: Callable[[], AppTest]):
    page = case_page()
    assert not [one for one in page.get("button_group") if "Which part" in one.label]
    assert "Over all" not in said(page)
    upload(page, 7.4)
    assert "The model saw 100 Hz, all 7.4 s" in said(page)


def test_over_a_minute_the_rest_is_said_to_be_unread(case_page: Callable[[], AppTest]):
    assert "15 s after the first 60 are not read" in said(upload(case_page(), 75))


def test_missing_chest_leads_are_named_and_the_model_abstains(case_page: Callable[[], AppTest]):
    page = upload(case_page(), 10, slice(6))
    assert "The model abstains." in page.warning[0].value
    assert "leads V1-V6 are missing" in page.warning[0].value


@pytest.fixture
def long_study(cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A study of a local folder that goes on for 24.5 s: its own 10 s again and again, each time a little smaller."""
    folder = tmp_path / "folder"
    shutil.copytree(cohort, folder)
    opened = MimicFolder.open(folder)
    row = next(row for row, one in enumerate(opened.study_ids) if assess(opened.read(one)).refusal is None)
    study, path = opened.study_ids[row], folder / opened.paths[row]
    kept = wfdb.rdrecord(str(path), physical=False)
    signal = np.concatenate([(kept.d_signal * part).astype(np.int16) for part in (1, 0.8, 0.6)])[:12250]
    told = {name: getattr(kept, name) for name in ("units", "sig_name", "fmt", "adc_gain", "baseline", "comments")}
    wfdb.wrsamp(path.name, 500, d_signal=signal, write_dir=str(path.parent), **told)
    monkeypatch.setenv("ECGKT_RECORDS", str(folder))
    return int(study)


def opened_at(words: dict[str, list[str]]) -> AppTest:
    page = AppTest.from_file(str(Path(__file__).resolve().parents[2] / "pages" / "case.py"), default_timeout=60)
    for key, word in words.items():
        page.query_params[key] = word
    page.run()
    assert not page.exception
    return page


def address_of(page: AppTest) -> dict[str, list[str]]:
    return {key: list(word) if isinstance(word, list) else [word] for key, word in page.query_params.items()}


def test_the_part_that_was_chosen_opens_again_from_the_address(case_page: Callable[[], AppTest], long_study: int):
    page = case_page()
    page.selectbox(state.STUDY).set_value(long_study).run()
    (first,) = address_of(page)["case"]
    assert "from" not in first
    window_choice(page).set_value("14.5 to 24.5 s").run()
    (word,) = address_of(page)["case"]
    assert word == f"{first}-from-14.5s"
    again = opened_at(address_of(page))
    assert [one.value for one in again.warning] == []
    assert "The model saw 100 Hz, 14.5 to 24.5 s of 24.5 s" in said(again)
    assert address_of(again) == address_of(page)
    assert said(again) == said(page)
    again.query_params["case"] = first
    again.run()
    assert "The model saw 100 Hz, 0 to 10 s of 24.5 s" in said(again), "Back shows the part that was there before"
    again.query_params["case"] = f"{long_study}-from-10s"
    again.run()
    assert "The model saw 100 Hz, 10 to 20 s of 24.5 s" in said(again)


@pytest.mark.parametrize("part", ["-from-0s", "-from-7s", "-from-99.9s"])
def test_a_part_that_is_no_window_is_one_sentence_and_the_first_is_shown(
    case_page: Callable[[], AppTest], long_study: int, part: str
):
    page = opened_at({"case": [f"{long_study}{part}"]})
    (warning,) = page.warning
    assert "a part that this recording does not have; part shown instead: 0 to 10 s" in warning.value
    assert page.session_state[state.CASE].window == 0
    page = opened_at({"case": [f"{samples.slug(samples.REAL)}{part}"]})
    assert "a part that this recording does not have" in page.warning[0].value
    assert address_of(page)["case"] == [samples.slug(samples.REAL)]


def test_the_part_of_an_upload_stands_in_no_address(case_page: Callable[[], AppTest]):
    page = upload(case_page(), 24)
    window_choice(page).set_value("10 to 20 s").run()
    assert "The model saw 100 Hz, 10 to 20 s of 24.0 s" in said(page)
    assert "case" not in address_of(page) and "from" not in str(address_of(page))


def test_the_part_goes_along_to_compare(case_page: Callable[[], AppTest], long_study: int):
    page = AppTest.from_file(str(Path(__file__).resolve().parents[2] / "pages" / "compare.py"), default_timeout=60)
    page.query_params["case"] = f"{long_study}-from-10s"
    page.run()
    assert not page.exception and not page.warning
    assert page.session_state[state.CASE].window == 1
    assert address_of(page)["case"][0].endswith("-from-10s")
