"""What is chosen on the Compare page stands in its address: opening the address shows the same page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")
_CHOSEN = "compare_chosen"


def recall(key: str, options: Sequence[T], otherwise: T) -> None:
    """Give a widget its value before it is drawn: what the session chose, what the address says, or `otherwise`.

    A value that is no option (any more) counts for nothing.
    """
    if st.session_state.get(key) not in options:
        kept = st.session_state.get(_CHOSEN, {}).get(key)
        told = {str(option): option for option in options}
        named = st.query_params.get(key, "")
        st.session_state[key] = kept if kept in options else told.get(named, otherwise)


def recall_several(key: str, options: Sequence[str], otherwise: Sequence[str]) -> None:
    """Give a widget of several values its values before it is drawn, as `recall` does."""
    found = st.session_state.get(key)
    if found is None:
        found = st.session_state.get(_CHOSEN, {}).get(key) or st.query_params.get_all(key) or otherwise
    st.session_state[key] = [name for name in found if name in options]


def write(*keys: str) -> None:
    """Put what these widgets hold into the address, and remember it for when another page has been looked at."""
    held = {key: st.session_state[key] for key in keys if key in st.session_state}
    st.session_state[_CHOSEN] = {**st.session_state.get(_CHOSEN, {}), **held}
    told = {key: [str(one) for one in value] if isinstance(value, list) else str(value) for key, value in held.items()}
    st.query_params.from_dict(told)
