"""Every error that ecgkt raises on purpose: one sentence that says what was wanted, what came and what to do."""

from __future__ import annotations


class EcgktError(Exception):
    """The root: a command or a page shows it as one plain line; anything else keeps its traceback."""

    def __init__(self, wanted: str, got: str, do: str) -> None:
        self.wanted, self.got, self.do = (_one_line(part) for part in (wanted, got, do))
        super().__init__(f"Wanted {self.wanted}, got {self.got}: {self.do}.")

    def __reduce__(self) -> tuple[type[EcgktError], tuple[str, str, str]]:
        return type(self), (self.wanted, self.got, self.do)


class InvalidValue(EcgktError, ValueError):
    """A noun was asked to hold what it cannot: a shape, a unit, a range, an order."""


class UnreadableRecord(EcgktError):
    """A file is no ECG that can be read safely and completely."""


class UnsafeFile(UnreadableRecord):
    """A file tries to reach beyond itself: another file on the disk, a path with `..`, too many bytes."""


class UnknownName(EcgktError, KeyError):
    """A name (target, checkpoint, sample, command) that is not there."""

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidCheckpoint(EcgktError):
    """Weights and card do not belong together, or not to this version."""


class InvalidCohort(EcgktError):
    """The tables or waveforms of a cohort are not as the schema says."""


class DiskFull(EcgktError):
    """There is no room for what is being written; what was finished before stands."""


class FetchFailed(EcgktError):
    """A record that the user asked for could not be fetched."""


def _one_line(part: str, most: int = 300) -> str:
    text = " ".join(part.split()).rstrip(".")
    return text if len(text) <= most else text[: most - 1] + "…"
