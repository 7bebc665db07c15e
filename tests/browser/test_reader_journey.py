"""A reader without any file: from the card to its cohort, to two arms over it, to the maps of both on one ECG."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ecgkt import NOTICE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 60_000
WORKING = "[data-testid='stStatusWidget']"
MAPS = ".ecgkt-maps figure img"
SIZES = {"projector": (1280, 720), "desk": (1920, 1080), "tablet": (820, 1180)}
SHOWN = "[data-testid='stMain']"
SMALLEST_PX = 12
SMALL = """() => [...document.querySelectorAll("[data-testid='stMain'] *")]
  .filter(e => e.childNodes.length && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .filter(e => e.getClientRects().length && !e.closest('svg'))
  .map(e => [parseFloat(getComputedStyle(e).fontSize), e.textContent.trim().slice(0, 40)])
  .filter(([px]) => px < %d)"""
UNDESCRIBED = "() => [...document.querySelectorAll('img')].filter(e => !e.alt).length"


def settled(page: Page) -> None:
    page.wait_for_timeout(500)
    page.wait_for_selector(WORKING, state="detached", timeout=READY)


@pytest.mark.parametrize(("size", "scheme"), [("projector", "light"), ("desk", "dark"), ("tablet", "light")])
def test_from_the_card_to_the_cohort_to_two_maps_on_one_ecg(open_app, shots, size, scheme):
    name = f"reader-{size}-{scheme}"
    page = open_app("about", SIZES[size], scheme)
    page.wait_for_selector("text=How it was made", timeout=READY)
    expect(page.get_by_text("No score may decide about a person")).to_be_in_viewport()
    page.get_by_label("Search the targets").fill("potassium")
    page.get_by_label("Search the targets").press("Enter")
    expect(page.get_by_text(re.compile(r": [1-9] of 89 targets"))).to_be_visible(timeout=READY)
    settled(page)
    page.screenshot(path=shots / f"{name}-1-about.png")

    page.get_by_role("link", name="Cohort").first.click()
    expect(page.locator("img.ecgkt-flow")).to_have_attribute("alt", re.compile("Listed: .*SIMULATED"), timeout=READY)
    page.get_by_text("How common", exact=True).click()
    expect(page.locator(".js-plotly-plot").first).to_contain_text("SIMULATED patients", timeout=READY)
    settled(page)
    page.screenshot(path=shots / f"{name}-2-cohort.png")

    page.get_by_role("link", name="Compare").first.click()
    page.get_by_text("The whole cohort", exact=True).click()
    expect(page.get_by_text("Bundled with the app")).to_be_visible(timeout=READY)
    page.get_by_text("Gap closed", exact=True).click()
    expect(page.get_by_text("How much of the gap is closed").first).to_be_visible(timeout=READY)
    settled(page)
    page.screenshot(path=shots / f"{name}-3-gap.png")

    page.get_by_text("This ECG", exact=True).click()
    row = page.locator(".ecgkt-compared tbody button").first
    row.wait_for(timeout=READY)
    assert page.locator(MAPS).count() == 0
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator(MAPS)).to_have_count(3, timeout=READY)
    page.wait_for_function(f"[...document.querySelectorAll('{MAPS}')].every(e => e.naturalWidth > 0)", timeout=READY)
    expect(page.get_by_text("cosine").first).to_be_visible()
    settled(page)
    assert page.locator(".ecgkt-compared tr.chosen").count() == 1
    assert page.evaluate(UNDESCRIBED) == 0
    assert page.evaluate(SMALL % SMALLEST_PX) == []
    assert NOTICE in page.locator("body").inner_text()
    page.screenshot(path=shots / f"{name}-4-maps.png")
