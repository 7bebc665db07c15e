"""A cohort's tables and waveforms, joined by role, split by patient; and labelled public collections."""
