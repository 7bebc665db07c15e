"""The maps of one target by several checkpoints on the open ECG, on one sheet each, and how alike they are."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard import address, loading, method, plausible, why
from ecgkt.dashboard.paper import NARROW_PX, View, current_view
from ecgkt.dashboard.state import Case
from ecgkt.domain import LEADS, Domain, Explanation, LabelSet
from ecgkt.errors import EcgktError
from ecgkt.figures.ecg import footer_text
from ecgkt.figures.saliency import SMOOTHING_SECONDS, hidden_share, told_hidden
from ecgkt.figures.scores import HEADINGS
from ecgkt.figures.sheet import draw_sheet

TRACED, PLACED, CLOSE, OF = "traced", "maps_placed", "maps_close", "traced_on"
PLACES = ("Side by side", "One below the other")
STYLE = """
<style>
.ecgkt-maps {display: grid; align-items: end; gap: .5rem .8rem;
  grid-template-columns: repeat(auto-fit, minmax(min(29rem, 100%), 1fr));}
.ecgkt-maps.below {grid-template-columns: 1fr;}
.ecgkt-maps .waves {align-self: start; min-width: 0;}
.ecgkt-maps figure {margin: 0; min-width: 0;}
.ecgkt-maps figcaption {font-size: .82rem; line-height: 1.35; margin: 0 0 .15rem;}
.ecgkt-maps img {display: block; width: 100%; height: auto; border: 1px solid rgba(128,128,128,.35);
  color-scheme: light;}
</style>
"""


def chosen(case: Case) -> str | None:
    """Return the target whose maps this session, or the address that it follows, asks for on this case."""
    held = st.session_state
    if address.followed():
        held[TRACED], held[OF] = address.asked(TRACED), case.id
    if held.get(OF) != case.id:
        held[TRACED] = None
    found: str | None = held.get(TRACED)
    return found


def choose(case: Case, target: str) -> None:
    """Ask for the maps of a target; a second time puts them away."""
    held = st.session_state
    held[TRACED], held[OF] = None if chosen(case) == target else target, case.id


def _close() -> None:
    st.session_state[TRACED] = None


def show(case: Case, models: Mapping[str, Path], target: str) -> None:
    """Draw each model's map of a target; say which model does not have it, and how alike the maps are."""
    cards = {name: loading.card(folder) for name, folder in models.items()}
    label = next((card.labels[target] for card in cards.values() if target in card.labels.names), None)
    if label is None:
        address.trouble(f"The link asks for the target {address.quoted(target)}, which no model here has.")
        st.session_state[TRACED] = None
        return
    labels = next(card.labels for card in cards.values() if target in card.labels.names)
    method.recall(labels, target)
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="center"):
        family = HEADINGS[label.kind].lower()
        st.html(f'<p class="ecgkt-heading">Where each score comes from: {escape(label.title)} ({family})</p>')
        st.segmented_control("Maps", PLACES, key=PLACED, default=PLACES[0], required=True, label_visibility="collapsed")
        st.button("Close the maps", key=CLOSE, on_click=_close)
    lacking = [name for name, card in cards.items() if target not in card.labels.names]
    turn = st.empty()
    traced = {
        name: method.trace(folder, cards[name], case, target, turn)
        for name, folder in models.items()
        if name not in lacking
    }
    found = {name: one for name, one in traced.items() if one is not None}
    for name in lacking:
        st.info(f"{name} has no score for {label.title}, and so no map.")
    view = current_view(case.record)
    below = " below" if st.session_state.get(PLACED) == PLACES[1] else ""
    seen = {name: cards[name].preprocessing.description for name in found}
    drawn = {**found, **difference(found, cards)}
    first = next(iter(seen.values()), "")
    figures = "".join(
        _figure(case, view, name, one, _caption(cards.get(name), labels, one), seen.get(name, first))
        for name, one in drawn.items()
    )
    waves = f'<div class="waves">{why.beside_html(case, cards, found)}</div>' if found else ""
    st.html(f'<div class="ecgkt-maps{below}">{figures}{waves}</div>')
    foot = [f"Each sheet: {_foot(view, first)}."] if found else []
    reading = _reading(drawn, len(drawn) > len(found))
    told = [*_alike(found), *_kin({name: cards[name] for name in found}), *reading, *foot]
    st.html(f'<p class="ecgkt-basis">{escape(" ".join(told))}</p>')
    method.show(labels, target)


def difference(found: Mapping[str, Explanation], cards: Mapping[str, Card]) -> dict[str, Explanation]:
    """Return the map of the first model's score minus the second's, where both were traced on one input."""
    names = list(found)
    if len(names) < 2 or len({cards[name].preprocessing.fingerprint for name in names[:2]}) > 1:
        return {}
    try:
        return {f"{names[0]} minus {names[1]}": found[names[0]].less(found[names[1]])}
    except EcgktError:
        return {}


def _caption(card: Card | None, labels: LabelSet, map_: Explanation) -> str:
    """Return how a map is called on its sheet; `card` is None for the difference of two models."""
    title = method.subject(labels, map_)
    return title if card is None else plausible.captioned(card, map_, title)


def _foot(view: View, seen: str) -> str:
    """Return what stands below every sheet, for sheets too small to tell it themselves."""
    return footer_text(view.drawn, view.paper, seen, view.display.description)


def _figure(case: Case, view: View, name: str, map_: Explanation, title: str, seen: str) -> str:
    """Return one sheet with its map as an HTML figure, described in words."""
    sheet = draw_sheet(
        view.drawn,
        view.paper,
        explanation=map_,
        target_title=title,
        model_saw=seen,
        display_filter=view.display.description,
        tells_hidden=False,
        told_below_px=NARROW_PX,
    )
    hidden = told_hidden(hidden_share(map_, view.paper))
    outside = (" Do not rely on its place." if title.endswith(plausible.DOUBT) else "") + (f" {hidden}." * bool(hidden))
    strongest = sorted(zip(map_.lead_shares(), LEADS, strict=True), reverse=True)[:3]
    leads = ", ".join(f"{lead} {share:.0%}" for share, lead in strongest)
    told = (
        f"12-lead ECG, {case.title}, {view.layout.name}, {view.scale}, saliency of {title} by {name}, {map_.method}: "
        f"mostly {leads}"
    )
    simulated = "SIMULATED. " if case.record.domain is Domain.SIMULATED else ""
    missed = f"; {missing}" if (missing := method.misses(map_)) else ""
    source = f"data:image/svg+xml;base64,{b64encode(sheet.encode()).decode()}"
    return (
        f"<figure><figcaption><b>{escape(name)}.</b> {simulated}Strongest leads: {leads} (8% each if even){missed}."
        f'{outside}</figcaption><img alt="{escape(told)}" src="{source}"></figure>'
    )


def _alike(found: Mapping[str, Explanation]) -> list[str]:
    """Say how alike the first map is to each other one, and what the figures mean."""
    from ecgkt.explain.agreement import agreement

    names = list(found)
    said = []
    for other in names[1:]:
        try:
            one = agreement(found[names[0]], found[other])
        except EcgktError as error:
            said.append(f"{names[0]} and {other} have no common measure. {error}")
            continue
        if one.cosine is None or one.shared is None:
            said.append(f"{names[0]} and {other}: a map is zero everywhere.")
            continue
        figure = f"{one.cosine:+.2f}".replace("-", "−")
        said.append(
            f"{names[0]} and {other}: cosine {figure}; {one.shared:.0%} of the strongest tenths is in both "
            "(10% by chance)."
        )
    if said:
        said.append("A cosine of 1 is the same places and signs, 0 nothing in common, −1 opposite signs.")
    return said


def _kin(cards: Mapping[str, Card]) -> list[str]:
    """Say which model keeps another's encoder, since their maps are then alike for that reason."""
    return [
        f"{name} keeps the encoder of {other} beside its own: their maps are partly the same network's."
        for name, card in cards.items()
        for other, beside in cards.items()
        if card.parents.get("diagnoses") == beside.id
    ]


def _reading(drawn: Mapping[str, Explanation], subtracted: bool) -> list[str]:
    """Say how to read the colours, and what a map is not; `subtracted`: the last map is of a difference of models."""
    if not drawn:
        return []
    several = " The last map is that of the difference of both raw scores." if subtracted else ""
    return [
        f"{method.made(next(iter(drawn.values())))}{several} Averaged over {1000 * SMOOTHING_SECONDS:.0f} ms for the "
        "eye. Orange raises a score, blue lowers it; each map has its own colour range: compare places, not strengths. "
        "A map is no cause, and methods disagree: look at the ECG first."
    ]
