"""The table of the work list: one component whose rows are opened with the mouse or the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard.opinion_rows import BAR_RGB
from ecgkt.worklist.lines import Outcome
from ecgkt.worklist.rows import AS_LISTED, MISS_FIRST, NO_SCORE_FIRST, Figure, Row

STYLE = f"""
.list {{max-height: max(16rem, calc(100vh - 17.4rem)); overflow: auto; border: 1px solid rgba(128,128,128,.35);
  border-radius: 2px; font-family: var(--st-font); color: var(--st-text-color);}}
table {{border-collapse: separate; border-spacing: 0; width: 100%; font-size: .86rem; line-height: 1.3;
  font-variant-numeric: tabular-nums;}}
caption {{position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);}}
thead th {{position: sticky; top: 0; z-index: 1; background: var(--st-secondary-background-color); font-weight: 600;
  font-size: .8rem; text-align: left; vertical-align: bottom; line-height: 1.2;}}
th, td {{padding: .22rem .55rem; border-bottom: 1px solid rgba(128,128,128,.25); text-align: left;
  vertical-align: baseline;}}
tbody th {{font-weight: 400; max-width: 18rem;}}
tbody th button {{overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 100%; display: block;}}
.number {{text-align: right;}}
.number, .origin {{white-space: nowrap;}}
td.figure {{white-space: nowrap; background-repeat: no-repeat;}}
td b {{font-weight: 600; white-space: nowrap;}}
td.of {{min-width: 9rem;}}
small {{font-size: .76rem;}}
td.none {{opacity: .85;}}
tbody tr {{cursor: pointer;}}
tbody tr:hover {{background: rgba({BAR_RGB}, .14);}}
tr.opened th {{box-shadow: inset 3px 0 rgb({BAR_RGB}); font-weight: 600;}}
button {{all: unset; cursor: pointer; text-decoration: underline; text-decoration-color: rgba(128,128,128,.6);
  text-underline-offset: 2px;}}
button:focus-visible, .list:focus-visible {{outline: 2px solid currentColor; outline-offset: 1px;}}
"""
SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  const place = parentElement.querySelector(".list");
  const held = parentElement.activeElement?.dataset?.record;
  const scrolled = place.scrollTop;
  place.innerHTML = data;
  place.scrollTop = scrolled;
  if (held) place.querySelector(`button[data-record="${held}"]`)?.focus();
  else place.querySelector("tr.opened")?.scrollIntoView({block: "nearest"});
  place.onclick = (event) => {
    const row = event.target.closest("tbody tr");
    if (row) setTriggerValue("record", row.querySelector("button").dataset.record);
  };
  place.onkeydown = (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    const buttons = [...place.querySelectorAll("tbody button")];
    const at = buttons.indexOf(parentElement.activeElement ?? event.target);
    if (step && at >= 0 && buttons[at + step]) { event.preventDefault(); buttons[at + step].focus(); }
  };
}
"""
NONE = "no figure"
WAITS = "waits for your read"
_COMPONENT: list[Any] = []


def show(
    rows: Sequence[Row], card: Card, by: str, every: bool, opened: int | None, key: str, press: Callable[[int], None]
) -> None:
    """Draw the rows; `press` is called with the number of the one that is to be opened."""

    def pressed() -> None:
        number = st.session_state[key].record
        if number is not None:
            press(int(number))

    _component()(data=table_html(rows, card, by, every, opened), key=key, on_record_change=pressed)


def table_html(rows: Sequence[Row], card: Card, by: str, every: bool, opened: int | None) -> str:
    """Return the table as HTML: a heading per column, a button per row, a sentence where there is no score."""
    target = "" if by in (MISS_FIRST, AS_LISTED, NO_SCORE_FIRST) else by
    heads = ["No.", "Record", "Origin", "Length"]
    heads += [card.labels[target].title] if target else []
    heads += ["Do not miss: highest", "Highest beside sinus rhythm"]
    head = "".join(
        f'<th scope="col"{_number(place in (0, 3))}>{escape(title)}</th>' for place, title in enumerate(heads)
    )
    body = "".join(_row(row, target, every, row.number == opened, len(heads) - 4) for row in rows)
    return f"<table><caption>Work list</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(row: Row, target: str, every: bool, opened: bool, figures: int) -> str:
    name = f'<button data-record="{row.number}" title="{escape(row.name)}">{escape(row.name)}</button>'
    seconds = "" if row.line.predictions is None else f"{row.line.seconds:.1f} s"
    cells = [
        f'<td class="number">{row.number}</td><th scope="row">{name}</th><td class="origin">{escape(row.origin)}</td>'
        f'<td class="number">{seconds}</td>'
    ]
    if row.waits:
        cells.append(f'<td colspan="{figures}" class="none">{WAITS}</td>')
    elif row.line.outcome is not Outcome.SCORED:
        told = "The model abstains. " if row.line.outcome is Outcome.ABSTAINED else ""
        cells.append(f'<td colspan="{figures}">{told}{escape(row.line.reason)}</td>')
    else:
        if target:
            found = row.figure(target, every=every)
            cells.append(_none() if found is None else f'<td class="figure"{_bar(found)}>{_figure(found)}</td>')
        cells += [_of(row.urgent(every=every)), _of(row.finding(every=every))]
    return f"<tr{' class=opened' if opened else ''}>{''.join(cells)}</tr>"


def _of(found: Figure | None) -> str:
    if found is None:
        return _none()
    interval = f' title="95 % interval {escape(found.interval)}"' if found.interval else ""
    return f'<td class="of"{interval}>{escape(found.title)} <b>{escape(found.words)}</b></td>'


def _figure(found: Figure) -> str:
    interval = f" <small>({escape(found.interval)})</small>" if found.interval else ""
    return f"<b>{escape(found.words)}</b>{interval}"


def _none() -> str:
    return f'<td class="none">{NONE}</td>'


def _bar(found: Figure) -> str:
    end = 100 * (found.share or 0.0)
    return f' style="background-image: linear-gradient(to right, rgba({BAR_RGB}, .3) {end:.0f}%, transparent 0)"'


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _component() -> Any:
    """Return the component, registered once."""
    if not _COMPONENT:
        found = st.components.v2.component(
            "ecgkt_work_list",
            html='<div class="list" tabindex="0" role="region" aria-label="Work list"></div>',
            css=STYLE,
            js=SCRIPT,
            isolate_styles=True,
        )
        _COMPONENT.append(found)
    return _COMPONENT[0]
