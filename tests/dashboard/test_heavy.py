"""The queue for heavy work: by turns of sessions, bounded, and nobody gets another's answer or error."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ecgkt.dashboard.heavy import HeavyQueue, Superseded

SECONDS = 20


class Busy:
    """A queue whose only worker is kept busy until `release`; what waits meanwhile is asked for in a known order."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.queue, self.pool = HeavyQueue(1), pool
        self.order: list[str] = []
        self._go, begun = threading.Event(), threading.Event()

        def hold() -> None:
            begun.set()
            assert self._go.wait(SECONDS)

        self.first = pool.submit(self.queue.run, "somebody", "map", hold)
        assert begun.wait(SECONDS)

    def ask(self, session: str, kind: str = "map", waiting: Callable[[int | None], None] | None = None) -> Future[str]:
        """Ask in another thread, and come back once the job is in its place."""
        before = self.queue.waiting()
        name = f"{session} {kind}"

        def work() -> str:
            self.order.append(name)
            return name

        known = threading.Event()
        asked = self.pool.submit(self.queue.run, session, kind, work, waiting)
        while self.queue.waiting() <= before and not asked.done():
            known.wait(0.001)
        return asked

    def release(self) -> None:
        self._go.set()


@pytest.fixture
def busy() -> Iterator[Busy]:
    with ThreadPoolExecutor(32) as pool:
        queue = Busy(pool)
        yield queue
        queue.release()


def test_what_is_returned_or_raised_reaches_the_session_that_asked() -> None:
    queue = HeavyQueue(2)
    with ThreadPoolExecutor(8) as pool:
        good = [pool.submit(queue.run, f"session {k}", "scores", lambda k=k: k * k) for k in range(40)]
        bad = [pool.submit(queue.run, f"broken {k}", "scores", lambda k=k: [][k]) for k in range(10)]
        assert [one.result(SECONDS) for one in good] == [k * k for k in range(40)]
        assert all(isinstance(one.exception(SECONDS), IndexError) for one in bad)
    assert queue.run("after", "scores", lambda: "the workers are still there") == "the workers are still there"


def test_never_more_jobs_at_once_than_workers() -> None:
    queue, lock, now, most = HeavyQueue(2), threading.Lock(), [0], [0]
    both = threading.Barrier(2)

    def work() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both.wait(SECONDS)  # passes only where two are at work at the same time
        with lock:
            now[0] -= 1

    with ThreadPoolExecutor(12) as pool:
        for one in [pool.submit(queue.run, f"session {k}", "map", work) for k in range(12)]:
            one.result(SECONDS)
    assert most == [2]


def test_a_session_that_asks_for_much_does_not_hold_up_the_others(busy: Busy) -> None:
    asked = [busy.ask("greedy", kind) for kind in ("scores", "map", "measurements", "more")]
    asked += [busy.ask("patient"), busy.ask("calm")]
    busy.release()
    for one in asked:
        one.result(SECONDS)
    assert busy.order == [
        "greedy scores",
        "patient map",
        "calm map",
        "greedy map",
        "greedy measurements",
        "greedy more",
    ]


def test_a_newer_job_of_the_same_kind_takes_the_place_of_one_that_has_not_begun(busy: Busy) -> None:
    older, other = busy.ask("a"), busy.ask("a", "scores")
    newest = busy.pool.submit(busy.queue.run, "a", "map", lambda: "newest")
    assert isinstance(older.exception(SECONDS), Superseded)
    assert busy.queue.waiting() <= 2
    busy.release()
    assert newest.result(SECONDS) == "newest"
    assert other.result(SECONDS) == "a scores"
    assert "a map" not in busy.order


def test_the_same_work_asked_for_again_is_done_once_and_for_the_later_caller_alone() -> None:
    done, go, begun = [], threading.Event(), threading.Event()

    def work() -> str:
        done.append(1)
        begun.set()
        assert go.wait(SECONDS)
        return "a file"

    queue = HeavyQueue(2)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(queue.run, "a", "save", work, same=("case", "A4"))
        assert begun.wait(SECONDS)
        again = pool.submit(queue.run, "a", "save", work, same=("case", "A4"))
        assert isinstance(first.exception(SECONDS), Superseded), "it is let go before the work is done"
        others = pool.submit(queue.run, "b", "save", lambda: "of another session", same=("case", "A4"))
        assert others.result(SECONDS) == "of another session"
        go.set()
        assert again.result(SECONDS) == "a file"
    assert done == [1]
    assert queue.run("a", "save", lambda: "made anew", same=("case", "A4")) == "made anew"


def test_other_work_of_a_kind_is_no_repetition_and_both_come(busy: Busy) -> None:
    busy.release()
    go, begun = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go.wait(SECONDS)
        return "A4"

    first = busy.pool.submit(busy.queue.run, "a", "save", slow, same="A4")
    assert begun.wait(SECONDS)
    other = busy.pool.submit(busy.queue.run, "a", "save", lambda: "US Letter", same="US Letter")
    go.set()
    assert (first.result(SECONDS), other.result(SECONDS)) == ("A4", "US Letter")


def test_a_waiting_session_is_told_how_many_are_before_it(busy: Busy) -> None:
    busy.ask("first"), busy.ask("second"), busy.ask("second", "scores")
    told: list[int | None] = []
    heard = threading.Event()

    def waiting(before: int | None) -> None:
        told.append(before)
        heard.set()

    third = busy.ask("third", waiting=waiting)
    assert heard.wait(SECONDS)
    assert told[0] == 2  # second's scores come after third's map
    busy.release()
    assert third.result(SECONDS) == "third map"
    assert busy.order.index("third map") == 2


def test_a_job_that_is_being_done_is_not_said_to_wait() -> None:
    queue, heard, told = HeavyQueue(1), threading.Event(), []

    def waiting(before: int | None) -> None:
        told.append(before)
        heard.set()

    queue.run("a", "map", lambda: heard.wait(SECONDS), waiting)
    assert set(told) == {None}


def test_a_session_that_is_closed_gives_its_place_free(busy: Busy) -> None:
    class Closed(BaseException):
        pass

    def close(before: int | None) -> None:
        raise Closed

    closed = busy.pool.submit(busy.queue.run, "gone", "map", lambda: busy.order.append("gone"), close)
    assert isinstance(closed.exception(SECONDS), Closed)
    assert busy.queue.waiting() == 0
    still = busy.ask("here")
    busy.release()
    still.result(SECONDS)
    assert busy.order == ["here map"]


def test_nothing_of_a_case_stays_in_the_queue() -> None:
    class Record:
        pass

    queue, record = HeavyQueue(1), Record()
    seen = weakref.ref(record)
    answer = queue.run("a", "scores", lambda record=record: [record])
    assert answer == [record]
    with pytest.raises(ValueError, match="unreadable"):
        queue.run("a", "scores", lambda record=record: _fail(record))
    del record, answer
    queue.run("b", "scores", lambda: None)
    gc.collect()
    assert seen() is None


def _fail(record: object) -> None:
    raise ValueError(f"unreadable {type(record).__name__}")
