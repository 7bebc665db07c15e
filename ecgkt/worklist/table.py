"""Lines as a table: the columns, what travels with them, and files of it (parquet, CSV) put together part by part.

Columns: `record`, `domain`, `seconds`, `outcome`, `reason`, then per target NAME `NAME_probability`, calibrated, and
`NAME_rank`, the share of the reference set that scores lower. A record has one of the two and never both; a kind that
no record of the table has is left out of it.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from ecgkt import NOTICE, __version__
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.errors import InvalidValue
from ecgkt.spreadsheets import harmless
from ecgkt.worklist.lines import Line

if TYPE_CHECKING:
    import pyarrow

PROBABILITY, RANK = "probability", "rank"
_ROWS_WRITTEN = 8192
_COUNTS = "counts"
Header = Mapping[str, Any]


def header(card: Card) -> dict[str, Any]:
    """Return what every table carries: the notice, the checkpoint, where it is calibrated, how to read the columns."""
    reference = card.reference
    return {
        "notice": NOTICE,
        "statement": card.statement,
        "model": card.name,
        "checkpoint": card.id,
        "software": f"ecgkt {__version__}",
        "preprocessing": card.preprocessing.fingerprint,
        "calibrated_in": "" if card.calibration is None else str(card.calibration.domain),
        "reference": "" if reference is None else f"{reference.name} ({reference.records} real ECGs)",
        "columns": "NAME_probability: calibrated, for records of the domain in `calibrated_in` alone. NAME_rank: share "
        "of the reference set that scores lower, uncalibrated, for all other records. Never both.",
        "shown_to_work_on_real_ecgs": [name for name in card.labels.names if real_evidence(card, name).works],
    }


def counts(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    """Return how many lines have which outcome, come from which domain, and have which kind of score."""
    found: dict[str, Counter[str]] = {"outcomes": Counter(), "domains": Counter(), "kinds": Counter()}
    for line in lines:
        found["outcomes"][str(line.outcome)] += 1
        if line.predictions is None:
            continue
        found["domains"][str(line.domain)] += 1
        if line.predictions.abstained[0] is None:
            found["kinds"][PROBABILITY if line.predictions.calibrated else RANK] += 1
    return {what: dict(counted) for what, counted in found.items()}


def tabulate(lines: Sequence[Line], names: Sequence[str]) -> pyarrow.Table:
    """Return lines as a table with both kinds of columns of the targets `names`, null where there is none."""
    import pyarrow as pa

    probabilities, ranks = (np.full((len(lines), len(names)), np.nan, np.float32) for _ in range(2))
    for place, line in enumerate(lines):
        made = line.predictions
        if made is not None and made.calibrated:
            probabilities[place] = made.probabilities[0]
        elif made is not None and made.ranks is not None:
            ranks[place] = made.ranks[0]
    columns: dict[str, Any] = {
        "record": pa.array([line.record for line in lines], pa.string()),
        "domain": pa.array([None if line.domain is None else str(line.domain) for line in lines], pa.string()),
        "seconds": pa.array(np.array([line.seconds for line in lines], np.float32), pa.float32(), from_pandas=True),
        "outcome": pa.array([str(line.outcome) for line in lines], pa.string()),
        "reason": pa.array([line.reason or None for line in lines], pa.string()),
    }
    for kind, values in ((PROBABILITY, probabilities), (RANK, ranks)):
        for column, name in enumerate(names):
            columns[f"{name}_{kind}"] = pa.array(values[:, column], pa.float32(), from_pandas=True)
    return pa.table(columns).replace_schema_metadata({_COUNTS: json.dumps(counts(lines))})


def without_empty_kinds(table: pyarrow.Table, kinds: Iterable[str]) -> pyarrow.Table:
    """Return a table without the columns of the kinds of scores that are not in `kinds`."""
    left = tuple(f"_{kind}" for kind in (PROBABILITY, RANK) if kind not in kinds)
    return table.drop_columns([name for name in table.column_names if left and name.endswith(left)])


def add_up(counted: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """Return counts of several parts as one."""
    found: dict[str, Counter[str]] = {"outcomes": Counter(), "domains": Counter(), "kinds": Counter()}
    for one in counted:
        for what, each in one.items():
            found[what].update(each)
    return {what: dict(each) for what, each in found.items()}


def read_counts(part: Path) -> dict[str, dict[str, int]]:
    """Return the counts that a part file carries."""
    import pyarrow.parquet as pq

    counted: dict[str, dict[str, int]] = json.loads((pq.read_schema(part).metadata or {})[_COUNTS.encode()])
    return counted


def to_parquet(table: pyarrow.Table) -> bytes:
    """Return a table as the bytes of a parquet file."""
    import pyarrow.parquet as pq

    memory = io.BytesIO()
    pq.write_table(table, memory)
    return memory.getvalue()


def to_csv(table: pyarrow.Table) -> bytes:
    """Return a table as the bytes of a CSV with the names of the columns above it; what is missing is left empty."""
    import pyarrow.csv as pa_csv

    memory = io.BytesIO()
    pa_csv.write_csv(_harmless(table), memory)
    return memory.getvalue()


def put_together(parts: Sequence[Path], out: Path, told: Header, scratch: Path) -> dict[str, dict[str, int]]:
    """Write the parts, in order, as one table with its header, whole or not at all, and return its counts.

    A `.parquet` carries the header in its metadata; beside a `.csv` it stands in a `.json`. Only a few thousand rows
    are held at a time; what is unfinished lies in `scratch`, on the same disk.
    """
    counted = add_up(map(read_counts, parts))
    full = {**told, **counted}
    if out.suffix == ".csv":
        with _whole(header_file(out), scratch) as unfinished:
            unfinished.write_text(json.dumps(full, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        with _whole(out, scratch) as unfinished:
            _write_csv(_gathered(parts, counted["kinds"]), unfinished)
    else:
        with _whole(out, scratch) as unfinished:
            _write_parquet(_gathered(parts, counted["kinds"]), unfinished, spelled(full))
    return counted


def spelled(told: Header) -> dict[str, str]:
    """Return a header as parquet's metadata holds it: text as it is, all else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()}


def header_file(out: Path) -> Path:
    """Return the file beside a CSV that holds its header."""
    return out.with_suffix(".json")


def read_header(out: Path) -> dict[str, Any] | None:
    """Return the header of a table that `put_together` wrote, None where there is none."""
    try:
        if out.suffix == ".csv":
            found: dict[str, Any] = json.loads(header_file(out).read_text(encoding="utf-8"))
            return found
        import pyarrow.parquet as pq

        return {key.decode(): value.decode() for key, value in (pq.read_schema(out).metadata or {}).items()}
    except (OSError, ValueError):
        return None


def check_out(out: Path) -> None:
    """Raise InvalidValue where a table cannot have such a name."""
    if out.suffix not in (".parquet", ".csv"):
        raise InvalidValue("a table named .parquet or .csv", f"--out {out.name}", "give it one of these endings")


def _gathered(parts: Sequence[Path], kinds: Iterable[str]) -> Iterator[pyarrow.Table]:
    """Yield the parts' rows in tables of a few thousand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    held: list[pyarrow.Table] = []
    for part in parts:
        held.append(without_empty_kinds(pq.read_table(part, use_threads=False), kinds))
        if sum(map(len, held)) >= _ROWS_WRITTEN:
            yield pa.concat_tables(held).combine_chunks()
            held.clear()
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _write_parquet(tables: Iterable[pyarrow.Table], path: Path, metadata: Mapping[str, str]) -> None:
    import pyarrow.parquet as pq

    writer = None
    try:
        for table in tables:
            told = table.replace_schema_metadata(dict(metadata))
            writer = writer or pq.ParquetWriter(path, told.schema)
            writer.write_table(told)
    finally:
        if writer is not None:
            writer.close()


def _write_csv(tables: Iterable[pyarrow.Table], path: Path) -> None:
    import pyarrow.csv as pa_csv

    writer = None
    try:
        for table in tables:
            writer = writer or pa_csv.CSVWriter(path, table.schema)
            writer.write_table(_harmless(table))
    finally:
        if writer is not None:
            writer.close()


def _harmless(table: pyarrow.Table) -> pyarrow.Table:
    """Return a table whose texts no spreadsheet takes for a formula: a record is called after its file."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            told = [None if text is None else harmless(text) for text in table[place].to_pylist()]
            table = table.set_column(place, field, pa.array(told, pa.string()))
    return table


@contextmanager
def _whole(path: Path, scratch: Path) -> Iterator[Path]:
    """Give a name to write under; what stands there becomes `path` in one step, once it is on the disk."""
    unfinished = scratch / f"{uuid4().hex}{path.suffix}"
    try:
        yield unfinished
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
