"""MIMIC-IV's own layout as data: tables, paths, and how its waveforms are stored."""

from ecgkt.mimic.sources import Sources, find_sources
from ecgkt.mimic.tables import TABLES, Table, table
from ecgkt.mimic.waveforms import FORMAT, FS_HZ, GAIN_PER_MV, LEADS, MISSING_SAMPLE, SAMPLES, record_path

__all__ = [
    "FORMAT",
    "FS_HZ",
    "GAIN_PER_MV",
    "LEADS",
    "MISSING_SAMPLE",
    "SAMPLES",
    "TABLES",
    "Sources",
    "Table",
    "find_sources",
    "record_path",
    "table",
]
