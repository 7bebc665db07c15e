"""The app's parts: frame, state, sources of cases, the opinion. The only room that imports Streamlit."""
