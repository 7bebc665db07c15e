"""Case: the ECG large, the opinion beside it."""

import streamlit as st

from ecgkt.dashboard import (
    frame,
    loading,
    measured,
    previous,
    reading,
    recorded,
    reveal,
    sources,
    state,
    windows,
    work_list,
)
from ecgkt.errors import EcgktError

frame.page("Case")
try:
    work_list.show_way_back()
    sources.choose()
    previous.choose()
    model = sources.choose_model()
    tally = reveal.choose()
    if (sentence := state.problem_beside_case()) is not None:
        st.error(sentence)
    if (case := state.current_case()) is not None:
        reading.show_heading(reveal.veil(case))
        above = st.container(key="above")
        windows.choose()
        reading.show_reading(model)
        measured.show(case, above, statements=not reveal.waits(case))
        recorded.show(case, loading.card(model), above)
    reveal.show_tally(tally)
except EcgktError as error:
    st.error(str(error))
