"""Two arms over a whole cohort, from stored predictions: what differs, on which labels and on whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from ecgkt.dashboard import address, compare_disagreements, compare_sections, compare_stored, mean_maps
from ecgkt.dashboard.compare_stored import Listed, Pair
from ecgkt.dashboard.state import READ_FIRST
from ecgkt.figures.charts import whose
from ecgkt.reports.efficiency import budgets_of
from ecgkt.reports.measured import CONTRASTS, group_by_arm

FIRST, SECOND, BUDGET, RESAMPLES, SECTION = "first", "second", "budget", "resamples", "section"
CHOICES = (200, 1000, 5000)
SECTIONS: Mapping[str, Callable[[Pair], None]] = {
    "Labels": compare_sections.show_labels,
    "Calibration": compare_sections.show_calibration,
    "Subgroups": compare_sections.show_subgroups,
    "Gap closed": compare_sections.show_gap,
    "Where they disagree": compare_disagreements.show,
    "What they look at": mean_maps.show,
    "Methods": compare_sections.show_methods,
}
OF_SECTION: Mapping[str, tuple[str, ...]] = {
    "Labels": (compare_sections.FAMILY,),
    "Calibration": (compare_sections.FAMILY,),
    "Subgroups": (compare_sections.FAMILY,),
    "Where they disagree": (compare_disagreements.LABEL,),
    "What they look at": (mean_maps.MEAN_MAP,),
}


def show(view: str) -> None:
    """Draw the choice of two arms and one section of what is known about them."""
    where = compare_stored.folder()
    if where is None:
        st.info(compare_stored.NONE)
        return
    listed = compare_stored.listed(where)
    arms, resamples = _choose(listed)
    first, second = st.session_state[FIRST], st.session_state[SECOND]
    if first == second:
        st.info("Choose two different models.")
        return
    address.recall(SECTION, list(SECTIONS), "Labels")
    chosen = st.segmented_control("Section", list(SECTIONS), key=SECTION, label_visibility="collapsed", required=True)
    section = chosen or "Labels"
    pair = _measure(where, arms, first, second, resamples)
    SECTIONS[section](pair)
    address.write(view, FIRST, SECOND, BUDGET, RESAMPLES, SECTION, *OF_SECTION.get(section, ()), READ_FIRST)


def _choose(listed: tuple[Listed, ...]) -> tuple[dict[str, tuple[Listed, ...]], int]:
    """Draw the row of choices; return the arms of the chosen budget and the number of resamples."""
    budgets = [f"{budget:.0%}" for budget in budgets_of(listed)] or ["100%"]
    several = len(budgets) > 1
    columns = st.columns([3, 3, 2, 2] if several else [3, 3, 2], vertical_alignment="bottom")
    budget = budgets[-1]
    if several:
        address.recall(BUDGET, budgets, budgets[-1])
        budget = columns[3].selectbox("Diagnoses seen in training", budgets, key=BUDGET)
    shares = dict(zip(budgets, budgets_of(listed) or (1.0,), strict=True))
    arms = group_by_arm(listed, shares[budget])
    first, second = _first_pair(list(arms))
    for column, label, key, otherwise in (
        (columns[0], "Model", FIRST, first),
        (columns[1], "minus", SECOND, second),
    ):
        address.recall(key, list(arms), otherwise)
        column.selectbox(label, list(arms), key=key, format_func=_named)
    address.recall(RESAMPLES, CHOICES, CHOICES[0])
    resamples = columns[2].selectbox(
        "Resamples of patients",
        CHOICES,
        key=RESAMPLES,
        format_func=lambda count: f"{count:,}",
        help="With 200 an interval's width is off by about 5%; take 1,000 or more for print. It takes longer.",
    )
    return arms, int(resamples)


def _measure(where: Path, arms: Mapping[str, tuple[Listed, ...]], first: str, second: str, resamples: int) -> Pair:
    """Measure both arms, told as it goes; say whose patients they are."""
    told = st.empty()
    for place, key in enumerate((first, second)):
        told.progress(place / 2, f"Measuring {_named(key)} on {resamples:,} resamples of patients")
        compare_stored.arm(where, key, arms[key], resamples)
    pair = compare_stored.pair(where, (first, second), (arms[first], arms[second]), resamples)
    ecgs, patients = pair.held_out()
    facts = pair.truth.cohort
    told.html(
        f'<p class="ecgkt-basis"><b>{whose(facts.domain)}</b>: {ecgs:,} held-out ECGs of {patients:,} patients, cohort '
        f"{facts.fingerprint}, split {facts.split_rule}. Paired over patients, {resamples:,} "
        f"resamples.{_part(where)}</p>"
    )
    return pair


def _part(where: Path) -> str:
    """Say what was left out of the predictions, where they are a bundle."""
    bundle = compare_stored.bundle(where)
    return "" if bundle is None else f" {bundle}."


def _named(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _first_pair(keys: list[str]) -> tuple[str, str]:
    """Return the first contrast that is there, else the first two arms."""
    for a, b in CONTRASTS:
        if a in keys and b in keys:
            return a, b
    return keys[0], keys[min(1, len(keys) - 1)]
