"""Compare: checkpoints side by side, on the open ECG and over a cohort."""

import streamlit as st

from ecgkt.dashboard import compare, frame, sources, state
from ecgkt.errors import EcgktError

frame.page("Compare")
try:
    sources.choose()
    if (sentence := state.problem()) is not None:
        st.error(sentence)
    compare.show()
except EcgktError as error:
    st.error(str(error))
