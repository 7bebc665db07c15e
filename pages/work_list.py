"""Work list: many ECGs scored, sorted, and opened one by one."""

import streamlit as st

from ecgkt.dashboard import frame, work_list
from ecgkt.errors import EcgktError

frame.page("Work list")
try:
    work_list.show()
except EcgktError as error:
    st.error(str(error))
