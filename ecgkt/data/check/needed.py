"""Which tables a recipe needs, which it can do without, and what it then lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ecgkt.catalogue.cohort_recipes import CohortRecipe
from ecgkt.data.check.findings import Findings, lack, problem
from ecgkt.mimic import Sources, table

REQUIRED = ("record_list", "patients", "admissions", "diagnoses_icd", "labevents")
FOLDS = "records_w_diag_icd10.csv"
"""MIMIC-IV-ECG-Ext-ICD's table, which holds its published folds; found as `ext_icd`."""
_LACKING: Mapping[str, str] = {
    "machine_measurements": "no targets on the tracing (they come from the machine's statements)",
    "edstays": "no emergency stays, so no vital signs and no codes of visits that ended there",
    "ed_diagnosis": "no codes for visits that ended in the emergency department",
    "vitalsign": "no vital signs charted during emergency stays",
    "triage": "no vital signs and no acuity of the arrival",
    "omr": "no body-mass index, weight or height",
}


def check_files(sources: Sources, recipe: CohortRecipe) -> Findings:
    """Look for each table that the recipe uses: found once, twice, or not at all."""
    found = Findings()
    for name in used(recipe):
        files = sources.found.get(name, ())
        if len(files) > 1:
            found += _twice(table(name).path, files)
        elif not files:
            found += _missing(name, recipe)
    if recipe.split == "strat_fold":
        files = sources.found.get("ext_icd", ())
        if len(files) > 1:
            found += _twice(FOLDS, files)
        elif not files:
            found += lack(f"No {FOLDS}[.gz]: the split will be by hash, not by the published folds.")
    return found


def _twice(name: str, files: tuple[Path, ...]) -> Findings:
    return problem(
        f"one file of the table {name}",
        f"{len(files)}: {' and '.join(str(file) for file in files)}",
        "leave out all folders but one, or keep one of the files",
    )


def required(recipe: CohortRecipe) -> tuple[str, ...]:
    """Return the tables without which the recipe makes no cohort."""
    anchored = any(take.window.anchor == "ed_arrival" for take in recipe.takes.values())
    return (*REQUIRED, "edstays") if recipe.setting == "ed" or anchored else REQUIRED


def used(recipe: CohortRecipe) -> Iterator[str]:
    """Yield every table that the recipe reads, required ones first."""
    yield from required(recipe)
    measured = {one.table for one in recipe.measurements}
    for name in _LACKING:
        wanted = name not in required(recipe)
        if name in ("vitalsign", "triage"):
            wanted = name in recipe.vital_tables or name in measured
        elif name == "omr":
            wanted = name in measured
        if wanted:
            yield name


def _missing(name: str, recipe: CohortRecipe) -> Findings:
    file = f"{table(name).path}[.gz]"
    if name in required(recipe):
        return problem(
            f"the table {file}, which the recipe {recipe.name} needs",
            "no such file in the folders given or two levels below",
            "name its folder too, or download it",
        )
    return lack(f"No {file}: {_LACKING[name]}.")
