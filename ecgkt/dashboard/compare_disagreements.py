"""The ECGs on which two arms disagree about a label: where most, and at random; one click from each."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels
from ecgkt.dashboard import address, sources, state
from ecgkt.dashboard.compare_stored import Pair
from ecgkt.figures.scores import natural_frequency, ordinal
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.reports.disagreements import Disagreements, disagreements

LABEL, DRAW, SHOWN = "label", "compare_draw", 8
CASE_PAGE = "pages/case.py"


def show(pair: Pair) -> None:
    """Draw how often each arm is right where it stands alone, and ECGs to look at."""
    names = [name for name in pair.first.names if name in pair.second.names]
    address.recall(LABEL, names, _clearest(pair, names))
    label = st.selectbox(
        "Label",
        names,
        key=LABEL,
        format_func=lambda name: all_labels()[name].title,
    )
    found = disagreements(pair.truth, pair.first.stored, pair.second.stored, label)
    st.html(f'<p class="ecgkt-basis">{escape(_told(pair, found))}</p>')
    folder = sources.local_folder()
    openable = _is_the_cohorts(folder, found)
    left, right = st.columns(2, gap="medium")
    with left:
        st.html('<p class="ecgkt-heading">Where they disagree most</p>')
        _list(pair, found, found.most(SHOWN), openable, "most")
    with right, st.container(key="compare_drawn"):
        st.html('<p class="ecgkt-heading">A random sample of the disagreements</p>')
        _list(pair, found, found.sample(SHOWN, st.session_state.get(DRAW, 0)), openable, "drawn")
        st.button("Draw others", on_click=_draw_others)
    st.caption(_where(folder, openable))


def _clearest(pair: Pair, names: list[str]) -> str:
    """Return the label whose difference is the clearest."""
    known = {name: one.q for name, one in pair.comparison.labels.items() if one.q is not None and name in names}
    return min(known, key=lambda name: known[name], default=names[0])


def _told(pair: Pair, found: Disagreements) -> str:
    """Say what a disagreement is, how many there are, and how often each arm alone was right."""
    first, second = pair.keys
    said = []
    for who, chosen in (
        ("both", found.both),
        (f"{first} alone", found.first_only),
        (f"{second} alone", found.second_only),
    ):
        carried, known, n = found.carried(chosen)
        said.append(f"{who} {n:,} ({carried:,} of {known:,} known have it)")
    figures = "Calibrated frequencies" if found.calibrated else "Ranks in this cohort, of 100 ECGs (uncalibrated here)"
    return (
        f"Each flags its {found.flagged:,} highest ECGs, as many as have the label. Flagged by {'; by '.join(said)}. "
        f"{figures}: {first}, then {second}."
    )


def _list(pair: Pair, found: Disagreements, places: NDArray[np.intp], openable: bool, key: str) -> None:
    if not len(places):
        st.caption("None: both flag the same ECGs.")
    for place in places:
        number = int(found.rows.record_ids[place])
        facts, answers = _line(found, int(place))
        if openable:
            if st.button(
                f":primary[{number}] · {facts}: **{answers}**",
                key=f"compare_press_{key}_{number}",
                type="tertiary",
                help=f"Open study {number} on the Case page",
                on_click=sources.open_study,
                args=(number,),
            ):
                if state.problem() is None:
                    st.switch_page(CASE_PAGE)
                st.error(state.problem())
        else:
            st.html(f'<p class="ecgkt-basis">{number} · {escape(facts)}: <b>{escape(answers)}</b></p>')


def _line(found: Disagreements, place: int) -> tuple[str, str]:
    """Return who it is and whether they carry the label, and both arms' figures."""
    rows = found.rows
    age, male = rows.ages[place], rows.sex_male[place]
    person = [f"{age:.0f} years" if not np.isnan(age) else "", {1.0: "man", 0.0: "woman"}.get(float(male), "")]
    carries = {1.0: "has it", 0.0: "does not have it"}.get(float(found.truth[place]), "not known")
    facts = " ".join(one for one in (*person, str(rows.settings[place])) if one)
    a, b = (_figure(float(values[place]), found.calibrated) for values in (found.first, found.second))
    return f"{facts}, {carries}", f"{a}, {b}"


def _figure(value: float, calibrated: bool) -> str:
    return natural_frequency(value) if calibrated else ordinal(max(1, round(100 * value)))


def _is_the_cohorts(folder: MimicFolder | None, found: Disagreements) -> bool:
    """Return whether a local folder lists every ECG of the part for the same patient.

    One ECG alone says nothing: simulated cohorts of other seeds share many numbers, and would open another patient.
    """
    if folder is None:
        return False
    patients = dict(zip(folder.study_ids.tolist(), folder.subject_ids.tolist(), strict=True))
    rows = zip(found.rows.record_ids.tolist(), found.rows.subject_ids.tolist(), strict=True)
    return all(patients.get(record) == who for record, who in rows)


def _draw_others() -> None:
    st.session_state[DRAW] = st.session_state.get(DRAW, 0) + 1


def _where(folder: MimicFolder | None, openable: bool) -> str:
    if openable:
        return "One click opens an ECG on the Case page, from the folder that the app was opened with."
    if folder is not None:
        return "Record ids of the cohort. The folder that the app was opened with holds other ECGs than this cohort's."
    return "Record ids of the cohort: open the app with --records and the cohort's ECG folder to open them here."
