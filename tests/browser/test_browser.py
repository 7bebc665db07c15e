"""Journeys through the real widgets, with screenshots to look at."""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64decode
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import INK, ROWS, serve, unfold, wait_for_map, wait_for_scores
from ecgkt import NOTICE
from ecgkt.dashboard import samples
from ecgkt.domain import LEADS
from ecgkt.figures.paper import lay_out
from ecgkt.figures.sheet import FOOT_MM

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 60_000
SIZES = {"projector": (1280, 720), "desktop": (1920, 1080)}


def sheet(page: Page) -> str:
    """Return the SVG of the sheet that is shown."""
    source = page.locator(INK).get_attribute("src") or ""
    return b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode()


def upload(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").set_input_files([str(file) for file in files])


def said(page: Page) -> str:
    return page.locator("[data-testid='stMain']").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_case_is_on_screen_with_notice_leads_scores_and_labs(open_app, shots, size, scheme):
    page = open_app(size=SIZES[size], scheme=scheme)
    wait_for_scores(page)
    drawn = sheet(page)
    assert [name for name in LEADS if f">{name}</text>" not in drawn] == []
    assert "25 mm/s, 10 mm/mV" in drawn
    assert "SIMULATED" in drawn
    assert NOTICE in said(page)
    for heading in ("On this tracing", "Coded at this visit (ICD-10)", "Laboratory abnormalities"):
        expect(page.get_by_text(heading, exact=True)).to_be_in_viewport()
    page.wait_for_timeout(500)
    page.screenshot(path=shots / f"case-{size}-{scheme}.png")


@pytest.mark.parametrize("size", SIZES)
def test_the_paper_is_drawn_to_scale_at_any_width(open_app, size):
    """A millimetre is as wide as it is high, and the sheet fills its place."""
    page = open_app(size=SIZES[size])
    wait_for_scores(page)
    box, place = page.locator(INK).bounding_box(), page.locator(".st-key-paper").bounding_box()
    assert box is not None
    assert place is not None
    paper = lay_out(record=samples.load(samples.titles()[0]).record)
    assert box["width"] / box["height"] == pytest.approx(paper.width_mm / (paper.height_mm + FOOT_MM), rel=0.005)
    assert box["width"] > (0.99 if size == "desktop" else 0.9) * place["width"] - 2


def test_the_zoomable_figure_keeps_the_same_scale(open_app):
    page = open_app()
    wait_for_scores(page)
    page.get_by_text("Zoom", exact=True).click()
    page.wait_for_selector(".st-key-zoom .main-svg", timeout=READY)
    page.wait_for_timeout(500)
    width, height = page.evaluate(
        "(() => { const drawn = document.querySelector('.st-key-zoom .js-plotly-plot')._fullLayout;"
        "return [drawn.xaxis, drawn.yaxis].map(axis => axis._length / (axis.range[1] - axis.range[0])); })()"
    )
    assert width == pytest.approx(height, rel=0.005)
    images = page.locator(".st-key-zoom image")
    assert images.count() == 1  # the squares
    page.locator(ROWS).nth(1).click()
    expect(images).to_have_count(15, timeout=READY)  # and twelve leads, the rhythm strip, the legend


def test_a_click_on_a_target_colours_the_leads_and_keeps_the_ink(open_app, shots):
    page = open_app()
    wait_for_scores(page)
    assert "<image" not in sheet(page)
    page.locator(ROWS).nth(1).click()
    page.wait_for_selector("text=Integrated gradients of the raw score", timeout=READY)
    wait_for_map(page)
    drawn = sheet(page)
    assert drawn.count("<image") == 14  # twelve leads, the rhythm strip, the legend
    assert drawn.rindex("data-lead", 0, drawn.index('class="ink"')) > drawn.index("<image")
    page.wait_for_timeout(300)
    page.screenshot(path=shots / "map-projector-light.png")


def test_a_real_wfdb_record_goes_through_the_upload_widget(open_app, real_data, shots, server_folder):
    header = real_data / "ptb-xl" / "records500" / "00000" / "00010_hr.hea"
    page = open_app()
    wait_for_scores(page)
    upload(page, header, header.with_suffix(".dat"))
    page.wait_for_selector("text=Uploaded ECG", timeout=READY)
    page.wait_for_selector("text=uncalibrated here", timeout=READY)
    wait_for_scores(page)
    assert re.search(r"\d+(st|nd|rd|th) of 100", said(page))
    assert "1 in " not in page.locator(ROWS).first.inner_text()
    page.wait_for_timeout(500)
    page.screenshot(path=shots / "upload-wfdb.png")
    left = [path.name for path in server_folder.iterdir() if path.name != "log.txt"]
    assert not [name for name in left if "ecgkt" in name.lower()], left
    assert "00010_hr" not in (server_folder / "log.txt").read_text()


def test_a_real_dicom_recording_goes_through_the_upload_widget(open_app, real_data, shots):
    page = open_app()
    wait_for_scores(page)
    upload(page, real_data / "vendor" / "dicom" / "Example.dcm")
    page.wait_for_selector("text=Uploaded ECG", timeout=READY)
    page.wait_for_selector("text=uncalibrated here", timeout=READY)
    assert "DICOM" in said(page)
    assert "49 years" in said(page)
    page.wait_for_timeout(500)
    page.screenshot(path=shots / "upload-dicom.png")


def test_a_zip_with_a_path_outside_and_an_empty_file_get_one_sentence(open_app, tmp_path, shots):
    page = open_app()
    wait_for_scores(page)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("../evil.hea", "x")
    for name, content, told in (("evil.zip", memory.getvalue(), "leads outside"), ("empty.dat", b"", "an empty file")):
        (tmp_path / name).write_bytes(content)
        page.reload()
        wait_for_scores(page)
        upload(page, tmp_path / name)
        alert = page.locator("[data-testid='stAlert']")
        expect(alert).to_contain_text(told, timeout=READY)
        expect(alert).to_have_count(1)
        assert "Traceback" not in said(page)
        expect(page.locator(ROWS).first).to_be_visible(timeout=READY)
    page.screenshot(path=shots / "bad-upload.png")


def test_the_about_page_tells_the_card(open_app, shots):
    page = open_app("about")
    page.wait_for_selector("text=How it was made", timeout=READY)
    assert NOTICE in said(page)
    assert "SIMULATED" in said(page)
    page.wait_for_timeout(800)
    page.screenshot(path=shots / "about.png", full_page=True)


def test_the_first_visitor_of_a_pages_own_address_gets_the_navigation(browser, tmp_path):
    with serve(tmp_path) as address:
        page = browser.new_page()
        page.goto(f"{address}/about")
        page.wait_for_selector("text=How it was made", timeout=READY)
        expect(page.locator("[data-testid='stTopNavLink']")).to_have_count(6, timeout=READY)
        page.close()


def test_the_chosen_model_is_the_same_on_every_page(open_app):
    page = open_app(size=SIZES["projector"])
    wait_for_scores(page)
    unfold(page, "Model", page.get_by_role("option", name="Baseline")).click()
    expect(page.get_by_text("Model: Baseline")).to_be_visible(timeout=READY)
    page.get_by_role("link", name="About").first.click()
    expect(page.get_by_text("Baseline: signal only, from scratch").first).to_be_visible(timeout=READY)
    page.get_by_role("link", name="Case").first.click()
    expect(page.get_by_text("Model: Baseline")).to_be_visible(timeout=READY)
