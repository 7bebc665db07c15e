"""The What if page: turn a simulated patient's dials, or silence a part of an ECG, and see every score move."""

from __future__ import annotations

from base64 import b64encode
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import Card
from ecgkt.dashboard import address
from ecgkt.dashboard.paper import current_view
from ecgkt.domain import Explanation, Record
from ecgkt.figures.sheet import FOOT_MM, draw_sheet

VIEW, ALL = "what_if", "what_if_all"
DIALS, SILENCE = "Dials on a simulated patient", "Silence a part of an ECG"
VIEWS = (DIALS, SILENCE)
SHOWN = 6
_ROOM_PX, _ROWS_PX, _WIDE = 168, 176, 2.0
STYLE = """
<style>
.st-key-what_if_paper {border: 1px solid rgba(128,128,128,.35); border-radius: 2px; background: #fffdfc;
  color-scheme: light; overflow-x: auto;}
.ecgkt-sweep {display: block; width: 100%; height: auto; max-width: 25rem; color-scheme: light;
  border: 1px solid rgba(128,128,128,.35); border-radius: 2px;}
.ecgkt-truth {font-size: .84rem; line-height: 1.35; margin: 0; font-variant-numeric: tabular-nums;}
.ecgkt-truth b {white-space: nowrap;}
[data-testid="stSidebar"] [data-testid="stVerticalBlock"] {gap: .55rem;}
[data-testid="stSidebar"] [data-testid="stSlider"] {padding-bottom: 0;}
[data-testid="stSidebar"] [data-testid="stSliderTickBar"] {display: none;}
[class*="st-key-what_if_parts"] [data-testid="stVerticalBlock"] {gap: .2rem;}
</style>
"""


def show() -> None:
    """Draw the page: one view at a time."""
    st.html(STYLE)
    address.recall(VIEW, VIEWS, VIEWS[0])
    view = st.segmented_control("What is changed", VIEWS, key=VIEW, label_visibility="collapsed", required=True)
    if view == SILENCE:
        from ecgkt.dashboard import what_if_silence

        what_if_silence.show()
    else:
        from ecgkt.dashboard import what_if_dials

        what_if_dials.show()


def draw_paper(
    place: DeltaGenerator,
    record: Record,
    card: Card,
    told: str,
    explanation: Explanation | None,
    beneath: Record | None = None,
    title: str | None = None,
) -> None:
    """Draw an ECG as on paper, whole on the screen, with a map behind its ink and another ECG as a broad line below it.

    `told` is what it shows in words, `title` what the map is called where not by its target. Layout, scale and filter
    are those of the session.
    """
    view = current_view(record)
    title = None if explanation is None else title or card.labels[explanation.target].title
    sheet = draw_sheet(
        view.drawn,
        view.paper,
        explanation=explanation,
        target_title=title,
        model_saw=card.preprocessing.description,
        display_filter=view.display.description,
        beneath=None if beneath is None else view.display.apply(beneath),
    )
    ratio = view.paper.width_mm / (view.paper.height_mm + FOOT_MM)
    room = _ROOM_PX + (_ROWS_PX if ratio > _WIDE else 0)
    size = f"width: min(100%, calc((100vh - {room}px) * {ratio:.5f})); margin: 0 auto; aspect-ratio: {ratio:.5f};"
    said = told + (f", saliency of {title}" if title else "")
    place.html(f'<img class="ecgkt-sheet" style="{size}" alt="{escape(said)}" src="{uri(sheet)}">')


def uri(svg: str) -> str:
    """Return an SVG as the source of an image."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
