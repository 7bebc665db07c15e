"""What comes into the work list: dropped files, the bundled samples, the first studies of the local folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from ecgkt.dashboard import loading, samples, sources, work_list_held
from ecgkt.dashboard.state import Case
from ecgkt.domain import Record
from ecgkt.errors import EcgktError
from ecgkt.readers.many import MAX_BYTES, MAX_RECORDS, find_in_files
from ecgkt.readers.mimic_folder import MimicFolder

DROP, SAMPLES, FOLDER, COUNT, CLEAR, PROBLEM = (
    f"work_list_{part}" for part in ("drop", "samples", "folder", "count", "clear", "problem")
)
_USUAL_COUNT = 50


def choose() -> None:
    """Draw the sidebar: what to put into the list, and how to empty it."""
    work = work_list_held.held()
    with st.sidebar:
        st.file_uploader(
            "Your ECGs: many files, or zips",
            accept_multiple_files=True,
            key=_uploader(),
            on_change=_add_files,
            args=(_uploader(),),
            help=f"Up to {MAX_RECORDS} records, {MAX_BYTES // 1_000_000} MB unpacked. A WFDB record is its .hea with "
            "its .dat. Kept in this session's memory only, until the list is cleared or the tab is closed.",
        )
        offer_samples("Add the bundled samples", SAMPLES, "stretch")
        folder = sources.local_folder()
        if folder is not None:
            most = min(MAX_RECORDS, len(folder))
            st.number_input("Studies of the MIMIC-IV-ECG folder", 1, most, min(_USUAL_COUNT, most), key=COUNT)
            st.button("Add these first studies", key=FOLDER, on_click=_add_studies, width="stretch")
        if work.entries:
            st.button("Clear the list", key=CLEAR, on_click=_clear, width="stretch")


def offer_samples(title: str, key: str, width: Literal["content", "stretch"] = "content") -> None:
    """Draw a button that puts the bundled samples into the list."""
    st.button(title, key=key, on_click=_add_samples, width=width)


def problem() -> str | None:
    """Return the sentence about what could not be added last."""
    sentence: str | None = st.session_state.get(PROBLEM)
    return sentence


def _add(entries: Callable[[], list[tuple[str, Callable[[], Record], Callable[[], Case] | None]]]) -> bool:
    st.session_state.pop(PROBLEM, None)
    try:
        work_list_held.held().add(entries())
    except EcgktError as error:
        st.session_state[PROBLEM] = str(error)
        return False
    return True


def _uploader() -> str:
    """Return the key of the upload widget: another one after each drop, so that the next one stands alone."""
    return f"{DROP}-{st.session_state.get(DROP, 0)}"


def _add_files(widget: str) -> None:
    files = st.session_state.get(widget)
    if not files:
        return

    def entries() -> list[tuple[str, Callable[[], Record], Callable[[], Case] | None]]:
        found = find_in_files([(file.name, file.getvalue()) for file in files])
        return [(one.name, one.read, None) for one in found]

    _add(entries)
    loading.forget_uploads([file.file_id for file in files])
    st.session_state[DROP] = st.session_state.get(DROP, 0) + 1


def _add_samples() -> None:
    _add(lambda: [(title, partial(_sample, title), partial(samples.load, title)) for title in samples.titles()])


def _sample(title: str) -> Record:
    return samples.load(title).record


def _add_studies() -> None:
    folder = sources.local_folder()
    if folder is None:
        return
    listed = folder.studies(limit=int(st.session_state.get(COUNT, _USUAL_COUNT)))
    _add(lambda: [_study(folder, one.study_id) for one in listed])


def _study(folder: MimicFolder, study: int) -> tuple[str, Callable[[], Record], Callable[[], Case] | None]:
    return f"Study {study}", partial(folder.read, study), partial(sources.read_study, study)


def _clear() -> None:
    work_list_held.clear()
    st.session_state.pop(PROBLEM, None)
