"""The ECG as on paper, in a real browser: what is seen, at which size, and what the calipers read off it."""

from __future__ import annotations

import io
import re

import matplotlib.image
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import INK, unfold, wait_for_scores
from ecgkt.dashboard import samples
from ecgkt.dashboard.paper import NARROW_PX
from ecgkt.domain import Record
from ecgkt.figures.paper import LAYOUTS, Scale, lay_out

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 60_000
FIGURE = ".st-key-zoom .main-svg"
WIDTH_MM = lay_out().width_mm


def shown() -> Record:
    """Return the record that is open on a cold start."""
    return samples.load(samples.titles()[0]).record


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a list and wait until the sheet is another one."""
    before = page.locator(INK).get_attribute("src") if page.locator(INK).count() else None
    unfold(page, label, page.get_by_role("option", name=option, exact=True)).click()
    if before is not None:
        page.wait_for_function(f"before => document.querySelector('{INK}')?.src !== before", arg=before, timeout=READY)
    page.wait_for_timeout(500)


def look(page: Page, tool: str) -> None:
    page.get_by_text(tool, exact=True).click()
    page.wait_for_selector(FIGURE, timeout=READY)
    page.wait_for_timeout(1500)


def pixels(page: Page, selector: str) -> np.ndarray:
    """Return (height, width, 3) from 0 to 1 of what is seen of an element."""
    png = page.locator(selector).first.screenshot(animations="disabled")
    return np.asarray(matplotlib.image.imread(io.BytesIO(png)), dtype=float)[..., :3]


def lines_across(page: Page, selector: str) -> int:
    """Count the vertical grid lines that cross an empty strip between 12 and 20 mm right of the upper left corner."""
    seen = pixels(page, selector)
    per_mm = seen.shape[1] / WIDTH_MM
    strip = seen[round(1.2 * per_mm) : round(1.8 * per_mm), round(16 * per_mm) : round(26 * per_mm), 1].mean(axis=0)
    pale = strip < strip.max() - 0.015
    return int(np.count_nonzero(np.diff(pale.astype(int), prepend=0) == 1))


@pytest.mark.parametrize(("size", "at_least", "at_most"), [((1280, 720), 2, 3), ((1920, 1080), 9, 11)])
def test_small_squares_are_seen_only_where_they_are_four_pixels_wide(open_app, size, at_least, at_most):
    page = open_app(size=size)
    wait_for_scores(page)
    width = page.locator(INK).bounding_box()["width"]
    assert (width >= 4 * WIDTH_MM) == (at_least > 3)
    assert at_least <= lines_across(page, INK) <= at_most


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_seen_whole_without_scrolling(open_app, shots, name):
    page = open_app()
    wait_for_scores(page)
    if name != next(iter(LAYOUTS)):
        choose(page, "Layout", name)
    box = page.locator(INK).bounding_box()
    paper = lay_out(LAYOUTS[name], record=shown())
    assert box["y"] + box["height"] <= 720
    assert box["width"] / box["height"] == pytest.approx(paper.width_mm / (paper.height_mm + 9.6), rel=0.005)
    page.screenshot(path=shots / f"layout-{re.sub('[^0-9A-Za-z]+', '-', name)}.png")


def test_the_paper_stays_light_in_the_dark(open_app, shots):
    page = open_app(scheme="dark")
    wait_for_scores(page)
    sheet = pixels(page, INK)
    around = pixels(page, "[data-testid='stSidebar']")
    assert np.median(sheet) > 0.95
    assert np.median(around) < 0.3
    look(page, "Calipers")
    assert np.median(pixels(page, FIGURE)) > 0.95
    page.screenshot(path=shots / "calipers-dark.png")


@pytest.mark.parametrize("scale", [Scale(), Scale(50, 20)], ids=str)
def test_the_calipers_read_what_lies_between_two_points_by_the_grid(open_app, shots, scale):
    page = open_app()
    wait_for_scores(page)
    if scale != Scale():
        choose(page, "Paper speed", f"{scale.mm_per_second:g} mm/s")
        choose(page, "Gain", f"{scale.mm_per_millivolt:g} mm/mV")
    look(page, "Calipers")
    paper = lay_out(scale=scale, record=shown())
    box = page.locator(FIGURE).first.bounding_box()
    per_mm = box["width"] / paper.width_mm
    cell = paper.cells[0]
    x = box["x"] + per_mm * (cell.x_mm + 0.6 * scale.mm_per_second)
    y = box["y"] + per_mm * (paper.height_mm - cell.baseline_mm - 0.5 * scale.mm_per_millivolt)
    across, down = per_mm * 0.8 * scale.mm_per_second, per_mm * 0.5 * scale.mm_per_millivolt
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across / 2, y + down / 2, steps=4)
    page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()
    told = page.locator("p[role=status]")
    expect(told).to_contain_text("mV on I from", timeout=READY)
    ms, rate, millivolt = (float(one) for one in re.findall(r"([\d.]+) ?(?:ms|/min|mV)", told.inner_text())[:3])
    pixel_ms, pixel_mv = 1000 / per_mm / scale.mm_per_second, 1 / per_mm / scale.mm_per_millivolt
    assert ms == pytest.approx(800, abs=2 * pixel_ms)
    assert rate == pytest.approx(75, rel=0.05)
    assert millivolt == pytest.approx(0.5, abs=2 * pixel_mv + 0.01)
    assert "relative to the grid" in told.inner_text()
    page.screenshot(path=shots / f"calipers-{scale.mm_per_second:g}.png")


def test_small_squares_come_back_on_zooming_in(open_app, shots):
    page = open_app()
    wait_for_scores(page)
    look(page, "Zoom")
    before = np.mean(pixels(page, FIGURE)[..., 1] < 0.97)
    box = page.locator(FIGURE).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(6):
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(150)
    page.wait_for_timeout(1500)
    page.screenshot(path=shots / "zoomed.png")
    ranges = page.evaluate("document.querySelector('.st-key-zoom .js-plotly-plot')._fullLayout.xaxis.range")
    assert ranges[1] - ranges[0] < WIDTH_MM / 1.5
    assert np.mean(pixels(page, FIGURE)[..., 1] < 0.97) > 1.5 * before


def test_a_bank_card_gives_true_millimetres(open_app, shots):
    page = open_app()
    wait_for_scores(page)
    before = page.locator(INK).get_attribute("src")
    page.get_by_role("button", name="Size").click()
    frame = page.get_by_role("img", name="Frame of 85.6 by 53.98 mm")
    expect(frame).to_be_visible(timeout=READY)
    page.screenshot(path=shots / "bank-card.png")
    page.get_by_text("Show true millimetres", exact=True).last.click()
    page.wait_for_function(f"before => document.querySelector('{INK}')?.src !== before", arg=before, timeout=READY)
    page.wait_for_timeout(500)
    per_mm = frame.bounding_box()["width"] / 85.60
    assert page.locator(INK).bounding_box()["width"] == pytest.approx(WIDTH_MM * per_mm, rel=0.005)
    page.keyboard.press("Escape")
    page.screenshot(path=shots / "true-size.png")


@pytest.mark.parametrize("layout", ["3x4 + II", "12x1"])
@pytest.mark.parametrize("size", [(1280, 720), (820, 1180)])
def test_the_foot_of_a_sheet_is_told_once_at_every_size(open_app, layout, size):
    page = open_app(size=size)
    wait_for_scores(page)
    if layout != "3x4 + II":
        choose(page, "Layout", layout)
        page.wait_for_function(f"document.querySelector('{INK}').alt.includes('{layout}')", timeout=READY)
    narrow = page.locator(INK).bounding_box()["width"] <= NARROW_PX
    assert page.locator(".ecgkt-foot").is_visible() == narrow
