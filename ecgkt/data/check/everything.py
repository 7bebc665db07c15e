"""The whole look at source folders, in the order in which a person would want to read it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ecgkt.catalogue.cohort_recipes import CohortRecipe, cohort_recipe
from ecgkt.data.check import needed, people, room, tables, versions, waveforms
from ecgkt.data.check.findings import Findings, fact, in_words, problem
from ecgkt.mimic import Sources, find_sources, table

T = TypeVar("T")


def check_sources(
    folders: Sequence[Path], *, recipe: str = "ours", out: Path | None = None, thorough: bool = False
) -> Findings:
    """Look at the folders that `prepare` would be given; nothing is written and no large file is read whole.

    `out` is where the prepared cohort is to go. `thorough` reads every table to its end, against `SHA256SUMS.txt`
    where that lies with it: minutes on the whole of MIMIC-IV. Raises InvalidCohort where a folder does not exist,
    UnknownName for an unknown recipe; all else is among the findings.
    """
    rule = cohort_recipe(recipe)
    sources = find_sources(folders)
    found, sound = _check_tables(sources, rule, thorough)
    unread, listing = _read(people.read_listing, "record_list", sources, sound)
    found += unread
    unread, patients = _read(people.read_patients, "patients", sources, sound)
    found += unread + versions.check_versions(sources, listing, patients)
    if listing is not None:
        found += _check_records(sources, rule, listing, patients, out)
    found += room.check_memory()
    return found if out is None else found + room.check_out(out, sources, rule)


def _read(reader: Callable[[Path], T], name: str, sources: Sources, sound: set[str]) -> tuple[Findings, T | None]:
    """Read a table that looked sound; a fault further down is a problem as well."""
    if name not in sound:
        return Findings(), None
    path = sources.path(name)
    try:
        return Findings(), reader(path)
    except (*tables.BROKEN, csv.Error, UnicodeDecodeError, IndexError) as error:
        return problem(f"the whole of {path}", f"a fault further down ({error})", tables.AGAIN), None


def _check_tables(sources: Sources, recipe: CohortRecipe, thorough: bool) -> tuple[Findings, set[str]]:
    """Return what was found and the names of the tables that can be read."""
    found = needed.check_files(sources, recipe)
    sound = set()
    size = 0
    for name in needed.used(recipe):
        for path in sources.found.get(name, ()):
            try:
                one = tables.check_table(path, table(name), thorough)
                size += path.stat().st_size
            except OSError as error:
                one = problem(f"to read {path}", f"{error.strerror}", "check the path and who may read there")
            if one.lacking and name in needed.required(recipe):
                one = problem(f"rows in {path}", "a header alone", tables.AGAIN)
            found += one
            if one.good and len(sources.found[name]) == 1:
                sound.add(name)
    return found + fact(f"{len(sound)} tables of {in_words(size)} in all can be read."), sound


def _check_records(
    sources: Sources,
    recipe: CohortRecipe,
    listing: people.Listing,
    patients: people.Patients | None,
    out: Path | None,
) -> Findings:
    found = people.check_listing(listing)
    ecgs = len(listing)
    if patients is not None:
        overlap, ecgs = people.check_overlap(listing, patients)
        found += overlap
    seen, share = waveforms.check_waveforms(sources.waveforms, listing)
    found += seen
    if recipe.setting == "ed":
        found += fact(f"Of these, only ECGs within {recipe.ed_minutes:g} min of an emergency arrival will be kept.")
    return found + room.check_room(round(ecgs * share), out)
