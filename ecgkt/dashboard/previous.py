"""The previous ECG of the same patient: chosen from the local folder or added as a file, and kept for this session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from ecgkt.dashboard import address, loading, sources, state
from ecgkt.dashboard.state import PREVIOUS, PROBLEM, Beside, Case
from ecgkt.errors import EcgktError
from ecgkt.readers.mimic_folder import EarlierStudy

LISTED, ADDED, ORDER, CLOSE = "previous_listed", "previous_added", "previous_order", "previous_close"
EARLIER, LATER = "earlier", "later"
_ADDED_TITLE = "Added ECG"


def choose() -> None:
    """Draw the choice of an earlier ECG in the sidebar; a link's is opened where the folder lists it as one."""
    case = state.current_case()
    if case is None:
        return
    listed = _listed(case)
    _follow(case, listed)
    with st.sidebar:
        if listed:
            _choose_listed(case, listed)
        with st.popover("Compare with an earlier ECG", width="stretch"):
            st.file_uploader(
                "Another ECG of this patient",
                accept_multiple_files=True,
                key=_uploader(case),
                on_change=_open_added,
                help="Kept in memory only. Where both files say when they were recorded, only the difference is kept.",
            )
        beside = shown()
        if beside is not None and not beside.case.link:
            _choose_order(beside)
            st.button("Close the added ECG", key=CLOSE, on_click=_close)


def shown() -> Beside | None:
    """Return the ECG that stands beside the open one."""
    beside: Beside | None = st.session_state.get(PREVIOUS)
    return beside


def when(beside: Beside) -> str:
    """Say when an ECG was recorded against the open one: "12 days before", "later"."""
    if beside.apart is None:
        return EARLIER if beside.is_earlier else LATER
    return f"{spell(beside.apart)} {'before' if beside.is_earlier else 'after'}"


def spell(span: timedelta) -> str:
    """Return a span of time as people say it: "40 minutes", "5 hours", "12 days", "3 years"."""
    seconds = span.total_seconds()
    for unit, length, least in (
        ("year", 31_557_600, 2),
        ("month", 2_629_800, 3),
        ("day", 86_400, 2),
        ("hour", 3600, 2),
    ):
        if seconds >= least * length:
            return f"{round(seconds / length)} {unit}s"
    minutes = round(seconds / 60)
    return "less than a minute" if minutes < 1 else "1 minute" if minutes == 1 else f"{minutes} minutes"


def _listed(case: Case) -> tuple[EarlierStudy, ...]:
    folder = None if case.study is None else sources.local_folder()
    return () if folder is None or case.study is None else folder.earlier(case.study)


def _follow(case: Case, listed: tuple[EarlierStudy, ...]) -> None:
    """Open the earlier ECG that a followed address names, and none where it names none."""
    if not address.followed():
        return
    word = address.asked(PREVIOUS)
    beside = shown()
    if word is None:
        if beside is not None and beside.case.link:
            st.session_state.pop(PREVIOUS)
        return
    if beside is not None and beside.case.link == word:
        return
    found = next((one for one in listed if str(one.study_id) == word.partition("-")[0]), None)
    if found is None:
        address.trouble(f"The link compares with {address.quoted(word)}, which is no earlier ECG of this patient here.")
    else:
        _open_listed(found)


def _choose_listed(case: Case, listed: tuple[EarlierStudy, ...]) -> None:
    key, beside = f"{LISTED}-{case.id}", shown()
    by_number = {one.study_id: one for one in listed}
    chosen = None if beside is None else beside.case.study
    st.session_state[key] = chosen if chosen in by_number else None
    count = "1 earlier ECG" if len(listed) == 1 else f"{len(listed)} earlier ECGs"
    st.selectbox(
        f"{count} of this patient",
        list(by_number),
        index=None,
        key=key,
        format_func=lambda number: f"{spell(by_number[number].before)} before",
        placeholder="Show one beside this ECG",
        on_change=lambda: _open_listed(by_number.get(st.session_state[key])),
    )


def _choose_order(beside: Beside) -> None:
    """Say when the added ECG was recorded, or let the user say which is the earlier one."""
    if beside.apart is not None:
        st.caption(f"The added ECG: {when(beside)}, by the files' own dates.")
        return
    st.session_state[ORDER] = EARLIER if beside.is_earlier else LATER
    st.segmented_control(
        "The files do not say which is older. The added ECG is",
        (EARLIER, LATER),
        key=ORDER,
        required=True,
        on_change=_order,
    )


def _order() -> None:
    if (beside := shown()) is not None:
        st.session_state[PREVIOUS] = replace(beside, is_earlier=st.session_state[ORDER] != LATER)


def _open_listed(found: EarlierStudy | None) -> None:
    if found is None:
        _close()
        return
    try:
        st.session_state[PREVIOUS] = Beside(sources.read_study(found.study_id), found.before)
        st.session_state.pop(PROBLEM, None)
    except EcgktError as error:
        st.session_state[PROBLEM] = str(error)


def _open_added() -> None:
    """Read the added files, take the time between them and the open ECG, and let the server forget them.

    It is given no case: Streamlit keeps what a widget was given for as long as the session lasts.
    """
    case = state.current_case()
    files = None if case is None else st.session_state.get(_uploader(case))
    if case is None or not files:
        return
    try:
        added = sources.read_files(_ADDED_TITLE, files)
    except EcgktError as error:
        st.session_state[PROBLEM] = str(error)
        return
    finally:
        loading.forget_uploads([file.file_id for file in files])
        st.session_state[ADDED] = st.session_state.get(ADDED, 0) + 1
    st.session_state.pop(PROBLEM, None)
    after = None if added.clock is None or case.clock is None else case.clock - added.clock
    apart = None if after is None else abs(after)
    st.session_state[PREVIOUS] = Beside(replace(added, clock=None), apart, after is None or after >= timedelta(0))


def _uploader(case: Case) -> str:
    """Return the key of the uploader: another for each case, and a new one once its files were read."""
    return f"{ADDED}-{case.id}-{st.session_state.get(ADDED, 0)}"


def _close() -> None:
    st.session_state.pop(PREVIOUS, None)
