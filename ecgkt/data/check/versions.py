"""Which version of MIMIC a folder holds, from whatever tells: its name, its README, its years, how many it holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ecgkt.data.check.findings import Findings, fact
from ecgkt.data.check.people import Listing, Patients
from ecgkt.mimic import Sources

MANIFEST = "manifest.json"
ECGS_1_0 = 800_035
"""Records of MIMIC-IV-ECG 1.0 (Gow 2023, doi 10.13026/4nqg-sb35)."""
PATIENTS = {299_712: "version 2.2", 364_627: "version 3.0 and 3.1", 100: "the demo"}
"""Rows of patients.csv by version of MIMIC-IV (Johnson 2023 and 2024, as PhysioNet publishes them)."""
NEW_YEARS = "2020 - 2022"
"""A group of anchor years that MIMIC-IV has had since 3.0."""
_NAMES = {
    "ecg": re.compile(r"mimic-?iv-ecg[a-z-]*[-/](\d\.\d)"),
    "hosp": re.compile(r"mimic-?iv(?:-clinical-database)?(?:-demo)?[-/](\d\.\d)"),
    "ed": re.compile(r"mimic-?iv-ed(?:-demo)?[-/](\d\.\d)"),
}
_LICENCES = {"open database license": "open", "credentialed": "credentialed"}


def check_versions(sources: Sources, listing: Listing | None, patients: Patients | None) -> Findings:
    """Tell what each download is; a version that is not known is a fact, since the columns decide."""
    found = Findings()
    for title, part, name in (
        ("MIMIC-IV-ECG", "ecg", "record_list"),
        ("MIMIC-IV", "hosp", "patients"),
        ("MIMIC-IV-ED", "ed", "edstays"),
    ):
        files = sources.found.get(name, ())
        if len(files) != 1:
            continue
        simulated = simulated_manifest(files[0])
        if simulated is not None:
            numbers = ", ".join(f"{key} {simulated[key]}" for key in ("patients", "seed") if key in simulated)
            sentence = f"{title}'s tables of a SIMULATED cohort ({numbers or 'by its manifest'})."
        else:
            signs = [*_signs_around(files[0], part), *_signs_inside(part, listing, patients)]
            sentence = f"{title}: {'; '.join(signs)}." if signs else f"{title}: a version that could not be told."
        found += fact(sentence)
    return found


def simulated_manifest(path: Path) -> dict[str, Any] | None:
    """Return the manifest of the simulated cohort that a table belongs to, or None."""
    for folder in (path.parent, path.parent.parent):
        content = read_manifest(folder / MANIFEST)
        if content is not None and content.get("simulated"):
            return content
    return None


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Return a manifest's content, or None where there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _signs_around(path: Path, part: str) -> list[str]:
    """Return what the folder's name and the texts in it say."""
    signs = []
    folders = [folder for folder in list(path.parents)[:3] if folder.name]
    named = _NAMES[part].search("/".join(folder.name for folder in reversed(folders)).lower())
    if named is not None:
        signs.append(f"version {named[1]} by the folder's name")
    for folder in folders[:2]:
        if "clinical database demo" in _text(folder / "README.txt"):
            signs.append("the open demo by its README")
        licence = _text(folder / "LICENSE.txt")
        signs += [f"{kind} by its licence" for mark, kind in _LICENCES.items() if mark in licence][:1]
    return list(dict.fromkeys(signs))


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return " ".join(file.read(4000).lower().split())
    except OSError:
        return ""


def _signs_inside(part: str, listing: Listing | None, patients: Patients | None) -> list[str]:
    signs = []
    if part == "ecg" and listing is not None and len(listing) == ECGS_1_0:
        signs.append("as many ECGs as version 1.0")
    if part == "hosp" and patients is not None:
        if len(patients.subject_ids) in PATIENTS:
            signs.append(f"as many patients as {PATIENTS[len(patients.subject_ids)]}")
        signs.append("3.0 or later by its years" if NEW_YEARS in patients.year_groups else "years to 2019")
    return signs
