"""A cardiologist saves the report from the page, and it measures what it says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from playwright.sync_api import Page

from benchmarks.serving import unfold, wait_for_map, wait_for_scores
from ecgkt import NOTICE
from tests.exports.ruler import PX_PER_MM, Ruled, centres

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 90_000


def save(page: Page, title: str, folder: Path) -> Path:
    """Press one of the files of Save and return what came."""
    with page.expect_download(timeout=READY) as coming:
        page.get_by_role("button", name=title).click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def unfold_save(page: Page) -> None:
    page.locator(".st-key-save button").first.click()
    page.get_by_role("button", name="Report (PDF, true scale)").wait_for(timeout=READY)


def test_the_saved_report_follows_the_page_and_measures_what_it_says(
    open_app: Callable[..., Page], tmp_path: Path, shots: Path
):
    page = open_app("?target=st_elevation")
    wait_for_scores(page)
    wait_for_map(page)
    unfold(page, "Gain", page.get_by_role("option", name="5 mm/mV", exact=True)).click()
    page.wait_for_timeout(2000)
    wait_for_map(page)
    unfold_save(page)
    page.screenshot(path=shots / "save.png")
    report = save(page, "Report (PDF, true scale)", tmp_path)
    assert report.name == "ecg-report.pdf"
    document = pypdfium2.PdfDocument(report)
    words = [" ".join(one.get_textpage().get_text_bounded().split()) for one in document]
    rendered = document[0].render(scale=PX_PER_MM * 25.4 / 72).to_pil().convert("RGB")
    document.close()
    assert len(words) == 2
    assert all(NOTICE in text and "SIMULATED" in text and "25 mm/s, 5 mm/mV" in text for text in words)
    ruled = Ruled(np.array(rendered))
    left, _, top, _ = ruled.sheet()
    pulse = ruled.window(left + 5.2, left + 14.8, top, top + 24)
    ends = centres(pulse.sum(axis=0), 4 * PX_PER_MM)
    assert ends[1] - ends[0] == pytest.approx(5.0, abs=0.1)
    flat = centres(pulse.sum(axis=1), 3.6 * PX_PER_MM)
    assert min(abs(one - flat[0] - 5.0) for one in flat[1:]) < 0.1
    signal = save(page, "Signal (WFDB)", tmp_path)
    assert zipfile.ZipFile(signal).namelist() == ["ecg.hea", "ecg.dat"]
    scores = save(page, "Scores (CSV)", tmp_path)
    assert NOTICE in scores.read_text(encoding="utf-8")


def test_the_row_above_the_ecg_stays_one_row_at_a_projectors_size(open_app: Callable[..., Page]):
    page = open_app()
    wait_for_scores(page)
    layout, last = (page.locator(one).first.bounding_box() for one in (".st-key-controls > div", ".st-key-save"))
    assert layout is not None
    assert last is not None
    assert abs(layout["y"] - last["y"]) < 12
