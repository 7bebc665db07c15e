"""A MIMIC-IV-ECG-like folder whose waveforms are simulated from a real table of machine measurements."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from ecgkt import __version__
from ecgkt.errors import InvalidCohort
from ecgkt.mimic import table
from ecgkt.mimic.tables import REPORTS
from ecgkt.mimic.waveforms import record_path
from ecgkt.parallel import in_shards
from ecgkt.simulation.measured_intervals import USUAL, MeasuredIntervals, intervals_of, plan_measured, rhythm_of
from ecgkt.simulation.settings import SimulationSettings
from ecgkt.simulation.waveform_files import write_record
from ecgkt.simulation.waveforms import synthesise

STATEMENT = (
    "SIMULATED waveforms, made from measured intervals and axes; no waveform of these patients exists here, "
    "and no clinician has reviewed these"
)
_SHARD = 50
_DONE = "parts"


def simulate_measured(
    source: Path,
    folder: Path,
    seed: int = 0,
    settings: SimulationSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> Path:
    """Write record_list.csv, machine_measurements.csv, files/ and manifest.json; return the manifest's path.

    `source` is a CSV with the columns of MIMIC-IV-ECG's machine_measurements, report_0 to report_17 optional; its
    rows are copied through as they are printed. Each record has its row's RR, P, PR, QRS, QT and axes as far as they
    were measured; `settings` only decides how strong the artefacts are. A run that was stopped goes on where it was,
    and the files are the same whatever the number of `workers`. Raises InvalidCohort where the table is not readable
    or the folder holds something else.
    """
    settings = settings or SimulationSettings(faulty=0.0)
    rows = read_rows(source)
    recipe: dict[str, object] = {
        "source": {"name": source.name, "bytes": source.stat().st_size, "sha256": _sha256(source), "rows": len(rows)},
        "seed": seed,
        "version": __version__,
        "settings": settings.to_json(),
    }
    manifest = folder / "manifest.json"
    if manifest.is_file():
        _agree(manifest, recipe)
        return manifest
    _claim(folder, recipe)
    studies = [intervals_of(row) for row in rows]
    shards = [
        (folder, first, studies[first : first + _SHARD], seed, settings)
        for first in range(0, len(studies), _SHARD)
        if not _mark(folder, first).is_file()
    ]
    done = len(studies) - sum(len(shard[2]) for shard in shards)
    for position, _ in in_shards(_write_shard, shards, workers):
        done += len(shards[position][2])
        if progress is not None:
            progress(done, len(studies))
    _write_tables(folder, rows)
    _write_json(manifest, {"simulated": True, "statement": STATEMENT, **recipe, **_told(studies)})
    shutil.rmtree(folder / _DONE)
    return manifest


def read_rows(source: Path) -> list[dict[str, str]]:
    """Return the rows of a machine_measurements table as printed; raise InvalidCohort where it is none."""
    wanted = [name for name in table("machine_measurements").header if name not in REPORTS]
    try:
        frame = pd.read_csv(source, dtype=str, keep_default_na=False)
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise InvalidCohort(f"a table of machine measurements in {source}", f"{error}", "give such a CSV") from None
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise InvalidCohort(f"columns {', '.join(wanted)}", f"no {', '.join(missing)}", f"check {source.name}")
    twice = frame.loc[frame["study_id"].duplicated(), "study_id"].unique()
    if len(twice):
        raise InvalidCohort("each study once", f"{', '.join(twice[:3])} twice", f"check {source.name}")
    if frame.empty:
        raise InvalidCohort("at least one study", "none", f"check {source.name}")
    rows = [dict(zip(frame.columns, values, strict=True)) for values in frame.to_numpy().tolist()]
    for line, row in enumerate(rows, start=2):
        try:
            intervals_of(row)
            record_path(int(row["subject_id"]), int(row["study_id"]))
        except ValueError as error:
            raise InvalidCohort(
                "MIMIC's numbers and times", f"{error}", f"check line {line} of {source.name}"
            ) from None
    return rows


def _write_shard(
    folder: Path, first: int, studies: Sequence[MeasuredIntervals], seed: int, settings: SimulationSettings
) -> None:
    """Write some records, then the mark that they are done."""
    signals = synthesise([plan_measured(seed, study, settings) for study in studies]).numpy()
    for study, signal in zip(studies, signals, strict=True):
        write_record(folder, study.subject_id, study.study_id, study.at, signal)
    _mark(folder, first).touch()


def _mark(folder: Path, first: int) -> Path:
    return folder / _DONE / f"{first:08d}.done"


def _write_tables(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    measured, listed = table("machine_measurements"), table("record_list")
    frame = pd.DataFrame(rows)
    frame.reindex(columns=list(measured.header), fill_value="").to_csv(folder / measured.path, index=False)
    frame["file_name"] = frame["study_id"]
    frame["path"] = [record_path(int(row["subject_id"]), int(row["study_id"])) for row in rows]
    frame[list(listed.header)].to_csv(folder / listed.path, index=False)


def _told(studies: Sequence[MeasuredIntervals]) -> dict[str, object]:
    """Return how many records were given each rhythm, and how many a usual number for one that was not measured."""
    return {
        "rhythms": dict(Counter(rhythm_of(study) for study in studies).most_common()),
        "not_measured": {name: sum(name not in study.values for study in studies) for name in USUAL},
    }


def _claim(folder: Path, recipe: Mapping[str, object]) -> None:
    """Make the folder this recipe's; refuse one that was begun for another or holds another's records."""
    claim = folder / _DONE / "recipe.json"
    if claim.is_file():
        _agree(claim, recipe)
    elif (folder / table("record_list").path).exists():
        raise InvalidCohort("an empty folder", f"records in {folder}", "choose another folder")
    claim.parent.mkdir(parents=True, exist_ok=True)
    _write_json(claim, recipe)


def _agree(path: Path, recipe: Mapping[str, object]) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    for key, wanted in recipe.items():
        if found.get(key) != wanted:
            raise InvalidCohort(f"a folder with {key} {wanted}", f"one with {found.get(key)}", "choose an empty folder")


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    whole = path.with_suffix(".tmp")
    whole.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    whole.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
