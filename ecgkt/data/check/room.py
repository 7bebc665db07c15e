"""What a prepared cohort will take: bytes on the disk, memory, and a folder that is free and may be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ecgkt import __version__
from ecgkt.catalogue.cohort_recipes import CohortRecipe
from ecgkt.data.check.findings import Findings, fact, in_words, lack, problem
from ecgkt.data.check.versions import MANIFEST, read_manifest
from ecgkt.mimic import LEADS, SAMPLES, Sources

WAVEFORM_BYTES = len(LEADS) * SAMPLES * 2
"""Of one ECG in waveforms.i16."""
SIGNAL_BYTES = len(LEADS) * 1000 * 4
"""Of one preprocessed ECG, float32 at 100 Hz, as training keeps it."""
TABLE_BYTES = 4_000
"""Of one ECG in all parquet tables together, roughly, with what lies there only while `prepare` runs."""
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
    """Hold what was prepared or begun in `out` against what would be prepared now."""
    begun, ended = out / "stage" / "key.json", out / MANIFEST
    if not (begun.exists() or ended.exists()):
        return Findings()
    content = read_manifest(ended if ended.exists() else begun)
    key = content.get("key") if content is not None and ended.exists() else content
    if not isinstance(key, dict):
        return problem(f"an empty folder at {out}", "one with a manifest of something else", "choose another folder")
    inputs = {name: _sign(paths[0]) for name, paths in sources.found.items() if paths}
    wanted = {"recipe": recipe.name, "version": __version__, "inputs": inputs}
    other = [name for name, value in wanted.items() if key.get(name) != value]
    if other:
        got = f"a cohort prepared with another {', '.join(other)}"
        return problem(f"an empty folder at {out}, or one of this same cohort", got, "choose another folder")
    return fact(f"{out} holds this cohort {'already' if ended.exists() else 'in part'}; what is whole is kept.")


def _sign(path: Path) -> dict[str, Any]:
    """Return what `prepare` knows an input file by."""
    found = path.stat()
    return {"file": path.name, "bytes": found.st_size, "modified": int(found.st_mtime)}


def _standing(folder: Path) -> Path:
    """Return the folder itself, or the nearest one above it that exists."""
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    return folder
