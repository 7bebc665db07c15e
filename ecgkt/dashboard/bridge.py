"""The lab bridge on the Case page: how far a diagnosis' score goes with what the embedding knows of each lab."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgkt.dashboard import bridge_blood, bridge_words, loading
from ecgkt.dashboard.opinion_rows import SI
from ecgkt.dashboard.state import TARGET, Case
from ecgkt.domain import Domain, LabelSet, Predictions
from ecgkt.domain.labels import Kind
from ecgkt.errors import EcgktError
from ecgkt.explain.hidden import read_heads
from ecgkt.explain.lab_bridge import FILE, Erased, LabBridge, erase_labs, read_bridge
from ecgkt.explain.surrogate import AGE, FAITHFUL, SEX, Shares, shap_of_surrogate
from ecgkt.figures.saliency import LOWERS_RGB, RAISES_RGB
from ecgkt.figures.scores import score_rows
from ecgkt.inference import Predictor

OPEN = "bridge_open"
_RAISES, _LOWERS = (", ".join(map(str, one)) for one in (RAISES_RGB, LOWERS_RGB))
STYLE = f"""
<style>
.ecgkt-bridge small, .ecgkt-shap small {{font-size: .74rem; opacity: .9;}}
.ecgkt-bridge td {{white-space: nowrap;}}
.ecgkt-shap td.bar {{width: 40%; min-width: 5rem; position: relative; background:
  linear-gradient(to right, transparent calc(50% - 1px), rgba(128,128,128,.5) 0 50%, transparent 0);}}
.ecgkt-shap td.bar span {{position: absolute; top: 12%; bottom: 12%;}}
.ecgkt-shap .raises {{background: rgb({_RAISES});}}
.ecgkt-shap .lowers {{background:
  repeating-linear-gradient(45deg, rgb({_LOWERS}) 0 3px, rgba({_LOWERS}, .45) 3px 6px);}}
.ecgkt-shap td:last-child {{width: 3.6rem;}}
</style>
"""


@dataclass(frozen=True, eq=False)
class Read:
    """One ECG before a checkpoint's heads: its features (d,), how the heads read them (k, d), and raw scores (k,)."""

    hidden: NDArray[np.float32]
    weights: NDArray[np.float64]
    logits: NDArray[np.float64]


def show(folder: Path, case: Case, predictions: Predictions) -> None:
    """Say in one line with which lab the chosen diagnosis' score goes; on a click, the table and the SHAP values.

    Nothing where no diagnosis is chosen, the model abstains, or no bridge was fitted for this checkpoint.
    """
    target = st.session_state.get(TARGET)
    labels = predictions.labels
    if target not in labels.names or labels[target].kind is Kind.LAB or predictions.abstained[0] is not None:
        return
    try:
        found = stored(folder)
    except EcgktError as error:
        st.html(f'<p class="ecgkt-basis">{escape(str(error))}</p>')
        return
    if found is None or target not in found.names:
        return
    opened = loading.predictor(folder)
    read = _read(opened, loading.features(opened, case).ecg)
    place = labels.index(target)
    erased = erase_labs(found, read.hidden, read.weights[place], float(read.logits[place]), target)
    first = bridge_words.strongest(found, erased)
    changes = [0.0] if first is None else [0.0, erased.changes[first]]
    figures = _figures(opened, read, predictions, target, changes)
    told = bridge_words.sentence(found, erased, (figures[0], figures[-1]), predictions.domain)
    st.html(f'{STYLE}<p class="ecgkt-basis"><b>Lab bridge.</b> {escape(told)}</p>')
    detail = st.expander(f"Labs that share evidence with it: {labels[target].title}", key=OPEN, on_change="rerun")
    if detail.open:
        with detail:
            left, right = st.columns((1.8, 1), gap="medium")
            with left:
                _show_table(found, erased, case, predictions, opened, read)
            with right:
                _show_stand_in(found, erased, case, read, labels)
                _show_blood(case, target)


def stored(folder: Path) -> LabBridge | None:
    """Return the bridge that lies beside a checkpoint's weights, read once for all sessions; None without one."""
    path = folder / FILE
    return _stored(str(folder), loading.card(folder).id, path.stat().st_mtime) if path.is_file() else None


@st.cache_resource(show_spinner=False, max_entries=8)
def _stored(folder: str, identity: str, stamp: float) -> LabBridge | None:
    return read_bridge(Path(folder), identity)


def _read(predictor: Predictor, hidden: NDArray[np.float32]) -> Read:
    weights, biases = read_heads(predictor)
    return Read(hidden, weights, weights @ hidden.astype(np.float64) + biases)


def _figures(
    predictor: Predictor, read: Read, predictions: Predictions, target: str, changes: list[float]
) -> list[str]:
    """Return a target's figure, as the opinion tells it, after each change of its raw score."""
    labels = predictions.labels
    logits = np.repeat(read.logits[None], len(changes), axis=0)
    logits[:, labels.index(target)] += changes
    told = predictor.read_logits(logits, predictions.domain, (None,) * len(changes))
    kind = labels[target].kind
    return [
        next(one.figure for one in score_rows(told, kind, row) if one.name == target) for row in range(len(changes))
    ]


def _show_table(
    found: LabBridge, erased: Erased, case: Case, predictions: Predictions, predictor: Predictor, read: Read
) -> None:
    ordered = sorted(erased.changes, key=lambda name: -abs(erased.changes[name]))[: bridge_words.SHOWN]
    after = _figures(predictor, read, predictions, erased.target, [erased.changes[name] for name in ordered])
    predicted = {row.name: row.figure for row in score_rows(predictions, Kind.LAB)}
    si = bool(st.session_state.get(SI))
    lines = [
        bridge_words.Line(
            name,
            predicted.get(name, ""),
            bridge_words.measured_words(case, name, si),
            erased.changes[name],
            figure,
        )
        for name, figure in zip(ordered, after, strict=True)
    ]
    st.html(bridge_words.table(found, erased, lines, si))
    st.html(f'<p class="ecgkt-basis">{escape(bridge_words.table_words(found, erased))}</p>')


def _show_stand_in(found: LabBridge, erased: Erased, case: Case, read: Read, labels: LabelSet) -> None:
    """Draw the SHAP values of the target's stand-in, or say that it stands for too little."""
    surrogates = found.surrogates
    if surrogates is None:
        st.html('<p class="ecgkt-basis">No SHAP values: this checkpoint has no laboratory scores.</p>')
        return
    fidelity = float(surrogates.fidelity[surrogates.index(erased.target)])
    sex = {"male": 1.0, "female": 0.0}.get(case.record.sex or "", np.nan)
    people = {AGE: np.nan if case.record.age is None else case.record.age, SEX: sex}
    inputs = np.array(
        [people[name] if name in people else read.logits[labels.index(name)] for name in surrogates.inputs]
    )
    st.html('<p class="ecgkt-heading">What the score could be made of</p>')
    if fidelity < FAITHFUL:
        none = Shares((), 0.0, 0.0, "")
        st.html(f'<p class="ecgkt-basis">{escape(bridge_words.fidelity_words(none, fidelity, erased.score))}</p>')
        return

    def attribute() -> Shares:
        loading.ready("shap")
        return shap_of_surrogate(surrogates, inputs, erased.target)

    shares = loading.in_turn("shap", "Attributing the score to the labs", attribute)
    st.html(bridge_words.bars(shares))
    told = bridge_words.fidelity_words(shares, fidelity, erased.score)
    missing = [word for name, word in ((AGE, "age"), (SEX, "sex")) if np.isnan(people[name])]
    if missing:
        told += f" {' and '.join(missing).capitalize()} not known: the cohort's mean was taken."
    st.html(f'<p class="ecgkt-basis">{escape(told)}</p>')


def _show_blood(case: Case, target: str) -> None:
    """Offer what the model that reads the blood made of a simulated case whose blood is known."""
    if case.record.domain is not Domain.SIMULATED or not case.measured:
        return
    reader = bridge_blood.reader(target)
    found = None if reader is None else stored(reader)
    if reader is not None and found is not None:
        bridge_blood.show(case, target, reader, found)
