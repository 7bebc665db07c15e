"""A person's name, number, birthday and address in every field of a file, through the running app at debug level.

Looked for in all that comes back to the tab, in the address, in the log, and in the server's temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.hostile import Files
from benchmarks.planted import STEM, broken, found_in, found_under, planted
from benchmarks.serving import INK, serve, wait_for_scores
from benchmarks.session_memory import counting, held_after, records_held, use
from benchmarks.visitor import Run, Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:connect:DeprecationWarning"),  # the visitor's tab stays open between two calls
]

READY = 60_000
CHIP = "[data-testid='stFileChip']"
PLANTED = planted()


class Listener(Visitor):
    """A visitor who keeps every byte that came."""

    heard = b""

    def _receive(self, run: Run | None = None) -> ForwardMsg:
        message = super()._receive(run)
        self.heard += message.SerializeToString()
        return message


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("private")


@pytest.fixture(scope="module")
def talkative(folder: Path) -> Iterator[str]:
    """The address of an app that logs all it can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_LOGGER_LEVEL", "debug")
        with serve(folder) as address:
            yield address


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_of_a_person_comes_back_or_stays_in_log_or_folder(name: str, talkative: str, folder: Path) -> None:
    with Listener(talkative) as visitor:
        opened = visitor.open_files(PLANTED[name])
        assert opened.headings[-1:] == ["Uploaded ECG"]
        assert visitor.click(visitor.targets[0]).sheets[-1].map, "the map was made"
        refused = visitor.open_files(broken(PLANTED[name]))
        assert any("Wanted" in fault for fault in refused.faults)
        assert len(visitor.heard) > 100_000
        assert found_in(visitor.heard) == []
    assert found_under(folder) == []
    assert "Runtime state" in (folder / "log.txt").read_text(), "the log is at debug level"


def test_the_page_its_address_and_its_title_name_nobody(browser, talkative: str, folder: Path, shots: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(talkative)
    wait_for_scores(page)
    for files in (PLANTED["GE MUSE XML"], PLANTED["DICOM"]):
        payload = [FilePayload(name=name, mimeType="", buffer=content) for name, content in files]
        page.locator("input[type=file]").first.set_input_files(payload)
        expect(page.locator(f"{INK}[alt*='Uploaded ECG']")).to_have_count(1, timeout=READY)
        wait_for_scores(page)
        page.wait_for_timeout(1500)
        assert found_in(page.content()) == [] and found_in(page.url) == [] and found_in(page.title()) == []
    cut = [FilePayload(name=name, mimeType="", buffer=content) for name, content in broken(PLANTED["DICOM"])]
    page.locator("input[type=file]").first.set_input_files(cut)
    expect(page.locator("[data-testid='stAlert']").first).to_contain_text("Wanted", timeout=READY)
    page.wait_for_timeout(1500)
    assert found_in(page.content()) == [] and found_in(page.url) == []
    page.screenshot(path=shots / "planted-refused.png")
    page.close()
    assert found_under(folder) == []


@pytest.fixture
def heard_page(browser: Browser) -> Iterator[tuple[Page, list[str | bytes]]]:
    """A page, and all that the server sends to it."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    heard: list[str | bytes] = []

    def hear(frame: str | bytes) -> None:
        heard.append(frame)

    page.on("websocket", lambda line: line.on("framereceived", hear))
    yield page, heard
    page.close()


def named(files: Files, name: str) -> list[FilePayload]:
    """An upload of one file under another name."""
    ((_, content),) = files
    return [FilePayload(name=name, mimeType="", buffer=content)]


def told_of(page: Page, heard: list[str | bytes], folder: Path) -> dict[str, list[str]]:
    """Return the planted words by where they stand, nothing where they stand nowhere."""
    page.wait_for_timeout(1500)
    every = {"page": page.content(), "address": page.url, "title": page.title()}
    found = {place: found_in(text) for place, text in every.items()}
    found["sent"] = sorted({word for one in heard for word in found_in(one)})
    found["folder"] = found_under(folder)
    return {place: words for place, words in found.items() if words}


def test_an_earlier_ecg_that_was_added_names_nobody(heard_page, talkative: str, folder: Path, shots: Path) -> None:
    page, heard = heard_page
    page.goto(talkative)
    wait_for_scores(page)
    page.get_by_role("button", name="Compare with an earlier ECG").click(timeout=READY)
    added = page.locator("input[type=file]").nth(1)
    for name in ("GE MUSE XML", "DICOM"):
        files = [FilePayload(name=one, mimeType="", buffer=content) for one, content in PLANTED[name]]
        added.set_input_files(files)
        expect(page.locator("img.ecgkt-other")).to_be_visible(timeout=READY)
        expect(page.locator(CHIP)).to_have_count(0, timeout=READY)  # the tab's own list goes once the file is read
        wait_for_scores(page)
        assert told_of(page, heard, folder) == {}
    cut = [FilePayload(name=name, mimeType="", buffer=content) for name, content in broken(PLANTED["DICOM"])]
    added.set_input_files(cut)
    expect(page.locator("[data-testid='stAlert']").first).to_contain_text("Wanted", timeout=READY)
    expect(page.locator(CHIP)).to_have_count(0, timeout=READY)
    page.screenshot(path=shots / "planted-earlier.png")
    assert told_of(page, heard, folder) == {}


def test_a_work_list_tells_the_names_of_files_to_its_own_page_and_nothing_else_of_anybody(
    heard_page, talkative: str, folder: Path
) -> None:
    page, heard = heard_page
    page.goto(f"{talkative}/work_list")
    page.wait_for_selector("text=Drop many ECGs at once", timeout=READY)
    drop, rows = page.locator("input[type=file]").first, page.locator(".list tbody button")
    neutral = [*named(PLANTED["GE MUSE XML"], "a.xml"), *named(broken(PLANTED["DICOM"]), "b.dcm")]
    drop.set_input_files(neutral)
    expect(page.get_by_text("2 records.")).to_be_visible(timeout=READY)
    expect(page.locator(".list")).to_contain_text("Wanted")
    assert told_of(page, heard, folder) == {}
    drop.set_input_files(named(PLANTED["DICOM"], PLANTED["DICOM"][0][0]))
    expect(page.get_by_text("3 records.")).to_be_visible(timeout=READY)
    expect(rows.filter(has_text=STEM)).to_have_count(1)
    assert found_in(page.url) == [] and found_under(folder) == []
    with page.expect_download(timeout=READY) as table:
        page.get_by_role("button", name="Table as CSV").click()
    assert found_in(table.value.path().read_bytes()) == []
    rows.filter(has_text=STEM).click()
    expect(page.locator(".ecgkt-case")).to_contain_text("of the work list", timeout=READY)
    wait_for_scores(page)
    heard.clear()
    assert told_of(page, heard, folder) == {}


def test_a_session_holds_the_open_ecg_and_not_those_before_it(tmp_path: Path) -> None:
    with counting(tmp_path) as (address, process, counts), Visitor(address) as tab:
        held = []
        for number in range(4):
            use(tab, number)
            held.append(records_held(process, counts))
        assert held[-1] <= held[0] + 1, held


def test_a_closed_tab_leaves_no_record_with_the_server(tmp_path: Path) -> None:
    with counting(tmp_path) as (address, process, counts):
        tabs = [Visitor(address) for _ in range(3)]
        for number, tab in enumerate(tabs):
            use(tab, number)
        assert records_held(process, counts) >= 3
        for tab in tabs:
            tab.close()
        assert held_after(process, counts) == 0
