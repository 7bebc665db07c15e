"""The queue for heavy work of all sessions: few workers, the sessions by turns, each told how many are before it."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from ecgkt.parallel import usual_workers

Result = TypeVar("Result")
TICK_SECONDS = 0.1


class Superseded(Exception):
    """The session has asked for newer work of the same kind, and nobody looks at this any more."""


@dataclass(eq=False)
class _Job:
    session: str
    kind: str
    work: Callable[[], Any]
    same: object = None
    asked: int = 1
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None


class HeavyQueue:
    """Threads that do one job each at a time; who waits is served by turns of sessions, not by who clicked most.

    A session has at most one waiting job per kind. Nothing is kept of a job once its caller has it, so that there is
    nothing that another session could be given.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._lines: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._repeatable: dict[tuple[str, str], _Job] = {}
        self._change = threading.Condition()
        self._threads: list[threading.Thread] = []

    def run(
        self,
        session: str,
        kind: str,
        work: Callable[[], Result],
        waiting: Callable[[int | None], None] | None = None,
        same: object = None,
    ) -> Result:
        """Do `work` in its session's turn, block until it is done, and return what it returned or raise what it raised.

        `waiting` is called now and then with the number of jobs before this one, None once it is being done. An
        exception that it raises gives the place in the queue free and goes on to the caller. Raises Superseded where
        the same session asks for newer work of this kind before this has begun; and, where both were called the `same`,
        at any time before it is done: that is then done once, and for the newer caller.
        """
        job, turn = self._join(_Job(session, kind, work, same))
        try:
            while not job.done.wait(TICK_SECONDS) and job.asked == turn:
                if waiting is not None:
                    waiting(self._before(job))
        except BaseException:
            self._leave(job)
            raise
        if job.asked != turn:
            raise Superseded(f"the same {kind} was asked for again")
        if job.error is not None:
            raise job.error
        result: Result = job.result
        return result

    def waiting(self) -> int:
        """Return how many jobs wait."""
        with self._change:
            return sum(map(len, self._lines.values()))

    def _join(self, job: _Job) -> tuple[_Job, int]:
        """Return the job that does this work, new or begun before, and how often it was asked for so far."""
        key = job.session, job.kind
        with self._change:
            begun = self._repeatable.get(key)
            if begun is not None and begun.same == job.same and not begun.done.is_set():
                begun.asked += 1
                return begun, begun.asked
            line = self._lines.setdefault(job.session, deque())
            for older in [one for one in line if one.kind == job.kind]:
                line.remove(older)
                self._forget(older)
                older.error = Superseded(f"newer {job.kind}")
                older.done.set()
            line.append(job)
            if job.same is not None:
                self._repeatable[key] = job
            if len(self._threads) < self.workers:
                name = f"heavy-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._serve, name=name, daemon=True))
                self._threads[-1].start()
            self._change.notify()
        return job, 1

    def _forget(self, job: _Job) -> None:
        """Let nobody join a job any more; whoever calls holds the lock."""
        if self._repeatable.get((job.session, job.kind)) is job:
            del self._repeatable[job.session, job.kind]

    def _leave(self, job: _Job) -> None:
        with self._change:
            self._forget(job)
            line = self._lines.get(job.session, deque())
            if job in line:
                line.remove(job)
                if not line:
                    del self._lines[job.session]

    def _before(self, job: _Job) -> int | None:
        with self._change:
            line = self._lines.get(job.session, deque())
            if job not in line:
                return None
            own, sessions = line.index(job), list(self._lines)
            turn = sessions.index(job.session)
            others = enumerate(map(len, self._lines.values()))
            return own + sum(min(count, own + (k < turn)) for k, count in others if k != turn)

    def _serve(self) -> None:
        while True:
            job = self._take()
            try:
                job.result = job.work()
            except BaseException as error:  # it is the caller's, whatever it is: a worker must outlive it
                job.error = error
            with self._change:
                self._forget(job)
            job.done.set()
            del job

    def _take(self) -> _Job:
        with self._change:
            self._change.wait_for(lambda: self._lines)
            session, line = next(iter(self._lines.items()))
            job = line.popleft()
            if line:
                self._lines.move_to_end(session)
            else:
                del self._lines[session]
            return job


@cache
def shared() -> HeavyQueue:
    """Return the one queue of this process: a worker per core, each of which computes on one thread."""
    return HeavyQueue(usual_workers())
