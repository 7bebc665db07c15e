"""The app: log-in where it is wanted, and navigation over the pages."""

import streamlit as st

from ecgkt.dashboard import login

login.require()
st.navigation(
    [
        st.Page("pages/case.py", title="Case", default=True),
        st.Page("pages/compare.py", title="Compare"),
        st.Page("pages/what_if.py", title="What if"),
        st.Page("pages/cohort.py", title="Cohort"),
        st.Page("pages/work_list.py", title="Work list"),
        st.Page("pages/about.py", title="About"),
    ],
    position="top",
).run()
