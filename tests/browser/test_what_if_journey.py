"""The presenter's last scene: the potassium dial is turned, and ECG, truth, laboratory row, map and chart move."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import INK, wait_for_ink, wait_for_map
from ecgkt import NOTICE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 120_000
ROW = "tr:has([data-target='potassium_high'])"
STEPS = 26


def source(page: Page) -> str:
    return str(page.locator(INK).get_attribute("src"))


def turn(page: Page, name: str, steps: int) -> None:
    """Turn a dial with the keyboard, as one does who holds the arrow down."""
    page.get_by_role("slider", name=name).focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
        time.sleep(0.03)


def test_the_potassium_dial_moves_ecg_row_map_and_chart(open_app, shots):
    page = open_app("what_if")
    page.wait_for_selector("img.ecgkt-sweep", timeout=READY)
    wait_for_map(page)
    expect(page.locator("[data-testid='stMain']")).to_contain_text("Potassium 4.2 mmol/L")
    expect(page.locator(".ecgkt-truth").first).to_be_in_viewport()
    assert NOTICE in page.locator("[data-testid='stMain']").inner_text()
    ink = source(page)
    turn(page, "Potassium", STEPS)
    expect(page.locator(".ecgkt-truth").first).to_contain_text("Potassium 6.8 mmol/L", timeout=READY)
    row = page.locator(ROW)
    expect(row).to_contain_text("yes, 6.8 mmol/L", timeout=READY)
    expect(row).to_be_in_viewport()
    page.wait_for_selector(f"{INK}[alt*='6.8 mmol/L'][alt*='saliency of Potassium high']", timeout=READY)
    assert source(page) != ink
    start, now = row.locator("td").all_inner_texts()[:2]
    assert start != now
    expect(page.locator("img.ecgkt-sweep")).to_have_attribute("alt", re.compile(r"at 6\.8 mmol/L: Potassium high"))
    expect(page.locator("img.ecgkt-sweep")).to_be_in_viewport()
    page.wait_for_url(re.compile(r"potassium=6\.8"))
    page.screenshot(path=shots / "what-if-potassium.png")
    address = page.url
    page.get_by_role("button", name="Open this ECG on the Case page").click()
    page.wait_for_selector(
        f"{INK}[alt*='Woman, 61, on dialysis, potassium 6.8 mmol/L (simulated), 3x4']", timeout=READY
    )
    expect(page.locator("[data-testid='stMain']")).to_contain_text("measured 6.8 mEq/L", timeout=READY)
    assert "case=" not in page.url
    again = open_app(address.split("/", 3)[3])
    wait_for_map(again)
    expect(again.locator(ROW)).to_contain_text(now, timeout=READY)


def test_an_electrode_and_a_wave_are_silenced_and_every_score_is_told(open_app, shots):
    page = open_app("what_if?what_if=Silence+a+part+of+an+ECG&case=high-potassium-simulated&target=potassium_high")
    wait_for_map(page)
    row = page.locator(ROW)
    expect(row).to_contain_text("0.00", timeout=READY)
    ink = source(page)
    page.get_by_role("button", name="V3", exact=True).click()
    page.get_by_role("button", name="T", exact=True).click()
    expect(page.locator("[data-testid='stMain']")).to_contain_text("V3 silenced", timeout=READY)
    expect(page.locator("[data-testid='stMain']")).to_contain_text("lead V3 is flat", timeout=READY)
    expect(row).to_contain_text("−", timeout=READY)
    wait_for_ink(page)
    assert source(page) != ink
    expect(row).to_be_in_viewport()
    page.wait_for_url(re.compile("silenced=V3"))
    page.screenshot(path=shots / "what-if-silence.png")
