"""Age and sex as files spell them; the dates behind an age are dropped."""

from __future__ import annotations

import re
from datetime import date

OLDEST_YEARS = 130

_PER_YEAR = {"year": 1.0, "a": 1.0, "y": 1.0, "month": 12.0, "mo": 12.0, "week": 52.18, "wk": 52.18, "day": 365.25}
_PER_YEAR |= {"yr": 1.0, "yrs": 1.0, "d": 365.25, "hour": 8766.0, "h": 8766.0}
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}


def years(age: float | None, unit: str) -> float | None:
    """Return an age in years from one in a unit ("YEARS", "a", "mo", "d"); None for another unit or above 130 years."""
    bare = unit.strip().lower()
    per_year = _PER_YEAR.get(bare) or _PER_YEAR.get(bare.rstrip("s"))
    if age is None or per_year is None:
        return None
    return plausible_age(age / per_year)


def plausible_age(age: float | None) -> float | None:
    """Return an age from 0 to 130 years, None for another."""
    return age if age is not None and 0 <= age <= OLDEST_YEARS else None


def sex_of(word: str) -> str | None:
    """Return "female" or "male" from how a file spells it, None for anything else."""
    return _SEXES.get(word.strip().lower())


def age_between(born: date | None, seen: date | None) -> float | None:
    """Return the whole years from birth to recording, None where either is not known or the order is wrong."""
    if born is None or seen is None:
        return None
    return plausible_age(float(seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))))


def day_of(spelled: str, *, month_first: bool = False) -> date | None:
    """Return the day in `19700131...` or `1970-01-31`, with `month_first` also `01-31-1970`; None for anything else."""
    digits = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", spelled.strip())
    parts = digits.groups() if digits else None
    if parts is None and month_first and (found := re.fullmatch(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", spelled.strip())):
        parts = found[3], found[1], found[2]
    if parts is None:
        return None
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        return None
