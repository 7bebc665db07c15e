"""How MIMIC-IV-ECG 1.0 stores a waveform (Gow 2023, doi 10.13026/4nqg-sb35)."""

from __future__ import annotations

from ecgkt.errors import InvalidValue

LEADS = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")
"""In the order of the file: aVF stands before aVL."""
FS_HZ = 500
SAMPLES = 5000
FORMAT = "16"
"""WFDB's name for 16-bit two's complement, little-endian, leads interleaved."""
GAIN_PER_MV = 200.0
MISSING_SAMPLE = -32768
"""What format 16 holds where there is no sample."""
MISSING_MEASUREMENT = 29999
"""What machine_measurements.csv holds where a time or an axis was not measured (rr_interval: 0 as well)."""


def record_path(subject_id: int, study_id: int) -> str:
    """Return a record's path below the folder of record_list.csv, without extension, with forward slashes."""
    if not (10_000_000 <= subject_id <= 99_999_999 and 10_000_000 <= study_id <= 99_999_999):
        raise InvalidValue("a subject and a study number of eight digits", "another length", "use MIMIC's own numbers")
    return f"files/p{str(subject_id)[:4]}/p{subject_id}/s{study_id}/{study_id}"
