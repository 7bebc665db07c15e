"""The three stages, each one file: align, labs, diagnoses."""
