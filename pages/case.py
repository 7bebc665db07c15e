"""Case: the ECG large, the opinion beside it."""

import streamlit as st

from ecgkt.dashboard import frame, loading, measured, reading, recorded, sources, state
from ecgkt.errors import EcgktError

frame.page("Case")
try:
    sources.choose()
    model = sources.choose_model()
    if (sentence := state.problem()) is not None:
        st.error(sentence)
    if (case := state.current_case()) is not None:
        reading.show_heading(case)
        reading.show_reading(model)
        measured.show(case)
        recorded.show(case, loading.card(model))
except EcgktError as error:
    st.error(str(error))
