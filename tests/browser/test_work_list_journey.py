"""From many files to a list, to one of them as a case, back to the list, and away with the table."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import INK, serve, wait_for_scores
from ecgkt import NOTICE
from ecgkt.dashboard import samples

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = 120_000
WORKING = "[data-testid='stStatusWidget']"
ROWS = ".list tbody button"


def settled(page: Page) -> None:
    page.wait_for_timeout(500)
    page.wait_for_selector(WORKING, state="detached", timeout=READY)
    page.wait_for_timeout(300)


def named(folder: Path, *titles: str) -> list[Path]:
    """Write bundled samples as a hospital might name them: after patients."""
    out = []
    for number, title in enumerate(titles):
        head = samples.FOLDER / f"{samples.listed()[title]['path']}.hea"
        name = f"Doe_Jane_{number}"
        (folder / f"{name}.hea").write_bytes(head.read_bytes().replace(head.stem.encode(), name.encode()))
        (folder / f"{name}.dat").write_bytes(head.with_suffix(".dat").read_bytes())
        out += [folder / f"{name}.hea", folder / f"{name}.dat"]
    return out


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_files_become_a_list_a_row_a_case_and_the_list_a_table(open_app, shots, scheme, tmp_path, server_folder):
    page = open_app("work_list", scheme=scheme)
    page.wait_for_selector("text=Drop many ECGs at once", timeout=READY)
    files = named(tmp_path, *list(samples.listed())[:4])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            archive.write(file, f"ward/{file.name}")
    (tmp_path / "ward.zip").write_bytes(packed.getvalue())
    (tmp_path / "notes.txt").write_text("no ECG")
    dropped = [*files, tmp_path / "ward.zip", tmp_path / "notes.txt"]
    page.locator("input[type=file]").set_input_files([str(file) for file in dropped])
    expect(page.get_by_text("9 records.")).to_be_visible(timeout=READY)
    settled(page)
    expect(page.locator(ROWS)).to_have_count(9)
    expect(page.locator(".list tbody tr").last).to_contain_text("Wanted an ECG")
    expect(page.locator(".list tbody tr").first).to_contain_text("simulated")
    page.screenshot(path=shots / f"work-list-{scheme}-1.png")

    page.get_by_label("Sort by").first.click()
    page.keyboard.type("Atrial fib")
    page.keyboard.press("Enter")
    expect(page.locator(".list thead")).to_contain_text("Atrial fibrillation", timeout=READY)
    settled(page)
    order = page.locator(ROWS).all_inner_texts()
    assert NOTICE in page.locator("body").inner_text()
    page.screenshot(path=shots / f"work-list-{scheme}-2.png")

    page.locator(ROWS).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Back to the work list")).to_be_visible(timeout=READY)
    wait_for_scores(page)
    assert "of the work list" in (page.locator(INK).get_attribute("alt") or "")
    assert "Doe" not in page.content()
    assert "Doe" not in page.url
    settled(page)
    page.screenshot(path=shots / f"work-list-{scheme}-3.png")

    page.get_by_role("link", name="Back to the work list").click()
    expect(page.locator(ROWS)).to_have_count(9, timeout=READY)
    settled(page)
    assert page.locator(ROWS).all_inner_texts() == order
    expect(page.locator("tr.opened")).to_have_count(1)
    with page.expect_download(timeout=READY) as table:
        page.get_by_role("button", name="Table as CSV").click()
    told = table.value.path().read_text(encoding="utf-8")
    lines = list(csv.DictReader(io.StringIO(told)))
    assert len(lines) == 9
    assert {line["notice"] for line in lines} == {NOTICE}
    assert "Doe" not in told
    assert "Doe" not in (server_folder / "log.txt").read_text()


def test_a_folder_is_scored_with_progress_stopped_and_goes_on(browser, cohort, tmp_path, shots):
    with serve(tmp_path, "--records", str(cohort)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{address}/work_list")
        page.get_by_role("button", name="Add these first studies").click(timeout=READY)
        page.get_by_role("button", name="Stop").click(timeout=READY)
        expect(page.get_by_text("Stopped:")).to_be_visible(timeout=READY)
        settled(page)
        page.screenshot(path=shots / "work-list-stopped.png")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("50 records.")).to_be_visible(timeout=READY)
        settled(page)
        expect(page.locator(ROWS)).to_have_count(50)
        page.locator(ROWS).first.click()
        expect(page.locator(".ecgkt-case")).to_contain_text("Study 4", timeout=READY)
        page.close()
