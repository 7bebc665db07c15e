"""What leaves the app: one ECG and what was said of it, as a report, a table, a document, a signal or a drawing."""
