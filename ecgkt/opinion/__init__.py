"""What is said of one ECG, in words: the same on a screen, on paper and in a file. No network, no Streamlit."""
