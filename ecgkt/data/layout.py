"""The files of a prepared cohort."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecgkt.domain.features import Role

_VALUES = {
    Role.INPUT: "inputs",
    Role.ALIGNMENT_PARTNER: "partners",
    Role.TARGET: "targets",
    Role.REVEAL: "reveal",
}


@dataclass(frozen=True)
class Prepared:
    """Where each file of the prepared cohort in `folder` lies; what they hold stands in docs/data.md."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """Inputs, settings, exclusions, prevalences, missingness, audit; written last."""
        return self.folder / "manifest.json"

    @property
    def records(self) -> Path:
        """One row per kept ECG."""
        return self.folder / "records.parquet"

    @property
    def labels(self) -> Path:
        """One row per kept ECG, a column per label: 1, 0, or null."""
        return self.folder / "labels.parquet"

    @property
    def measurements(self) -> Path:
        """One row per kept ECG: the cart's intervals in ms and axes in degrees, null where it measured nothing."""
        return self.folder / "measurements.parquet"

    @property
    def codes(self) -> Path:
        """The ICD-10 codes of each ECG's visit with their ancestors: row, code, place."""
        return self.folder / "codes.parquet"

    @property
    def splits(self) -> Path:
        """The part of each subject: subject_id, part."""
        return self.folder / "splits.csv"

    @property
    def waveform_index(self) -> Path:
        """What came of each waveform that was asked for."""
        return self.folder / "waveforms.parquet"

    @property
    def stage(self) -> Path:
        """What a run that is not finished has made; gone afterwards."""
        return self.folder / "stage"

    def values(self, role: Role) -> Path:
        """Return the long table of a role's values."""
        return self.folder / f"{_VALUES[Role(role)]}.parquet"
