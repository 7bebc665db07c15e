"""What was measured of the blood near an ECG of the local folder: looked up in a prepared cohort, and as a table."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from ecgkt.catalogue import lab_panel
from ecgkt.dashboard.opinion_rows import SI
from ecgkt.dashboard.state import ALL_ROWS, Case
from ecgkt.domain import MeasuredLabs
from ecgkt.errors import EcgktError
from ecgkt.opinion.beside import measured_value_words, time_words
from ecgkt.readers.mimic_folder import MimicFolder

SHOWN = 8


def look_up(prepared: Path | None, folder: MimicFolder, study: int) -> MeasuredLabs:
    """Return what was measured near a listed study; of an unusable cohort the sentence why nothing is known."""
    if prepared is None:
        return MeasuredLabs()
    from ecgkt.data.measured_labs import NOT_KNOWN, labs_near

    try:
        return labs_near(prepared, study, *folder.recorded(study))
    except EcgktError as error:
        return MeasuredLabs(told=f"{NOT_KNOWN}. {error}")


def show(case: Case, *, told: bool = False) -> None:
    """Draw the measured values where no laboratory score is on screen; with `told` all of them, and whose they are."""
    values = case.measured
    if told and values.told:
        st.html(f'<p class="ecgkt-basis">{escape(values.told)}</p>')
    if not values:
        return
    si = bool(st.session_state.get(SI))
    panel = [one for first in (True, False) for one in lab_panel() if one.shown is first and one.name in values]
    some = panel if told or st.session_state.get(ALL_ROWS) else panel[:SHOWN]
    rows = "".join(
        f'<tr><th scope="row">{escape(one.title)}</th><td><b>{escape(measured_value_words(one, values[one.name], si))}'
        f"</b></td><td>{escape(time_words(values[one.name]).removeprefix(', '))}</td></tr>"
        for one in some
    )
    left = len(panel) - len(some)
    more = f'<p class="ecgkt-basis">{left} more where all scores are on.</p>' if left else ""
    table = f'<table class="ecgkt-measured"><caption>Measured</caption><tbody>{rows}</tbody></table>'
    st.html(f'<div style="max-width: 24rem">{table}{more}</div>')
