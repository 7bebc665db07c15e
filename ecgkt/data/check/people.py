"""The listed ECGs and the patients of the hospital's tables: how many, and whether they are the same people."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from ecgkt.data.check.findings import Findings, fact, lack, problem
from ecgkt.data.check.tables import AGAIN, opened

_PLAIN = re.compile(r"[^/\\:\0][^\\:\0]*")


@dataclass(frozen=True)
class Listing:
    """The rows of record_list.csv: `subject_ids` and `paths` (n each, in its order), each study once, broken rows."""

    subject_ids: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    study_ids: set[str] = field(default_factory=set)
    broken: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class Patients:
    """The subjects of patients.csv and the groups of their anchor years."""

    subject_ids: frozenset[str] = frozenset()
    year_groups: frozenset[str] = frozenset()


def read_listing(path: Path) -> Listing:
    """Read the list of ECGs, as text; its columns must have been checked."""
    listing = Listing()
    with opened(path) as text:
        lines = csv.reader(text)
        header = next(lines)
        subject, study, where = (header.index(name) for name in ("subject_id", "study_id", "path"))
        for number, row in enumerate(lines, start=1):
            if len(row) != len(header):
                listing.broken.append(number)
            else:
                listing.subject_ids.append(row[subject])
                listing.paths.append(row[where])
                listing.study_ids.add(row[study])
    return listing


def read_patients(path: Path) -> Patients:
    """Read who the patients are, as text; the columns must have been checked."""
    subjects: set[str] = set()
    groups: set[str] = set()
    with opened(path) as text:
        lines = csv.reader(text)
        header = next(lines)
        subject, group = header.index("subject_id"), header.index("anchor_year_group")
        for row in lines:
            subjects.add(row[subject])
            groups.add(row[group])
    return Patients(frozenset(subjects), frozenset(groups))


def check_listing(listing: Listing) -> Findings:
    """Tell how many ECGs of how many people are listed; a study twice or a path that leads away is a problem."""
    found = fact(f"{len(listing):,} ECGs of {len(set(listing.subject_ids)):,} patients are listed.")
    if listing.broken:
        got = f"another number in {len(listing.broken):,}, row {listing.broken[0]:,} first"
        found += problem("as many columns as the header names in every row of record_list.csv", got, AGAIN)
    twice = len(listing) - len(listing.study_ids)
    if twice:
        found += problem("each study once in record_list.csv", f"{twice:,} more rows than studies", AGAIN)
    stray = next((path for path in listing.paths if not is_plain(path)), None)
    if stray is not None:
        found += problem("paths inside the folder of record_list.csv", f"{stray[:60]!r}", AGAIN)
    return found


def is_plain(path: str) -> bool:
    """Return whether a listed path stays below its folder."""
    return _PLAIN.fullmatch(path) is not None and ".." not in path


def check_overlap(listing: Listing, patients: Patients) -> tuple[Findings, int]:
    """Tell how many listed patients the hospital's tables know; return the number of their ECGs too."""
    listed = set(listing.subject_ids)
    known = listed & patients.subject_ids
    ecgs = sum(subject in known for subject in listing.subject_ids)
    if not known:
        none = problem(
            "patients with an ECG among those of hosp/patients.csv",
            f"none of {len(listed):,} with an ECG among {len(patients.subject_ids):,}",
            "give folders of the same patients (a demo holds 100 of them)",
        )
        return none, 0
    found = fact(f"{len(known):,} of them, with {ecgs:,} ECGs, are among the {len(patients.subject_ids):,} patients.")
    if len(known) < 0.5 * len(listed):
        found += lack(f"{len(listing) - ecgs:,} ECGs have no row in hosp/patients.csv and will be left out.")
    return found, ecgs
