"""ecgkt: an explanation dashboard for ECG models, and the training code behind it."""

__version__ = "0.6.0"

NOTICE = "Research demonstration, not for diagnosis"
