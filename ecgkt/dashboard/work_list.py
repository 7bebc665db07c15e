"""The Work list page: many records scored, sorted, filtered; one opened as a case; the table taken along."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from time import monotonic

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.catalogue import do_not_miss
from ecgkt.checkpoints import Card
from ecgkt.dashboard import (
    address,
    loading,
    reveal,
    samples,
    sources,
    state,
    work_list_export,
    work_list_held,
    work_list_intake,
)
from ecgkt.dashboard import work_list_choices as choices
from ecgkt.dashboard import work_list_table as table
from ecgkt.dashboard.state import MODEL, READ_FIRST, Case
from ecgkt.dashboard.work_list_choices import Choices
from ecgkt.dashboard.work_list_held import Entry, WorkList
from ecgkt.figures.scores import basis
from ecgkt.inference import Predictor
from ecgkt.worklist.lines import score_all
from ecgkt.worklist.rows import MISS_FIRST, Row

TABLE, OPEN = "work_list_table", "work_list_open"
PAGE, CASE_PAGE = "pages/work_list.py", "pages/case.py"
WORDS = (MODEL, *choices.WORDS, READ_FIRST)
"""What of the page stands in its address."""
PIECE = 8
REDRAW_SECONDS = 1.5
EMPTY = (
    "Drop many ECGs at once into the side panel, or zips of them. Each is scored; the list is sorted by what must not "
    "be missed or by any target, and a row opens as a case. A whole folder is scored from a shell: "
    "`python -m ecgkt predict DIR --out scores.parquet`."
)
READ_FIRST_SAID = (
    "wait for your read, in the order of the list; open one and commit to a read, then its scores are told, sorted by, "
    "and in the table to save."
)
_UNOFFERED = '<style>.st-key-work_list_try[data-stale="true"] {display: none;}</style>'
"""What was offered to an empty list goes as soon as there is one."""


def show() -> None:
    """Draw the list, and score what is not scored yet, in small pieces between those of other sessions."""
    work_list_intake.choose()
    folder, work = sources.choose_model(), work_list_held.held()
    card = loading.card(folder)
    choices.recall(card)
    number = st.session_state.pop(OPEN, None)
    if number is not None and _open(work, int(number), card):
        st.switch_page(CASE_PAGE)
    if (sentence := work_list_intake.problem() or state.problem()) is not None:
        st.error(sentence)
    if not work.entries:
        address.write(*WORDS)
        st.info(EMPTY)
        work_list_intake.offer_samples("Try it with the samples", "work_list_try")
        return
    st.html(_UNOFFERED)
    with st.container(horizontal=True, vertical_alignment="center", key="work_list_progress"):
        running = st.container()
        button = st.container(width="content")
    rows = _veiled(work, work.scored(card.id))
    chosen = choices.choose(card, rows)
    shown = chosen.apply(rows)
    work.shown = tuple(row.number for row in shown)
    table.show(shown, card, chosen.by, chosen.every, work.opened and work.opened[0], TABLE, _ask)
    _show_basis(card, rows, shown, chosen)
    told = [row for row in shown if not row.waits]
    for row in told:
        reveal.note_seen(work.entry(row.number).digest)
    work_list_export.offer(told, card)
    address.write(*WORDS)
    _score_more(work, card, running, button)


def show_way_back() -> None:
    """Draw in the sidebar of the Case page the way back to the list, where the open case is one of it."""
    work, case = work_list_held.held(), state.current_case()
    if work.opened is None or case is None or work.opened[1] != _whole(case):
        return
    number = work.opened[0]
    following = work.shown[work.shown.index(number) + 1 :] if number in work.shown else ()
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center", key="way_back"):
        st.page_link(PAGE, label="Back to the work list")
        if following:
            st.button("Next", on_click=_open_next, args=(following[0],), key="work_list_next")


def _veiled(work: WorkList, rows: Sequence[Row]) -> list[Row]:
    """Return rows without what tells the answer of those that wait for a read of the reader's own."""
    return [
        row.veiled(samples.veiled(row.name) if row.name in samples.titles() else row.name)
        if row.line.predictions is not None and reveal.waits_for(work.entry(row.number).digest)
        else row
        for row in rows
    ]


def _ask(number: int) -> None:
    """Remember which row was pressed; only the run of the page itself may go to another page."""
    st.session_state[OPEN] = number


def _open_next(number: int) -> None:
    """Open an entry; it is given no list, since Streamlit keeps what a button was given for as long as the session."""
    _open(work_list_held.held(), number, loading.card(loading.chosen_model()))


def _open(work: WorkList, number: int, card: Card) -> bool:
    """Open an entry as a case with what the model said of it; keep the open case where it cannot be read."""
    if not sources.open_listed(work.entry(number).case):
        return False
    case, row = state.current_case(), work.rows.get(card.id, {}).get(number)
    if case is None:
        return False
    one_window = len(case.windows) < 2  # else the list has the median of all, and the page shows one
    if one_window and row is not None and (made := row.line.predictions) is not None:
        state.predictions_of(case, card.id, lambda: made)
    work.opened = (number, _whole(case))
    return True


def _whole(case: Case) -> str:
    """Return by what a case is known whichever of its windows is shown."""
    return case.id.partition("-")[0]


def _show_basis(card: Card, rows: Sequence[Row], shown: Sequence[Row], chosen: Choices) -> None:
    """Say how many are shown and how the figures are to be read, for each domain that occurs."""
    listed, told = len(work_list_held.held().entries), []
    told.append(f"{len(rows)} records." if len(rows) == listed else f"{len(rows)} of {listed} records so far.")
    if len(shown) < len(rows):
        told.append(f"{len(shown)} of them shown.")
    if waiting := sum(row.waits for row in rows):
        told.append(f"Read first: {waiting} of them {READ_FIRST_SAID}")
    open_rows = [row for row in rows if not row.waits]
    made = {row.line.domain: row.line.predictions for row in open_rows if row.line.predictions is not None}
    told += [f"{basis(one)}." for _, one in sorted(made.items(), key=lambda pair: str(pair[0])) if one is not None]
    if choices.held_back(rows) and not chosen.every:
        told.append("No figure: the score was not shown to work on real ECGs.")
    if chosen.by == MISS_FIRST:
        told.append(f"Do not miss: {', '.join(one.title for one in do_not_miss())}; a low figure rules nothing out.")
    told.append(f"Model: {card.title}, checkpoint {card.id}.")
    st.html(f'<p class="ecgkt-basis">{escape(" ".join(told))}</p>')


def _score_more(work: WorkList, card: Card, running: DeltaGenerator, button: DeltaGenerator) -> None:
    """Score what waits for a second or two, then draw the page again; nothing while the list is stopped."""
    waiting, total = work.waiting(card.id), len(work.entries)
    if not waiting:
        return
    if work.stopped:
        running.progress((total - len(waiting)) / total, f"Stopped: {total - len(waiting)} of {total} scored")
        button.button("Go on", on_click=_go_on, args=(True,))
        return
    button.button("Stop", on_click=_go_on, args=(False,))
    bar = running.progress((total - len(waiting)) / total, f"Scored {total - len(waiting)} of {total}")
    with running:
        turn = st.empty()
    opened, begun = loading.predictor(loading.chosen_model()), monotonic()
    while waiting and monotonic() - begun < REDRAW_SECONDS:
        some, waiting = waiting[:PIECE], waiting[PIECE:]
        work.bound()
        work.keep(card.id, _score(opened, some, turn))
        bar.progress((total - len(waiting)) / total, f"Scored {total - len(waiting)} of {total}")
    st.rerun()


def _score(predictor: Predictor, some: Sequence[Entry], turn: DeltaGenerator) -> list[Row]:
    """Return the rows of a few entries, scored in this session's turn."""

    def piece() -> list[Row]:
        lines = score_all(predictor, [(str(one.number), one.get) for one in some], PIECE)
        return [Row.of(one.number, one.name, line, predictor.card) for one, line in zip(some, lines, strict=True)]

    return loading.in_turn("work list", "Scoring the list", piece, turn)


def _go_on(goes_on: bool) -> None:
    work_list_held.held().stopped = not goes_on
