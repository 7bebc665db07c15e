"""A long recording on the Case page: one window is shown and read, the reader turns to another, all are summed up."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from scipy.io import savemat
from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import state


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
