"""Which parts of a recording a model is given, whatever its length: windows of as long as it was trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecgkt.domain.records import Record

WINDOW_SECONDS = 10.0
LONGEST_SECONDS = 60.0
LEAST_NEW_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a recording: `record` from `start` s on, `of` s long in all."""

    record: Record
    start: float
    of: float

    @property
    def title(self) -> str:
        """Its first and last second, for a list."""
        return f"{_spelled(self.start)} to {_spelled(self.start + self.record.seconds)} s"

    @property
    def word(self) -> str:
        """Where it begins, for an address."""
        return f"-from-{_spelled(self.start)}s"


def windows(record: Record, seconds: float = WINDOW_SECONDS) -> tuple[Window, ...]:
    """Return the windows of `seconds` in which a recording is read, in order of time; each record says which it is.

    They lie end to end from the beginning; a last one ends with the recording, over the one before it, where else 1 s
    or more would not be seen. Of a recording of over a minute they cover the first minute. One that is no longer than
    a window is a window itself: nothing is padded.
    """
    size, count = round(seconds * record.fs), record.signal.shape[1]
    if count <= size:
        return (Window(record, 0.0, record.seconds),)
    count = min(count, round(max(LONGEST_SECONDS, seconds) * record.fs))
    begins = list(range(0, count - size + 1, size))
    if count - begins[-1] - size >= round(LEAST_NEW_SECONDS * record.fs):
        begins.append(count - size)
    return tuple(_window(record, begin, size) for begin in begins)


def _window(record: Record, begin: int, size: int) -> Window:
    start, end = begin / record.fs, (begin + size) / record.fs
    which = f"the first {end:g} s" if begin == 0 else f"{_spelled(start)} to {_spelled(end)} s"
    notes = (*record.notes, f"{which} of {record.seconds:.1f} s are used")
    part = replace(record, signal=record.signal[:, begin : begin + size], notes=notes)
    return Window(part, start, record.seconds)


def _spelled(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0")


def told(record: Record, seconds: float = WINDOW_SECONDS) -> str | None:
    """Return the sentence on how a recording of another length than a window's is scored; None where it is as long."""
    parts = windows(record, seconds)
    if len(parts) > 1:
        which = f"the first {LONGEST_SECONDS:g} s of " if record.seconds - LONGEST_SECONDS >= LEAST_NEW_SECONDS else ""
        return f"scored in {len(parts)} windows of {seconds:g} s over {which}{record.seconds:.1f} s, by their median"
    if record.seconds < seconds - 0.05:
        return f"{record.seconds:.1f} s are scored as they are, nothing is padded"
    return None if record is parts[0].record else parts[0].record.notes[-1]
