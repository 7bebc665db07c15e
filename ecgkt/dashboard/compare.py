"""The Compare page: checkpoints side by side, on the open ECG and over a cohort."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt import checkpoints
from ecgkt.dashboard import address, compare_case, compare_maps, loading, method, reveal, state
from ecgkt.dashboard.state import CASE, READ_FIRST
from ecgkt.errors import InvalidCheckpoint

VIEW, MODELS = "compare", "compared"
VIEWS = ("This ECG", "The whole cohort")
STYLE = """
<style>
.ecgkt-compared {border-collapse: collapse; width: 100%; font-size: .84rem; line-height: 1.3;
  font-variant-numeric: tabular-nums;}
.ecgkt-compared caption {caption-side: top; text-align: left; font-size: .92rem; font-weight: 700; color: inherit;
  padding: 0 0 .1rem;}
.ecgkt-compared th, .ecgkt-compared td {border: 0; border-bottom: 1px solid rgba(128,128,128,.3);
  padding: .12rem 0 .12rem .5rem; text-align: right;
  vertical-align: baseline;}
.ecgkt-compared td {white-space: nowrap;}
.ecgkt-compared thead th {font-weight: 600; font-size: .78rem; vertical-align: bottom; line-height: 1.15;}
.ecgkt-compared th:first-child {text-align: left; font-weight: 400; padding-left: 0; min-width: 7.2rem;}
[class*="st-key-compare_press"] button {min-height: 0; padding: .12rem 0; text-align: left;}
[class*="st-key-compare_press"] button:hover {text-decoration: underline;}
</style>
"""


def show() -> None:
    """Draw the page: one view at a time, so that what is not looked at is not computed."""
    st.html(STYLE)
    left, right = st.columns([1, 2], vertical_alignment="center")
    address.recall(VIEW, VIEWS, VIEWS[0])
    view = left.segmented_control("View", VIEWS, key=VIEW, label_visibility="collapsed", required=True)
    if view == VIEWS[1]:
        from ecgkt.dashboard import compare_cohort

        compare_cohort.show(VIEW)
    else:
        _show_case(right)
        address.write(VIEW, MODELS, compare_maps.TRACED, *method.WORDS, CASE, READ_FIRST)


def candidates() -> dict[str, Path]:
    """Return the calibrated checkpoints that read the ECG alone: those of the session's folder, then the bundled ones.

    Where --models names another folder, a bundled one is called so.
    """
    found = {name: folder for name, folder in loading.models().items() if _usable(folder)}
    bundled = checkpoints.bundled_folder()
    if checkpoints.models_folder().resolve() != bundled.resolve() and bundled.is_dir():
        others = checkpoints.list_checkpoints(bundled)
        found |= {f"{name} (bundled)": folder for name, folder in others.items() if _usable(folder)}
    return found


def _show_case(place: DeltaGenerator) -> None:
    found = candidates()
    if len(found) < 2:
        raise InvalidCheckpoint(
            "two checkpoints that read the ECG alone", f"{len(found)}", "name a folder with more as --models"
        )
    address.recall_several(MODELS, list(found), _first_two(list(found)), "model")
    chosen = place.multiselect(
        "Models: the first minus the second",
        list(found),
        key=MODELS,
        format_func=name_of,
        placeholder="Choose two or more models",
        label_visibility="collapsed",
    )
    case = state.current_case()
    if len(chosen) < 2:
        st.info("Choose two models or more.")
    elif case is not None and reveal.waits(case):
        reveal.ask()
    elif case is not None:
        compare_case.show(case, {name_of(name): found[name] for name in chosen})
        reveal.note_seen(case.digest)


def name_of(name: str) -> str:
    """Return a checkpoint's name as people read it."""
    return name.replace("_", " ").capitalize()


def _first_two(names: list[str]) -> list[str]:
    wanted = ("transferred", "baseline")
    return list(wanted) if set(wanted) <= set(names) else names[:2]


def _usable(folder: Path) -> bool:
    card = loading.card(folder)
    return card.stage == "diagnoses" and card.calibration is not None and not card.table_names
