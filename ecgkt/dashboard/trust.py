"""Whether the map of a target may be relied on: one line, what was checked on a click, the longer checks on another."""

from __future__ import annotations

import threading
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import Card
from ecgkt.dashboard import loading, plausible, state
from ecgkt.dashboard.state import Case
from ecgkt.domain import Explanation
from ecgkt.explain.guards import Guard, GuardRails, State, check
from ecgkt.explain.guards.checking import TITLES
from ecgkt.explain.told import DO_NOT_RELY

LATER = "·"
CHECK, STOP, CHECKING = "check_map", "stop_checks", "checking"
STYLE = """
<style>
.ecgkt-dots {letter-spacing: .12em; font-size: 1rem; margin: 0 .25rem;}
.st-key-check_map[data-stale="true"], .st-key-stop_checks[data-stale="true"] {display: none;}
.st-key-trust button {min-height: 1.9rem; padding: .1rem .6rem; font-size: .82rem;}
.ecgkt-checks {border-collapse: collapse; font-size: .8rem; line-height: 1.3; width: 100%; table-layout: fixed;
  font-variant-numeric: tabular-nums;}
.ecgkt-checks col.what {width: 22%;} .ecgkt-checks col.how {width: 4.2rem;} .ecgkt-checks col.limit {width: 32%;}
.ecgkt-checks th, .ecgkt-checks td {text-align: left; vertical-align: top; border: 0; padding: .2rem .7rem .2rem 0;
  font-weight: 400;}
.ecgkt-checks thead th {font-weight: 600; font-size: .76rem;}
.ecgkt-checks .failed th, .ecgkt-checks .failed td:first-of-type {font-weight: 700;}
.ecgkt-checks small {display: block; font-size: .76rem;}
</style>
"""
_WORD = {State.PASSED: "passed", State.FAILED: "failed", State.UNDEFINED: "not made"}


@st.fragment
def show(folder: Path, case: Case, card: Card, explanation: Explanation) -> None:
    """Say whether any check found a reason to distrust a map; the short checks came with it, the others when asked.

    A map that fails one of those is marked on the sheet as well, for which the page is drawn again.
    """
    rails = state.checks_of(case, explanation)
    if rails is None:
        return
    asked = state.checks_key(case, explanation)
    running = st.session_state.get(CHECKING) == asked and not rails.whole
    with st.container(horizontal=True, vertical_alignment="center", width="content", key="trust"):
        st.html(f'{STYLE}<p class="ecgkt-basis" role="status">{_line(rails)}</p>', width="content")
        if running:
            st.button("Stop", key=STOP, on_click=_ask, args=(None,))
        elif not rails.whole:
            st.button("Check this map", key=CHECK, on_click=_ask, args=(asked,), help="Four more checks, some seconds")
        with st.popover("What was checked", key="checks"):
            st.html(_table(rails, card))
    if running:
        found = _check(folder, case, explanation, st.empty())
        _ask(None)
        state.keep_checks(case, explanation, found)
        st.rerun(scope="fragment" if found.reliable == rails.reliable else "app")


def captioned(case: Case, card: Card, explanation: Explanation, title: str) -> str:
    """Return how a map is called on the sheet: with a warning where a check failed or its place is doubted."""
    rails = state.checks_of(case, explanation)
    if rails is None or rails.reliable:
        return plausible.captioned(card, explanation, title)
    return f"{DO_NOT_RELY} {title}"


def _ask(key: tuple[str, ...] | None) -> None:
    st.session_state[CHECKING] = key


def _check(folder: Path, case: Case, explanation: Explanation, turn: DeltaGenerator) -> GuardRails:
    """Make all checks in this session's turn, and end them when nobody waits for them any more."""
    opened, left, doing = loading.predictor(folder), threading.Event(), ["Checking the map"]

    def tell(share: float, words: str) -> None:
        doing[0] = f"Checking the map, {share:.0%}: {words}"

    def work() -> GuardRails:
        loading.ready("captum.attr")
        return check(opened, case.record, explanation, tell=tell, stop=left.is_set)

    try:
        return loading.in_turn("checks", lambda: doing[0], work, turn, ends=True)
    finally:
        left.set()


def _line(rails: GuardRails) -> str:
    later = "" if rails.whole else LATER * (len(TITLES) - len(rails.guards))
    dots = f'<span class="ecgkt-dots" aria-hidden="true">{rails.dots}{later}</span>'
    if not rails.reliable:
        return f"Checks of this map: {dots} <b>{escape(rails.verdict)}</b>"
    if not rails.whole:
        return f"Checks of this map: {dots} {escape(rails.count)}; four more take some seconds."
    return f"Checks of this map: {dots} {escape(rails.count)}. {escape(rails.verdict)}"


def _table(rails: GuardRails, card: Card) -> str:
    """Return what was checked: each check with its outcome, its figure, its limit, and where that came from."""
    rows = "".join(map(_row, rails.guards))
    title = escape(card.labels[rails.target].title)
    more = "" if rails.whole else " Four more are made on request."
    return (
        '<table class="ecgkt-checks"><colgroup><col class="what"><col class="how"><col><col class="limit"></colgroup>'
        f'<thead><tr><th scope="col">{title}: what should hold</th><th scope="col"></th>'
        '<th scope="col">what was found</th><th scope="col">limit</th></tr></thead>'
        f'<tbody>{rows}</tbody></table><p class="ecgkt-basis">Each limit is such that 95% of maps that are known to be '
        f"wrong fail it; a right map may fail too, and a wrong one may pass.{more}</p>"
    )


def _row(guard: Guard) -> str:
    found = guard.said if guard.figure is not None else ""
    told = escape("; ".join(filter(None, (found, guard.reason))))
    parts = ", ".join(f"{name} {value:.2f}" for name, value in guard.rows).replace("-", "−")
    detail = f"<small>{escape(parts)}</small>" if parts else ""
    limit = ""
    if guard.limit is not None:
        value = f"{guard.limit:.2f}".replace("-", "−")
        limit = f"{'at least' if guard.above else 'at most'} {value}<small>{escape(guard.source)}</small>"
    kind = guard.state.name.lower()
    return (
        f'<tr class="{kind}"><th scope="row">{escape(guard.title)}</th><td>{_WORD[guard.state]}</td>'
        f"<td>{told}{detail}</td><td>{limit}</td></tr>"
    )
