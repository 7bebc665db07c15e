"""The row of controls above an ECG: layout, speed, gain, filter for the eye, how to look at it, and at what size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ecgkt.dashboard import address
from ecgkt.dashboard.state import hold
from ecgkt.domain import Record
from ecgkt.figures.ecg import FOOTER_PX
from ecgkt.figures.paper import GAINS, LAYOUTS, SPEEDS, Layout, Paper, Scale, lay_out
from ecgkt.figures.sheet import FOOT_MM
from ecgkt.signals.display import FILTERS, DisplayFilter

LAYOUT, SPEED, GAIN, FILTER = "layout", "speed", "gain", "filter"
TOOL, CARD_PX, TRUE_SIZE = "tool", "card_px", "true_size"
SHEET, ZOOM, CALIPERS, BEATS = "Sheet", "Zoom", "Calipers", "Median beats"
TOOLS = (SHEET, ZOOM, CALIPERS, BEATS)
WORDS = (LAYOUT, SPEED, GAIN, FILTER, TOOL)
CARD_MM = (85.60, 53.98)
NARROW_PX = 830
"""Up to this width of a sheet its foot is told below it in the page's own letters."""
_USUAL_CARD_PX = 324
_ROOM_PX = 168
_OPINION_PX = 196
_WIDE = 2.0
_FIGURE_PARTS = ("> .stElementContainer", "[data-testid='stFullScreenFrame']", ".stPlotlyChart")


@dataclass(frozen=True)
class View:
    """How an ECG is drawn: its layout, scale and filter for the eye, and how it is looked at.

    `drawn` is the filtered copy of the record, and `paper` the sheet that holds all of it. `px_per_mm` is what a bank
    card said of this screen, where the ECG is to be shown at its true size.
    """

    layout: Layout
    scale: Scale
    display: DisplayFilter
    drawn: Record
    paper: Paper
    tool: str = SHEET
    px_per_mm: float | None = None

    @property
    def ratio(self) -> str:
        """The rule that gives this very sheet its height, beside others of the same width."""
        return f"aspect-ratio: {self.paper.width_mm / (self.paper.height_mm + FOOT_MM):.5f}"


def current_view(record: Record) -> View:
    """Return the session's view of a record; a filter that its rate does not hold is no filter."""
    state = st.session_state
    layout = LAYOUTS[state.get(LAYOUT) or next(iter(LAYOUTS))]
    scale = Scale(state.get(SPEED) or SPEEDS[0], state.get(GAIN) or GAINS[0])
    display = FILTERS[state.get(FILTER) or next(iter(FILTERS))]
    if not display.works_at(record.fs):
        display = next(iter(FILTERS.values()))
    drawn = display.apply(record)
    card = state.get(CARD_PX, _USUAL_CARD_PX)
    px_per_mm = card / CARD_MM[0] if state.get(TRUE_SIZE) else None
    return View(layout, scale, display, drawn, lay_out(layout, scale, drawn), state.get(TOOL) or SHEET, px_per_mm)


def choose_view(record: Record, beside: Callable[[View], None] | None = None) -> View:
    """Draw the controls and return what is chosen; the choices hold for the session, on every page.

    `beside` draws what stands in the same row behind them, and is given the view.
    """
    hold(CARD_PX, TRUE_SIZE)
    filters = [name for name, one in FILTERS.items() if one.works_at(record.fs)]
    address.recall(LAYOUT, list(LAYOUTS), next(iter(LAYOUTS)), "layout")
    address.recall(SPEED, SPEEDS, SPEEDS[0], "paper speed in mm/s")
    address.recall(GAIN, GAINS, GAINS[0], "gain in mm/mV")
    address.recall(FILTER, filters, filters[0], "filter")
    address.recall(TOOL, TOOLS, SHEET, "tool")
    with st.container(key="controls", horizontal=True):
        _choice("Layout", list(LAYOUTS), LAYOUT, 146)
        _choice("Paper speed", list(SPEEDS), SPEED, 108, "{:g} mm/s")
        _choice("Gain", list(GAINS), GAIN, 117, "{:g} mm/mV")
        _choice("Filter for the eye; the model sees the file's own signal", filters, FILTER, 140)
        st.segmented_control(
            "How to look at the ECG",
            TOOLS,
            key=TOOL,
            required=True,
            label_visibility="collapsed",
        )
        with st.popover("Size", help="Show true millimetres on this screen"):
            _choose_size()
        view = current_view(record)
        if beside is not None:
            beside(view)
    st.html(style(view))
    return view


def style(view: View) -> str:
    """Return the rules that give the drawing its size: whole on the screen, or at true millimetres.

    A sheet of the usual wide shape leaves room on the screen for the first lines of the opinion. On printed paper a
    millimetre is one where the sheet fits the page and the printer does not scale it.
    """
    paper = view.paper
    width, height = paper.width_mm, paper.height_mm
    ratio = width / (height + FOOT_MM)
    room = _ROOM_PX + (_OPINION_PX if ratio > _WIDE else 0)
    sheet = f"width: min(100%, calc((100vh - {room}px) * {ratio:.5f})); margin: 0 auto;"
    zoom = f"max-width: max(420px, calc((100vh - {_ROOM_PX + FOOTER_PX}px) * {width / height:.5f})); margin: 0 auto;"
    if view.px_per_mm is not None:
        sheet = f"width: {width * view.px_per_mm:.1f}px; max-width: none;"
        zoom = f"min-width: {width * view.px_per_mm:.1f}px; max-width: {width * view.px_per_mm:.1f}px;"
    figure = ", ".join(f".st-key-zoom {part}" for part in _FIGURE_PARTS)
    high = f"calc(100cqw * {height / width:.5f} + {FOOTER_PX}px)"
    rules = (
        f".ecgkt-fit, .ecgkt-sheet {{{sheet}}}",
        f".ecgkt-sheet {{aspect-ratio: {ratio:.5f};}}",
        ".ecgkt-fit {container-type: inline-size;}",
        ".ecgkt-fit .ecgkt-sheet {width: 100%;}",
        f".st-key-zoom {{{zoom}}}",
        f"{figure} {{height: {high} !important;}}",
        f"@media print {{.ecgkt-fit, .ecgkt-sheet {{width: min(100%, {width:g}mm) !important; margin: 0;}}}}",
    )
    return f"<style>{' '.join(rules)}</style>"


def _choice(label: str, options: list[str] | list[float], key: str, width: int, told: str = "{}") -> None:
    st.selectbox(
        label, options, key=key, width=width, label_visibility="collapsed", format_func=told.format, filter_mode=None
    )


def _choose_size() -> None:
    """Let the user hold a bank card against the screen, which says how wide a millimetre is on it."""
    st.markdown("Hold a bank card against the frame and move the slider until both are as wide.")
    st.session_state.setdefault(CARD_PX, _USUAL_CARD_PX)
    px = st.slider("Width of the frame in pixels", 150, 800, key=CARD_PX)
    height = px * CARD_MM[1] / CARD_MM[0]
    card = f"width: {px}px; height: {height:.0f}px; border: 2px solid currentColor; border-radius: {px / 27:.0f}px;"
    st.html(
        f'<div style="overflow-x: auto"><div style="{card}" role="img" aria-label="Frame of {CARD_MM[0]:g} by '
        f'{CARD_MM[1]:g} mm, once it fits a bank card">{CARD_MM[0]:.2f} mm</div></div>'
    )
    st.toggle("Show true millimetres", key=TRUE_SIZE)
    st.caption("A card is 85.60 mm wide (ISO/IEC 7810 ID-1). Holds until the screen or the browser's zoom changes.")
