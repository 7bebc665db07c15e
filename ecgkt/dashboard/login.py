"""Log-in by OpenID Connect, where the app was opened with it: before it nothing of the app is drawn."""

from __future__ import annotations

import os

import streamlit as st

from ecgkt import NOTICE

SETTING, ON = "ECGKT_LOGIN", "on"


def wanted() -> bool:
    """Whether whoever uses the app must have logged in."""
    return os.environ.get(SETTING, "").strip().lower() == ON


def require() -> None:
    """Go on where no log-in is wanted or this visitor has logged in; else draw the way there and end the run."""
    if not wanted() or st.user.get("is_logged_in") is True:
        return
    st.navigation([st.Page(_ask, title="Log in")], position="hidden").run()
    st.stop()


def offer_log_out() -> None:
    """Draw a button that ends the visit at the foot of the sidebar, where a log-in was wanted."""
    if wanted():
        st.sidebar.button("Log out", on_click=st.logout, width="stretch")


def _ask() -> None:
    st.set_page_config(page_title="Log in · ecgkt", layout="centered")
    st.title("ecgkt")
    st.write(NOTICE)
    st.button("Log in", on_click=st.login, type="primary")
