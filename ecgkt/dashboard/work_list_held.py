"""The work list of a session: its records and their rows, in this session's memory only and gone when it is cleared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from ecgkt.dashboard.state import Case, digest
from ecgkt.domain import Record
from ecgkt.errors import EcgktError, InvalidValue
from ecgkt.readers.many import MAX_BYTES, MAX_RECORDS
from ecgkt.worklist.rows import Row

WORK_LIST = "work_list"


@dataclass(eq=False)
class Entry:
    """One record of the list; `read` is asked once where the record `stays` in memory, as an uploaded one does.

    `load` opens it as a case, None for one that is in memory alone. `digest` is that of its samples once it was read.
    """

    number: int
    name: str
    read: Callable[[], Record] | None
    load: Callable[[], Case] | None = None
    record: Record | None = None
    problem: EcgktError | None = None
    digest: str = ""
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def stays(self) -> bool:
        """Whether the list is the only place that has the record."""
        return self.load is None

    def get(self) -> Record:
        """Return the record, or raise why it cannot be read; an uploaded file is let go once it was read.

        Safe to be asked from two threads, as where a click begins a new run of the page while a piece is scored.
        """
        with self._lock:
            return self._get()

    def refuse(self, problem: EcgktError) -> None:
        """Let go of a file that is still to be read; `problem` is why."""
        with self._lock:
            if self.read is not None and self.stays:
                self.read, self.problem = None, problem

    def _get(self) -> Record:
        if self.record is not None:
            return self.record
        if self.read is None or self.problem is not None:
            problem = self.problem or InvalidValue("a record of this list", "one that is gone", "drop the files again")
            raise _anew(problem)
        try:
            record = self.read()
        except EcgktError as error:
            if self.stays:
                self.problem, self.read = _anew(error), None
            raise
        self.digest = digest(record)
        if self.stays:
            self.record, self.read = record, None
        return record

    def case(self) -> Case:
        """Return the record as a case; raise a child of EcgktError where it cannot be read."""
        return self.load() if self.load is not None else Case(f"Record {self.number} of the work list", self.get())


@dataclass(eq=False)
class WorkList:
    """The entries, their rows by checkpoint and number, and what the page asks for."""

    entries: list[Entry] = field(default_factory=list)
    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    stopped: bool = False
    shown: tuple[int, ...] = ()
    opened: tuple[int, str] | None = None
    """The number of the entry that was opened last, and the id of its case."""

    def add(self, entries: Sequence[tuple[str, Callable[[], Record], Callable[[], Case] | None]]) -> None:
        """Put records at the end of the list: name, how to read it, how to open it where it need not stay in memory.

        Raises InvalidValue beyond 500 records, or where those that stay are more than 200 MB.
        """
        if len(self.entries) + len(entries) > MAX_RECORDS:
            raise InvalidValue(
                f"at most {MAX_RECORDS} records in one list",
                f"{len(self.entries) + len(entries)}",
                "clear the list first, or score a folder with `python -m ecgkt predict`",
            )
        if entries and self.bytes_held() > MAX_BYTES:
            raise InvalidValue(
                f"at most {MAX_BYTES // 1_000_000} MB of signals in one list", "more", "clear the list first"
            )
        for name, read, load in entries:
            self.entries.append(Entry(len(self.entries) + 1, name, read, load))
        self.stopped = False

    def bytes_held(self) -> int:
        """Return how many bytes of signals the list keeps."""
        return sum(entry.record.signal.nbytes for entry in self.entries if entry.record is not None)

    def bound(self) -> None:
        """Refuse what is still to be read where the signals that were read are more than 200 MB."""
        if self.bytes_held() <= MAX_BYTES:
            return
        most = f"at most {MAX_BYTES // 1_000_000} MB of signals in one list"
        for entry in self.entries:
            entry.refuse(InvalidValue(most, "more", "clear the list first"))

    def waiting(self, checkpoint: str) -> list[Entry]:
        """Return the entries that were not scored with a checkpoint, in order."""
        done = self.rows.get(checkpoint, {})
        return [entry for entry in self.entries if entry.number not in done]

    def scored(self, checkpoint: str) -> list[Row]:
        """Return the rows of a checkpoint in the order of the list."""
        return [row for _, row in sorted(self.rows.get(checkpoint, {}).items())]

    def keep(self, checkpoint: str, rows: Sequence[Row]) -> None:
        """Keep rows of a checkpoint."""
        self.rows.setdefault(checkpoint, {}).update({row.number: row for row in rows})

    def entry(self, number: int) -> Entry:
        """Return an entry by its running number."""
        return self.entries[number - 1]


def _anew(error: EcgktError) -> EcgktError:
    """Return the same sentence without what hangs on an error that was raised, such as a file's bytes."""
    return type(error)(error.wanted, error.got, error.do)


def held() -> WorkList:
    """Return this session's list."""
    found: WorkList = st.session_state.setdefault(WORK_LIST, WorkList())
    return found


def clear() -> None:
    """Forget the list and all its records, at once: Streamlit keeps the list that was until the next run has ended."""
    was = held()
    was.entries.clear()
    was.rows.clear()
    st.session_state[WORK_LIST] = WorkList()
