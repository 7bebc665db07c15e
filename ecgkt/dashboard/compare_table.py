"""The side-by-side tables as one component whose rows can be pressed, with the mouse or the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

STYLE = """
.tables {display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: .4rem 1.4rem;
  font-family: var(--st-font); color: var(--st-text-color);}
.ecgkt-compared {border-collapse: collapse; width: 100%; font-size: .84rem; line-height: 1.3; height: fit-content;
  font-variant-numeric: tabular-nums;}
caption {caption-side: top; text-align: left; font-size: .92rem; font-weight: 700; padding: 0 0 .1rem;}
th, td {border: 0; border-bottom: 1px solid rgba(128,128,128,.3); padding: .1rem 0 .1rem .5rem; text-align: right;
  vertical-align: baseline;}
td {white-space: nowrap;}
td:last-child, thead th:last-child {padding-right: .3rem;}
thead th {font-weight: 600; font-size: .78rem; vertical-align: bottom; line-height: 1.15;}
th:first-child {text-align: left; font-weight: 400; padding-left: 0; min-width: 7.2rem;}
tbody tr {cursor: pointer;}
tbody tr:hover {background: rgba(74, 144, 190, .14);}
tr.chosen {background: rgba(74, 144, 190, .28);}
tr.chosen th {font-weight: 700;}
button {all: unset; cursor: pointer; text-align: left;}
button:focus-visible {outline: 2px solid currentColor; outline-offset: 2px;}
"""
SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  const place = parentElement.querySelector(".tables");
  const held = parentElement.activeElement?.dataset?.target;
  place.innerHTML = data;
  if (held) place.querySelector(`button[data-target="${held}"]`)?.focus();
  place.onclick = (event) => {
    const row = event.target.closest("tbody tr");
    if (row) setTriggerValue("target", row.querySelector("button").dataset.target);
  };
}
"""
_COMPONENT: list[Any] = []


def show(tables: Sequence[str], key: str, chosen: Callable[[str], None]) -> None:
    """Draw HTML tables whose rows hold a button with its `data-target`; `chosen` is called with the pressed one."""

    def press() -> None:
        name = st.session_state[key].target
        if name is not None:
            chosen(str(name))

    _component()(data="".join(tables), key=key, on_target_change=press)


def _component() -> Any:
    """Return the component, registered once."""
    if not _COMPONENT:
        found = st.components.v2.component(
            "ecgkt_compared", html='<div class="tables"></div>', css=STYLE, js=SCRIPT, isolate_styles=True
        )
        _COMPONENT.append(found)
    return _COMPONENT[0]
