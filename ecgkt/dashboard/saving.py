"""Whether files may leave the app at all, and the one button that offers one."""

from __future__ import annotations

import os
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

SETTING, OFF = "ECGKT_EXPORTS", "off"


def allowed() -> bool:
    """Whether files may leave the app; the setting ECGKT_EXPORTS=off says that none may."""
    return os.environ.get(SETTING, "").strip().lower() != OFF


def offer(
    label: str,
    data: str | bytes | Callable[[], str | bytes],
    name: str,
    mime: str,
    *,
    key: str | None = None,
    place: DeltaGenerator | None = None,
    wide: bool = False,
) -> None:
    """Draw a button that saves a file, in a place if one is given; nothing where files may not leave.

    `wide`: as wide as what holds it. A callable is asked for the file when the button is pressed, outside the page.
    """
    if allowed():
        draw = st.download_button if place is None else place.download_button
        draw(label, data, name, mime, key=key, on_click="ignore", width="stretch" if wide else "content")
