"""What all sessions share: the checkpoints, read once; never a record."""

from __future__ import annotations

import atexit
import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import RerunException, StopException, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from ecgkt import checkpoints
from ecgkt.checkpoints import Card
from ecgkt.dashboard import ended, heavy, state
from ecgkt.dashboard.state import CASE, MODEL, Case
from ecgkt.domain import Explanation, Predictions, Record

if TYPE_CHECKING:
    from ecgkt.explain.guards import GuardRails
    from ecgkt.explain.hidden import Features
    from ecgkt.inference import Predictor
    from ecgkt.signals.measurements import Measurements

Result = TypeVar("Result")
_CALM_SECONDS = 0.5


def models() -> dict[str, Path]:
    """Return the checkpoints that need the ECG alone, the method first."""
    every = checkpoints.list_checkpoints(checkpoints.models_folder())
    found = {name: folder for name, folder in every.items() if not card(folder).table_names}
    return dict(sorted(found.items(), key=lambda item: item[0] != "transferred"))


def chosen_model() -> Path:
    """Return the folder of the session's chosen checkpoint, the first where none is chosen."""
    found = models()
    return found.get(st.session_state.get(MODEL) or "", next(iter(found.values())))


@st.cache_resource(show_spinner=False, max_entries=32)
def _card(folder: str, stamp: float) -> Card:
    return checkpoints.read_card(Path(folder))


def card(folder: Path) -> Card:
    """Return a checkpoint's card without loading its weights."""
    return _card(str(folder), (folder / "card.json").stat().st_mtime)


@cache
def ready(library: str) -> None:
    """Import a large library once, and leave all of its objects out of later garbage collections.

    Streamlit collects garbage after each run of a page; looking through torch's 300,000 objects for it took longer than
    the page itself. What is alive by chance at that moment is looked at again by `ended`.
    """
    import_module(library)
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)
    ended.watch()


@st.cache_resource(show_spinner=False, max_entries=4)
def _predictor(folder: str, identity: str) -> Predictor:
    import torch

    from ecgkt.inference import Predictor

    torch.set_num_threads(1)  # of each worker of the queue, and there is one a core
    opened = Predictor.open(Path(folder))
    ready("torch")
    return opened


def predictor(folder: Path) -> Predictor:
    """Return a checkpoint ready to read, shared by all sessions; anew where the folder has changed."""
    return _predictor(str(folder), card(folder).id)


def scores(folder: Path, record: Record, place: DeltaGenerator | None = None) -> Predictions:
    """Score a record with a checkpoint, in this session's turn; `place` is an `st.empty()` that says how long it waits.

    Raises what `Predictor.predict` raises.
    """
    opened = predictor(folder)
    return in_turn("scores", "Scoring", lambda: opened.predict([record]), place)


@dataclass(frozen=True, eq=False)
class Traced:
    """A map, its short checks, and the features that the scores of the ECG were read from."""

    explanation: Explanation
    rails: GuardRails
    features: Features


def trace(
    folder: Path,
    record: Record,
    target: str,
    place: DeltaGenerator | None = None,
    *,
    method: str | None = None,
    baseline: str | None = None,
    minus: str | None = None,
    measured: Measurements | None = None,
) -> Traced:
    """Trace a target's score back to a record and check the map, in one turn of this session; `place` as in `scores`.

    By the default method from its default baseline where none is named; less the score of `minus`, another target.
    `measured` is what was measured of the record, where it was. Raises what `explain` raises.
    """
    opened = predictor(folder)

    def work() -> Traced:
        from ecgkt.explain.guards import check_quickly
        from ecgkt.explain.hidden import features_of

        found = _explain(opened, record, target, method, baseline, minus)
        short = measured is not None and record.seconds <= opened.card.preprocessing.seconds
        waves = measured.delineation if measured is not None and short else None
        return Traced(found, check_quickly(opened, record, found, waves), features_of(opened, record))

    return in_turn("map", "Tracing the score back to the ECG", work, place)


def explanation(folder: Path, record: Record, target: str, place: DeltaGenerator | None = None) -> Explanation:
    """Trace a target's score back to a record by the default method alone; else as `trace`."""
    opened = predictor(folder)
    return in_turn("map", "Tracing the score back to the ECG", lambda: _explain(opened, record, target), place)


def _explain(
    opened: Predictor,
    record: Record,
    target: str,
    method: str | None = None,
    baseline: str | None = None,
    minus: str | None = None,
) -> Explanation:
    from ecgkt.explain.baselines import ZERO
    from ecgkt.explain.methods import DEFAULT, explain

    ready("captum.attr")
    return explain(opened, record, target, method=method or DEFAULT, baseline=baseline or ZERO, minus=minus)


def features(opened: Predictor, case: Case, place: DeltaGenerator | None = None) -> Features:
    """Return the features that a checkpoint's scores of a case were read from, computed once in a session."""

    def read() -> Features:
        from ecgkt.explain.hidden import features_of

        return features_of(opened, case.record)

    key = state.features_key(case, opened.card.id)
    return state.answer(key, lambda: in_turn("features", "Comparing evidence", read, place))


def measurements(record: Record, place: DeltaGenerator | None = None) -> Measurements:
    """Measure a record's own signal, without any filter, in this session's turn; `place` as in `scores`.

    Raises what `measure` raises.
    """

    def look() -> Measurements:
        from ecgkt.signals.measurements import measure

        ready("scipy.signal")
        return measure(record.signal, record.fs)

    return in_turn("measurements", "Measuring", look, place)


def forget_uploads(ids: Sequence[str]) -> None:
    """Let the server forget files that were uploaded and read; else it keeps them until the tab is closed."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for one in ids:
            context.uploaded_file_mgr.remove_file(context.session_id, one)


def in_turn(
    kind: str,
    said: str | Callable[[], str],
    work: Callable[[], Result],
    place: DeltaGenerator | None = None,
    *,
    ends: bool = False,
) -> Result:
    """Do heavy work of this session in its turn, and say in `place`, an `st.empty()`, what it waits for.

    `said` is what is being done, or is asked for it. `work` runs in another thread, so it calls nothing of Streamlit. A
    session that is closed, or that has asked for something newer meanwhile, leaves the queue and ends the run of its
    page; with `ends` it also leaves what is being done.
    """
    place = st.empty() if place is None else place
    context = get_script_run_ctx()
    begin, shown = time.monotonic(), ""

    def tell(before: int | None) -> None:
        nonlocal shown
        _end_if_overtaken()
        if (before is not None or ends) and context is not None:
            _yield_to_newer(context)
        doing = said if isinstance(said, str) else said()
        words = f"{doing} …" if not before else f"{doing}: {before} before you"
        if words != shown and time.monotonic() - begin > _CALM_SECONDS:
            place.html(f'<p class="ecgkt-basis" role="status">{escape(words)}</p>')
            shown = words

    _end_if_overtaken()  # else a run that a click has ended would take the place of that click's own
    try:
        result = heavy.shared().run(context.session_id if context else "", kind, work, tell)
    except heavy.Superseded:
        raise StopException from None  # a newer run of this session's page asks for it, and nobody looks at this one
    if shown:
        place.empty()
    return result


def _end_if_overtaken() -> None:
    """Let Streamlit end this run of the page where nobody waits for it any more."""
    st.session_state.get(CASE)


def _yield_to_newer(context: ScriptRunContext) -> None:
    """End the run of a fragment in favour of a newer one; Streamlit itself does so for runs of the whole page only."""
    requests = context.script_requests
    if requests is None or not context.fragment_ids_this_run:
        return
    if requests._state is ScriptRequestType.RERUN:
        newer = requests.on_scriptrunner_ready()
        raise RerunException(newer.rerun_data) if newer.type is ScriptRequestType.RERUN else StopException


def predictions_folder() -> Path | None:
    """Return the folder of stored predictions that the app was started with, or the bundled one; None without both."""
    named = os.environ.get("ECGKT_PREDICTIONS")
    if named:
        return Path(named)
    bundled = Path(__file__).resolve().parents[2] / "assets" / "predictions"
    return bundled if (bundled / "truth.parquet").is_file() else None


def records_folder() -> Path | None:
    """Return the local MIMIC-IV-ECG folder that the app was started with."""
    named = os.environ.get("ECGKT_RECORDS")
    return Path(named) if named else None


def cohort_folder() -> Path | None:
    """Return the prepared cohort that the app was started with."""
    named = os.environ.get("ECGKT_COHORT")
    return Path(named) if named else None
