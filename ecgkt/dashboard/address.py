"""What is chosen on a page stands in its address: opening the address shows the same page.

A page begins with `arrive`, gives each widget its value with `recall`, and ends its choices with `write`. A word of the
address is the key under which the session holds the same choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from ecgkt.dashboard.state import READ_FIRST, Beside, Case

T = TypeVar("T")
_ASKED, _KEPT, _KEYS, _WRITTEN, _TROUBLES, _USUAL = (
    f"address_{part}" for part in ("asked", "kept", "keys", "words", "said", "usual")
)
_LONGEST = 40


def arrive() -> None:
    """Begin a page: follow its address where that is not the one that this session wrote, as on a link and on Back.

    A choice that was just made goes before an address that is a moment older.
    """
    state = st.session_state
    state[_TROUBLES] = []
    words = {key: st.query_params.get_all(key) for key in st.query_params}
    if words and words != state.get(_WRITTEN) and not _changed():
        state[_ASKED] = dict(words)
        state[_WRITTEN], state[_KEYS] = words, ()


def followed() -> bool:
    """Whether this run follows an address: what that leaves out was not chosen."""
    return _ASKED in st.session_state


def asked(key: str) -> str | None:
    """Return what the address that is followed asks for under this key, once; None where it asks for nothing."""
    words = st.session_state.get(_ASKED, {}).pop(key, None)
    return words[-1] if words else None


def recall(key: str, options: Sequence[T], otherwise: T, what: str | None = None, *, silent: bool = False) -> T:
    """Give a widget its value before it is drawn: what a followed address says, what the session chose, or `otherwise`.

    A value that is no option (any more) counts for nothing; a link that asks for such a `what` is told so. `silent`, as
    every switch is, what is as usual does not stand in the address, and an address without it asks for `otherwise`.
    """
    state, spelled = st.session_state, {_spell(option): option for option in options}
    silent = silent or isinstance(otherwise, bool)
    if silent:
        state[_USUAL] = state.get(_USUAL, {}) | {key: otherwise}
    word = asked(key)
    if word is None and followed() and silent:
        word = _spell(otherwise)
    if word is not None and word not in spelled and what is not None:
        trouble(f"The link asks for the {what} {quoted(word)}, which is not here; {what} chosen instead", otherwise)
    value = otherwise
    for one in (state.get(_KEPT, {}).get(key), state.get(key), None if word is None else spelled.get(word)):
        if one is not None and one in options:
            value = one
    state[key] = value
    return value


def recall_several(key: str, options: Sequence[str], otherwise: Sequence[str], what: str | None = None) -> None:
    """Give a widget of several values its values before it is drawn, as `recall` does."""
    state = st.session_state
    words = state.get(_ASKED, {}).pop(key, None)
    for word in words or ():
        if word not in options and what is not None:
            trouble(f"The link asks for the {what} {quoted(word)}, which is not here.")
    found = words or state.get(key)
    if found is None:
        found = state.get(_KEPT, {}).get(key) or otherwise
    state[key] = [name for name in found if name in options]


def write(*keys: str) -> None:
    """Put what the session holds under these keys into the address, and keep it for when another page was looked at.

    An ECG that was uploaded or fetched has no word and never stands there.
    """
    state = st.session_state
    held = {key: state[key] for key in keys if key in state}
    state[_KEPT] = state.get(_KEPT, {}) | {key: one for key, one in held.items() if not isinstance(one, Case | Beside)}
    words = {key: told for key in held if (told := _words(key))}
    state.pop(_ASKED, None)
    state[_WRITTEN], state[_KEYS] = words, keys
    if words != {key: st.query_params.get_all(key) for key in st.query_params}:
        st.query_params.from_dict(words)


def trouble(sentence: str, instead: object = None) -> None:
    """Remember what of the followed address could not be opened here, and what is shown `instead`."""
    said = f"{sentence}: {_spell(instead).replace('_', ' ')}." if instead is not None else sentence
    st.session_state.setdefault(_TROUBLES, []).append(said)


def tell() -> None:
    """Say what of the address could not be opened here."""
    for sentence in st.session_state.get(_TROUBLES, ()):
        st.warning(sentence)


def quoted(word: str) -> str:
    """Return a word of an address as text that no markup can leave."""
    plain = "".join(letter for letter in word if letter.isprintable() and letter != "`")
    return f"`{plain[:_LONGEST]}`"


def _changed() -> bool:
    """Whether the session holds another choice than the address that it wrote."""
    state = st.session_state
    written = state.get(_WRITTEN, {})
    return any(key in state and _words(key) != written.get(key, []) for key in state.get(_KEYS, ()))


def _words(key: str) -> list[str]:
    """Return what the session holds as words of an address, none where nothing was chosen or all is silently usual."""
    held, usual = st.session_state.get(key), st.session_state.get(_USUAL, {})
    if key in usual and held == usual[key]:
        return []
    return [word for one in (held if isinstance(held, list) else [held]) if (word := _spell(one))]


def _spell(one: object) -> str:
    if isinstance(one, Beside):
        return one.case.link
    if isinstance(one, Case):
        return one.word(veiled=bool(st.session_state.get(READ_FIRST)))
    if isinstance(one, float):
        return f"{one:g}"
    if isinstance(one, bool):
        return "yes" if one else "no"
    return "" if one is None else str(one)
