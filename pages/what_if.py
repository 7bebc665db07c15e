"""What if: dials on a simulated patient, or a part of an ECG silenced."""

import streamlit as st

from ecgkt.dashboard import frame, what_if
from ecgkt.errors import EcgktError

frame.page("What if")
try:
    what_if.show()
except EcgktError as error:
    st.error(str(error))
