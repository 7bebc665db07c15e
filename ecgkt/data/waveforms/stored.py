"""Stored waveforms: one int16 file that is mapped and not loaded, and the index that says what lies in each row."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgkt.domain.records import LEADS, Record
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.mimic import FS_HZ, GAIN_PER_MV, MISSING_SAMPLE, SAMPLES

if TYPE_CHECKING:
    import pandas as pd

WAVEFORMS = "waveforms.i16"
INDEX = "waveforms.parquet"
SHAPE = (len(LEADS), SAMPLES)
ROW_BYTES = 2 * SHAPE[0] * SHAPE[1]
COLUMNS = ("study_id", "row", "status", "detail", "gaps", "flat", "infinite", "missing_share", "crc32")


@dataclass(frozen=True, eq=False)
class StoredWaveforms:
    """The waveforms of a list of records.

    `samples` is (n, 12, 5000) int16, leads as `LEADS`, 200 units per mV at 500 Hz, -32768 where a sample is missing;
    read-only. `index` has one line per listed record, in the order of the list and of the rows of `samples`:

    - `study_id`; `row`, the line's own position, or -1 where the record is left out (its samples are then zero and
      take no room on the disk); `status`, empty or why it is left out; `detail`, one sentence about that.
    - `gaps`, `flat`, `infinite`: the leads that have samples missing, stand still for over 2 s, or held infinite
      values (stored as missing), joined by blanks; `missing_share`, of all samples, NaN where none could be read.
    - `crc32` of the row's bytes, 0 where there are none.
    """

    samples: NDArray[np.int16]
    index: pd.DataFrame

    def __post_init__(self) -> None:
        lost = [column for column in COLUMNS if column not in self.index.columns]
        if lost:
            raise InvalidCohort(f"the columns {', '.join(COLUMNS)} in {INDEX}", f"no {', '.join(lost)}", "prepare anew")
        if self.samples.shape != (len(self.index), *SHAPE) or self.samples.dtype != np.dtype("<i2"):
            got = f"{self.samples.dtype} {self.samples.shape} for {len(self.index)} records"
            raise InvalidCohort("int16 samples (records, 12, 5000)", got, "prepare anew")
        row = self.index["row"].to_numpy(np.int64)
        kept = (self.index["status"] == "").to_numpy(bool)
        if not np.array_equal(row, np.where(kept, np.arange(len(row)), -1)):
            raise InvalidCohort("each kept record in its own row", f"an {INDEX} that says otherwise", "prepare anew")

    @classmethod
    def open(cls, folder: Path) -> StoredWaveforms:
        """Open what `store_waveforms` wrote; raise InvalidCohort where it is absent, unfinished or cut off."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            index = pq.read_table(Path(folder) / INDEX).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise InvalidCohort(
                f"stored waveforms in {folder}", f"no readable {INDEX} ({type(error).__name__})", "prepare the cohort"
            ) from error
        return cls(map_samples(Path(folder), len(index)), index)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def kept(self) -> NDArray[np.int64]:
        """The rows that hold a waveform, ascending."""
        rows: NDArray[np.int64] = np.flatnonzero(self.index["row"].to_numpy(np.int64) >= 0)
        return rows

    def rows_of(self, study_ids: ArrayLike) -> NDArray[np.int64]:
        """Return the row of each study; raise InvalidCohort where one is not listed or left out."""
        import pandas as pd

        wanted = np.asarray(study_ids, dtype=np.int64)
        kept = self.kept
        places = pd.Index(self.index["study_id"].to_numpy(np.int64)[kept]).get_indexer(pd.Index(wanted))
        if (places < 0).any():
            raise InvalidCohort(
                "studies whose waveform is stored",
                f"{int((places < 0).sum())} others",
                "leave them out",
            )
        rows: NDArray[np.int64] = kept[places]
        return rows

    def signal(self, row: int) -> NDArray[np.float32]:
        """Return (12, 5000) float32 in mV, NaN where a sample is missing; raise InvalidValue where the row is empty."""
        if not 0 <= row < len(self) or self.index["row"].iat[row] != row:
            status = self.index["status"].iat[row] if 0 <= row < len(self) else f"{len(self)} rows"
            raise InvalidValue("a row that holds a waveform", f"row {row} ({status!s})", "choose one of `kept`")
        return millivolts(self.samples[row])

    def record(self, row: int) -> Record:
        """Return a row as a Record at 500 Hz."""
        return Record(self.signal(row), FS_HZ, "stored waveforms")

    def verify(self) -> None:
        """Read every row and raise InvalidCohort naming those whose bytes are not those that were stored."""
        stated = self.index["crc32"].to_numpy(np.int64)
        bad = [int(row) for row in self.kept if zlib.crc32(self.samples[row]) != stated[row]]
        if bad:
            named = ", ".join(f"{row}" for row in bad[:10]) + (f" and {len(bad) - 10} more" if len(bad) > 10 else "")
            raise InvalidCohort(
                f"the {WAVEFORMS} that was stored", f"other bytes in row {named}", "prepare into an empty folder"
            )


def map_samples(folder: Path, records: int) -> NDArray[np.int16]:
    """Map the file of samples read-only as (records, 12, 5000); raise InvalidCohort where it has another length."""
    path = folder / WAVEFORMS
    found = path.stat().st_size if path.is_file() else 0
    if found != records * ROW_BYTES or not records:
        raise InvalidCohort(
            f"{records * ROW_BYTES:,} bytes of waveforms in {path}", f"{found:,}", "prepare into an empty folder"
        )
    return np.memmap(path, "<i2", "r", shape=(records, *SHAPE))


def millivolts(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return stored samples as float32 in mV, NaN where they are missing."""
    signal = samples.astype(np.float32)
    signal /= np.float32(GAIN_PER_MV)
    missing = samples == MISSING_SAMPLE
    if missing.any():
        signal[missing] = np.nan
    return signal
