"""Cohort: on whom models were trained and measured, in counts."""

import streamlit as st

from ecgkt.dashboard import cohort, frame
from ecgkt.errors import EcgktError

frame.page("Cohort")
try:
    cohort.show()
except EcgktError as error:
    st.error(str(error))
