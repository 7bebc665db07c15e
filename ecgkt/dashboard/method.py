"""How a map is made: the method and the baseline that a reader chooses, held in the address."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import Card
from ecgkt.dashboard import address, loading, state
from ecgkt.dashboard.state import Case
from ecgkt.domain import Explanation, LabelSet
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.baselines import BASELINES, ZERO
from ecgkt.explain.methods import DEFAULT, METHODS
from ecgkt.explain.told import made as made
from ecgkt.explain.told import misses as misses
from ecgkt.explain.told import subject as subject

METHOD, BASELINE, MINUS = "method", "baseline", "minus"
WORDS = (METHOD, BASELINE, MINUS)
"""What of this stands in an address."""
_REFUSED, _MINUS_OF = "method_refused", "minus_of"


def recall(labels: LabelSet, target: str | None) -> None:
    """Take method, baseline and the target to take away from a followed address or from what the session chose.

    What is taken away belongs to the `target` for which it was chosen, and goes with it.
    """
    held = st.session_state
    address.recall(METHOD, list(METHODS), DEFAULT, "method", silent=True)
    address.recall(BASELINE, list(BASELINES), ZERO, "baseline", silent=True)
    if address.followed():
        held[MINUS], held[_MINUS_OF] = address.asked(MINUS), target
    minus = held.get(MINUS)
    if minus is not None and minus not in labels.names:
        address.trouble(f"There is no map minus {address.quoted(minus)}, a target that this model does not have.")
    kept = minus in labels.names and minus != target and held.get(_MINUS_OF) == target
    held[MINUS], held[_MINUS_OF] = minus if kept else None, target


def trace(folder: Path, card: Card, case: Case, target: str, turn: DeltaGenerator) -> Explanation | None:
    """Return the map of a target by the chosen method, computed once in a session and in its turn.

    Its short checks and the features that the scores were read from are kept beside it. None where the method cannot
    be used on this ECG; `show` then says why.
    """
    (name, baseline), minus = _chosen(), st.session_state.get(MINUS)
    key = (case.id, card.id, target, name, baseline, minus or "")
    found: Explanation | None = state.kept(key)
    try:
        if found is None:
            traced = loading.trace(
                folder,
                case.record,
                target,
                turn,
                method=name,
                baseline=baseline,
                minus=minus,
                measured=state.measured(case),
            )
            found = traced.explanation
            state.keep(key, found)
            state.keep(state.features_key(case, card.id), traced.features)
            state.keep_checks(case, found, traced.rails)
    except (InvalidValue, UnknownName) as error:
        st.session_state[_REFUSED] = str(error)
        return None
    st.session_state.pop(_REFUSED, None)
    return found


def show(labels: LabelSet, target: str) -> None:
    """Draw the choice, folded away under one line, and why there is no map where the method cannot be used."""
    name, _ = _chosen()
    refused = st.session_state.get(_REFUSED)
    if refused:
        st.info(f"No map by {name}. {refused}")
    with st.popover(f"Map by {name}", key="method_choice"):
        chosen = st.selectbox("Method", list(METHODS), key=METHOD, format_func=_title)
        one = METHODS[chosen]
        st.caption(f"{one.description} {one.coarse}".strip())
        st.selectbox(
            "Baseline: what the ECG is compared with",
            list(BASELINES),
            key=BASELINE,
            format_func=_title,
            disabled=not one.takes_baseline,
        )
        st.caption(f"{_title(BASELINES[st.session_state[BASELINE]])}." if one.takes_baseline else _own_baseline(chosen))
        st.selectbox(
            f"Of {labels[target].title} alone, or minus another target",
            [None, *(other for other in labels.names if other != target)],
            key=MINUS,
            format_func=lambda other: "Alone" if other is None else f"Minus {labels[other].title}",
        )


def _chosen() -> tuple[str, str]:
    held = st.session_state
    name, baseline = held.get(METHOD, DEFAULT), held.get(BASELINE, ZERO)
    return name, baseline if METHODS[name].takes_baseline else ZERO


def _own_baseline(name: str) -> str:
    own = METHODS[name].baseline
    return f"{_title(name)} compares with {own}." if own != "none" else f"{_title(name)} takes no baseline."


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]
