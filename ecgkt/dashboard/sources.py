"""Where a case comes from: the bundled samples, an upload, a local MIMIC-IV-ECG folder, PhysioNet when asked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ecgkt import readers
from ecgkt.dashboard import address, loading, measured_labs, samples
from ecgkt.dashboard.state import (
    CASE,
    MODEL,
    PHYSIONET,
    READ_FIRST,
    SAMPLE,
    STUDY,
    UPLOAD,
    Case,
    current_case,
    digest,
    open_case,
)
from ecgkt.errors import EcgktError, InvalidCohort
from ecgkt.readers import physionet
from ecgkt.readers.dates import recorded_at
from ecgkt.readers.mimic_device import read_device_report
from ecgkt.readers.mimic_folder import MimicFolder

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

STUDIES_LISTED = 200
_MOMENT = "moment"
_LINK = re.compile(r"(.+?)(-from-[0-9.]{1,6}s)?")


def choose() -> None:
    """Draw the sidebar; the case of a link is open, else the first sample on a cold start."""
    titles = samples.titles()
    if (word := address.asked(CASE)) is not None:
        _follow(word)
    if CASE not in st.session_state:
        open_case(lambda: samples.load(titles[0]))
        st.session_state.setdefault(SAMPLE, titles[0])
    with st.sidebar:
        st.selectbox(
            "Sample",
            titles,
            index=None,
            key=SAMPLE,
            on_change=_open_sample,
            placeholder="Choose a sample",
            format_func=samples.veiled if st.session_state.get(READ_FIRST) else str,
        )
        st.file_uploader(
            "Your ECG (DICOM, XML, CSV, ...)",
            accept_multiple_files=True,
            key=_uploader(),
            on_change=_open_upload,
            args=(_uploader(),),
            help="DICOM; GE MUSE, HL7 aECG and Philips Sierra XML; SCP-ECG; EDF; MATLAB; CSV with lead names, rate and "
            "unit; WFDB as its .hea with its .dat or .mat, chosen together; or a zip of one. Kept in memory only.",
        )
        if loading.records_folder() is not None:
            _choose_study(loading.records_folder())
        _choose_physionet()


def choose_model() -> Path:
    """Draw the choice of model and return its folder; the choice holds on every page."""
    with st.sidebar:
        st.selectbox("Model", loading.models(), key=MODEL, format_func=_model_name)
    return loading.chosen_model()


def _model_name(folder: str) -> str:
    return folder.replace("_", " ").capitalize()


def _choose_study(folder: Path | None) -> None:
    if folder is None:
        return
    listed = _folder(str(folder)).studies(limit=STUDIES_LISTED)
    st.selectbox(
        "Study of the MIMIC-IV-ECG folder",
        [study.study_id for study in listed],
        index=None,
        key=STUDY,
        on_change=_open_study,
        accept_new_options=True,
        placeholder="Choose or type a study id",
    )


def _choose_physionet() -> None:
    with st.expander("Fetch from PhysioNet"):
        st.caption("Nothing leaves this computer before you press Fetch.")
        example = st.selectbox("Open-access record", physionet.EXAMPLES, format_func=lambda one: one.title)
        database = st.text_input("Database/version", example.database)
        record = st.text_input("Record", example.record)
        st.button("Fetch", key=PHYSIONET, on_click=_open_physionet, args=(database, record))


@st.cache_resource(show_spinner="Reading record_list.csv", max_entries=1)
def _folder(folder: str) -> MimicFolder:
    return MimicFolder.open(Path(folder))


def local_folder() -> MimicFolder | None:
    """Return the local MIMIC-IV-ECG folder that the app was opened with."""
    folder = loading.records_folder()
    return None if folder is None else _folder(str(folder))


def read_study(study: int) -> Case:
    """Return a study of the local folder without opening it; raise a child of EcgktError where it cannot be read."""
    folder = loading.records_folder()
    if folder is None:
        raise InvalidCohort("a local MIMIC-IV-ECG folder", "none", "open the app with --records and the folder")
    return _read_study(folder, study, str(study))


def _follow(word: str) -> None:
    """Open the case of a link, turned to the part of a long recording that it shows: the first if it names none."""
    named = _LINK.fullmatch(word)
    link, part = (word, None) if named is None else named.groups()
    if not _open_linked(link) or (case := current_case()) is None:
        return
    parts = [None, *(window.word for window in case.windows[1:])]
    if part not in parts:
        address.trouble(
            "The link shows a part that this recording does not have; part shown instead", case.windows[0].title
        )
    if case.window != (window := parts.index(part) if part in parts else 0):
        st.session_state[CASE] = case.turned(window)


def _open_linked(word: str) -> bool:
    """Open the case of a link; keep what is open, or the first sample, where this machine has no such ECG."""
    case, title = current_case(), samples.named(word)
    if case is not None and word in (case.link, case.veiled_link):
        return True
    if title is not None:
        if opened := open_case(lambda: samples.load(title)):
            st.session_state[SAMPLE] = title
            _clear(STUDY)
        return opened
    asked, folder = re.fullmatch(r"([0-9]{1,12})(-[0-9a-f]{6})?", word, re.ASCII), loading.records_folder()
    if asked is None:
        address.trouble(f"The link opens the case {address.quoted(word)}, which is no sample and no study here.")
    elif folder is None:
        address.trouble(
            f"The link opens study {asked[1]} of a MIMIC-IV-ECG folder, and the app was opened without one: start it "
            "with --records and the folder."
        )
    else:
        return _open_linked_study(folder, int(asked[1]), asked[2])
    return False


def _open_linked_study(folder: Path, study: int, digits: str | None) -> bool:
    """Open a linked study where its samples are those of the ECG that was linked."""
    try:
        found = _read_study(folder, study, str(study))
    except EcgktError as error:
        address.trouble(f"The link opens study {study}, which this folder does not give. {error}")
        return False
    if digits and found.link != f"{study}{digits}":
        address.trouble(
            f"The link's study {study} is another ECG than the one of that number in this folder: open the app with "
            "the folder that the link was made with."
        )
        return False
    if opened := open_case(lambda: found):
        _clear(SAMPLE, STUDY)
    return opened


def open_study(study: int) -> None:
    """Open a study of the local folder from elsewhere than the sidebar; keep the open case where it cannot be read."""
    folder = loading.records_folder()
    if folder is not None and open_case(lambda: _read_study(folder, study, str(study))):
        _clear(SAMPLE, STUDY)


def open_simulated(case: Case) -> None:
    """Open a case that was simulated on another page; no address names it."""
    if open_case(lambda: case):
        _clear(SAMPLE, STUDY)


def open_listed(load: Callable[[], Case]) -> bool:
    """Open a record of the work list; keep the open case where it cannot be read."""
    opened = open_case(load)
    if opened:
        _clear(SAMPLE, STUDY)
    return opened


def _open_sample() -> None:
    title = st.session_state[SAMPLE]
    if title is not None:
        open_case(lambda: samples.load(title))


def _uploader() -> str:
    """Return the key of the upload widget: another one after each upload, so that the next drop stands alone."""
    return f"{UPLOAD}-{st.session_state.get(UPLOAD, 0)}"


def read_files(title: str, files: Sequence[UploadedFile]) -> Case:
    """Return uploaded files as a case that no address names; raise a child of EcgktError where they cannot be read."""
    named = [(file.name, file.getvalue()) for file in files]
    record, at = readers.read_upload(named), recorded_at(named)
    moment = st.session_state.setdefault(_MOMENT, datetime(2000, 1, 1) + timedelta(seconds=secrets.randbelow(10**10)))
    return Case(title, record, clock=None if at is None else at - moment)


def _open_upload(widget: str) -> None:
    """Open an upload; read or refused, the server forgets its files, and the widget their names."""
    files = st.session_state.get(widget)
    if not files:
        return
    if open_case(lambda: read_files("Uploaded ECG", files)):
        _clear(SAMPLE, STUDY)
    loading.forget_uploads([file.file_id for file in files])
    st.session_state[UPLOAD] = st.session_state.get(UPLOAD, 0) + 1


def _open_study() -> None:
    folder, typed = loading.records_folder(), str(st.session_state[STUDY] or "")
    if folder is None or not typed:
        return
    study = int(typed) if typed.isdigit() else -1
    if open_case(lambda: _read_study(folder, study, typed)):
        _clear(SAMPLE)


def _read_study(folder: Path, study: int, typed: str) -> Case:
    """Read a study with what its machine stated, where the folder holds the table of that."""
    listed = _folder(str(folder))
    record, report = listed.read(study), read_device_report(folder, study)
    link = f"{study}-{digest(record)}"
    if report is not None:
        record = replace(record, filters=report.filters, device=report)
    measured = measured_labs.look_up(loading.cohort_folder(), listed, study)
    return Case(f"Study {typed}", record, measured=measured, link=link, veiled_link=link, study=study)


def _open_physionet(database: str, record: str) -> None:
    if open_case(lambda: Case(f"PhysioNet {database} {record}", physionet.fetch_record(database, record))):
        _clear(SAMPLE, STUDY)


def _clear(*keys: str) -> None:
    """Let the other sources say that theirs is not the open case."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = None
