"""Uploads one after another: each stands alone, and nothing of the last one stays with the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import samples, state

FOLDER = samples.FOLDER


def bytes_of(title: str) -> list[tuple[str, bytes, str]]:
    head = FOLDER / f"{samples.listed()[title]['path']}.hea"
    return [(file.name, file.read_bytes(), "application/octet-stream") for file in (head, head.with_suffix(".dat"))]


def drop(page: AppTest, title: str) -> AppTest:
    """Add a record's files to those that the upload widget holds, as a browser does."""
    widget = page.file_uploader[0]
    held = [(file.name, file.getvalue(), file.type) for file in widget.value or []]
    return widget.set_value([*held, *bytes_of(title)]).run()


def test_a_second_record_that_is_dropped_opens(case_page: Callable[[], AppTest]) -> None:
    page = case_page()
    first, second = list(samples.listed())[:2]
    for title in (first, second, first):
        drop(page, title)
        assert not page.exception
        assert not page.error
        shown = page.session_state[state.CASE]
        assert shown.title == "Uploaded ECG"
        assert (shown.record.signal == samples.load(title).record.signal).all()


def test_a_file_that_cannot_be_read_leaves_the_sentence_why_and_nothing_else(
    case_page: Callable[[], AppTest], tmp_path: Path
) -> None:
    page = case_page()
    page.file_uploader[0].set_value([("notes.txt", b"no ECG", "text/plain")]).run()
    assert page.error
    assert not page.file_uploader[0].value
    page.run()
    assert page.error, "the sentence stays until something is opened"
    assert page.error[0].value.endswith("The ECG below is the one that was open before.")
    drop(page, next(iter(samples.listed())))
    assert not page.error
    assert page.session_state[state.CASE].title == "Uploaded ECG"
