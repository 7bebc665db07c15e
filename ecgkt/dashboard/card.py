"""A model card in a reader's order: what it reads, what its numbers may be called, how good it is, its limits."""

from __future__ import annotations

import streamlit as st

from ecgkt import NOTICE
from ecgkt.checkpoints import Card
from ecgkt.domain import Estimate
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import HEADINGS


def show(card: Card) -> None:
    """Draw a card; nothing stands here that it does not hold."""
    st.header(card.title)
    st.warning(f"{NOTICE}. {card.statement}")
    st.subheader("What it reads and says")
    counts = "; ".join(f"{HEADINGS[kind]}: {len(card.labels.of_kind(kind))}" for kind in card.labels.kinds)
    st.markdown(
        f"- Reads 12 leads: {card.preprocessing.description} (preprocessing `{card.preprocessing.fingerprint}`).\n"
        f"- Scores, {counts}.\n- Arm {card.arm}; checkpoint `{card.id}`; "
        + (", ".join(f"stage {stage} `{parent}`" for stage, parent in card.parents.items()) or "no earlier stages")
        + f"; ecgkt {card.code_version}."
    )
    st.subheader("What its numbers may be called")
    st.markdown(_numbers(card))
    st.subheader("What it learnt from")
    st.markdown("\n".join(f"- {key.capitalize()}: {value}" for key, value in card.training_facts.items()))
    st.subheader("How good it is")
    for where in card.estimates:
        _show_estimates(card, where)
    st.subheader("Limits")
    st.markdown("\n".join(f"- {limit}" for limit in card.limits))
    st.subheader("Commands that made the figures")
    st.markdown("\n".join(f"- {what}: `{command}`" for what, command in card.commands.items()))


def _numbers(card: Card) -> str:
    lines = []
    if card.calibration is not None:
        errors = "; ".join(f"{where} {error:.3f}" for where, error in card.calibration.errors.items())
        lines.append(
            f"- On {card.calibration.domain} ECGs: frequencies, calibrated on {card.calibration.rows} recordings. Mean "
            f"calibration error by family: {errors or 'not measured'}."
        )
    if card.reference is not None:
        lines.append(
            f"- On every other ECG: the rank of the score among {card.reference.records} real ECGs, "
            f"{card.reference.name}. Uncalibrated there. {card.reference.source}"
        )
    return "\n".join(lines)


def _show_estimates(card: Card, where: str) -> None:
    """Draw one set's AUROC table, each family apart."""
    rows = card.estimates[where]
    st.markdown(f"**AUROC, {where}** (95 % intervals by resampling subjects; undefined with fewer than 10 positives)")
    kinds = [kind for kind in Kind if any(label.name in rows for label in card.labels.of_kind(kind))]
    for tab, kind in zip(st.tabs([HEADINGS[kind] for kind in kinds]), kinds, strict=True):
        labels = [label for label in card.labels.of_kind(kind) if label.name in rows]
        tab.dataframe(
            {
                "Target": [label.title for label in labels],
                "AUROC": [rows[label.name].value for label in labels],
                "95 % interval": [_interval(rows[label.name]) for label in labels],
                "Positives": [rows[label.name].positives for label in labels],
                "Of": [rows[label.name].n for label in labels],
            },
            hide_index=True,
            column_config={"AUROC": st.column_config.NumberColumn(format="%.3f")},
        )


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return estimate.reason or ""
    return f"{estimate.low:.3f} to {estimate.high:.3f}"
