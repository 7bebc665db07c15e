"""What a map explains, how it was made and what it misses, as people read it."""

from __future__ import annotations

from ecgkt.domain import Explanation, LabelSet
from ecgkt.explain.methods import METHODS

DO_NOT_RELY = "DO NOT RELY ON THIS MAP."


def subject(labels: LabelSet, explanation: Explanation) -> str:
    """Return what a map explains, as people read it: a target, or one minus another."""
    title = labels[explanation.target].title
    return title if explanation.minus is None else f"{title} minus {labels[explanation.minus].title}"


def made(explanation: Explanation) -> str:
    """Return how a map was made, and what it cannot tell."""
    method = METHODS[explanation.method]
    compared = f", baseline: {explanation.baseline}" if explanation.difference is not None else ""
    what = "the raw score" if explanation.minus is None else "the difference of both raw scores"
    return f"{_title(method.name)} of {what}{compared}. {method.coarse}".strip()


def misses(explanation: Explanation) -> str:
    """Return what a map misses of the score difference that it explains; empty where it promises no such sum."""
    share, difference = explanation.relative_residual, explanation.difference
    if share is None or difference is None:
        return ""
    signed = f"{difference:+.2f}".replace("-", "\N{MINUS SIGN}")
    return f"the map misses {share:.1%} of the score difference that it explains, {signed}"


def made_and_missed(explanation: Explanation) -> str:
    """Return how a map was made and what it misses, in sentences."""
    missed = misses(explanation)
    return f"{made(explanation)}{f' {missed[:1].upper()}{missed[1:]}.' if missed else ''}"


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]
