"""A name, a number, a birthday and an address in every field of a file: the session that opened it holds none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.planted import STEM, broken, found_in, planted, walk
from ecgkt.dashboard import state

PLANTED = planted()


def held(page: AppTest) -> list[str]:
    """Return the planted words anywhere in a session's state, and count what was looked through."""
    every = list(walk(page.session_state))
    assert len(every) > 100
    return sorted({word for text in every for word in found_in(text)})


def put(page: AppTest, files: list[tuple[str, bytes]]) -> AppTest:
    return page.file_uploader[0].set_value([(*file, "application/octet-stream") for file in files]).run()


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_nothing_of_a_person_stays_in_the_session(name: str, case_page: Callable[[], AppTest]) -> None:
    page = put(case_page(), PLANTED[name])
    assert not page.exception and not page.error
    assert page.session_state[state.CASE].title == "Uploaded ECG"
    assert held(page) == []
    put(page, broken(PLANTED[name]))
    assert len(page.error) == 1
    assert found_in(page.error[0].value) == [] and held(page) == []


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_words_are_in_the_files_and_would_be_found(name: str) -> None:
    assert len({word for one in PLANTED[name] for word in found_in(one[1])}) >= 4 or name == "zip"
    assert len(found_in(PLANTED[name][0][0])) >= 3


def test_the_search_finds_what_is_hidden_in_objects_and_spellings() -> None:
    hidden = {"a": [(1, {"b": STEM})]}
    assert [word for text in walk(hidden) for word in found_in(text)]
    for spelled in ("Quixwort".encode("utf-16-le"), b"51 75 69 78 77 6f 72 74", "quixwort"):
        assert found_in(spelled) == ["Quixwort"]
