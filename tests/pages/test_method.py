"""The choice of method and baseline on the Case page, through real Streamlit."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import method, state
from ecgkt.explain.methods import METHODS

ROOT = Path(__file__).resolve().parents[2]
TARGET = "long_qt"


@pytest.fixture
def traced(case_page) -> AppTest:
    """The Case page with the map of one target."""
    page = case_page()
    page.session_state[state.TARGET] = TARGET
    return page.run()


def said(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.get("html"), *page.markdown, *page.caption, *page.info, *page.warning]
    return "\n".join(str(one.proto.body if hasattr(one.proto, "body") else one.value) for one in parts)


def test_every_method_is_offered_the_default_first(traced):
    offered = traced.selectbox(key=method.METHOD)
    assert offered.value == next(iter(METHODS))
    assert [one.lower() for one in offered.options] == [name.lower() for name in METHODS]
    assert not traced.selectbox(key=method.BASELINE).disabled
    assert "Integrated gradients of the raw score, baseline: zero signal" in said(traced)


def test_another_method_redraws_the_map_and_says_so_in_words_and_in_the_picture(traced):
    page = traced.selectbox(key=method.METHOD).set_value("Grad-CAM").run()
    told = said(page)
    assert "Grad-CAM of the raw score." in told and "every lead has the same colours" in told
    assert "saliency of Long QT by Grad-CAM" in told
    assert "misses" not in told and "takes no baseline" in told
    assert page.selectbox(key=method.BASELINE).disabled


def test_another_baseline_is_another_map_and_each_is_computed_once(traced, monkeypatch):
    from ecgkt.explain import methods

    asked = []
    real = methods.explain

    def counted(*given, **more):
        asked.append(more)
        return real(*given, **more)

    monkeypatch.setattr(methods, "explain", counted)
    page = traced.selectbox(key=method.METHOD).set_value("DeepLIFT").run()
    page = page.selectbox(key=method.BASELINE).set_value("typical beat").run()
    assert "baseline: typical beat" in said(page)
    page = page.selectbox(key=method.BASELINE).set_value("zero signal").run()
    assert asked == [
        {"method": "DeepLIFT", "baseline": "zero signal", "minus": None},
        {"method": "DeepLIFT", "baseline": "typical beat", "minus": None},
    ]
    assert "baseline: zero signal" in said(page)


def test_the_address_holds_method_and_baseline_and_opens_the_same_map(traced):
    page = traced.selectbox(key=method.METHOD).set_value("DeepLIFT").run()
    page = page.selectbox(key=method.BASELINE).set_value("own smoothed signal").run()
    words = dict(page.query_params)
    again = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60)
    for key, value in words.items():
        again.query_params[key] = value
    again.run()
    assert "DeepLIFT of the raw score, baseline: own smoothed signal" in said(again)


@pytest.mark.usefixtures("case_page")
def test_an_address_with_a_method_that_is_not_there_says_so():
    page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60)
    page.query_params[method.METHOD] = "tea leaves"
    page.run()
    assert "asks for the method `tea leaves`, which is not here; method chosen instead: integrated" in said(page)


def test_where_a_method_cannot_be_used_the_page_says_why_and_another_can_be_chosen(traced, monkeypatch):
    from ecgkt.errors import InvalidValue
    from ecgkt.explain import occlusion

    def refuse(beats):
        raise InvalidValue("an ECG in which waves are found", "none", "choose a method that needs no waves")

    monkeypatch.setattr(occlusion, "_spans", refuse)
    page = traced.selectbox(key=method.METHOD).set_value("occlusion by wave").run()
    assert "No map by occlusion by wave. Wanted an ECG in which waves are found" in said(page)
    assert "saliency of" not in said(page)
    page = page.selectbox(key=method.METHOD).set_value("gradients").run()
    assert "Gradients of the raw score" in said(page) and "No map by" not in said(page)


def test_no_choice_is_shown_where_no_map_is(case_page):
    page = case_page()
    assert method.METHOD not in [one.key for one in page.selectbox]


def test_a_map_can_be_of_one_target_minus_another_until_the_target_changes(traced):
    page = traced.selectbox(key=method.METHOD).set_value("DeepLIFT").run()
    page = page.selectbox(key=method.MINUS).set_value("st_elevation").run()
    told = said(page)
    assert "saliency of Long QT minus ST elevation by DeepLIFT" in told
    assert "DeepLIFT of the difference of both raw scores" in told
    words = dict(page.query_params)
    again = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60)
    for key, value in words.items():
        again.query_params[key] = value
    again.run()
    assert "saliency of Long QT minus ST elevation by DeepLIFT" in said(again)
    page.session_state[state.TARGET] = "atrial_fibrillation"
    told = said(page.run())
    assert "saliency of Atrial fibrillation by DeepLIFT" in told and "minus ST elevation" not in told
