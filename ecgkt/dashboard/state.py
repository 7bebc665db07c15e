"""What a session remembers: the case that is open, what is asked of it, and what went wrong last. Nothing is shared."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from ecgkt.domain import Explanation, MeasuredLabs, Predictions, Record
from ecgkt.errors import EcgktError
from ecgkt.signals.windows import Window, windows

if TYPE_CHECKING:
    from ecgkt.explain.guards import GuardRails
    from ecgkt.signals.measurements import Measurements

CASE, PROBLEM, MODEL, TARGET, ALL_ROWS, MAP = "case", "problem", "model", "target", "all_rows", "map"
PREVIOUS, READ_FIRST = "previous", "read_first"
STILL_OPEN = "The ECG below is the one that was open before."
SAMPLE, UPLOAD, STUDY, PHYSIONET = "sample", "upload", "study", "physionet"
_ANSWERS = "answers"
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Case:
    """An open record; `id` lives in the session.

    `measured` maps an analyte to its value where it is known. `link` is its word in an address and `veiled_link` one
    that does not say what it shows; both are empty for what must not stand there. `study` is its number in the local
    MIMIC-IV-ECG folder. `clock` is when a file says that it was recorded, counted from a random moment of this
    session: it serves to take the difference of two. `record` is the part that is shown, measured, scored and
    explained: of a recording that is longer than the model reads (`whole`) one window, the first unless turned to
    another.
    """

    title: str
    record: Record
    description: str = ""
    measured: MeasuredLabs = field(default_factory=MeasuredLabs)
    link: str = ""
    veiled_link: str = ""
    study: int | None = None
    clock: timedelta | None = None
    whole: Record | None = None
    window: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if self.whole is None:
            object.__setattr__(self, "whole", self.record)
            object.__setattr__(self, "record", self.windows[self.window].record)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The parts in which the whole recording is read, in order of time."""
        return windows(self.record if self.whole is None else self.whole)

    @property
    def seconds(self) -> float:
        """Length of the whole recording."""
        return self.record.seconds if self.whole is None else self.whole.seconds

    @property
    def digest(self) -> str:
        """Six hex digits of the samples of the whole recording, whichever part of it is shown."""
        return digest(self.record if self.whole is None else self.whole)

    def word(self, *, veiled: bool = False) -> str:
        """Return what names it in an address, with the second from which on a later part of it is shown."""
        link = self.veiled_link if veiled else self.link
        return f"{link}{self.windows[self.window].word}" if link and self.window else link

    def turned(self, window: int) -> Case:
        """Return the case with another part of its recording, which is scored and explained on its own."""
        recording = self.id.partition("-")[0]
        name = f"{recording}-{window}" if window else recording
        return replace(self, record=self.windows[window].record, window=window, id=name)

    @property
    def device(self) -> Mapping[str, float]:
        """What the recording machine itself measured, by name, in the units of `signals.measurements`."""
        return self.record.device.values if self.record.device else {}

    @property
    def statements(self) -> tuple[str, ...]:
        """What the recording machine itself said in words."""
        return self.record.device.statements if self.record.device else ()


@dataclass(frozen=True, eq=False)
class Beside:
    """Another ECG of the open one's patient; `apart` is the time between both, None where it is not known."""

    case: Case
    apart: timedelta | None = None
    is_earlier: bool = True


def digest(record: Record) -> str:
    """Return six hex digits of a recording's samples: the same ECG has the same ones wherever it is read."""
    return hashlib.sha256(record.signal.tobytes()).hexdigest()[:6]


def hold(*keys: str) -> None:
    """Keep what was chosen with these widgets, which else goes with the page on which they were drawn."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def current_case() -> Case | None:
    """Return the open case."""
    case: Case | None = st.session_state.get(CASE)
    return case


def open_case(load: Callable[[], Case]) -> bool:
    """Open a case; where it cannot be read, keep the one that is open and remember the sentence why."""
    try:
        st.session_state[CASE] = load()
    except EcgktError as error:
        st.session_state[PROBLEM] = str(error)
        return False
    for key in (PROBLEM, TARGET, PREVIOUS, _ANSWERS):
        st.session_state.pop(key, None)
    return True


def problem() -> str | None:
    """Return the sentence about what went wrong last."""
    sentence: str | None = st.session_state.get(PROBLEM)
    return sentence


def problem_beside_case() -> str | None:
    """Return the sentence about what went wrong last, for a page that goes on showing the ECG that was open before."""
    sentence = problem()
    return sentence if sentence is None or current_case() is None else f"{sentence} {STILL_OPEN}"


def kept(key: tuple[str, ...]) -> Any:
    """Return what this session has computed under a key that begins with a case's id, None before it has."""
    return st.session_state.get(_ANSWERS, {}).get(key)


def keep(key: tuple[str, ...], value: object) -> None:
    """Remember what was computed, for as long as this session has the case open."""
    st.session_state.setdefault(_ANSWERS, {})[key] = value


def answers() -> dict[tuple[str, ...], Any]:
    """Return what this session has computed of its case, for work that goes on after the page was drawn."""
    held: dict[tuple[str, ...], Any] = st.session_state.setdefault(_ANSWERS, {})
    return held


def answer(key: tuple[str, ...], compute: Callable[[], Answer]) -> Answer:
    """Return what this session has computed under a key that begins with a case's id, computed once."""
    found: Answer | None = kept(key)
    if found is None:
        found = compute()
        keep(key, found)
    return found


def predictions_of(case: Case, checkpoint: str, compute: Callable[[], Predictions]) -> Predictions:
    """Return this session's predictions of a case, computed once."""
    return answer((case.id, checkpoint), compute)


def scored(case: Case, checkpoint: str) -> Predictions | None:
    """Return this session's predictions of a case where it was scored with that checkpoint."""
    found: Predictions | None = kept((case.id, checkpoint))
    return found


def measured(case: Case) -> Measurements | None:
    """Return this session's measurements of a case where it was measured."""
    found: Measurements | None = kept(measurements_key(case))
    return found


def measurements_key(case: Case) -> tuple[str, ...]:
    """Return by what the measurements of a case are remembered."""
    return (case.id, "measurements")


def features_key(case: Case, checkpoint: str) -> tuple[str, ...]:
    """Return by what the features that a checkpoint read of a case are remembered."""
    return (case.id, checkpoint, "features")


def checks_key(case: Case, explanation: Explanation) -> tuple[str, ...]:
    """Return by what the checks of a map are remembered."""
    one = explanation
    return (case.id, "checks", one.checkpoint_id, one.target, one.minus or "", one.method, one.baseline)


def checks_of(case: Case, explanation: Explanation) -> GuardRails | None:
    """Return what this session's checks of a map found, None before any."""
    found: GuardRails | None = kept(checks_key(case, explanation))
    return found


def keep_checks(case: Case, explanation: Explanation, rails: GuardRails) -> None:
    """Remember in this session what the checks of a map found."""
    keep(checks_key(case, explanation), rails)
