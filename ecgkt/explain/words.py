"""One sentence about where a map lies, built from its shares by rules that stand here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecgkt.domain.records import LEADS
from ecgkt.explain.regions import NO_LEADS, NO_WAVES, REST, Part, Shares

TIMES, EXCESS = 1.5, 0.10
"""A wave stands out that holds this many times its chance level, and this much of the map beyond it."""
LEAD_TIMES = 2.0
"""A lead stands out that holds this many times its chance level."""
MOST_LEADS = 4
"""Leads are named where so few of them, or fewer, hold over half of what lies on the wave."""
CANCELS, CARRIES = 0.2, 0.4
"""Shares of all regions' |sums|: below the first a wave moves the score to neither side, from the second on most."""
RULE = (
    f"A wave stands out that holds at least {TIMES:g} times its share of the signal, {100 * EXCESS:.0f} points more "
    "than that, and more than its share of all millivolts: most methods multiply by the signal, so that large waves "
    f"hold much of any map. A lead stands out from {LEAD_TIMES:g} times its share of the signal on."
)


def above_chance(part: Part) -> bool:
    """Whether a wave holds so much more of the map than its area that its size is worth asking about."""
    return part.share - part.chance >= EXCESS and part.times >= TIMES


def standing_out(shares: Shares) -> tuple[Part, ...]:
    """Return the waves and segments that stand out, the one furthest above its chance level first."""
    found = [part for part in shares.by_region[:REST] if above_chance(part) and not part.share <= part.size]
    return tuple(sorted(found, key=lambda part: part.chance - part.share))


def sentence(shares: Shares, score: str = "score", method: str = "") -> str:
    """Return where a map lies and what that does to the `score` (or the difference of two), in one or two sentences.

    Where nothing stands out by `RULE` it says so, and where the signal could not be cut into waves it speaks of leads.
    It is silent of waves or leads where maps by that `method` tell none apart.
    """
    if shares.empty:
        return f"The map is zero everywhere: nothing on this ECG moves the {score}."
    if method in NO_WAVES:
        return _of_leads(shares)
    about = "" if method in NO_LEADS else f" {_of_leads(shares)}"
    if not shares.regions.beats:
        return f"{shares.regions.note}{about}"
    out = standing_out(shares)
    said = [_of_wave(shares, out[0], score, leads=method not in NO_LEADS) if out else f"{_of_nothing(shares)}{about}"]
    most = max(shares.by_region, key=lambda part: abs(part.signed))
    if abs(most.signed) >= CARRIES * _moved(shares) and (not out or most.name != out[0].name):
        total = signed(float(shares.signed.sum()))
        said.append(
            f"On balance {plural(most.name)} move the {score} most ({signed(most.signed)}; the whole map {total})."
        )
    if shares.regions.doubt:
        said.append(shares.regions.doubt)
    return " ".join(said)


def plural(name: str) -> str:
    """Return "T waves" of "T wave"; what was not delineated stays as it is."""
    return f"parts {name}" if name.startswith("not ") else f"{name}es" if name.endswith("x") else f"{name}s"


def lead_names(leads: Sequence[str]) -> str:
    """Return leads in their usual order as "I, aVL and V2 to V4"."""
    places = sorted(LEADS.index(lead) for lead in leads)
    runs: list[list[int]] = []
    for place in places:
        chest = place > LEADS.index("V1") and runs and runs[-1][-1] == place - 1
        runs[-1].append(place) if chest else runs.append([place])
    parts = []
    for run in runs:
        named = [LEADS[place] for place in run]
        parts += [f"{named[0]} to {named[-1]}"] if len(named) > 2 else named
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def signed(value: float) -> str:
    """Return a figure with its sign, to one digit; zero has none, and NaN is a dash."""
    if np.isnan(value):
        return "–"
    told = f"{value:+.1f}"
    return "0.0" if float(told) == 0 else told.replace("-", "\N{MINUS SIGN}")


def _of_wave(shares: Shares, part: Part, score: str, *, leads: bool) -> str:
    column = shares.regions.names.index(part.name)
    mass = shares.mass[:, column]
    ranked = np.argsort(-mass)
    enough = int((mass[ranked].cumsum() > 0.5 * mass.sum()).argmax()) + 1
    told = leads and enough <= MOST_LEADS
    where = f", over half of it in {lead_names([LEADS[at] for at in ranked[:enough]])}" if told else ""
    if np.isnan(part.signed):
        effect = ""
    elif abs(part.signed) < CANCELS * _moved(shares):
        effect = f"; raising and lowering nearly cancel there ({signed(part.signed)})"
    else:
        effect = f"; it {'raises' if part.signed > 0 else 'lowers'} the {score} ({signed(part.signed)})"
    return (
        f"{part.share:.0%} of the map lies on {plural(part.name)}, which are {part.chance:.0%} of the signal "
        f"({part.times:.1f} times chance){where}{effect}."
    )


def _of_nothing(shares: Shares) -> str:
    nearest = max(shares.by_region[:REST], key=lambda part: part.share - part.chance)
    name, held = plural(nearest.name), f"{nearest.share:.0%} of the map on {nearest.chance:.0%} of the signal"
    if above_chance(nearest):
        said = f"{name} hold {held}, but their size alone would draw {nearest.size:.0%}"
    else:
        said = f"most above chance are {name} with {held}"
    return f"No wave stands out: {said}."


def _of_leads(shares: Shares) -> str:
    out = [part for part in shares.by_lead if part.times >= LEAD_TIMES]
    if not out:
        return "No lead stands out."
    told = ", ".join(f"{part.name} ({part.share:.0%})" for part in sorted(out, key=lambda part: -part.share))
    return f"Of the leads {told} {'stands' if len(out) == 1 else 'stand'} out (8% each if even)."


def _moved(shares: Shares) -> float:
    return sum(abs(part.signed) for part in shares.by_region)
