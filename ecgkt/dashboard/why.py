"""Why a target scores as it does: one sentence about the map, and on a click its shares by wave and by lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard import measured, method, plain_tables
from ecgkt.dashboard.state import Case
from ecgkt.domain import LEADS, Explanation
from ecgkt.errors import EcgktError
from ecgkt.explain.regions import DEFINITIONS, NO_WAVES, Part, Shares, find_regions, shares
from ecgkt.explain.told import made_and_missed
from ecgkt.explain.words import RULE, sentence, signed
from ecgkt.figures.saliency import SMOOTHING_SECONDS

STYLE = """
<style>
.ecgkt-shares {display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; align-items: flex-start;}
.ecgkt-shares > div {flex: 1 1 26rem; min-width: 0; overflow-x: auto;}
.ecgkt-shares table {border-collapse: collapse; width: 100%; font-size: .8rem; line-height: 1.25;
  font-variant-numeric: tabular-nums;}
.ecgkt-shares caption {text-align: left; font-weight: 700; color: inherit; padding: 0 0 .15rem;}
.ecgkt-shares th, .ecgkt-shares td {border: 0; padding: .1rem .35rem; text-align: right; white-space: nowrap;}
.ecgkt-shares th:first-child {text-align: left; font-weight: 400; padding-left: 0;}
.ecgkt-shares thead th {font-weight: 600; font-size: .76rem;}
.ecgkt-shares .none {text-align: left;}
.ecgkt-shares .bar {width: 30%; min-width: 5rem; padding: .1rem 0;}
.ecgkt-shares .bar div {position: relative; height: .8rem; background: rgba(128,128,128,.16);}
.ecgkt-shares .bar i {position: absolute; inset: 0 auto 0 0; background: rgb(74 144 190 / .85);}
.ecgkt-shares .bar b {position: absolute; top: -.12rem; bottom: -.12rem; width: 2px; background: currentColor;}
.ecgkt-shares tr.all > * {border-top: 1px solid rgba(128,128,128,.5);}
</style>
"""
_LEAST_SHOWN = 0.005


def show(case: Case, card: Card, explanation: Explanation) -> None:
    """Say where the map of a target lies and what it misses; its shares by wave and lead open on a click."""
    label = card.labels[explanation.target]
    try:
        found = shares_on(case, card, explanation)
        asked = "score" if explanation.minus is None else "difference"
        said = sentence(found, asked, explanation.method)
    except EcgktError as error:
        found, said = None, f"No shares by wave. {error}"
    alone = explanation.minus is None
    rule, worth = (label.rule, _worth(card, label.name)) if alone else ("", "")
    st.html(
        f'<p class="ecgkt-basis"><b>{escape(method.subject(card.labels, explanation))}:</b> '
        f"where its score comes from. {escape(rule)} "
        f"<b>{escape(said)}</b> {escape(made_and_missed(explanation))} A map is no cause, and methods disagree: look "
        f"at the ECG first. {escape(worth)}</p>"
    )
    if found is not None and not found.empty:
        with st.expander("The map by wave and lead, against chance"):
            st.html(f'{shares_html(found)}<p class="ecgkt-basis">{escape(_read(found))}</p>')


def shares_on(case: Case, card: Card, explanation: Explanation) -> Shares:
    """Return where a map lies on the waves of a case; raise EcgktError where the signal cannot be measured."""
    delineation = measured.measured_in(case).delineation
    regions = find_regions(delineation, explanation.fs, explanation.attribution.shape[1])
    return shares(explanation, regions, card.preprocessing.apply(case.record))


def beside_html(case: Case, cards: Mapping[str, Card], found: Mapping[str, Explanation]) -> str:
    """Return the shares by wave of several models' maps of one target side by side, or why there are none.

    Empty where the method tells no waves apart.
    """
    if any(one.method in NO_WAVES for one in found.values()):
        return ""
    try:
        each = {name: shares_on(case, cards[name], one).by_region for name, one in found.items()}
    except EcgktError as error:
        return f'<p class="ecgkt-basis">No shares by wave. {escape(str(error))}</p>'
    first = next(iter(each.values()))
    rows = [
        (part.name, f"{part.chance:.0%}", _percent(part.size), *(f"{one[at].share:.0%}" for one in each.values()))
        for at, part in enumerate(first)
        if part.chance > 0
    ]
    columns = ("Wave", "of the signal", "of all mV", *(f"of the map, {name}" for name in each))
    return plain_tables.STYLE + plain_tables.table_html("Shares of the maps by wave", columns, rows)


def shares_html(found: Shares) -> str:
    """Return the bars by wave, each with its chance level, beside the table of leads by waves."""
    cut = found.regions.beats > 0
    parts = "".join(map(_bar, found.by_region)) if cut else ""
    bars = (
        "<div><table><caption>By wave: shares of the map, of the signal, of all mV</caption><thead><tr>"
        '<th scope="col">Wave</th><th scope="col">map</th><td></td><th scope="col">signal</th>'
        '<th scope="col">times</th><th scope="col">mV</th><th scope="col">sum</th></tr></thead>'
        f"<tbody>{parts}</tbody></table></div>"
    )
    shown = [at for at, area in enumerate(found.area.sum(axis=0)) if area > 0] if cut else []
    heads = "".join(f'<th scope="col">{escape(_short(found.regions.names[at]))}</th>' for at in shown)
    table = (
        '<div><table><caption>By lead, % of the map</caption><thead><tr><th scope="col">Lead</th>'
        f'{heads}<th scope="col">all</th><th scope="col">times</th><th scope="col">sum</th></tr></thead>'
        f"<tbody>{_rows(found, shown)}</tbody></table></div>"
    )
    return f'{STYLE}<div class="ecgkt-shares">{bars if cut else ""}{table}</div>'


def _bar(part: Part) -> str:
    """Return a row whose bar is the share and whose tick is the chance level; a wave that is absent says so."""
    if part.chance == 0:
        return f'<tr><th scope="row">{escape(part.name)}</th><td colspan="6" class="none">none was found</td></tr>'
    told = f"{part.name}: {part.share:.0%} of the map, {part.chance:.0%} of the signal"
    bar = f'<i style="width: {100 * part.share:.1f}%"></i><b style="left: {100 * part.chance:.1f}%"></b>'
    return (
        f'<tr><th scope="row">{escape(part.name)}</th><td>{part.share:.0%}</td>'
        f'<td class="bar"><div role="img" aria-label="{escape(told)}">{bar}</div></td>'
        f"<td>{part.chance:.0%}</td><td>{part.times:.1f}</td><td>{_percent(part.size)}</td><td>{signed(part.signed)}</td></tr>"
    )


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.0%}"


def _rows(found: Shares, shown: Sequence[int]) -> str:
    """Return a row per lead and one for all, each cell as dark as its share of the largest one."""
    top = max((float(found.mass[:, at].max()) for at in shown), default=0.0) or 1.0
    rows = []
    for place, part in enumerate(found.by_lead):
        cells = "".join(_cell(float(found.mass[place, at]), float(found.area[place, at]), top) for at in shown)
        rows.append(
            f'<tr><th scope="row">{LEADS[place]}</th>{cells}<td>{100 * part.share:.0f}</td><td>{part.times:.1f}</td>'
            f"<td>{signed(part.signed)}</td></tr>"
        )
    every = found.by_region
    sums = "".join(f"<td>{100 * every[at].share:.0f}</td>" for at in shown)
    chances = "".join(f"<td>{100 * every[at].chance:.0f}</td>" for at in shown)
    total = signed(float(found.signed.sum()))
    rows.append(f'<tr class="all"><th scope="row">All leads</th>{sums}<td>100</td><td>1.0</td><td>{total}</td></tr>')
    rows.append(f'<tr><th scope="row">By chance</th>{chances}<td>100</td><td></td><td></td></tr>')
    return "".join(rows)


def _cell(share: float, area: float, top: float) -> str:
    if area == 0:
        return "<td>–</td>"
    strength = 0.75 * share / top
    told = f"{100 * share:.0f}" if share >= _LEAST_SHOWN else "<1"
    return f'<td style="background: rgb(74 144 190 / {strength:.2f})">{escape(told)}</td>'


def _short(name: str) -> str:
    """Return "P" of "P wave", and what was not delineated as "rest"."""
    return "rest" if name.startswith("not ") else name.split(" ", maxsplit=1)[0]


def _read(found: Shares) -> str:
    """Say what the columns mean, and what was not found."""
    names = found.regions.names
    defined = "; ".join(
        f"{name}: {told}" for name, told in zip(names[1:], DEFINITIONS[1:], strict=True) if "its onset" not in told
    )
    return (
        "Shares are of the absolute attribution over all leads and all seconds that the model saw, shown or not, in "
        f"{found.regions.beats} beats; chance is the share of the signal (tick), and times is the map's share by that. "
        f"Sum: what a wave adds to the raw score or takes from it. {found.regions.note} {RULE} {defined}. Edges are "
        f"ours, by rules, to 10 ms at best. On the ECG the map is averaged over {1000 * SMOOTHING_SECONDS:.0f} ms."
    )


def _worth(card: Card, name: str) -> str:
    """Say how well a score orders ECGs, simulated and real, or that it was not measured on real ones."""
    known = {where: rows[name] for where, rows in card.estimates.items() if name in rows and rows[name].defined}
    told = [f"{where}: {estimate}" for where, estimate in known.items()]
    if not any(where.startswith("real") for where in known):
        told.append("not measured on real ECGs")
    return f"AUROC {'; '.join(told)}."
