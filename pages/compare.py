"""Compare: checkpoints side by side, on the open ECG and over a cohort."""

import streamlit as st

from ecgkt.dashboard import address, compare, frame, sources, state
from ecgkt.errors import EcgktError

frame.page("Compare")
try:
    sources.choose()
    if (sentence := state.problem_beside_case()) is not None:
        st.error(sentence)
    told = st.container()
    compare.show()
    with told:
        address.tell()
except EcgktError as error:
    st.error(str(error))
