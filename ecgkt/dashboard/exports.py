"""Save: the open ECG as it is drawn, with what was said of it; each file is made when it is asked for, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ecgkt.checkpoints import Card
from ecgkt.dashboard import heavy, loading, reveal, saving, state, windows
from ecgkt.dashboard.paper import View
from ecgkt.dashboard.state import Case
from ecgkt.domain import Explanation, MeasuredLabs
from ecgkt.explain.guards import check_quickly
from ecgkt.exports.document import reading_json
from ecgkt.exports.drawn import sheet_svg
from ecgkt.exports.maps import attribution_csv, explanation_csv
from ecgkt.exports.reading import Drawing, Reading, map_of, measured_reading
from ecgkt.exports.report import FILE_NAME, report_pdf
from ecgkt.exports.scores import scores_csv
from ecgkt.exports.signal import wfdb_zip
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.figures.page import PAGE_SIZES, page_size

SAVE, SIZE, DATED = "save", "save_size", "save_dated"
HIDDEN = "Until you commit to a read only the ECG itself can be saved."
NEUTRAL = "No name, number or date of a patient is in any file."
STYLE = """
<style>
.st-key-save_files button {width: 100%; justify-content: flex-start; min-height: 2rem; padding: .1rem .6rem;
  border-radius: 2px;}
.stPopover .st-key-save_files, .st-key-save_files {gap: .3rem;}
</style>
"""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be saved, held from the moment at which it stood on the screen.

    `answers` are the session's own, read when the file is made. `hidden` says that no score may be told yet.
    """

    folder: Path
    case: Case
    card: Card
    drawing: Drawing
    explanation: Explanation | None
    answers: dict[tuple[str, ...], Any]
    session: str
    hidden: bool
    size: str
    made_on: date | None

    @property
    def same(self) -> tuple[object, ...]:
        """By what two requests are the same."""
        return self.case.id, self.card.id, self.drawing, self.explanation, self.hidden, self.size, self.made_on


Make = Callable[[Reading, Asked], str | bytes]


def stamped(write: Callable[[Reading, Stamp], str | bytes], *, drawn: bool = False) -> Make:
    """Return what makes a file by a function of a reading and a stamp; `drawn` says that it tells of the drawing."""
    return lambda reading, asked: write(reading, stamp_of(reading, asked.drawing if drawn else None, asked.made_on))


@dataclass(frozen=True)
class File:
    """One kind of file and how it is made; `scores` says that it holds those, `map` what it does with one."""

    title: str
    name: str
    mime: str
    make: Make
    scores: bool = False
    map: Literal["left out", "told", "needed"] = "told"

    def offered(self, asked: Asked) -> bool:
        """Whether there is something to put into it that may be told."""
        return not (asked.hidden and self.scores) and not (self.map == "needed" and asked.explanation is None)


FILES = (
    File(
        "Report (PDF, true scale)",
        FILE_NAME,
        "application/pdf",
        lambda reading, asked: report_pdf(reading, asked.drawing, page_size(asked.size), asked.made_on),
    ),
    File(
        "ECG as drawn (SVG)",
        "ecg.svg",
        "image/svg+xml",
        lambda reading, asked: sheet_svg(reading, asked.drawing, stamp_of(reading, asked.drawing, asked.made_on)),
    ),
    File(
        "Signal (WFDB)",
        "ecg-wfdb.zip",
        "application/zip",
        lambda reading, asked: stamped(wfdb_zip)(whole(reading, asked), asked),
        map="left out",
    ),
    File("Scores (CSV)", "ecg-scores.csv", "text/csv", stamped(scores_csv), scores=True, map="left out"),
    File(
        "All that was said (JSON)",
        "ecg-reading.json",
        "application/json",
        stamped(reading_json, drawn=True),
        scores=True,
    ),
    File("Map by wave and lead (CSV)", "ecg-map.csv", "text/csv", stamped(explanation_csv), scores=True, map="needed"),
    File(
        "Map, every sample (CSV)",
        "ecg-map-samples.csv",
        "text/csv",
        stamped(attribution_csv),
        scores=True,
        map="needed",
    ),
)


def whole(reading: Reading, asked: Asked) -> Reading:
    """Return the whole recording, of which a long one was read in part; without its scores, which are the part's."""
    record = asked.case.whole or reading.record
    return reading if record is reading.record else Reading(reading.title, record, reading.card)


def show(case: Case, card: Card, view: View, explanation: Explanation | None) -> None:
    """Draw the choice of files, quiet under one button; nothing where files may not leave."""
    if not saving.allowed():
        return
    with st.popover("Save", key=SAVE):
        size = st.segmented_control(
            "Paper of the report", list(PAGE_SIZES), default="A4", key=SIZE, required=True, persist_state="session"
        )
        dated = st.toggle("With today's date", key=DATED, persist_state="session")
        context = get_script_run_ctx()
        hidden = reveal.waits(case)
        asked = Asked(
            folder=loading.chosen_model(),
            case=case,
            card=card,
            drawing=Drawing(view.layout, view.scale, view.display),
            explanation=None if hidden else explanation,
            answers=state.answers(),
            session=context.session_id if context else "",
            hidden=hidden,
            size=str(size),
            made_on=date.today() if dated else None,
        )
        with st.container(key="save_files"):
            st.html(STYLE)
            for file in FILES:
                if file.offered(asked):
                    saving.offer(
                        file.title, maker(file, asked), file.name, file.mime, key=f"save-{file.name}", wide=True
                    )
        st.caption(HIDDEN if hidden else NEUTRAL)


def maker(file: File, asked: Asked) -> Callable[[], bytes]:
    """Return what makes a file in its session's turn; it runs outside the page, on what was on the screen.

    Nothing touches the disk. Asked for again while it is being made, as by a reader who closed Save and opened it anew,
    it is made once and comes once, for the later click.
    """

    def work() -> bytes:
        content = file.make(reading_of(asked, with_map=file.map != "left out"), asked)
        return content.encode() if isinstance(content, str) else content

    return lambda: heavy.shared().run(asked.session, f"save {file.name}", work, same=asked.same)


def reading_of(asked: Asked, *, with_map: bool = True) -> Reading:
    """Return all that is known of the case and may be told: what the session has computed, else computed now."""
    case, hidden = asked.case, asked.hidden
    reading = Reading(
        file_title(case),
        case.record,
        asked.card,
        saw=windows.saw(case, asked.card),
        measured=MeasuredLabs() if hidden else case.measured,
    )
    held = asked.answers.get(state.measurements_key(case))
    reading = measured_reading(reading) if held is None else replace(reading, measurements=held)
    if hidden:
        return reading
    said = asked.answers.get((case.id, asked.card.id))
    said = loading.predictor(asked.folder).predict([case.record]) if said is None else said
    reading = replace(reading, predictions=said)
    found = asked.explanation
    if found is None or not with_map or said.abstained[0] is not None:
        return reading
    rails = asked.answers.get(state.checks_key(case, found))
    if rails is None:
        loading.ready("captum.attr")
        rails = check_quickly(loading.predictor(asked.folder), case.record, found)
    return replace(reading, mapped=map_of(asked.card, case.record, found, reading.measurements, rails))


def file_title(case: Case) -> str:
    """Return what an ECG is called in a file: a study by no number, which would lead to its patient's other tables."""
    return "ECG of a MIMIC-IV-ECG folder" if case.study is not None else case.title
