"""Stored predictions: the logits of one checkpoint on the judged rows of one cohort, written once; and the truth.

Every table and figure is computed from these files, so that no network runs twice and each number can be checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt import NOTICE, __version__
from ecgkt.catalogue import all_labels
from ecgkt.data.studies import Study
from ecgkt.data.waveforms.shards import full_disk_told
from ecgkt.domain.labels import LabelSet, LabelTable
from ecgkt.domain.records import Domain
from ecgkt.errors import InvalidCheckpoint, InvalidCohort, InvalidValue
from ecgkt.evaluation.calibration import sigmoid
from ecgkt.inference import Predictor
from ecgkt.reports.cards import refuse_other_split
from ecgkt.reports.judged import CohortFacts, Judged, Rows
from ecgkt.reports.scoring import Progress, study_logits

KEY = b"ecgkt"
PREDICTIONS, TRUTH = "predictions", "truth.parquet"
LOGIT = "logit "
_COLUMNS = {
    "record_id": "record_ids",
    "subject_id": "subject_ids",
    "part": "parts",
    "age": "ages",
    "sex_male": "sex_male",
    "setting": "settings",
}


@dataclass(frozen=True)
class Origin:
    """Whose logits they are, on which cohort, and the Platt `slope` and `intercept` (k,) that calibrate them.

    `seed` and `budget` (share of training subjects whose diagnoses were seen) are those of the run.
    """

    checkpoint: str
    name: str
    title: str
    arm: str
    labels: str
    cohort: CohortFacts
    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    calibrated_in: Domain
    seed: int = 0
    budget: float = 1.0
    version: str = __version__

    def __post_init__(self) -> None:
        for name in ("slope", "intercept"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
        object.__setattr__(self, "calibrated_in", Domain(self.calibrated_in))

    @property
    def file_name(self) -> str:
        """A file name that no other checkpoint has."""
        return f"{self.name}-{self.checkpoint}.parquet"

    @classmethod
    def of(cls, predictor: Predictor, cohort: CohortFacts) -> Origin:
        """Return what a checkpoint's card says; raise InvalidCheckpoint for labels of another catalogue."""
        card = predictor.card
        known = LabelSet(tuple(label for label in all_labels() if label.name in card.labels.names))
        if known.fingerprint != card.labels.fingerprint:
            raise InvalidCheckpoint("a checkpoint of this version's labels", f"others in {card.name}", "train it anew")
        platt = card.calibration
        if platt is None:
            raise InvalidCheckpoint("a calibrated checkpoint", f"none in {card.name}", "train stage 3 first")
        seed, budget = card.training.get("seed", 0), card.training.get("budget", 1.0)
        return cls(
            checkpoint=card.id,
            name=card.name,
            title=card.title,
            arm=card.arm,
            labels=card.labels.fingerprint,
            cohort=cohort,
            slope=platt.slope,
            intercept=platt.intercept,
            calibrated_in=platt.domain,
            seed=int(seed),
            budget=float(budget),
        )


@dataclass(frozen=True, eq=False)
class Stored:
    """Logits (n, k) float32 of the labels `names` on the judged `rows` of a cohort."""

    origin: Origin
    rows: Rows
    names: tuple[str, ...]
    logits: NDArray[np.float32]

    def __post_init__(self) -> None:
        wanted = (len(self.rows), len(self.names))
        if self.logits.shape != wanted or len(self.origin.slope) != len(self.names):
            raise InvalidValue(f"logits of shape {wanted}", f"{self.logits.shape}", "store the predictions anew")

    def scores(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return logits (n, len(names)) in the order of `names`, NaN for those that the model does not give."""
        out = np.full((len(self.rows), len(names)), np.nan)
        for place, name in enumerate(names):
            if name in self.names:
                out[:, place] = self.logits[:, self.names.index(name)]
        return out

    def probability(self, name: str, calibrated: bool = True) -> NDArray[np.float64]:
        """Return (n,) probabilities of one label, after Platt scaling or before it."""
        place = self.names.index(name)
        logits = self.logits[:, place].astype(np.float64)
        if calibrated:
            logits = logits * self.origin.slope[place] + self.origin.intercept[place]
        return sigmoid(logits)


@dataclass(frozen=True, eq=False)
class Truth:
    """The labels of the judged rows of a cohort, by record id."""

    cohort: CohortFacts
    record_ids: NDArray[np.int64]
    labels: LabelTable


def store_predictions(
    predictor: Predictor, study: Study, judged: Judged, folder: Path, progress: Progress = iter
) -> Path:
    """Score the judged rows with a checkpoint and write the file of its logits; return its path.

    Raises InvalidCohort where study and judged rows are of two cohorts, or the patients may have been trained on.
    """
    if study.cohort.fingerprint != judged.facts.fingerprint:
        raise InvalidCohort("a study of the judged cohort", "another one", "open both from one folder")
    refuse_other_split(predictor.card, study)
    logits = study_logits(predictor, study, judged.places, judged.folder, progress)
    origin = Origin.of(predictor, judged.facts)
    return store_logits(Stored(origin, judged.rows, predictor.card.labels.names, logits.astype(np.float32)), folder)


def store_logits(stored: Stored, folder: Path) -> Path:
    """Write stored predictions below `folder`, whole or not at all; return the file's path."""
    columns: dict[str, NDArray[Any]] = {column: getattr(stored.rows, name) for column, name in _COLUMNS.items()}
    columns |= {f"{LOGIT}{name}": stored.logits[:, place] for place, name in enumerate(stored.names)}
    path = Path(folder) / stored.origin.file_name
    _write(path, columns, asdict(stored.origin))
    return path


def store_truth(judged: Judged, folder: Path) -> Path:
    """Write the truth of the judged rows once: record_id, and each label as 1, 0 or null; return the file's path.

    Raises InvalidCohort where the folder holds the truth of another cohort.
    """
    path = Path(folder) / TRUTH
    if path.is_file():
        if read_truth(path).cohort != judged.facts:
            raise InvalidCohort(
                "a folder of this cohort's predictions", "one of another cohort", "choose another folder"
            )
        return path
    columns: dict[str, NDArray[Any]] = {"record_id": judged.rows.record_ids}
    values = judged.truth.values
    columns |= {name: values[:, place] for place, name in enumerate(judged.truth.labels.names)}
    _write(path, columns, asdict(judged.facts), small=judged.truth.labels.names)
    return path


def read_predictions(path: Path) -> Stored:
    """Read stored predictions; raise InvalidCohort where the file is none."""
    table, told = _read(path, "stored predictions", Origin)
    rows = {name: _column(table, column, _DTYPES[column]) for column, name in _COLUMNS.items()}
    names = tuple(name.removeprefix(LOGIT) for name in table.column_names if name.startswith(LOGIT))
    logits = [_column(table, f"{LOGIT}{name}", np.float32) for name in names]
    shaped = np.stack(logits, axis=1) if logits else np.empty((len(table), 0), np.float32)
    return Stored(_origin(told), Rows(**rows), names, shaped)


def predictions_folder(folder: Path) -> Path:
    """Return the folder that holds a cohort's truth: `folder`, or what `evaluate --out` left in it.

    Raises InvalidCohort where neither does.
    """
    for place in (Path(folder), Path(folder) / PREDICTIONS, Path(folder) / "results" / PREDICTIONS):
        if (place / TRUTH).is_file():
            return place
    raise InvalidCohort(f"a folder of stored predictions with {TRUTH}", "none there", "name the --out of evaluate")


def read_origin(path: Path) -> Origin:
    """Read whose predictions a file holds, without the predictions; raise InvalidCohort where the file is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid) as error:
        raise _unreadable("stored predictions", path) from error
    return _origin(_told(metadata, path, "stored predictions", Origin))


def read_truth(path: Path) -> Truth:
    """Read the truth of a cohort's judged rows; raise InvalidCohort where the file is none, or of other labels."""
    table, told = _read(path, "the truth of a cohort", CohortFacts)
    facts = CohortFacts(**told)
    if facts.catalogue != all_labels().fingerprint:
        raise InvalidCohort("the truth for this version's labels", "that for others", "choose another folder")
    values = [_column(table, name, np.float32) for name in all_labels().names]
    labels = LabelTable(all_labels(), np.stack(values, axis=1))
    return Truth(facts, _column(table, "record_id", np.int64), labels)


def refuse_other_rows(truth: Truth, stored: Stored) -> None:
    """Raise InvalidCohort in one sentence where predictions are not of the rows, labels and split of the truth."""
    name = stored.origin.name
    differs = [
        what.replace("_", " ")
        for what, value in asdict(truth.cohort).items()
        if value != asdict(stored.origin.cohort)[what]
    ]
    if differs or not np.array_equal(truth.record_ids, stored.rows.record_ids):
        got = f"{name} with another {differs[0]}" if differs else f"{name} with other rows"
        raise InvalidCohort("predictions of one cohort, its rows and labels", got, "store them on the same cohort")


_DTYPES: Mapping[str, Any] = {
    "record_id": np.int64,
    "subject_id": np.int64,
    "part": str,
    "age": np.float32,
    "sex_male": np.float32,
    "setting": str,
}


def _write(path: Path, columns: Mapping[str, NDArray[Any]], told: Mapping[str, Any], small: Sequence[str] = ()) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = {}
    for name, values in columns.items():
        missing = np.isnan(values) if values.dtype.kind == "f" else None
        kind = pa.int8() if name in small else None
        given = np.where(np.isnan(values), 0, values).astype(np.int8) if name in small else values
        whole[name] = pa.array(given, type=kind, mask=missing)
    table = pa.table(whole).replace_schema_metadata({KEY: json.dumps({**told, "notice": NOTICE}).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with full_disk_told(path.parent):
        pq.write_table(table, part, compression="zstd")
    part.replace(path)


def _read(path: Path, what: str, noun: type[Origin] | type[CohortFacts]) -> tuple[Any, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise _unreadable(what, path) from error
    return table, _told(table.schema.metadata or {}, path, what, noun)


def _told(
    metadata: Mapping[bytes, bytes], path: Path, what: str, noun: type[Origin] | type[CohortFacts]
) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(metadata.get(KEY, b"{}"))
    except ValueError as error:
        raise _unreadable(what, path) from error
    told.pop("notice", None)
    if set(told) != {field.name for field in fields(noun)}:
        raise InvalidCohort(what, f"none in {Path(path).name}", "name a file that this version of evaluate wrote")
    return told


def _origin(told: Mapping[str, Any]) -> Origin:
    return Origin(**{**told, "cohort": CohortFacts(**told["cohort"])})


def _unreadable(what: str, path: Path) -> InvalidCohort:
    return InvalidCohort(what, f"{Path(path).name}, which cannot be read", "store it again")


def _column(table: Any, name: str, dtype: Any) -> NDArray[Any]:
    if name not in table.column_names:
        raise InvalidCohort(f"the column {name} in stored predictions", "none", "store them with this version")
    values = table.column(name).to_pandas()
    if dtype is str:
        return np.asarray(values.to_numpy(str))
    return np.array(values.to_numpy(), dtype)
