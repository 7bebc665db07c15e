"""A name, a number, a birthday and an address in every field of a file: the session that opened it holds none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.planted import STEM, broken, found_in, planted, walk
from ecgkt import checkpoints
from ecgkt.dashboard import state, work_list_export, work_list_intake
from ecgkt.dashboard.work_list_held import WORK_LIST

ROOT = Path(__file__).resolve().parents[2]
PLANTED = planted()


def card() -> checkpoints.Card:
    return checkpoints.read_card(checkpoints.choose_checkpoint())


def held(page: AppTest) -> list[str]:
    """Return the planted words anywhere in a session's state, and count what was looked through."""
    every = list(walk(page.session_state))
    assert len(every) > 100
    return sorted({word for text in every for word in found_in(text)})


def put(page: AppTest, files: list[tuple[str, bytes]], place: int = 0) -> AppTest:
    return page.file_uploader[place].set_value([(*file, "application/octet-stream") for file in files]).run()


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


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_nothing_of_a_person_stays_in_the_session_when_added_as_an_earlier_ecg(
    name: str, case_page: Callable[[], AppTest]
) -> None:
    page = put(case_page(), PLANTED[name], place=1)
    assert not page.exception and not page.error
    assert page.session_state[state.PREVIOUS].case.title == "Added ECG"
    assert held(page) == []
    put(page, broken(PLANTED[name]), place=1)
    assert len(page.error) == 1
    assert found_in(page.error[0].value) == [] and held(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_of_a_work_list_the_session_holds_the_names_of_its_files_and_nothing_else_of_a_person(
    name: str, case_page: Callable[[], AppTest]
) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    page.switch_page("pages/work_list.py").run()
    put(page, [*PLANTED[name], *((f"2_{one}", content) for one, content in broken(PLANTED[name])[:1])])
    assert not page.exception and not page.error
    work = page.session_state[WORK_LIST]
    assert [str(row.line.outcome) for row in work.scored(card().id)].count("scored") == 1
    names = {entry.name for entry in work.entries}
    every = [text for text in walk(page.session_state) if found_in(text)]
    assert names
    assert {text for text in every if text not in names} == set()
    rows = work.scored(card().id)
    assert [word for row in rows for word in found_in(row.line.reason)] == []
    for export in (work_list_export.as_csv, work_list_export.as_parquet):
        assert found_in(export(rows, card(), named=False)) == []
        assert found_in(export(rows, card(), named=True))
    page.button(work_list_intake.CLEAR).click().run()
    assert not page.exception
    assert held(page) == []


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_words_are_in_the_files_and_would_be_found(name: str) -> None:
    assert len({word for one in PLANTED[name] for word in found_in(one[1])}) >= 4 or name == "zip"
    assert len(found_in(PLANTED[name][0][0])) >= 3


def test_the_search_finds_what_is_hidden_in_objects_and_spellings() -> None:
    hidden = {"a": [(1, {"b": STEM})]}
    assert [word for text in walk(hidden) for word in found_in(text)]
    for spelled in ("Quixwort".encode("utf-16-le"), b"51 75 69 78 77 6f 72 74", "quixwort"):
        assert found_in(spelled) == ["Quixwort"]
