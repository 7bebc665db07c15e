"""The opinion as a reader meets it: seen without scrolling, linked both ways, by keyboard, light and dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import INK, ROWS, unfold, wait_for_map, wait_for_scores
from ecgkt.catalogue import do_not_miss

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 60_000
WORKING = "[data-testid='stStatusWidget']"
FAMILIES = ("tracing", "visit", "lab")


def open_sample(page: Page, title: str) -> None:
    wait_for_scores(page)
    unfold(page, "Sample", page.get_by_role("option", name=title)).click()
    expect(page.locator(f"{INK}[alt*='{title}']")).to_have_count(1, timeout=READY)
    wait_for_scores(page)


def order(page: Page) -> list[str]:
    return [re.sub(r"\d.*", "", text.split("\n")[0]) for text in page.locator(ROWS).all_inner_texts()]


@pytest.mark.parametrize("size", [(1280, 720), (1366, 768), (1920, 1080)])
def test_the_whole_ecg_the_strip_and_the_first_lines_are_seen_without_scrolling(open_app, size, shots):
    page = open_app(size=size)
    wait_for_scores(page)
    page.wait_for_timeout(500)
    expect(page.locator(INK)).to_be_in_viewport(ratio=1)
    for condition in do_not_miss():
        expect(page.locator(f".st-key-miss-{condition.name} button")).to_be_in_viewport(ratio=1)
    for family in FAMILIES:
        for place in range(3):
            box = page.locator(f".st-key-rows-{family} {ROWS}").nth(place).bounding_box()
            assert box is not None
            assert box["y"] + 0.5 * box["height"] < size[1], f"{family}, line {place + 1}"
    page.screenshot(path=shots / f"opinion-{size[0]}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_diagnosis_lights_up_its_labs_and_a_lab_its_diagnoses_and_nothing_jumps(open_app, scheme, shots):
    page = open_app(scheme=scheme, size=(1280, 1100))
    open_sample(page, "High potassium (simulated)")
    before = order(page)
    page.locator(".st-key-miss-severe_hyperkalaemia button").click()
    wait_for_map(page)
    potassium = page.locator(".st-key-row-potassium_high button")
    expect(potassium).to_contain_text("shares evidence", timeout=READY)
    assert order(page) == before
    potassium.click()
    expect(page.locator(".st-key-row-e87_hyperkalaemia button")).to_contain_text("shares evidence", timeout=READY)
    expect(page.locator(f"{INK}[alt*='saliency of Potassium high']")).to_have_count(1, timeout=READY)
    assert order(page) == before
    page.screenshot(path=shots / f"opinion-linked-{scheme}.png", full_page=True)


def test_a_line_is_chosen_and_left_with_the_keyboard_alone(open_app):
    page = open_app()
    wait_for_scores(page)
    row = page.locator(ROWS).nth(1)
    row.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    wait_for_map(page)
    page.locator(ROWS).nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"{INK}[alt*='saliency']")).to_have_count(0, timeout=READY)


def test_a_real_ecg_stands_without_codes_and_labs_until_they_are_asked_for(open_app, real_data, shots):
    header = real_data / "ptb-xl" / "records500" / "00000" / "00010_hr.hea"
    page = open_app(size=(1280, 900))
    wait_for_scores(page)
    page.locator("input[type=file]").set_input_files([str(header), str(header.with_suffix(".dat"))])
    page.wait_for_selector("text=Uploaded ECG", timeout=READY)
    page.wait_for_selector("text=not shown to work on real ECGs", timeout=READY)
    wait_for_scores(page)
    assert page.locator(f".st-key-rows-lab {ROWS}").count() == 0
    assert page.locator(f".st-key-rows-tracing {ROWS}").count() > 3
    expect(page.locator(".st-key-miss-pulmonary_embolism button").first).to_contain_text("no figure")
    page.screenshot(path=shots / "opinion-real.png")
    page.locator(".st-key-rows-lab").get_by_text("Show their ranks all the same").click()
    expect(page.locator(f".st-key-rows-lab {ROWS}").first).to_contain_text("of 100", timeout=READY)


WATCH_FRAMES = f"""() => {{
  window.frames = [];
  const look = () => {{
    const rows = [...document.querySelectorAll("{ROWS}")].filter(row => row.getClientRects().length);
    window.frames.push([Boolean(document.querySelector("{INK}")), rows.length ? rows[0].getBoundingClientRect().y : 0]);
    requestAnimationFrame(look);
  }};
  look();
}}"""


def test_neither_the_ecg_nor_a_line_leaves_its_place_while_the_next_map_is_computed(open_app):
    """Else a second click, on its way while the first is answered, meets another line."""
    page = open_app(size=(1280, 1100))
    wait_for_scores(page)
    page.wait_for_timeout(1500)
    page.evaluate(WATCH_FRAMES)
    for place in (1, 3):
        title = page.locator(ROWS).nth(place).locator("p").inner_text().split("\n")[0]
        page.locator(ROWS).nth(place).click()
        expect(page.locator(f"{INK}[alt*='saliency of {title}']")).to_have_count(1, timeout=READY)
        page.wait_for_selector(WORKING, state="detached", timeout=READY)
    frames = page.evaluate("window.frames")
    assert len(frames) > 20
    assert all(there for there, _ in frames)
    assert max(y for _, y in frames) - min(y for _, y in frames) < 2


def test_of_two_clicks_one_upon_the_other_the_second_stands(open_app):
    page = open_app(size=(1280, 1100))
    wait_for_scores(page)
    page.wait_for_timeout(1500)
    for first, second, apart_ms in ((1, 2, 50), (3, 4, 250)):
        boxes = [page.locator(ROWS).nth(place).bounding_box() for place in (first, second)]
        name = page.locator(ROWS).nth(second).locator("p").inner_text().split("\n")[0]
        page.mouse.click(boxes[0]["x"] + 60, boxes[0]["y"] + 10)
        page.wait_for_timeout(apart_ms)
        page.mouse.click(boxes[1]["x"] + 60, boxes[1]["y"] + 10)
        expect(page.locator(f"{INK}[alt*='saliency of {name}']")).to_have_count(1, timeout=READY)
        page.wait_for_selector(WORKING, state="detached", timeout=READY)
        expect(page.locator(f"{INK}[alt*='saliency of {name}']")).to_have_count(1)
