"""About: the card of the chosen model, in a reader's order."""

import streamlit as st

from ecgkt.dashboard import card, frame, loading, sources
from ecgkt.errors import EcgktError

frame.page("About")
try:
    folder = sources.choose_model()
    card.show(loading.card(folder), folder)
except EcgktError as error:
    st.error(str(error))
