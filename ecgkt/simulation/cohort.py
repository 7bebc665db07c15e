"""A simulated cohort on disk in MIMIC's own layout, made shard by shard so that it can be resumed."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from ecgkt import __version__
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.mimic import TABLES
from ecgkt.parallel import in_shards
from ecgkt.simulation.clock import at, first_recorded
from ecgkt.simulation.lab_rows import item_rows, lab_lines
from ecgkt.simulation.layout import Rows, numbers_of, patient_rows, recording_rows
from ecgkt.simulation.patients import draw_patient
from ecgkt.simulation.plans import plan_record, recording_hours
from ecgkt.simulation.readings import read_tracings
from ecgkt.simulation.settings import SimulationSettings
from ecgkt.simulation.visits import draw_visit
from ecgkt.simulation.waveform_files import write_record
from ecgkt.simulation.waveforms import synthesise

STATEMENT = "SIMULATED data, no patient; no clinician has reviewed this"
_SHARD = 50
_PARTS = "parts"
_PLAIN = ("record_list", "machine_measurements")
_COMPRESSION = 6


def simulate_cohort(
    folder: Path,
    patients: int,
    seed: int,
    settings: SimulationSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
    device: str = "cpu",
    workers: int = 1,
) -> Path:
    """Write a cohort and return the path of its manifest; what a broken run left is kept and finished.

    `workers` processes share the work (one on a GPU); the files are the same whatever their number. `progress` is
    called with patients done and patients in all. Raises InvalidCohort where the folder holds a cohort of another
    seed, size, version or settings.
    """
    if not 1 <= patients <= 3_000_000:
        raise InvalidValue("1 to 3,000,000 patients", f"{patients}", "choose a number in that range")
    settings = settings or SimulationSettings()
    folder = Path(folder)
    recipe = {"seed": seed, "patients": patients, "version": __version__, "settings": settings.to_json()}
    manifest = folder / "manifest.json"
    if _finished(manifest, recipe):
        return manifest
    _claim(folder, recipe)
    every = [(first, min(first + _SHARD, patients)) for first in range(0, patients, _SHARD)]
    shards = [
        (folder, first, last, seed, settings, device) for first, last in every if not _part(folder, first).is_dir()
    ]
    done = patients - sum(shard[2] - shard[1] for shard in shards)
    for position, _ in in_shards(_write_shard, shards, workers):
        done += shards[position][2] - shards[position][1]
        if progress is not None:
            progress(done, patients)
    counts = _join_tables(folder)
    _write_json(manifest, {"simulated": True, "statement": STATEMENT, **recipe, **counts})
    shutil.rmtree(folder / _PARTS)
    return manifest


def _finished(manifest: Path, recipe: dict[str, object]) -> bool:
    if not manifest.is_file():
        return False
    found = json.loads(manifest.read_text(encoding="utf-8"))
    _agree(found, recipe)
    return True


def _claim(folder: Path, recipe: dict[str, object]) -> None:
    """Make the folder this recipe's; refuse one that was begun for another."""
    (folder / _PARTS).mkdir(parents=True, exist_ok=True)
    claim = folder / _PARTS / "recipe.json"
    if claim.is_file():
        _agree(json.loads(claim.read_text(encoding="utf-8")), recipe)
    _write_json(claim, recipe)


def _agree(found: dict[str, object], recipe: dict[str, object]) -> None:
    for key, wanted in recipe.items():
        if found.get(key) != wanted:
            raise InvalidCohort(f"a cohort with {key} {wanted}", f"one with {found.get(key)}", "choose an empty folder")


def _write_json(path: Path, content: dict[str, object]) -> None:
    whole = path.with_suffix(".tmp")
    whole.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    whole.replace(path)


def _part(folder: Path, first: int) -> Path:
    return folder / _PARTS / f"{first:08d}"


def _write_shard(folder: Path, first: int, last: int, seed: int, settings: SimulationSettings, device: str) -> None:
    """Write the records of some patients, then their table rows in one step that marks the shard as done."""
    people = [draw_patient(seed, number, settings) for number in range(first, last)]
    counts = [len(recording_hours(seed, patient, settings)) for patient in people]
    plans = [
        plan_record(seed, p.number, k, settings) for p, count in zip(people, counts, strict=True) for k in range(count)
    ]
    readings, signals = read_tracings(plans), synthesise(plans, torch.device(device)).cpu().numpy()
    rows: Rows = {name: [] for name in TABLES if name not in ("d_labitems", "labevents")}
    results: list[str] = []
    for plan, reading, signal in zip(plans, readings, signals, strict=True):
        number = plan.patient.number
        ids = numbers_of(number, counts[number - first], settings.most_ecgs)
        start = first_recorded(seed, number)
        if plan.number == 0:
            visit = draw_visit(seed, plan.patient, plan.tracing, settings)
            _extend(rows, patient_rows(visit, ids, start))
            results.append(lab_lines(visit, ids, start))
        when = at(start, visit.ecg_hours[plan.number])
        path = write_record(folder, ids.subject_id, ids.study_ids[plan.number], when, signal)
        _extend(rows, recording_rows(plan, reading, ids, when, path.as_posix()))
    _write_part(_part(folder, first), rows, results)


def _extend(rows: Rows, more: Rows) -> None:
    for name, found in more.items():
        rows[name] += found


def _write_part(part: Path, rows: Rows, results: Iterable[str]) -> None:
    """Write one file per table, without headers."""
    unfinished = part.with_suffix(".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, found in rows.items():
        with (unfinished / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            _write_rows(file, TABLES[name].header, found)
    (unfinished / "labevents.csv").write_text("".join(results), encoding="utf-8", newline="")
    unfinished.replace(part)


def _write_rows(file: Any, header: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows in the order of the header; what is missing, None or NaN is an empty field."""
    writer = csv.writer(file, lineterminator="\n")
    for row in rows:
        values = (row.get(column) for column in header)
        writer.writerow(["" if value is None or value != value else value for value in values])


def _join_tables(folder: Path) -> dict[str, object]:
    """Join the parts into MIMIC's files; return their row counts and how often each code was given."""
    counts: dict[str, int] = {}
    parts = sorted(path for path in (folder / _PARTS).iterdir() if path.is_dir())
    for name, table in TABLES.items():
        target = folder / (table.path if name in _PLAIN else table.path + ".gz")
        target.parent.mkdir(parents=True, exist_ok=True)
        files = [part / f"{name}.csv" for part in parts]
        if name == "d_labitems":
            files = [folder / _PARTS / "d_labitems.csv"]
            with files[0].open("w", newline="", encoding="utf-8") as file:
                _write_rows(file, table.header, item_rows())
        with target.open("wb") as raw:
            if name in _PLAIN:
                counts[name] = _concatenate(raw, table.header, files)
            else:
                with gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed:
                    counts[name] = _concatenate(packed, table.header, files)
    return {"rows": counts, "codes": _common_codes(parts)}


def _concatenate(target: BinaryIO | gzip.GzipFile, header: tuple[str, ...], parts: Iterable[Path]) -> int:
    """Write the header and the text of the parts; return the number of rows (no field holds a line break)."""
    target.write((",".join(header) + "\n").encode())
    rows = 0
    for part in parts:
        text = part.read_bytes()
        rows += text.count(b"\n")
        target.write(text)
    return rows


def _common_codes(parts: Iterable[Path]) -> dict[str, int]:
    """Return the commonest codes of the admissions with their counts."""
    place = TABLES["diagnoses_icd"].header.index("icd_code")
    codes: Counter[str] = Counter()
    for part in parts:
        with (part / "diagnoses_icd.csv").open(newline="", encoding="utf-8") as file:
            codes.update(row[place] for row in csv.reader(file))
    return dict(codes.most_common(40))
