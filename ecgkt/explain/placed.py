"""Whether maps of a target lie in the right place, in words: measured on simulated patients of known cause."""

from __future__ import annotations

from ecgkt.domain import Estimate, Explanation
from ecgkt.explain.baselines import ZERO
from ecgkt.explain.judged import Worth, read_judged
from ecgkt.explain.methods import METHODS

NOT_MEASURED = (
    "Whether maps of this target lie in the right place was not measured: no cause with a place of its own in the ECG "
    "is known for it, or this model was not among those measured."
)


_DISTRUST = "Do not rely on where this map lies"


def misplaced(checkpoint_id: str, explanation: Explanation) -> bool:
    """Whether such maps were measured not to lie where they should; raises what `read_judged` raises."""
    return placed_words(checkpoint_id, explanation)[0].startswith(_DISTRUST)


def placed_words(checkpoint_id: str, explanation: Explanation) -> tuple[str, str]:
    """Return a verdict, empty where there is none, and the sentences behind it, on maps such as this one.

    Both are empty for a map of a difference of two targets, which was never measured. Raises what `read_judged` raises.
    """
    if explanation.minus is not None:
        return "", ""
    judged = read_judged()
    worth = None if judged is None else judged.of(explanation.target, checkpoint_id, explanation.method)
    if judged is None or worth is None:
        return "", NOT_MEASURED
    if not worth.score.defined:
        told = f"{worth.score.n} simulated ECGs with a known cause of it are too few."
        return "", f"Whether maps of this target lie in the right place is not known: {told}"
    good = judged.good_methods(worth.target, checkpoint_id)
    return _verdict(worth, good), _figures(worth, _usual(explanation))


def _verdict(worth: Worth, good: tuple[str, ...]) -> str:
    """Return whether the place of the map says something, and which method does better where it does not."""
    if worth.good:
        return "Maps of this target by this method point at the right waves, on simulated patients."
    if good:
        return f"{_DISTRUST}: {good[0]} does better for this target."
    return f"{_DISTRUST}: no method is good enough for this target."


def _figures(worth: Worth, usual: bool) -> str:
    causes = ", ".join(worth.causes)
    told = (
        f"On {worth.score.n} simulated ECGs of known cause ({causes}), maps by {worth.method} lie "
        f"on the changed waves {_short(worth.score)}, against {_short(worth.random)} for random weights and "
        f"{_short(worth.peaks)} for a peak detector (0: chance; {_value(worth.ceiling)}: a map of the change itself)."
    )
    return told if usual else f"{told} Measured with the usual baseline, not the one chosen here."


def _usual(explanation: Explanation) -> bool:
    return explanation.baseline in (ZERO, METHODS[explanation.method].baseline)


def _short(estimate: Estimate) -> str:
    if estimate.value is None:
        return "unknown"
    value, low, high = (f"{round(one or 0.0, 2) + 0.0:.2f}" for one in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})".replace("-", "\N{MINUS SIGN}")


def _value(estimate: Estimate) -> str:
    return "unknown" if estimate.value is None else f"{estimate.value:.2f}"
