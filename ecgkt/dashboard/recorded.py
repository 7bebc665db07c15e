"""How the open ECG was recorded: noise by lead, the electrodes, and whether the model knows this kind of ECG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import Card
from ecgkt.dashboard import measured, state
from ecgkt.dashboard.state import Case
from ecgkt.domain import LEADS
from ecgkt.errors import EcgktError
from ecgkt.signals.lead_quality import Finding, Grade, LeadQuality, grade_leads
from ecgkt.signals.reversal import Reversal, find_reversals


@dataclass(frozen=True)
class Recorded:
    """What the panel says: `signal` in one phrase, `findings` as (leads, what), `electrodes` in one sentence."""

    signal: str
    findings: tuple[tuple[str, str], ...]
    electrodes: str
    warned: bool


def recorded_in(case: Case) -> Recorded:
    """Return how a case was recorded; computed once in a session."""
    return state.answer((case.id, "recorded"), lambda: _judge(case))


def show(case: Case, card: Card, above: DeltaGenerator) -> None:
    """Draw it in the sidebar, in words, never a traffic light; signs of reversed electrodes also `above` the ECG."""
    found = recorded_in(case)
    rows = "".join(
        f'<tr><th scope="row">{escape(leads)}</th><td>{escape(what)}</td></tr>' for leads, what in found.findings
    )
    what, colon, signs = found.electrodes.partition(":")
    electrodes = f"<b>{escape(what)}</b>{colon}{escape(signs)}" if found.warned else escape(found.electrodes)
    kind = "".join(f'<p class="ecgkt-basis">{escape(told)}</p>' for told in [_kind(case, card)] if told)
    if found.warned:
        above.html(f'<p class="ecgkt-basis" role="status">{electrodes}</p>')
    with st.sidebar:
        st.html(
            f'<div><table class="ecgkt-measured"><caption>Recording</caption><tbody><tr><th scope="row">Signal</th>'
            f"<td><b>{escape(found.signal)}</b></td></tr>{rows}</tbody></table>"
            f'<p class="ecgkt-basis">{electrodes}</p>{kind}</div>'
        )


def _judge(case: Case) -> Recorded:
    leads = grade_leads(case.record)
    reversals: tuple[Reversal, ...] = ()
    told = "Electrodes are not judged without a measured beat."
    try:
        found = measured.measured_in(case)
    except EcgktError:
        found = None
    if found is not None and found.beats is not None:
        reversals = find_reversals(found)
        told = reversals[0].sentence if reversals else "No sign of reversed electrodes."
    return Recorded(summary(leads), tuple(findings(leads)), told, bool(reversals))


def summary(leads: Sequence[LeadQuality]) -> str:
    """Return the signal in one phrase."""
    grades = [lead.grade for lead in leads]
    if len(set(grades)) == 1:
        return f"{grades[0]} in all {len(leads)} leads"
    return ", ".join(f"{grades.count(grade)} {grade}" for grade in Grade if grade in grades)


def findings(leads: Sequence[LeadQuality]) -> list[tuple[str, str]]:
    """Return what was found with the leads in which it was, the largest size beside it."""
    by: dict[str, list[tuple[str, Finding]]] = {}
    for lead in leads:
        for finding in lead.findings:
            by.setdefault(finding.what, []).append((lead.lead, finding))
    told = []
    for what, where in by.items():
        sizes = [finding.size_mv for _, finding in where if finding.size_mv is not None]
        named = "all leads" if len(where) == len(LEADS) else ", ".join(lead for lead, _ in where)
        told.append((named, what + (f", {_size(max(sizes))}" if sizes else "")))
    return told


def _size(millivolts: float) -> str:
    return f"{millivolts:.1f} mV" if millivolts >= 0.1 else f"{1000 * millivolts:.0f} \N{MICRO SIGN}V"


def _kind(case: Case, card: Card) -> str:
    """Say whether the chosen model knows this kind of ECG; nothing before it was scored or without a gate."""
    predictions = state.scored(case, card.id)
    if card.gate is None or predictions is None or predictions.distances is None:
        return ""
    share = float(predictions.distances[0])
    if not isfinite(share):
        return ""
    if share > 1:
        return f"Unlike the ECGs that the model was checked on ({card.gate.name}): {share:.1f} times the limit."
    return f"Known kind of ECG (like {card.gate.name}): {share:.0%} of the limit beyond which the model abstains."
