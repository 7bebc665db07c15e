"""Whether a score was shown to order real ECGs: what the card's estimates on real records say, target by target."""

from __future__ import annotations

from dataclasses import dataclass

from ecgkt.checkpoints.cards import Card
from ecgkt.domain.estimates import Estimate

REAL = "real, "
LEAST_AREA = 0.7
"""An area from here on is called acceptable discrimination (Hosmer, Lemeshow, Sturdivant 2013, section 5.2.4)."""


@dataclass(frozen=True)
class RealEvidence:
    """Whether a score `works` on real ECGs, and the `reason` in one clause, without a full stop.

    `estimate` and `where` are the figure that decides, None where the card has no defined one.
    """

    works: bool
    reason: str
    where: str | None = None
    estimate: Estimate | None = None


NEVER = RealEvidence(False, "not measured on real ECGs")


def real_evidence(card: Card, name: str) -> RealEvidence:
    """Return what is known of one label on real ECGs.

    A score works where the 95 % interval of its AUROC begins at 0.7 or above, on the set of real records in which
    the most have the label; sets that were taken together count as one.
    """
    found = {
        where.removeprefix(REAL): rows[name]
        for where, rows in card.estimates.items()
        if where.startswith(REAL) and name in rows
    }
    tested = {where: estimate for where, estimate in found.items() if estimate.n > 0}
    if not tested:
        return NEVER
    defined = {where: estimate for where, estimate in tested.items() if estimate.defined}
    if not defined:
        most = max(tested.values(), key=lambda estimate: (estimate.positives, estimate.n))
        told = f"too few to tell: {most.positives or 'none'} of {most.n} real ECGs"
        return RealEvidence(False, told)
    where, best = max(defined.items(), key=lambda pair: (pair[1].positives, pair[1].n))
    told = f"AUROC {best.value:.2f}, interval from {best.low:.2f} to {best.high:.2f}, {where}"
    works = (best.low or 0.0) >= LEAST_AREA
    return RealEvidence(works, told if works else f"not shown: {told}", where, best)


def reference_share(card: Card, name: str) -> float | None:
    """Return the share of the reference set's ECGs that have a label, None where the card does not know it.

    The set is known by its name: an estimate "real, PTB-XL" belongs to the reference "PTB-XL 1-250".
    """
    if card.reference is None:
        return None
    for where, rows in card.estimates.items():
        if where.startswith(REAL) and card.reference.name.startswith(where.removeprefix(REAL)) and name in rows:
            estimate = rows[name]
            return estimate.positives / estimate.n if estimate.n else None
    return None
