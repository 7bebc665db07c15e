"""The bundled samples: simulated ones in MIMIC-IV-ECG's layout, and pydicom's own real 12-lead recording."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ecgkt import readers
from ecgkt.catalogue import lab_panel
from ecgkt.dashboard.state import Case
from ecgkt.domain import Domain, LabValue, MeasuredLabs
from ecgkt.errors import InvalidCohort

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "samples"
SIMULATED_BLOOD = "Measured: the simulated patient's own values."
REAL = "Real ECG (pydicom's sample)"


@cache
def listed() -> dict[str, dict[str, Any]]:
    """Return the simulated samples by title, in their order."""
    path = FOLDER / "samples.toml"
    if not path.is_file():
        raise InvalidCohort("the bundled samples", "none", "write them with `python -m ecgkt samples`")
    return {row["title"]: row for row in tomllib.loads(path.read_text(encoding="utf-8"))["samples"]}


def titles() -> tuple[str, ...]:
    """Return the titles to choose from; each simulated one says so."""
    return (*listed(), REAL)


def slug(title: str) -> str:
    """Return a sample's word in an address."""
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")


def veiled_slug(title: str) -> str:
    """Return a word in an address that does not say what the sample shows."""
    return f"sample-{hashlib.sha256(slug(title).encode()).hexdigest()[:6]}"


def named(word: str) -> str | None:
    """Return the title of the sample that a word of an address names, or None."""
    return {spell(title): title for title in titles() for spell in (slug, veiled_slug)}.get(word)


def veiled(title: str) -> str:
    """Return what a sample is called while its title would tell the answer."""
    number = titles().index(title) + 1
    return f"Sample {number}" if title == REAL else f"Sample {number} (simulated)"


def load(title: str) -> Case:
    """Open one sample."""
    return replace(_read(title), link=slug(title), veiled_link=veiled_slug(title))


def _read(title: str) -> Case:
    if title == REAL:
        return _real()
    row = listed()[title]
    record = readers.read_record(FOLDER / f"{row['path']}.hea")
    return Case(title, record, row["description"], _measured(row["labs"]))


def _real() -> Case:
    from pydicom.data import get_testdata_file

    path = get_testdata_file("waveform_ecg.dcm", download=False)
    record = replace(readers.read_record(Path(str(path))), domain=Domain.REAL)
    return Case(REAL, record, "A recording that comes with the pydicom package.")


def _measured(labs: dict[str, float]) -> MeasuredLabs:
    """Return the simulated patient's blood by analyte: values of the moment of the ECG."""
    panel = {lab.name for lab in lab_panel()}
    values = {name: LabValue(value, 0.0) for name, value in labs.items() if name in panel}
    return MeasuredLabs(values, frozenset(panel), SIMULATED_BLOOD)
