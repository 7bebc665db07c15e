"""What rules alone and the recording machine say of the open ECG, and what the model added to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.catalogue import tracing_labels
from ecgkt.checkpoints import Card, reference_share
from ecgkt.dashboard import measured
from ecgkt.dashboard.state import Case
from ecgkt.domain import Domain, Predictions
from ecgkt.errors import EcgktError
from ecgkt.figures.beside_rules import Added, added_words, model_says, what_was_added
from ecgkt.opinion.beside import Beside
from ecgkt.signals.measurements import Measured
from ecgkt.signals.rules import RuleSaid, state_rules


def rules_of(case: Case, turn: DeltaGenerator | None = None) -> dict[str, RuleSaid]:
    """Return what rules say of a case, nothing where its signal cannot be measured or the patient is a child.

    `turn` is an `st.empty()` that says how long the measurements wait for their turn.
    """
    try:
        found = measured.measured_in(case, turn)
    except EcgktError:
        return {}
    return state_rules(found, case.record.age, case.record.sex)


def qtc_of(case: Case) -> Measured | None:
    """Return the measured QTc (Fridericia), None where the signal cannot be measured."""
    try:
        return measured.measured_in(case).values["qtc_fridericia"]
    except EcgktError:
        return None


def added_to_rules(predictions: Predictions, card: Card, beside: Beside, names: Sequence[str]) -> Added:
    """Compare model and rules on some targets of the open ECG."""
    model = {
        name: model_says(predictions, name, None if predictions.calibrated else reference_share(card, name))
        for name in names
    }
    rules = {name: said.met for name, said in beside.rules.items()}
    return what_was_added(names, model, rules)


def show_rules_alone(case: Case, rules: Mapping[str, RuleSaid]) -> None:
    """Say what rules and the device say of an ECG on which the model abstains."""
    met = [f"{tracing_labels()[name].title} ({said.why})" for name, said in rules.items() if said.met]
    unclear = [tracing_labels()[name].title for name, said in rules.items() if said.met is None]
    parts = [f"<b>Rules alone say</b> {escape('; '.join(met) or 'nothing')}."]
    if len(unclear) == len(rules):
        parts = ["<b>Rules cannot say anything</b> without measurements."]
    elif unclear:
        parts.append(f"They cannot say: {escape(', '.join(unclear))}.")
    if case.statements:
        parts.append(f"The device states: {escape('; '.join(case.statements))}.")
    st.html(f'<p class="ecgkt-basis">{" ".join(parts)}</p>')


def show_added(case: Case, predictions: Predictions, card: Card, beside: Beside, names: Sequence[str]) -> None:
    """Say what the model added to the rules, by which yardstick, and what the device said in its own words."""
    titles = {label.name: label.title for label in predictions.labels}
    told = "Nothing to compare: rules cannot say anything without measurements."
    if beside.rules:
        told = added_words(added_to_rules(predictions, card, beside, names), titles)
    yardstick = "half of such ECGs or more have it"
    if not predictions.calibrated:
        reference = card.reference.name if card.reference else "the reference set"
        yardstick = f"this ECG ranks within the share of {reference} that has it"
    parts = [
        f"<b>What did the model add?</b> {escape(told)} The model counts as saying a target where {escape(yardstick)}."
    ]
    if case.statements:
        parts.append(f"The device states: {escape('; '.join(case.statements))}.")
    if case.record.age is None:
        parts.append("The age is not known: rules and model are for adults.")
    elif case.record.domain is not Domain.SIMULATED and case.record.sex is None:
        parts.append("The sex is not known: the stricter limits count.")
    st.html(f'<p class="ecgkt-basis">{" ".join(parts)}</p>')
