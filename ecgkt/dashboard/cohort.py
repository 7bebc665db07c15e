"""The Cohort page: on whom models were trained and measured, in counts."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ecgkt import NOTICE
from ecgkt.dashboard import address, cohort_sections, loading, plain_tables, saving
from ecgkt.figures.charts import whose
from ecgkt.figures.flow import Flow, draw_flow

if TYPE_CHECKING:
    from ecgkt.reports.summary import CohortSummary

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "assets" / "cohort.json"
SECTION = "cohort_section"
SECTIONS: Mapping[str, Callable[[CohortSummary], None]] = {
    "Who": cohort_sections.show_who,
    "How common": cohort_sections.show_prevalence,
    "What was measured": cohort_sections.show_measured,
    "When a value counts": cohort_sections.show_windows,
    "Leakage looked for": cohort_sections.show_audit,
}
PART_TITLES = cohort_sections.PART_TITLES
NONE = (
    "There is no cohort to show: open the app with `--cohort PREPARED`, or write a summary with "
    "`python -m ecgkt bundle --cohort PREPARED`."
)
STYLE = """
<style>
.ecgkt-flow {display: block; width: 100%; max-width: 820px; height: auto; border: 1px solid rgba(128,128,128,.35);}
</style>
"""


def show() -> None:
    """Draw the flow beside the facts, and one section at a time below."""
    st.html(STYLE + plain_tables.STYLE)
    named = os.environ.get("ECGKT_COHORT")
    if not named and not BUNDLED.is_file():
        st.info(NONE)
        return
    summary = _of_folder(named, _changed(Path(named) / "manifest.json")) if named else _bundled(_changed(BUNDLED))
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _show_flow(summary)
    with right:
        _show_facts(summary, bundled=not named)
    address.recall(SECTION, list(SECTIONS), "Who")
    chosen = st.segmented_control("Section", list(SECTIONS), key=SECTION, label_visibility="collapsed", required=True)
    SECTIONS[chosen or "Who"](summary)
    address.write(SECTION, *((cohort_sections.FAMILY,) if chosen == "How common" else ()))


def flow_of(summary: CohortSummary) -> Flow:
    """Return a summary's flow in words."""
    from ecgkt.reports.summary import told

    return Flow(
        listed=f"{summary.listed:,} ECGs",
        excluded=tuple((reason, told(count)) for reason, count in summary.excluded.items()),
        kept=f"{summary.kept:,} ECGs of {summary.subjects:,} patients",
        parts=tuple(
            (PART_TITLES[part], f"{ecgs:,} ECGs", f"{patients:,} patients")
            for part, (ecgs, patients) in summary.parts.items()
        ),
        mark=f"{whose(summary.domain)} · {NOTICE}",
    )


def _show_flow(summary: CohortSummary) -> None:
    flow = flow_of(summary)
    svg = draw_flow(flow)
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    st.html(f'<img class="ecgkt-flow" alt="{escape(flow.told)}" src="{source}">')
    saving.offer("Flow as SVG", svg, "cohort-flow.svg", "image/svg+xml")


def _show_facts(summary: CohortSummary, bundled: bool) -> None:
    trained = [
        name
        for name, folder in loading.models().items()
        if loading.card(folder).training.get("cohort") == summary.fingerprint
    ]
    where = "the bundled summary of the released run" if bundled else "the prepared folder that the app was opened with"
    rows = [
        ("Whose", summary.statement if "SIMULATED" in summary.statement else _whose(summary)),
        ("Read from", where),
        ("Trained on it", ", ".join(trained).capitalize() or "none of the models here"),
        ("Joined by", f"recipe {summary.recipe}, ecgkt {summary.version}"),
        ("Split", f"{summary.split_rule}; each patient in one part"),
        ("Cohort, manifest", f"{summary.fingerprint}, {summary.manifest}"),
        *((f"ECGs {what}" if what[:1].islower() else what, _told(count)) for what, count in summary.joins.items()),
    ]
    st.html(plain_tables.table_html("The cohort", ("Fact", "Value"), rows, words=True))


def _whose(summary: CohortSummary) -> str:
    return f"{whose(summary.domain)}. {summary.statement}".rstrip(". ") + "."


def _told(count: int | None) -> str:
    from ecgkt.reports.summary import told

    return told(count)


def _changed(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0.0


@st.cache_resource(show_spinner=False, max_entries=1)
def _bundled(changed: float) -> CohortSummary:
    from ecgkt.reports.summary import read_summary

    return read_summary(BUNDLED)


@st.cache_resource(show_spinner="Counting the cohort", max_entries=2)
def _of_folder(folder: str, changed: float) -> CohortSummary:
    from ecgkt.reports.summary import summarise

    return summarise(Path(folder))
