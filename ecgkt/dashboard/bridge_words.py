"""What the lab bridge says, as text and tables; no Streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan

from ecgkt.catalogue import all_labels, lab, limit_words
from ecgkt.dashboard.state import Case
from ecgkt.domain import Domain
from ecgkt.explain.lab_bridge import Erased, LabBridge
from ecgkt.explain.surrogate import AGE, FAITHFUL, SEX, Shares
from ecgkt.opinion.beside import measured_value_words, time_words

SHOWN = 8


@dataclass(frozen=True)
class Line:
    """One lab of the table: what the model predicts of it, what was measured, and what its erasure does.

    `predicted` and `measured` are empty where there is none; `after` is the diagnosis' figure without the lab.
    """

    name: str
    predicted: str
    measured: str
    change: float
    after: str


def title(name: str) -> str:
    """Return a lab label's title, as it stands within a sentence."""
    told = all_labels()[name].title
    return told if told[:2].isupper() or told[1:2].isupper() or told.startswith("pH") else told[:1].lower() + told[1:]


def knows(bridge: LabBridge, name: str) -> bool:
    """Whether a probe of held-out rows reads a lab better than chance, with its whole interval."""
    before = bridge.probes[name][0]
    return before.low is not None and before.low > 0.5


def strongest(bridge: LabBridge, erased: Erased) -> str | None:
    """Return the lab that moves the score most, of those that the embedding knows; None where noise moves it as far."""
    known = [name for name in erased.changes if knows(bridge, name)]
    first = max(known, key=lambda name: abs(erased.changes[name]), default=None)
    return first if first is not None and abs(erased.changes[first]) > erased.limit else None


def sentence(bridge: LabBridge, erased: Erased, figures: tuple[str, str], domain: Domain) -> str:
    """Return the bridge in one line; `figures` are the score's as it is, and without its strongest lab."""
    first = strongest(bridge, erased)
    where = "" if str(domain) == bridge.facts["domain"] else f" Fitted on {bridge.facts['domain']} patients only."
    if first is None:
        return (
            "No lab stands out: erasing what the embedding knows of any one lab moves this score no further than "
            f"erasing noise does ({erased.limit:.2f} logits).{where}"
        )
    change, (before, after) = erased.changes[first], figures
    moved = f"from {before} to {after}" if before != after else f"which leaves it at {before}"
    return (
        f"Erasing what the embedding knows of {title(first)} {'lowers' if change < 0 else 'raises'} this score by "
        f"{abs(change):.2f} logits, {moved}; erasing another lab's moves it by "
        f"{erased.others(first, all_labels()):.2f} on average, noise by up to {erased.limit:.2f}.{where}"
    )


def measured_words(case: Case, name: str, si: bool) -> str:
    """Return the measured value of a lab label's analyte, and when where not at the ECG; empty where not known."""
    label = all_labels()[name]
    found = case.measured.get(str(label.lab))
    if found is None:
        return "not measured" if case.measured.lacks(str(label.lab)) else ""
    when = "" if found.minutes is not None and round(found.minutes) == 0 else time_words(found)
    return f"{measured_value_words(lab(str(label.lab)), found, si)}{when}"


def limit_of(name: str, si: bool) -> str:
    """Return the limit of a lab label."""
    label = all_labels()[name]
    return limit_words(lab(str(label.lab)), str(label.direction), si)


def table(bridge: LabBridge, erased: Erased, lines: Sequence[Line], si: bool) -> str:
    """Return the labs with what their erasure does, and the controls below them, as HTML."""
    heads = ("predicted", "measured", "erased, logits", "score then", "cohort, logits", "AUROC, before, after")
    column = bridge.names.index(erased.target)
    body = "".join(_row(bridge, line, column, si) for line in lines)
    least = min((abs(line.change) for line in lines), default=0.0)
    rest = len(erased.changes) - len(lines)
    foot = f'<tr><th scope="row">{rest} further labs</th><td></td><td></td><td>up to {least:.2f}</td>' + _EMPTY
    foot += (
        '<tr><th scope="row">Control: noise <small>labs dealt out anew at random</small></th><td></td><td></td>'
        f"<td>up to {erased.limit:.2f}</td><td></td><td>{bridge.noise_moved[column]:.2f}</td><td></td></tr>"
    )
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    return (
        '<table class="ecgkt-measured ecgkt-bridge"><caption>What goes with each lab</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}{foot if rest > 0 else ''}</tbody></table>"
    )


def table_words(bridge: LabBridge, erased: Erased) -> str:
    """Return how to read the table, and what the first of its labs does over those who have the diagnosis."""
    facts, first = bridge.facts, erased.strongest
    mean = float(bridge.lowered[bridge.labs.index(first), bridge.names.index(erased.target)])
    with_it = (
        f"Over held-out ECGs that have the diagnosis, erasing {title(first)} changes the score by {signed(mean)} "
        "logits on average. "
    )
    return ("" if isnan(mean) else with_it) + (
        "Erased: what a linear probe reads of that lab is taken out of the embedding by the least change (LEACE, "
        "Belrose 2023) and the score is read again; an average ECG would keep its score. Cohort: the mean size of that "
        f"change on {facts['held_out']:,} held-out ECGs ({facts['domain']}). AUROC: how well a probe that is "
        "fitted anew there reads the lab, before and after; 0.5 is chance. Labs and diagnoses are read from one "
        "embedding: they share evidence, and labs that go together in patients go together here. It is no cause."
    )


def fidelity_words(shares: Shares, fidelity: float, raw: float) -> str:
    """Return how far the stand-in may be relied on: on held-out patients, and on this ECG."""
    if fidelity < FAITHFUL:
        return (
            f"Not shown: a linear stand-in of the lab scores, age and sex stands for only {max(fidelity, 0.0):.2f} of "
            f"this score's variance on held-out patients, below {FAITHFUL:.2f}."
        )
    return (
        "SHAP over a linear stand-in that reads the model's lab scores, age and sex. It stands for "
        f"{fidelity:.2f} of this score's variance on held-out patients; on this ECG it gives {signed(shares.score)} "
        f"logits, the model {signed(raw)}. Against {shares.against} ({signed(shares.base)})."
    )


def bars(
    shares: Shares,
    shown: int = SHOWN,
    detail: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> str:
    """Return the largest SHAP values as bars and the sum of the others, as HTML; `detail` and `titles` by input."""
    ordered = sorted(shares.parts, key=lambda part: -abs(part[1]))
    first, rest = ordered[:shown], ordered[shown:]
    named = titles or {}
    rows = [(named.get(name, input_title(name)), value, (detail or {}).get(name, "")) for name, value in first]
    if rest:
        rows.append((f"{len(rest)} further inputs", sum(value for _, value in rest), ""))
    largest = max((abs(value) for _, value, _ in rows), default=0.0) or 1.0
    body = "".join(_bar(told, value, more, abs(value) / largest) for told, value, more in rows)
    return f'<table class="ecgkt-measured ecgkt-shap"><tbody>{body}</tbody></table>'


def input_title(name: str) -> str:
    """Return what an input is called on screen."""
    if name in all_labels().names:
        return all_labels()[name].title
    return {AGE: "Age", SEX: "Sex"}.get(name, name)


_EMPTY = "<td></td><td></td><td></td></tr>"


def _row(bridge: LabBridge, line: Line, column: int, si: bool) -> str:
    before, after = bridge.probes[line.name]
    known = "not measured" if before.value is None else f"{before.value:.2f}, {after.value or 0.5:.2f}"
    moved = bridge.moved[bridge.labs.index(line.name), column]
    mark = "" if knows(bridge, line.name) else " <small>(no probe reads it)</small>"
    return (
        f'<tr><th scope="row">{escape(all_labels()[line.name].title)} <small>{escape(limit_of(line.name, si))}</small>'
        f"{mark}</th><td>{escape(line.predicted)}</td><td>{escape(line.measured or 'not known')}</td>"
        f"<td><b>{signed(line.change)}</b></td><td>{escape(line.after)}</td><td>{moved:.2f}</td><td>{known}</td></tr>"
    )


def _bar(told: str, value: float, more: str, share: float) -> str:
    """Return one bar from the middle: to the right what raises the score, to the left and striped what lowers it."""
    half = 50 * share
    kind, begin = ("raises", 50.0) if value >= 0 else ("lowers", 50.0 - half)
    small = f" <small>{escape(more)}</small>" if more else ""
    return (
        f'<tr><th scope="row">{escape(told)}{small}</th><td class="bar">'
        f'<span class="{kind}" style="left: {begin:.1f}%; width: {half:.1f}%"></span></td>'
        f"<td>{signed(value)}</td></tr>"
    )


def signed(value: float) -> str:
    """Return a number of logits with its sign, none where it rounds to zero."""
    if round(value, 2) == 0:
        return "0.00"
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
