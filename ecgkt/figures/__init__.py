"""A noun in, a figure out: the ECG as on paper, the overlay on it, the rows of scores. Knows no model and no page."""
