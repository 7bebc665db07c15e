"""All checks of one map, one after the other, told as they go and stopped when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from ecgkt.checkpoints import Card, real_evidence
from ecgkt.checkpoints.evidence import REAL
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.explanations import Explanation
from ecgkt.domain.records import Domain, Record
from ecgkt.explain.agreement import Agreement
from ecgkt.explain.guards import figures
from ecgkt.explain.guards.figures import Subject
from ecgkt.explain.guards.limits import limit_of
from ecgkt.explain.guards.rails import Guard, GuardRails
from ecgkt.inference import Predictor
from ecgkt.signals.delineation import Delineation

Tell = Callable[[float, str], None]
SIMULATED = "simulated, held out"
KNOWN, SUM, HEART, METHODS, WEIGHTS, SCORE, NOISE = "known", "sum", "heart", "methods", "weights", "score", "noise"
TITLES = {
    KNOWN: ("The model knows this target", "the model was not shown to know this target"),
    SUM: ("The map adds up to the score", "it does not add up to the score"),
    HEART: ("The score rests on the heartbeat", "the score rests on something that is no part of the heartbeat"),
    METHODS: ("Other methods point at the same places", "other methods point elsewhere"),
    WEIGHTS: ("The map is lost when the weights are shuffled", "it stays when the model's weights are shuffled"),
    SCORE: ("The score follows the map", "the score does not follow it"),
    NOISE: ("The map stands under the recording's own noise", "it changes with the recording's own noise"),
}
"""By check: what is true where it passes, and what is wrong where it fails."""
NO_LIMIT = "no limit was measured for maps of this method"
NO_BEATS = "needs three beats alike and 200 Hz"


class Stopped(Exception):
    """The reader asked for the checks to stop."""


def check(
    predictor: Predictor,
    record: Record,
    explanation: Explanation,
    *,
    seed: int = 0,
    tell: Tell | None = None,
    stop: Callable[[], bool] | None = None,
) -> GuardRails:
    """Return all checks of a map of this model and recording.

    `tell` is called with the share done in [0, 1] and what is being done; `stop` is asked often, and Stopped raised
    once it says yes. The same seed gives the same figures. Raises InvalidValue for a map of another model.
    """
    subject = Subject(predictor, record, explanation, seed)

    def step(share: float, words: str) -> None:
        if stop is not None and stop():
            raise Stopped(words)
        if tell is not None:
            tell(share, words)

    step(0.0, "comparing methods")
    guards = [*_quick(subject), _methods(subject)]
    step(0.15, "shuffling weights")
    guards.append(_weights(subject, step))
    step(0.45, "taking pieces out and putting them in")
    guards.append(_score(subject, step))
    step(0.85, "adding noise")
    guards.append(_noise(subject, step))
    step(1.0, "done")
    return GuardRails(tuple(guards), explanation.target, explanation.method, explanation.checkpoint_id)


def check_quickly(
    predictor: Predictor, record: Record, explanation: Explanation, delineation: Delineation | None = None
) -> GuardRails:
    """Return the checks that take less than a map: known, sum and heart. Raises what `check` raises.

    `delineation` may be that of a recording no longer than what the model sees; else it is looked for.
    """
    guards = tuple(_quick(Subject(predictor, record, explanation, delineation=delineation)))
    return GuardRails(guards, explanation.target, explanation.method, explanation.checkpoint_id, whole=False)


def _quick(subject: Subject) -> Iterator[Guard]:
    yield _known(subject.predictor.card, subject.explanation, subject.record.domain)
    yield _sum(subject)
    yield _heart(subject)


def _known(card: Card, explanation: Explanation, domain: Domain) -> Guard:
    names = [explanation.target, *([explanation.minus] if explanation.minus else [])]
    told = [_evidence(card, name, domain) for name in names]
    where = told[0][0]
    lowest = [estimate.low for _, estimate in told if estimate is not None and estimate.low is not None]
    if len(lowest) < len(names):
        return _guard(KNOWN, None, f"how well it orders {where} ECGs", "any", reason=f"not measured on {where} ECGs")
    figure = min(lowest)
    said = f"AUROC on {where} ECGs, lower end of its interval: {figure:.2f}"
    return _guard(KNOWN, figure, said, "any")


def _evidence(card: Card, name: str, domain: Domain) -> tuple[str, Estimate | None]:
    if domain is Domain.SIMULATED:
        found = card.estimates.get(SIMULATED, {}).get(name)
        return "simulated", found if found is not None and found.defined else None
    return REAL.removesuffix(", "), real_evidence(card, name).estimate


def _sum(subject: Subject) -> Guard:
    missed = figures.unexplained(subject.explanation)
    if missed is None:
        return _guard(SUM, None, "", "any", reason=f"{subject.explanation.method} does not promise a sum")
    said = f"its sum misses {missed:.1%} of the score difference (of one logit where that is smaller)"
    return _guard(SUM, missed, said, "any", above=False)


def _heart(subject: Subject) -> Guard:
    scores = figures.not_of_the_heart(subject)
    if scores is None:
        return _guard(HEART, None, "", "any", above=False, reason=NO_BEATS)
    whole, made, reference = scores
    figure = figures.share_lost(whole, made, reference)
    said = (
        f"without what neither comes again with the beats nor stands in several electrodes, the score goes from "
        f"{whole:.1f} to {made:.1f}: {figure:.0%} of its difference from the baseline's"
    )
    rows = (("score of the ECG", whole), ("of what the heart can have made", made), ("of the baseline", reference))
    return _guard(HEART, figure, said.replace("-", "−"), "any", above=False, rows=rows)


def _methods(subject: Subject) -> Guard:
    found = list(figures.by_other_methods(subject))
    cosines = [one.cosine for _, one in found if one.cosine is not None]
    if not cosines:
        return _guard(METHODS, None, "", subject.explanation.method, reason="a map is zero everywhere")
    figure = float(np.mean(cosines))
    said = f"mean cosine {figure:.2f} with {', '.join(name for name, _ in found)} (1 is the same map, 0 unrelated)"
    return _guard(METHODS, figure, said, subject.explanation.method, rows=_cosines(found))


def _weights(subject: Subject, step: Tell) -> Guard:
    found = []
    for place, (name, one) in enumerate(chain(figures.down_the_layers(subject), figures.all_shuffled(subject))):
        found.append((name, one))
        step(0.15 + 0.03 * min(place, 9), "shuffling weights")
    last = [one for _, one in found[-figures.RANDOM_NETWORKS :] if one.cosine is not None and one.shared is not None]
    method = subject.explanation.method
    if not last:
        return _guard(WEIGHTS, None, "", method, above=False, reason="a map is zero everywhere")
    figure = figures.likest([one for _, one in found[-figures.RANDOM_NETWORKS :]])
    placed = max(one.shared or 0.0 for one in last)
    said = (
        f"with all weights shuffled the cosine with the map is at most {figure or 0.0:.2f}, signs aside; up to "
        f"{placed:.0%} of its strongest tenth is still in the same place (large waves draw the map of any network)"
    )
    return _guard(WEIGHTS, figure, said, method, above=False, rows=_cosines(found))


def _score(subject: Subject, step: Tell) -> Guard:
    curves = figures.follows(
        subject, lambda share: step(min(0.45 + 0.4 * share, 0.85), "taking pieces out and putting them in")
    )
    deletion, insertion = figures.gains(curves)
    figure = min(deletion, insertion)
    said = (
        f"as the map's strongest pieces go first or come first, the score moves earlier than in random order by "
        f"{figure:.0%} of its range"
    )
    rows = (("taken out", deletion), ("put in", insertion))
    return _guard(SCORE, figure, said.replace("-", "−"), subject.explanation.method, rows=rows)


def _noise(subject: Subject, step: Tell) -> Guard:
    found = []
    for place, one in enumerate(figures.under_noise(subject)):
        found.append(one)
        step(0.85 + 0.03 * min(place, 4), "adding noise")
    cosines = [one.cosine for _, one in found if one.cosine is not None]
    method = subject.explanation.method
    if not cosines:
        return _guard(NOISE, None, "", method, reason=NO_BEATS)
    figure = float(np.mean(cosines))
    said = f"mean cosine {figure:.2f} with the maps of the ECG under its own noise, {len(cosines)} times"
    return _guard(NOISE, figure, said, method, rows=_cosines(found))


def _cosines(found: list[tuple[str, Agreement]]) -> tuple[tuple[str, float], ...]:
    return tuple((name, one.cosine) for name, one in found if one.cosine is not None)


def _guard(name: str, figure: float | None, said: str, method: str, *, reason: str = "", **rest: Any) -> Guard:
    limit = limit_of(name, method)
    title, failure = TITLES[name]
    return Guard(
        name=name,
        title=title,
        failure=failure,
        figure=figure,
        limit=None if limit is None else limit.value,
        above=rest.pop("above", True),
        said=said,
        source="" if limit is None else limit.source,
        reason=reason or ("" if limit is not None else NO_LIMIT),
        needed=name == KNOWN,
        **rest,
    )
