"""Where a case comes from: the bundled samples, an upload, a local MIMIC-IV-ECG folder, PhysioNet when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from ecgkt import readers
from ecgkt.dashboard import loading, samples
from ecgkt.dashboard.state import CASE, MODEL, PHYSIONET, SAMPLE, STUDY, UPLOAD, Case, hold, open_case
from ecgkt.readers import physionet
from ecgkt.readers.mimic_device import read_device_report
from ecgkt.readers.mimic_folder import MimicFolder

STUDIES_LISTED = 200


def choose() -> None:
    """Draw the sidebar; the first sample is open on a cold start."""
    titles = samples.titles()
    if CASE not in st.session_state:
        open_case(lambda: samples.load(titles[0]))
        st.session_state.setdefault(SAMPLE, titles[0])
    with st.sidebar:
        st.selectbox("Sample", titles, index=None, key=SAMPLE, on_change=_open_sample, placeholder="Choose a sample")
        st.file_uploader(
            "Your ECG: WFDB, DICOM, MATLAB, zip",
            accept_multiple_files=True,
            key=UPLOAD,
            on_change=_open_upload,
            help="A WFDB record is its .hea with its .dat or .mat, chosen together or zipped; MATLAB is that of "
            "CPSC 2018 or CODE-15. Kept in memory only.",
        )
        if loading.records_folder() is not None:
            _choose_study(loading.records_folder())
        _choose_physionet()


def choose_model() -> Path:
    """Draw the choice of model and return its folder; the choice holds on every page."""
    found = loading.models()
    if st.session_state.get(MODEL) in found:
        hold(MODEL)
    with st.sidebar:
        st.selectbox("Model", found, key=MODEL, format_func=_model_name)
    return loading.chosen_model()


def _model_name(folder: str) -> str:
    return folder.replace("_", " ").capitalize()


def _choose_study(folder: Path | None) -> None:
    if folder is None:
        return
    listed = _folder(str(folder)).studies(limit=STUDIES_LISTED)
    st.selectbox(
        "Study in the local MIMIC-IV-ECG folder",
        [study.study_id for study in listed],
        index=None,
        key=STUDY,
        on_change=_open_study,
        accept_new_options=True,
        placeholder="Choose or type a study id",
    )


def _choose_physionet() -> None:
    with st.expander("Fetch from PhysioNet"):
        st.caption("Leaves this computer only when you press Fetch.")
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


def open_study(study: int) -> None:
    """Open a study of the local folder from elsewhere than the sidebar; keep the open case where it cannot be read."""
    folder = loading.records_folder()
    if folder is not None and open_case(lambda: _read_study(folder, study, str(study))):
        _clear(SAMPLE, STUDY)


def _open_sample() -> None:
    title = st.session_state[SAMPLE]
    if title is not None:
        open_case(lambda: samples.load(title))


def _open_upload() -> None:
    files = st.session_state[UPLOAD]
    if files and open_case(
        lambda: Case("Uploaded ECG", readers.read_upload([(file.name, file.getvalue()) for file in files]))
    ):
        _clear(SAMPLE, STUDY)


def _open_study() -> None:
    folder, typed = loading.records_folder(), str(st.session_state[STUDY] or "")
    if folder is None or not typed:
        return
    study = int(typed) if typed.isdigit() else -1
    if open_case(lambda: _read_study(folder, study, typed)):
        _clear(SAMPLE)


def _read_study(folder: Path, study: int, typed: str) -> Case:
    """Read a study with what its machine stated, where the folder holds the table of that."""
    record, report = _folder(str(folder)).read(study), read_device_report(folder, study)
    if report is None:
        return Case(f"Study {typed}", record)
    return Case(
        f"Study {typed}", replace(record, filters=report.filters), device=report.values, statements=report.statements
    )


def _open_physionet(database: str, record: str) -> None:
    if open_case(lambda: Case(f"PhysioNet {database} {record}", physionet.fetch_record(database, record))):
        _clear(SAMPLE, STUDY)


def _clear(*keys: str) -> None:
    """Let the other sources say that theirs is not the open case."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = None
