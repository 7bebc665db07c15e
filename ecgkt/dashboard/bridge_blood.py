"""Beside the lab bridge: what the model that reads the blood itself made of a case whose blood is known."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from ecgkt import checkpoints
from ecgkt.catalogue import lab, measurements
from ecgkt.dashboard import bridge_words, loading, state
from ecgkt.dashboard.opinion_rows import SI
from ecgkt.dashboard.state import Case
from ecgkt.explain.blood_inputs import ECG, shap_of_blood
from ecgkt.explain.hidden import hidden_of
from ecgkt.explain.lab_bridge import LabBridge
from ecgkt.explain.surrogate import Shares
from ecgkt.inference import Predictor
from ecgkt.opinion.beside import measured_value_words

ASKED = "bridge_blood"


def reader(target: str) -> Path | None:
    """Return the checkpoint that reads clinical values and has this target, None where there is none."""
    for folder in checkpoints.list_checkpoints(checkpoints.models_folder()).values():
        card = loading.card(folder)
        if card.table_names and target in card.labels.names:
            return folder
    return None


def show(case: Case, target: str, folder: Path, bridge: LabBridge) -> None:
    """Draw, where asked for, SHAP over the real inputs of the model that reads the blood: its values, and the ECG."""
    card = loading.card(folder)
    if not st.toggle("Beside it: the model that reads the blood", key=ASKED):
        return
    opened = loading.predictor(folder)
    key = (case.id, card.id, "blood", target)
    shares = state.answer(
        key, lambda: loading.in_turn("blood", "Attributing", lambda: _attribute(opened, bridge, case, target))
    )
    si = bool(st.session_state.get(SI))
    measured = {name: measured_value_words(lab(name), one, si) for name, one in case.measured.items()}
    titles = {ECG: "The ECG, as a whole", "age": "Age", "sex_male": "Sex"}
    titles |= {one.name: one.title for one in measurements()} | {name: lab(name).title for name in case.measured}
    st.html(bridge_words.bars(shares, detail=measured, titles=titles))
    score, base = (bridge_words.signed(one) for one in (shares.score, shares.base))
    told = (
        f"{card.title}: SHAP over its real inputs, for the values with the ECG held fixed. It gives {score} logits, "
        f"against {shares.against} ({base}). Vital signs are not known of this case, and a value that was not measured "
        "adds nothing. What a model used is no cause either."
    )
    st.html(f'<p class="ecgkt-basis">{escape(told)}</p>')


def _attribute(predictor: Predictor, bridge: LabBridge, case: Case, target: str) -> Shares:
    loading.ready("shap")
    known = {name: one.value for name, one in case.measured.items()}
    if case.record.age is not None:
        known["age"] = case.record.age
    if case.record.sex is not None:
        known["sex_male"] = float(case.record.sex == "male")
    values = np.array([known.get(name, np.nan) for name in predictor.card.table_names], dtype=np.float32)
    return shap_of_blood(predictor, hidden_of(predictor, case.record), bridge.labs.mean, values, target)
