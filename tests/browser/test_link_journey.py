"""A colleague's link, a presenter's reveal, and a cardiologist's previous ECG, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import INK, ROWS, serve, unfold, wait_for_ink, wait_for_scores
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.signals.quality import assess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 120_000
WORKING = "[data-testid='stStatusWidget']"


@pytest.fixture(scope="module")
def study(cohort: Path) -> int:
    """A study of the cohort with an earlier one of the same patient, both of which a model reads."""
    folder = MimicFolder.open(cohort)
    pairs = ((one, folder.earlier(one)[0].study_id) for one in folder.study_ids.tolist() if folder.earlier(one))
    return next(a for a, b in pairs if all(assess(folder.read(one)).refusal is None for one in (a, b)))


@pytest.fixture(scope="module")
def served(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("linked"), "--records", str(cohort)) as address:
        yield address


def opened(browser: Browser, address: str, scheme: str = "light") -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    return page


def told(page: Page) -> tuple[str | None, str | None, list[str]]:
    """What the page shows: the sheet in words and in ink, and its scores."""
    page.wait_for_selector(WORKING, state="detached", timeout=READY)
    ink = page.locator(INK).first
    return ink.get_attribute("alt"), ink.get_attribute("src"), page.locator(ROWS).all_inner_texts()


def settles_as(page: Page, wanted: tuple[str | None, str | None, list[str]]) -> bool:
    """Whether the page comes to show what is wanted, scores and all, once it has drawn everything."""
    for _ in range(60):
        if told(page) == wanted:
            return True
        page.wait_for_timeout(500)
    return told(page) == wanted


def test_a_copied_address_opens_the_same_page_cold_and_back_goes_back(browser, served, study, shots):
    page = opened(browser, f"{served}/?case={study}&layout=6x2&gain=5&model=baseline")
    wait_for_scores(page)
    page.locator(ROWS).nth(2).click()
    page.wait_for_url(re.compile("target="), timeout=READY)
    page.wait_for_selector(f"{INK}[alt*='saliency']", timeout=READY)
    wait_for_scores(page)
    page.wait_for_timeout(1500)
    first = told(page)
    assert f"Study {study}, 6x2, 25 mm/s, 5 mm/mV, saliency of" in (first[0] or "")
    again = opened(browser, page.url)
    again.wait_for_selector(f"{INK}[alt*='saliency']", timeout=READY)
    assert settles_as(again, first)
    assert again.url == page.url
    again.screenshot(path=shots / "link.png")
    again.context.close()
    page.get_by_role("link", name="Compare").first.click()
    page.wait_for_url(re.compile(rf"compare\?.*case={study}-"), timeout=READY)
    page.wait_for_selector(".ecgkt-compared", timeout=READY)
    page.get_by_role("link", name="Case").first.click()
    page.wait_for_selector(f"{INK}[alt*='saliency']", timeout=READY)
    assert settles_as(page, first)
    for _ in range(8):
        if "target=" not in page.url and "compare" not in page.url:
            break
        page.go_back()
        page.wait_for_timeout(1500)
        page.wait_for_selector(WORKING, state="detached", timeout=READY)
    expect(page.locator(INK)).not_to_have_attribute("alt", re.compile("saliency"), timeout=READY)
    assert f"Study {study}, 6x2" in (told(page)[0] or "")
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_presenter_reads_first_by_keyboard_and_then_reveals(browser, served, shots, scheme):
    page = opened(browser, f"{served}/?read_first=yes&case=atrial-fibrillation-simulated", scheme)
    wait_for_ink(page)
    button = page.get_by_role("button", name="Commit and reveal")
    expect(button).to_be_in_viewport(timeout=READY)
    page.wait_for_selector(WORKING, state="detached", timeout=READY)
    expect(button).to_be_disabled()
    assert "fibrillation" not in page.content().lower()
    assert page.locator(ROWS).count() == 0
    assert "fibrillation" not in page.url
    page.screenshot(path=shots / f"read-first-{scheme}.png")
    page.locator(".st-key-commit input").first.focus()
    page.keyboard.type("atrial fib")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-reveal_commit button")).to_be_enabled(timeout=READY)
    expect(page.get_by_role("listbox")).to_be_visible()  # it stays open for another finding, and Enter would choose one
    page.wait_for_selector(WORKING, state="detached", timeout=READY)
    page.wait_for_timeout(300)  # the key is bound after the button is drawn, sooner than a hand moves
    page.keyboard.press("Alt+m")
    expect(page.locator(".ecgkt-read")).to_contain_text("Atrial fibrillation", timeout=READY)
    wait_for_scores(page)
    expect(page.get_by_text("1 case read first")).to_be_visible(timeout=READY)
    page.screenshot(path=shots / f"revealed-{scheme}.png")
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_previous_ecg_is_one_choice_away_and_drawn_to_the_same_scale(browser, served, study, shots, scheme):
    page = opened(browser, f"{served}/?case={study}", scheme)
    wait_for_scores(page)
    assert page.locator("input[type=file]").count() == 1
    unfold(page, re.compile("earlier ECGs? of this patient"), page.get_by_role("option").first).click()
    other = page.locator("img.ecgkt-other")
    expect(other).to_be_visible(timeout=READY)
    page.wait_for_url(re.compile("previous="), timeout=READY)
    page.wait_for_selector("text=no significance is claimed", timeout=READY)
    page.wait_for_selector(WORKING, state="detached", timeout=READY)
    widths = [image.bounding_box()["width"] for image in (page.locator(INK).first, other)]
    assert widths[0] == pytest.approx(widths[1], abs=3)
    page.screenshot(path=shots / f"previous-{scheme}.png")
    page.locator(".ecgkt-changes").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.screenshot(path=shots / f"previous-changes-{scheme}.png")
    page.context.close()
