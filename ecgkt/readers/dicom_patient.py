"""Age and sex from a DICOM file; the dates behind the age are dropped."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from ecgkt.readers.dicom_elements import text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_AGE = re.compile(r"(?P<count>[0-9]{1,3})(?P<unit>[DWMY])")
_PER_YEAR = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}
_SEXES = {"F": "female", "M": "male"}
_OLDEST_YEARS = 130


def age_in_years(dataset: Dataset) -> float | None:
    """Return Patient's Age, else the whole years from birth to study; None where neither is known or plausible."""
    stated = _AGE.fullmatch(text(dataset, "PatientAge") or "")
    age: float | None
    if stated:
        age = int(stated["count"]) / _PER_YEAR[stated["unit"]]
    else:
        born = _date(text(dataset, "PatientBirthDate"))
        seen = _date(text(dataset, "StudyDate")) or _date(text(dataset, "AcquisitionDateTime"))
        age = None if born is None or seen is None else _whole_years(born, seen)
    return age if age is not None and 0 <= age <= _OLDEST_YEARS else None


def sex(dataset: Dataset) -> str | None:
    """Return Patient's Sex; None where it is unknown or other."""
    return _SEXES.get(text(dataset, "PatientSex") or "")


def _whole_years(born: date, seen: date) -> float:
    return float(seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day)))


def _date(spelled: str | None) -> date | None:
    if spelled is None or not re.match(r"[0-9]{8}", spelled):
        return None
    try:
        return date(int(spelled[:4]), int(spelled[4:6]), int(spelled[6:8]))
    except ValueError:
        return None
