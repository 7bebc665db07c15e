"""What looking at a download brings to light: facts, what will be lacking, what was not looked at, problems."""

from __future__ import annotations

from dataclasses import dataclass

from ecgkt.errors import InvalidCohort


@dataclass(frozen=True)
class Findings:
    """Sentences in the order in which they were found; findings are joined with `+`.

    `facts` are as they should be; `lacking` is what a cohort can do without, and what it then lacks; `unchecked` is
    what a quick look leaves open; `problems` stop a cohort from being prepared, or make it another one than meant.
    """

    facts: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    problems: tuple[InvalidCohort, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.facts + other.facts,
            self.lacking + other.lacking,
            self.unchecked + other.unchecked,
            self.problems + other.problems,
        )

    @property
    def good(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def fact(sentence: str) -> Findings:
    """Return one fact."""
    return Findings(facts=(sentence,))


def lack(sentence: str) -> Findings:
    """Return one thing that will be lacking."""
    return Findings(lacking=(sentence,))


def unchecked(sentence: str) -> Findings:
    """Return one thing that was not looked at."""
    return Findings(unchecked=(sentence,))


def problem(wanted: str, got: str, do: str) -> Findings:
    """Return one problem."""
    return Findings(problems=(InvalidCohort(wanted, got, do),))


def in_words(n_bytes: float) -> str:
    """Return a number of bytes in words, decimal units: "2.5 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} bytes" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"
