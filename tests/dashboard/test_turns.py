"""A session in the queue: what it is told, and that a newer click takes the place of an older one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from ecgkt.dashboard import heavy, loading

SECONDS = 20


class Place:
    """An `st.empty()` that remembers what was written into it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def html(self, body: str) -> None:
        self.told.append(body)

    def empty(self) -> None:
        self.told.append("")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A session whose page is running a fragment."""
    requests = ScriptRequests()
    requests.request_rerun(RerunData(fragment_id="reading"))
    requests.on_scriptrunner_ready()
    context = SimpleNamespace(session_id="mine", script_requests=requests, fragment_ids_this_run=["reading"])
    monkeypatch.setattr(loading, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(loading, "_CALM_SECONDS", 0.0)
    return context


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A queue whose only worker is at work for somebody else until the event is set."""
    queue, go, begun = heavy.HeavyQueue(1), threading.Event(), threading.Event()
    monkeypatch.setattr(heavy, "shared", lambda: queue)

    def hold() -> None:
        begun.set()
        assert go.wait(SECONDS)

    others = [threading.Thread(target=queue.run, args=(name, "map", hold)) for name in ("first", "second")]
    for other in others:
        other.start()
    assert begun.wait(SECONDS)
    while not queue.waiting():
        threading.Event().wait(0.001)
    yield go
    go.set()
    for other in others:
        other.join(SECONDS)


def test_who_waits_is_told_how_many_are_before_him_and_then_nothing(session, busy):
    place = Place()
    threading.Timer(0.4, busy.set).start()
    assert loading.in_turn("map", "Tracing", lambda: "done", place) == "done"
    assert "Tracing: 1 before you" in place.told[0]
    assert place.told[-1] == ""


def test_a_newer_click_ends_the_run_that_waits_for_an_older_one(session, busy):
    session.script_requests.request_rerun(RerunData(fragment_id="reading", query_string="newer"))
    computed = []
    with pytest.raises(RerunException) as ended:
        loading.in_turn("map", "Tracing", lambda: computed.append(1), Place())
    assert ended.value.rerun_data.query_string == "newer"
    assert ended.value.rerun_data.fragment_id_queue == ["reading"]
    busy.set()
    assert heavy.shared().run("after", "map", lambda: "free") == "free"
    assert computed == []


def test_a_run_of_the_whole_page_is_not_ended_by_a_click_in_a_fragment(session, busy):
    session.fragment_ids_this_run = None
    session.script_requests.request_rerun(RerunData(fragment_id="reading"))
    threading.Timer(0.3, busy.set).start()
    assert loading.in_turn("scores", "Scoring", lambda: "done", Place()) == "done"
