"""What a prepared cohort will take: bytes on the disk, memory, and a folder that is free and may be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ecgkt.catalogue.cohort_recipes import CohortRecipe
from ecgkt.data.check.findings import Findings, fact, in_words, lack, problem
from ecgkt.data.check.versions import MANIFEST, read_manifest
from ecgkt.mimic import LEADS, SAMPLES, Sources

WAVEFORM_BYTES = len(LEADS) * SAMPLES * 2
"""Of one ECG in waveforms.i16."""
SIGNAL_BYTES = len(LEADS) * 1000 * 4
"""Of one preprocessed ECG, float32 at 100 Hz, as training keeps it."""
TABLE_BYTES = 4_000
"""Of one ECG in all parquet tables together, roughly."""
LEAST_MEMORY = 2_000_000_000
"""What `prepare` may use where nothing else is said."""


def check_room(n_ecgs: int, out: Path | None) -> Findings:
    """Tell what will be written for so many ECGs, and whether the disk of `out` has room for it."""
    prepared = n_ecgs * (WAVEFORM_BYTES + TABLE_BYTES)
    found = fact(
        f"Prepared, up to {n_ecgs:,} ECGs take about {in_words(prepared)}: waveforms.i16 "
        f"{in_words(n_ecgs * WAVEFORM_BYTES)}, tables about {in_words(n_ecgs * TABLE_BYTES)}; "
        f"training keeps a further {in_words(n_ecgs * SIGNAL_BYTES)} of preprocessed signals."
    )
    if out is None:
        return found
    there = (out / "waveforms.i16").stat().st_size if (out / "waveforms.i16").is_file() else 0
    free = shutil.disk_usage(_standing(out)).free
    if free < prepared - there:
        return found + problem(
            f"{in_words(prepared - there)} free for {out}", f"{in_words(free)}", "free some, or choose another disk"
        )
    if free < prepared - there + n_ecgs * SIGNAL_BYTES:
        found += lack(f"{in_words(free)} free for {out}: enough to prepare, too little for training's signals.")
    return found + fact(f"{in_words(free)} are free for {out}.")


def check_memory() -> Findings:
    """Tell the memory at hand, where the system says it."""
    available = available_memory()
    if available is None:
        return Findings()
    if available < LEAST_MEMORY:
        return lack(f"{in_words(available)} of memory are at hand: give prepare a smaller --memory.")
    return fact(f"{in_words(available)} of memory are at hand.")


def available_memory() -> int | None:
    """Return the bytes of memory that can be had without swapping; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    if {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(getattr(os, "sysconf_names", ())):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def check_out(out: Path, sources: Sources, recipe: CohortRecipe) -> Findings:
    """Look at the folder that is to be written: a folder, writable, and not another cohort's."""
    if out.exists() and not out.is_dir():
        return problem(f"a folder at {out}", "a file", "choose another name")
    if (out / "record_list.csv").exists() or (out / "record_list.csv.gz").exists():
        return problem(f"a folder of its own for the prepared cohort, not {out}", "a source folder", "choose another")
    found = Findings()
    try:
        with tempfile.TemporaryFile(dir=_standing(out)):
            pass
    except OSError as error:
        found += problem(f"to write in {out}", f"{error.strerror}", "choose another folder, or change who may write")
    return found + _other_cohort(out, sources, recipe)


def _other_cohort(out: Path, sources: Sources, recipe: CohortRecipe) -> Findings:
    if not (out / MANIFEST).exists():
        return Findings()
    content = read_manifest(out / MANIFEST)
    if content is None:
        return problem(f"a manifest that can be read in {out}", "one that cannot", "choose an empty folder")
    told = _recipe(content)
    if told is not None and told != recipe.name:
        return problem(f"a free folder or one of the recipe {recipe.name}", f"{out} of {told}", "choose another folder")
    before = _sizes(content.get("inputs"))
    now = {file.name: file.stat().st_size for files in sources.found.values() for file in files}
    changed = sorted(name for name, size in before.items() if now.get(name, size) != size)
    if changed:
        return problem(
            f"a free folder, or one prepared from these files, at {out}",
            f"a cohort prepared from other {', '.join(changed)}",
            "choose another folder",
        )
    return fact(f"{out} holds this cohort already; what is complete there will be kept.")


def _recipe(content: dict[str, Any]) -> str | None:
    """Return the recipe that a manifest names, at its top or among its settings."""
    settings = content.get("settings")
    named = content.get("recipe") or (settings.get("recipe") if isinstance(settings, dict) else None)
    return named if isinstance(named, str) else None


def _sizes(inputs: Any) -> dict[str, int]:
    """Return bytes by file name from a manifest's list of inputs, whichever way it is written."""
    rows = list(inputs.values()) if isinstance(inputs, dict) else inputs if isinstance(inputs, list) else []
    sizes = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("bytes"), int):
            name = row.get("path") or row.get("file") or row.get("name")
            if isinstance(name, str):
                sizes[Path(name).name] = row["bytes"]
    return sizes


def _standing(folder: Path) -> Path:
    """Return the folder itself, or the nearest one above it that exists."""
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    return folder
