"""Read first, then reveal: no score of an ECG is on screen before the reader has committed to a read of her own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.catalogue import tracing_labels
from ecgkt.checkpoints import Card
from ecgkt.dashboard import reads, samples, saving
from ecgkt.dashboard.reads import NORMAL, Finding, Read
from ecgkt.dashboard.state import READ_FIRST, Case
from ecgkt.domain import MeasuredLabs, Predictions

FINDINGS, COMMIT, ANEW = "reveal_findings", "reveal_commit", "reveal_anew"
_READS, _OPEN, _SEEN = "reveal_reads", "reveal_open", "reveal_seen"
_UNNAMED = "ECG of this session"


def choose() -> DeltaGenerator:
    """Draw the switch in the sidebar; return the place below it for the tally."""
    with st.sidebar:
        st.toggle(
            "Read first, then reveal",
            key=READ_FIRST,
            help="Scores, saliency and comparisons stay hidden until you commit to a read of your own. Reads stay in "
            "this session's memory.",
        )
        return st.container()


def show_tally(place: DeltaGenerator) -> None:
    """Draw the session's count and its reads to take away, once there are any."""
    if done := st.session_state.get(_READS):
        place.html(f'<p class="ecgkt-basis">{escape(reads.tally(done))}</p>')
        saving.offer("My reads as CSV", lambda: reads.to_csv(done), "my-reads.csv", "text/csv", place=place)


def waits(case: Case) -> bool:
    """Whether no score of this ECG may be shown yet."""
    return waits_for(case.digest)


def waits_for(digest: str) -> bool:
    """Whether no score of the ECG with this digest may be shown yet; a long recording is one ECG, however cut."""
    return bool(st.session_state.get(READ_FIRST)) and _committed(digest) is None


def veil(case: Case) -> Case:
    """Return a case without what tells its answer, as long as it waits for the reader: a sample's title and story."""
    if not waits(case):
        return case
    title = samples.veiled(case.title) if case.title in samples.titles() else case.title
    return replace(case, title=title, description="", measured=MeasuredLabs())


def ask() -> None:
    """Say on another page that this ECG waits for a read."""
    st.info("Read first: commit to a read of this ECG on the Case page, then its scores can be compared.")


def ask_for_read(case: Case) -> None:
    """Draw the findings to choose from and the button that commits to them."""
    key = f"{FINDINGS}-{case.digest}-{len(_read_before(case))}"
    titles = {NORMAL: "Normal ECG"} | {label.name: label.title for label in tracing_labels()}
    with st.container(key="commit", horizontal=True, vertical_alignment="bottom"):
        named = st.multiselect(
            "Your read: what do you find on this tracing?",
            list(titles),
            key=key,
            format_func=titles.__getitem__,
            placeholder="Type to search, or choose Normal ECG",
            persist_state="session",
        )
        wrong = reads.contradiction(named)
        pressed = st.button(
            "Commit and reveal",
            key=COMMIT,
            type="primary",
            disabled=not named or wrong is not None,
            shortcut="Alt+M",
        )
    st.html(
        f'<p class="ecgkt-basis" role="status">{wrong or "The model has not spoken. A commit cannot be changed."}</p>'
    )
    if pressed:
        _commit(case, named)
        st.rerun()


def show_read(case: Case, card: Card, predictions: Predictions) -> None:
    """Draw the committed read beside what the model says; remember that the scores of this ECG were seen."""
    digest = case.digest
    place = _committed(digest)
    if place is not None:
        read = st.session_state[_READS][place]
        if not read.checkpoint:
            read = replace(
                read,
                checkpoint=card.id,
                rule=reads.rule(predictions),
                findings=reads.compare(read.named, predictions, card),
            )
            st.session_state[_READS][place] = read
        if st.session_state.get(READ_FIRST):
            _show(read, predictions, card)
    note_seen(digest)


def note_seen(digest: str) -> None:
    """Remember that scores of this ECG have been on screen."""
    st.session_state.setdefault(_SEEN, set()).add(digest)


def _show(read: Read, predictions: Predictions, card: Card) -> None:
    now = reads.compare(read.named, predictions, card)
    shown = replace(read, findings=now, rule=reads.rule(predictions))
    normal = " (normal ECG)" if NORMAL in read.named else ""
    uncounted = tuple(one for one in now if one.model is None)
    with st.container(key="read"):
        lists = (
            ("Both", shown.both),
            (f"You only{normal}", shown.reader_only),
            ("The model only", shown.model_only),
            *([("Not counted", uncounted)] if uncounted else []),
        )
        st.html(f'<div class="ecgkt-read">{"".join(_list(*pair) for pair in lists)}</div>')
        said = f"{shown.rule}. " if shown.rule else "The model gives no figures to hold your read against. "
        seen = "Its scores had been on screen before you read. " if read.seen_before else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<p class="ecgkt-basis">{escape(said + seen)}Committed before the reveal.</p>')
            st.button("Read this case anew", key=ANEW, type="tertiary", on_click=_start_anew, args=(read.digest,))


def _list(heading: str, findings: Sequence[Finding]) -> str:
    lines = "".join(f"<li>{escape(one.title)} <b>{escape(one.figure)}</b></li>" for one in findings)
    return f"<div><p>{escape(heading)}</p><ul>{lines or '<li>none</li>'}</ul></div>"


def _committed(digest: str) -> int | None:
    """Return the place of this ECG's read that stands, or None."""
    place: int | None = st.session_state.get(_OPEN, {}).get(digest)
    return place


def _read_before(case: Case) -> list[Read]:
    return [read for read in st.session_state.get(_READS, []) if read.digest == case.digest]


def _commit(case: Case, named: Sequence[str]) -> None:
    digest = case.digest
    ecg = case.title if case.title in {*samples.titles(), *map(samples.veiled, samples.titles())} else _UNNAMED
    seen = digest in st.session_state.get(_SEEN, ())
    done = st.session_state.setdefault(_READS, [])
    done.append(Read(digest, ecg, case.record.domain, tuple(named), seen))
    st.session_state.setdefault(_OPEN, {})[digest] = len(done) - 1


def _start_anew(digest: str) -> None:
    st.session_state.get(_OPEN, {}).pop(digest, None)
