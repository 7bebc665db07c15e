"""The researcher's journey: two arms over a cohort, a case where they disagree, and both models on it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from benchmarks.serving import INK, serve, wait_for_ink
from ecgkt import NOTICE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 120_000
WORKING = "[data-testid='stStatusWidget']"


def test_from_the_cohort_to_a_disagreement_to_both_models_on_it(browser, stored_results, cohort, tmp_path, shots):
    with serve(tmp_path, "--predictions", str(stored_results), "--records", str(cohort)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{address}/compare?compare=The+whole+cohort")
        page.wait_for_selector(".js-plotly-plot .main-svg", timeout=READY)
        expect(page.locator(".js-plotly-plot").first).to_contain_text("SIMULATED patients", timeout=READY)
        expect(page.get_by_text("Helped (q below 0.05)")).to_be_in_viewport()
        assert NOTICE in page.locator("[data-testid='stMain']").inner_text()
        page.wait_for_selector(WORKING, state="detached", timeout=READY)
        page.screenshot(path=shots / "compare-cohort.png")
        with page.expect_download() as figure:
            page.get_by_role("button", name="Figure as SVG").click()
        assert "SIMULATED patients" in figure.value.path().read_text()
        page.get_by_text("Where they disagree", exact=True).click()
        page.wait_for_selector("text=A random sample of the disagreements", timeout=READY)
        page.wait_for_url(re.compile("section=Where.*label="), timeout=READY)
        page.wait_for_selector(WORKING, state="detached", timeout=READY)
        page.screenshot(path=shots / "compare-disagreements.png")
        press = page.locator("[class*='st-key-compare_press'] button:visible").first
        number = press.inner_text().split()[0]
        press.click()
        wait_for_ink(page)
        expect(page.locator(INK)).to_have_attribute("alt", re.compile(f"^12-lead ECG, Study {number}, "), timeout=READY)
        page.get_by_role("link", name="Compare").first.click()
        page.get_by_text("This ECG", exact=True).click()
        expect(page.locator(".ecgkt-compared").first).to_be_visible(timeout=READY)
        expect(page.get_by_text(f"Study {number}").first).to_be_visible(timeout=READY)
        page.wait_for_selector(WORKING, state="detached", timeout=READY)
        page.screenshot(path=shots / "compare-case.png")
        page.close()
