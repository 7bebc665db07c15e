"""Arrays in, Estimates out: discrimination with subject-level intervals, and calibration."""
