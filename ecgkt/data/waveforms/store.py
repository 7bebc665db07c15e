"""Every listed record's waveform into one file that can be mapped, by several processes, resumable, checksummed.

Each listed record has the row of its place in the list. So the place of a row is known before any record is read:
processes write without asking each other, and a broken run goes on where it was. The row of a record that is left out
is never written; it is a hole in the file and takes no room on the disk.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecgkt.data.waveforms import shards
from ecgkt.data.waveforms.fast_wfdb import LeftOut, Waveform, read_waveform
from ecgkt.data.waveforms.stored import COLUMNS, INDEX, ROW_BYTES, WAVEFORMS, StoredWaveforms
from ecgkt.domain.records import LEADS
from ecgkt.errors import InvalidCohort
from ecgkt.mimic import SAMPLES
from ecgkt.signals.quality import assess, flat_leads

INSUFFICIENT = "insufficient quality"
_PARTS = "waveforms.parts"
_LIST = b"list"
_REVISION = 1
"""Of what the files hold: raise it when the same records would be stored otherwise."""


def store_waveforms(
    records: Sequence[tuple[int, Path]],
    out: Path,
    workers: int = 1,
    progress: shards.Progress | None = None,
) -> StoredWaveforms:
    """Store the waveform of each (study_id, path of its WFDB header, with or without .hea) and return them opened.

    What a broken run left in `out` is kept and finished, and a finished one is opened; the files are the same whatever
    the number of `workers`. `progress` is called with records done and records in all. Raises InvalidCohort where
    `out` holds the waveforms of another list or the list is empty or names a study twice, DiskFull where there is no
    room: what was made stays, and the same call goes on from there.
    """
    out = Path(out)
    listed = [(int(study), str(path)) for study, path in records]
    recipe = {"list": _digest(listed), "records": len(listed), "revision": _REVISION}
    parts, waveforms, index = out / _PARTS, out / WAVEFORMS, out / INDEX
    if index.is_file():
        stored = _finished(out, str(recipe["list"]))
        shutil.rmtree(parts, ignore_errors=True)
        return stored
    with shards.full_disk_told(out):
        shards.claim(parts, recipe, anew=not waveforms.is_file())
        waveforms.touch()

        def arguments(first: int, last: int) -> tuple[Path, int, list[tuple[int, str]]]:
            return waveforms, first, listed[first:last]

        done = shards.finish(parts, len(listed), _store_shard, arguments, workers, progress)
        with waveforms.open("r+b") as stream:
            stream.truncate(len(listed) * ROW_BYTES)
        shards.write_whole(index, _joined(done, str(recipe["list"])))
    shutil.rmtree(parts)
    return StoredWaveforms.open(out)


def _digest(listed: list[tuple[int, str]]) -> str:
    """Return what tells one list from another: ids and paths in their order."""
    if not listed:
        raise InvalidCohort("records to store", "an empty list", "check the record list and the exclusions")
    if len({study for study, _ in listed}) != len(listed):
        raise InvalidCohort("each study once in the list", "one of them twice", "check the record list")
    digest = hashlib.sha256(f"revision {_REVISION}\n".encode())
    for study, path in listed:
        digest.update(f"{study}\t{path}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _finished(out: Path, digest: str) -> StoredWaveforms:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(out / INDEX).metadata or {}
    except (OSError, pa.ArrowException):
        metadata = {}
    if metadata.get(_LIST) != digest.encode():
        raise InvalidCohort(
            f"waveforms of this list in {out}", "those of another list or version", "choose an empty folder"
        )
    return StoredWaveforms.open(out)


def _store_shard(part: Path, waveforms: Path, first: int, listed: list[tuple[int, str]]) -> None:
    """Write the rows of some records, then their lines of the index, which mark the shard as done.

    The lines are JSON until they are joined: pyarrow brings pandas with it, a second of start for every process.
    """
    lines = []
    with shards.rows_of(waveforms) as stream:
        for row, (study, path) in enumerate(listed, start=first):
            line, waveform = _line(study, row, path)
            if waveform is not None:
                content = waveform.samples.astype("<i2", copy=False).data
                line["crc32"] = zlib.crc32(content)
                shards.write_at(stream, row * ROW_BYTES, content)
            lines.append(line)
    shards.write_whole(part, json.dumps(lines).encode())


def _line(study: int, row: int, path: str) -> tuple[dict[str, Any], Waveform | None]:
    """Return a record's line of the index, and its waveform where it is kept."""
    blank = dict.fromkeys(("gaps", "flat", "infinite"), "")
    line: dict[str, Any] = {"study_id": study, "row": -1, "status": "", "detail": "", **blank, "crc32": 0}
    try:
        waveform = read_waveform(Path(path if path.endswith(".hea") else f"{path}.hea"))
    except LeftOut as left_out:
        return {**line, "status": left_out.status, "detail": left_out.detail, "missing_share": None}, None
    missing = waveform.missing
    line["gaps"] = " ".join(lead for lead, count in zip(LEADS, missing, strict=True) if count)
    line["infinite"] = " ".join(waveform.infinite)
    line["missing_share"] = float(missing.sum()) / (len(LEADS) * SAMPLES)
    refusal = assess(waveform.record, waveform.record.seconds).refusal
    if refusal is None:
        return {**line, "row": row}, waveform
    line["flat"] = " ".join(flat_leads(waveform.record.signal, waveform.record.fs))
    return {**line, "status": INSUFFICIENT, "detail": refusal}, None


def _joined(parts: list[Path], digest: str) -> bytes:
    """Return the index of all parts, with the digest of its list."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(COLUMNS, pa.string())
    kinds.update(study_id=pa.int64(), row=pa.int64(), missing_share=pa.float32(), crc32=pa.uint32())
    schema = pa.schema(list(kinds.items()), {_LIST: digest.encode()})
    tables = [pa.Table.from_pylist(json.loads(part.read_bytes()), schema) for part in parts]
    stream = io.BytesIO()
    pq.write_table(pa.concat_tables(tables), stream, compression="zstd")
    return stream.getvalue()
