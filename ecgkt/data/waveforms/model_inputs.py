"""What the encoder sees, made once per preprocessing from the stored waveforms and mapped from then on."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt.data.waveforms import shards
from ecgkt.data.waveforms.stored import StoredWaveforms, map_samples, millivolts
from ecgkt.domain.records import LEADS, Record
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.mimic import FS_HZ, SAMPLES
from ecgkt.signals.preprocessing import Preprocessing

_FLOAT = np.dtype("<f4")


def model_inputs(
    folder: Path,
    preprocessing: Preprocessing,
    rows: NDArray[np.int64] | None = None,
    workers: int = 1,
    progress: shards.Progress | None = None,
) -> NDArray[np.float32]:
    """Return `preprocessing.apply` of stored waveforms as a read-only map (rows, 12, m) float32 in mV.

    `folder` holds the stored waveforms; `rows` are theirs, in the order wanted, all kept ones where it is None. The
    file signals-<fingerprint>.npy is made by `workers` processes, finished where a broken run left it, opened where it
    is there, and made anew where it is of other rows or waveforms. Float32, as the preprocessing gives it: half
    precision would halve the file and make training differ from the app. Raises InvalidCohort where nothing is kept,
    InvalidValue for a row that is empty or a preprocessing of over 10 s, DiskFull where there is no room.
    """
    folder = Path(folder)
    stored = StoredWaveforms.open(folder)
    rows = stored.kept if rows is None else np.asarray(rows, dtype=np.int64)
    if not len(rows):
        raise InvalidCohort("waveforms that can be used", f"none of {len(stored)} records", "check the folder")
    if preprocessing.seconds > SAMPLES / FS_HZ:
        got = f"{preprocessing.seconds:g} s"
        raise InvalidValue(f"a preprocessing of at most {SAMPLES / FS_HZ:g} s", got, "stored waveforms last that long")
    empty = np.setdiff1d(rows, stored.kept)
    if len(empty):
        raise InvalidValue("rows that hold a waveform", f"row {empty[0]} among them", "choose them from `kept`")
    shape = (len(rows), len(LEADS), preprocessing.apply(stored.record(int(rows[0]))).shape[1])
    target = folder / f"signals-{preprocessing.fingerprint}.npy"
    recipe: dict[str, object] = {"shape": list(shape), "waveforms": _digest(stored, rows)}
    note = target.with_suffix(".json")
    if not (target.is_file() and _noted(note) == recipe):
        _make(target, note, recipe, shape, (folder, len(stored), rows, preprocessing), workers, progress)
    signals: NDArray[np.float32] = np.load(target, mmap_mode="r", allow_pickle=False)
    return signals


def _make(
    target: Path,
    note: Path,
    recipe: dict[str, object],
    shape: tuple[int, int, int],
    source: tuple[Path, int, NDArray[np.int64], Preprocessing],
    workers: int,
    progress: shards.Progress | None,
) -> None:
    """Write the map under another name; give it its own once it is whole and its note stands beside it."""
    folder, stored, rows, preprocessing = source
    unfinished, parts = target.with_suffix(".unfinished"), target.with_suffix(".parts")
    head = _head(shape)
    with shards.full_disk_told(folder):
        same = shards.is_claimed(parts, recipe) and unfinished.is_file()
        shards.claim(parts, recipe, anew=not same)
        if not same:
            unfinished.write_bytes(head)

        def arguments(first: int, last: int) -> tuple[object, ...]:
            return unfinished, len(head), first, folder, stored, rows[first:last], preprocessing

        shards.finish(parts, len(rows), _write_shard, arguments, workers, progress)
        target.unlink(missing_ok=True)
        shards.write_whole(note, json.dumps(recipe).encode())
        unfinished.replace(target)
    shutil.rmtree(parts)


def _write_shard(
    part: Path,
    unfinished: Path,
    head: int,
    first: int,
    folder: Path,
    stored: int,
    rows: NDArray[np.int64],
    preprocessing: Preprocessing,
) -> None:
    samples = map_samples(folder, stored)
    signals = [
        preprocessing.apply(Record(millivolts(samples[row]), FS_HZ, "stored waveforms")).astype(_FLOAT) for row in rows
    ]
    block = np.stack(signals)
    with shards.rows_of(unfinished) as stream:
        shards.write_at(stream, head + first * block[0].nbytes, block.data)
    shards.write_whole(part, b"")


def _head(shape: tuple[int, int, int]) -> bytes:
    """Return the head of a .npy file of float32."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": np.lib.format.dtype_to_descr(_FLOAT), "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


def _noted(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _digest(stored: StoredWaveforms, rows: NDArray[np.int64]) -> str:
    """Return what tells these waveforms in this order from others: their rows, studies and checksums."""
    lines = stored.index.iloc[rows]
    columns = (rows, lines["study_id"], lines["crc32"])
    return hashlib.sha256(np.stack([np.asarray(column, dtype="<i8") for column in columns]).tobytes()).hexdigest()
