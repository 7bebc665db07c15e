"""What is said of the chosen target: its frequency whole, at the reader's own prevalence, and what shares evidence."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from ecgkt.catalogue import do_not_miss
from ecgkt.checkpoints import Card
from ecgkt.dashboard.state import TARGET, hold
from ecgkt.domain import LabelSet, Predictions
from ecgkt.domain.frequencies import Frequency
from ecgkt.domain.labels import Kind
from ecgkt.explain.shared_evidence import SHARED
from ecgkt.figures.scores import ScoreRow, natural_frequency, out_of, score_rows
from ecgkt.opinion.beside import Beside, tracing_words

OWN, PER_THOUSAND = "own_prevalence", "prevalence"
STEPS = (1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900)
_TOLD = 8


def show_chosen(card: Card, predictions: Predictions, beside: Beside) -> None:
    """Say all that is known of the chosen target's score on this ECG; nothing where none is chosen."""
    name = st.session_state.get(TARGET)
    if name not in predictions.labels.names:
        return
    label = predictions.labels[name]
    row = next(one for one in score_rows(predictions, label.kind) if one.name == name)
    parts = [f"<b>{escape(label.title)}:</b> {escape(row.sentence)}."]
    if label.kind is Kind.TRACING:
        told = tracing_words(name, beside)
        parts.append(escape(f"{told[:1].upper()}{told[1:]}."))
    parts += [
        escape(f"{f'{one.why} {one.caution}'.strip().removesuffix('.')} ({one.source}).")
        for one in do_not_miss()
        if one.target == name
    ]
    parts.append(escape(shared_words(beside.shared, predictions.labels, label.kind)))
    st.html(f'<p class="ecgkt-basis">{" ".join(parts)}</p>')
    show_own_prevalence(row)


def show_own_prevalence(row: ScoreRow) -> None:
    """Draw the dial that re-derives a frequency for the reader's own prevalence, off until it is asked for."""
    frequency = row.frequency
    if frequency is None or not 0 < frequency.prevalence < 1:
        return
    hold(OWN)
    key = f"{PER_THOUSAND}-{row.name}"
    with st.container(key="prevalence", horizontal=True, vertical_alignment="center"):
        if not st.toggle("At your own prevalence", key=OWN):
            return
        nearest = min(STEPS, key=lambda step: abs(step / 1000 - frequency.prevalence))
        st.session_state.setdefault(key, nearest)
        chosen = st.select_slider(
            f"{row.title}: how many of 1,000 such patients have it, where you are",
            STEPS,
            key=key,
            width=360,
        )
        st.html(f'<p class="ecgkt-basis" role="status">{escape(own_words(frequency, chosen / 1000))}</p>')


def own_words(frequency: Frequency, prevalence: float) -> str:
    """Return a frequency re-derived for another prevalence, with the assumption on which it rests."""
    own = frequency.where_prevalence_is(prevalence)
    return (
        f"Where {out_of(prevalence)} have it (here {out_of(frequency.prevalence)}): {natural_frequency(own.value)} "
        f"such ECGs ({out_of(own.low, own.high)}). By Bayes' rule, if ECGs with it and without it look as they do here "
        "(Saerens 2002); other patients or machines break that."
    )


def shared_words(shared: Mapping[str, float], labels: LabelSet, kind: Kind) -> str:
    """Return which targets share evidence with the chosen one; of a diagnosis its labs, of a lab its diagnoses."""
    across = [name for name in labels.names if name in shared and (labels[name].kind is Kind.LAB) != (kind is Kind.LAB)]
    across.sort(key=lambda name: -shared[name])
    what = "diagnosis" if kind is Kind.LAB else "lab"
    if not across:
        return f"On this ECG no {what} shares evidence with it ({SHARED} or more, where 1 is all of it)."
    told = ", ".join(f"{labels[name].title} {shared[name]:.2f}" for name in across[:_TOLD])
    more = f" and {len(across) - _TOLD} more" if len(across) > _TOLD else ""
    return (
        f"Shares evidence on this ECG with {told}{more} (cosine of what the model's features add to both scores; 1 is "
        f"all of it, 0 nothing, {SHARED} and more are named). All scores are read from the same features: no cause."
    )
