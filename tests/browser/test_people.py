"""The three people of the product, each from the first page to what they came for, through the real widgets."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from benchmarks.serving import INK, ROWS, unfold, wait_for_ink, wait_for_map, wait_for_scores
from ecgkt import NOTICE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 120_000
SIZES = {"projector": (1280, 720), "desk": (1920, 1080), "tablet": (820, 1180)}
MAIN = "[data-testid='stMain']"
PRINTED_SHEET_MM = 270


def quiet(page: Page) -> None:
    """Wait until the page has nothing left to do."""
    page.wait_for_timeout(400)
    page.wait_for_selector("[data-testid='stStatusWidget']", state="detached", timeout=READY)


@pytest.mark.parametrize(("size", "scheme"), [("projector", "light"), ("desk", "dark"), ("tablet", "light")])
def test_a_cardiologist_drops_a_file_asks_why_checks_the_map_measures_and_prints(
    open_app, real_data, shots, size, scheme
):
    header = real_data / "ptb-xl" / "records500" / "00000" / "00010_hr.hea"
    page = open_app(size=SIZES[size], scheme=scheme)
    wait_for_scores(page)
    name = f"cardiologist-{size}-{scheme}"
    files = [
        FilePayload(name=one.name, mimeType="", buffer=one.read_bytes()) for one in (header, header.with_suffix(".dat"))
    ]
    page.locator("input[type=file]").first.set_input_files(files)
    expect(page.locator(f"{INK}[alt*='Uploaded ECG']")).to_have_count(1, timeout=READY)
    wait_for_scores(page)
    quiet(page)
    expect(page.locator(INK)).to_be_in_viewport(ratio=1)
    page.screenshot(path=shots / f"{name}-1-opened.png")

    page.locator(f".st-key-rows-tracing {ROWS}").first.click()
    wait_for_map(page)
    check = page.get_by_role("button", name="Check this map")
    check.wait_for(timeout=READY)
    told = page.locator(MAIN)
    expect(told).to_contain_text("A map is no cause")
    check.scroll_into_view_if_needed()
    quiet(page)
    check.click()
    expect(page.locator(".st-key-trust")).to_contain_text(re.compile(r"of 7"), timeout=READY)
    quiet(page)
    page.screenshot(path=shots / f"{name}-2-checked.png")

    page.locator(".st-key-controls").get_by_text("Calipers", exact=True).click()
    expect(page.locator("p[role=status]", has_text="Drag a box").first).to_be_visible(timeout=READY)
    page.locator(".st-key-controls").get_by_text("Sheet", exact=True).click()
    wait_for_map(page)
    quiet(page)

    page.emulate_media(media="print")
    for hidden in ("[data-testid='stSidebar']", ".st-key-controls"):
        expect(page.locator(hidden)).to_be_hidden()
    for kept in (".ecgkt-notice", INK):
        expect(page.locator(kept)).to_be_visible()
    page.set_viewport_size({"width": 1062, "height": 734})  # A4 on its side, less 8 mm all around, at 96 dpi
    page.wait_for_timeout(500)
    box = page.locator(INK).bounding_box()
    assert box is not None
    assert box["width"] / 96 * 25.4 == pytest.approx(PRINTED_SHEET_MM, abs=0.5)
    page.screenshot(path=shots / f"{name}-3-printed.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_presenter_reveals_case_after_case_and_ends_with_the_potassium_dial(open_app, shots, scheme):
    page = open_app("?read_first=yes&case=atrial-fibrillation-simulated", scheme=scheme)
    for number, (sample, answer) in enumerate((("", "atrial fib"), ("Inferior ST elevation", "ST elev")), 1):
        wait_for_ink(page)
        if sample:
            unfold(page, "Sample", page.get_by_role("option").nth(5)).click()
        commit = page.get_by_role("button", name="Commit and reveal")
        expect(commit).to_be_in_viewport(timeout=READY)
        quiet(page)
        assert page.locator(ROWS).count() == 0
        page.locator(".st-key-commit input").first.focus()
        page.keyboard.type(answer)
        page.keyboard.press("Enter")
        page.locator(".st-key-commit [data-tag]").wait_for(timeout=READY)
        page.keyboard.press("Escape")
        expect(page.get_by_role("listbox")).to_be_hidden(timeout=READY)
        expect(commit).to_be_enabled(timeout=READY)
        commit.click()
        wait_for_scores(page)
        expect(page.get_by_text(f"{number} case{'s' if number > 1 else ''} read first")).to_be_visible(timeout=READY)
        quiet(page)
        page.screenshot(path=shots / f"presenter-{scheme}-{number}.png")
    page.get_by_role("link", name="What if").first.click()
    page.wait_for_selector("img.ecgkt-sweep", timeout=READY)
    before = page.locator(INK).get_attribute("src")
    page.get_by_role("slider", name="Potassium").focus()
    for _ in range(24):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    expect(page.locator(".ecgkt-truth").first).to_contain_text("Potassium 6.6 mmol/L", timeout=READY)
    page.wait_for_selector(f"{INK}[alt*='6.6 mmol/L']", timeout=READY)
    assert page.locator(INK).get_attribute("src") != before
    quiet(page)
    assert NOTICE in page.locator("body").inner_text()
    page.screenshot(path=shots / f"presenter-{scheme}-3-dial.png")


def test_a_researcher_finds_a_harmed_label_copies_the_address_and_takes_table_and_figure(open_app, shots):
    page = open_app("compare")
    page.get_by_text("The whole cohort", exact=True).click()
    expect(page.get_by_text("Bundled with the app")).to_be_visible(timeout=READY)
    quiet(page)
    with page.expect_download(timeout=READY) as table:
        page.get_by_role("button", name="Table as CSV").first.click()
    lines = table.value.path().read_text().splitlines()
    assert any("simulated" in line.lower() for line in lines[:3])
    with page.expect_download(timeout=READY) as figure:
        page.get_by_role("button", name=re.compile("Figure as SVG")).first.click()
    assert "SIMULATED" in figure.value.path().read_text()
    page.screenshot(path=shots / "researcher-1-cohort.png")

    page.get_by_text("This ECG", exact=True).click()
    row = page.locator(".ecgkt-compared tbody button").first
    row.wait_for(timeout=READY)
    row.click()
    page.wait_for_selector(".ecgkt-maps figure img", timeout=READY)
    quiet(page)
    shown = page.locator(".ecgkt-maps figcaption").all_inner_texts()
    again = open_app(page.url.split("/", 3)[3])
    again.wait_for_selector(".ecgkt-maps figure img", timeout=READY)
    quiet(again)
    assert again.locator(".ecgkt-maps figcaption").all_inner_texts() == shown
    again.screenshot(path=shots / "researcher-2-same-page.png")
    assert json.dumps(shown).count("misses") >= 2
