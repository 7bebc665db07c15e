"""Models and limits here are for adults: a child's ECG is refused."""

from __future__ import annotations

ADULT_YEARS = 18.0


def under_age(years: float | None) -> str | None:
    """Return the sentence why an ECG is not judged by limits and models for adults; None from 18 years on.

    None as well where the age is not known (`years` None), which a screen has to say.
    """
    if years is None or years >= ADULT_YEARS:
        return None
    return (
        f"Wanted a patient of {ADULT_YEARS:.0f} years or more, got one of {years:.0f}: read this ECG without the "
        "model, which has learnt adults' ECGs alone."
    )
